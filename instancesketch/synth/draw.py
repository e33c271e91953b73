"""`draw`: from seed and index to a labelled sketch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import SIDES, Taxonomy, with_side
from instancesketch.synth.animals.birds import draw_bird
from instancesketch.synth.animals.quadrupeds import draw_quadruped
from instancesketch.synth.canvas import Canvas, PartInstance
from instancesketch.synth.clutter import add_clutter
from instancesketch.synth.inking import cut_short, ink_canvas
from instancesketch.synth.plants.flowers import draw_flower
from instancesketch.synth.plants.trees import draw_tree
from instancesketch.synth.primitives import Path
from instancesketch.synth.style import BOX, DrawingStyle
from instancesketch.synth.things.cars import draw_car
from instancesketch.synth.things.clouds import draw_cloud
from instancesketch.synth.things.suns import draw_sun

DRAWINGS: dict[str, Callable[[Canvas], None]] = {
    "car": draw_car,
    "cloud": draw_cloud,
    "flower": draw_flower,
    "sun": draw_sun,
    "tree": draw_tree,
    "4leg": draw_quadruped,
    "2leg": draw_bird,
}


def draw(seed: int, index: int, category: str | None = None) -> Sketch:
    """Draw sketch number `index` of a seed, of the `doodle7` taxonomy, in a box of 0 to 255.

    It depends on the arguments alone, so any shard can be made anywhere.

    Args:
        seed: 0 or more; another seed gives other drawings.
        index: 0 or more.
        category: of the drawing; random if None, each as likely as the others.

    Raises:
        UserError: the category is unknown, or a number is negative.
    """
    if category is not None and category not in DRAWINGS:
        raise UserError(f"can't draw {category!r}: it draws {', '.join(DRAWINGS)}")
    if seed < 0 or index < 0:
        raise UserError("seed and index of a drawing are 0 or more")
    rng = np.random.default_rng([seed, index])
    # Drawn even where the category is given, so that giving it changes nothing else.
    random_category = list(DRAWINGS)[int(rng.integers(len(DRAWINGS)))]
    category = category or random_category
    canvas = Canvas(rng=rng, style=DrawingStyle.sample(rng))
    DRAWINGS[category](canvas)
    # After the drawing: people add ground or their name at the end.
    add_clutter(canvas, category)
    lines = cut_short(ink_canvas(canvas), canvas.style.finished)
    return _to_sketch(lines, category, f"synth-{seed}-{index}")


@cache
def _taxonomy() -> Taxonomy:
    return Taxonomy.load("doodle7")


def _to_sketch(
    strokes: Sequence[tuple[Path, PartInstance]], category: str, sketch_id: str
) -> Sketch:
    """Return strokes as a sketch with instances numbered from the left, and sides of pairs."""
    known = _taxonomy().categories[category]
    numbers: dict[PartInstance, int] = {}
    sides: dict[PartInstance, str] = {}
    # Numbers are given to inked lines: mirror and tilt decide what is left.
    for part in known.countable:
        instances = {i for _, i in strokes if i[0] == part and i[1] is not None}
        centre = {i: _centre_x([path for path, other in strokes if other == i]) for i in instances}
        # The name breaks ties: a set has no order of its own, and labels must not depend on it.
        from_left = sorted(instances, key=lambda i: (centre[i], i))
        numbers |= {instance: number for number, instance in enumerate(from_left, 1)}
        # A single leg has no side, and of three it is unclear which two are the pair.
        if part in known.sided and len(from_left) == 2:
            sides |= dict(zip(from_left, SIDES, strict=True))
    return Sketch.from_strokes(
        [path for path, _ in strokes],
        sketch_id=sketch_id,
        source="synth",
        category=category,
        width=BOX + 1,
        height=BOX + 1,
        part=tuple(part for _, (part, _) in strokes),
        label=tuple(with_side(i[0], sides[i]) if i in sides else i[0] for _, i in strokes),
        instance=tuple(numbers.get(i, 0) if i[0] in known.countable else None for _, i in strokes),
    )


def _centre_x(paths: Sequence[Path]) -> float:
    """Return the mean x of paths, weighted by length."""
    total, moment = 0.0, 0.0
    for path in paths:
        # Each path weighs one more at its first point, so that dots count.
        weights = np.concatenate([[1.0], np.hypot(*np.diff(path, axis=0).T)])
        middles = np.concatenate([path[:1, 0], (path[1:, 0] + path[:-1, 0]) / 2])
        total += float(weights.sum())
        moment += float(weights @ middles)
    return moment / total
