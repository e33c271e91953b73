"""Objects cut out of scenes as grouping cuts them: coarse, with strokes too many or too few.

A model that sees these while it learns knows what it is given when it labels the objects of scenes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.primitives import Path, length, simplify

_COARSEST = 0.04  # of an object's longer side: how far a coarse line may be from the drawn one


@dataclass(frozen=True, kw_only=True)
class CropConfig:
    """The shares of objects cut out of scenes that are damaged."""

    missing: float = 0.2  # chance that one of its strokes is left out
    taken: float = 0.3  # chance that the nearest stroke of another object comes along
    coarse: float = 0.4  # chance that its lines have few points, as if drawn small


def crop_objects(
    scene: Sketch, rng: np.random.Generator, config: CropConfig | None = None
) -> Iterator[Sketch]:
    """Yield the objects of known category of a scene as drawings, each damaged by chance.

    Args:
        scene: with `object` and `object_category`; its parts are kept where it has them.
        rng: source of all choices.
        config: the chances.
    """
    config = config or CropConfig()
    strokes = [np.asarray(line, np.float64) for line in scene.to_strokes()]
    of = scene.object or ()
    for number, word in enumerate(scene.object_category or ()):
        own = [i for i, o in enumerate(of) if o == number]
        if word is None or not own:
            continue
        rows = list(own)
        # Not the longest: without it, it may be nothing.
        if len(own) > 2 and rng.random() < config.missing:
            longest = max(own, key=lambda i: length(strokes[i]))
            rows.remove(int(rng.choice([i for i in own if i != longest])))
        others = [i for i, o in enumerate(of) if o not in (number, -1)]
        taken = None
        if others and rng.random() < config.taken:
            taken = _nearest(strokes, own, others)
            rows = sorted([*rows, taken])
        coarse = rng.random() < config.coarse
        tolerance = float(rng.uniform(0, _COARSEST)) if coarse else 0.0
        yield _cut(scene, rows, taken, word, tolerance).replace(
            sketch_id=f"{scene.sketch_id}-{number}"
        )


def _nearest(strokes: Sequence[Path], own: Sequence[int], others: Sequence[int]) -> int:
    """Return the stroke of another object that comes nearest to an object."""
    points = np.concatenate([strokes[i] for i in own])[:, None]
    return min(others, key=lambda i: float(np.hypot(*(points - strokes[i]).T).min()))


def _cut(
    scene: Sketch, rows: Sequence[int], taken: int | None, word: str, tolerance: float
) -> Sketch:
    """Return some strokes of a scene as a drawing of a word; a taken one draws no part of it."""
    drawing = scene.take(rows)
    lines = [np.asarray(line, np.float64) for line in drawing.to_strokes()]
    side = float(np.ptp(np.concatenate(lines), axis=0).max())
    lines = [simplify(line, tolerance * side) for line in lines]
    labels: dict[str, Any] = {}
    for name, none in (("part", UNLABELED), ("label", UNLABELED), ("instance", None)):
        values = getattr(drawing, name)
        if values is not None:
            labels[name] = tuple(
                none if row == taken else value for row, value in zip(rows, values, strict=True)
            )
    return Sketch.from_strokes(lines, category=word, source=scene.source, **labels)
