"""Drawings to show on the page: of the procedural generator, those that look drawn with care."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import numpy as np

from instancesketch.core.sketch import FloatArray, Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.report.captions import category_title
from instancesketch.serve.columns import columns_of
from instancesketch.synth.draw import DRAWINGS, draw

_SEED = 20
# The generator imitates coarse devices, too, and drawings that were left unfinished.
_MOST_TURN = 0.3  # median, in radians, from one step of a line to the next
_FINEST_STEP = 0.2  # pixels of the box: between coordinates of a device without a grid
_MOST_POINTS = 600
_FEWEST_STROKES = {"cloud": 1, "tree": 4}
_FEW_STROKES = 6
_FEWEST_PARTS = {"cloud": 1, "tree": 2, "sun": 2, "car": 2, "flower": 3}
_FEW_PARTS = 4


def example_categories(taxonomy: Taxonomy) -> list[str]:
    """Return the categories of which there are drawings to show, in the taxonomy's order."""
    return [name for name in taxonomy.category_names if name in DRAWINGS]


def examples_of(category: str) -> Iterator[Sketch]:
    """Yield drawings of a category without end, always the same ones in the same order."""
    drawn = (draw(_SEED, index, category) for index in count())
    return (sketch for sketch in drawn if _looks_drawn(sketch, category))


def describe_example(sketch: Sketch, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return what the page replays."""
    category = sketch.category or ""
    return {
        "category": category,
        "title": category_title(category, taxonomy),
        "strokes": columns_of(sketch),
    }


def example_table(taxonomy: Taxonomy, number: int) -> dict[str, list[dict[str, Any]]]:
    """Return the first drawings of each category, for a page without a server."""
    return {
        name: [describe_example(sketch, taxonomy) for sketch in islice(examples_of(name), number)]
        for name in example_categories(taxonomy)
    }


def _looks_drawn(sketch: Sketch, category: str) -> bool:
    parts = set(sketch.part or ())
    places = np.unique(np.concatenate([sketch.x, sketch.y]))
    turns = np.concatenate([_turns(points) for points in sketch.to_strokes()])
    return (
        len(sketch) >= _FEWEST_STROKES.get(category, _FEW_STROKES)
        and len(parts) >= _FEWEST_PARTS.get(category, _FEW_PARTS)
        and UNLABELED not in parts
        and len(sketch.x) <= _MOST_POINTS
        and len(turns) > 0
        and float(np.median(turns)) <= _MOST_TURN
        and float(np.diff(places).min()) < _FINEST_STEP
    )


def _turns(points_P2: FloatArray) -> FloatArray:
    """Return the angle from each step of a line to the next, in radians."""
    steps = np.diff(points_P2, axis=0)
    steps = steps[np.hypot(*steps.T) > 0]
    turns: FloatArray = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    return turns
