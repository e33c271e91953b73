"""Checks that hold for every form of a drawing: parts, instances, sizes, the same for a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.synth.canvas import Canvas
from instancesketch.synth.inking import ink_canvas
from instancesketch.synth.style import BOX
from tests.synth.canvases import make_canvas, parts_of

DOODLE7 = Taxonomy.load("doodle7")
SEEDS = range(25)


def check_form(draw: Callable[[Canvas], None], category: str, always: set[str]) -> None:
    """Check a form over some seeds: `always` are the parts that no drawing of it lacks."""
    known = DOODLE7.categories[category]
    shapes = set()
    for seed in SEEDS:
        canvas, again = make_canvas(seed), make_canvas(seed)
        draw(canvas)
        draw(again)
        for stroke, same in zip(canvas.strokes, again.strokes, strict=True):
            assert stroke.part_instance == same.part_instance
            assert (stroke.path == same.path).all()
        segments = [segment for stroke in canvas.strokes for segment in stroke.segments]
        for segment in segments:
            assert segment.part in {*known.parts, UNLABELED}
            assert segment.instance is None or segment.part in known.countable
            assert np.isfinite(segment.path).all()
        assert always <= parts_of(canvas)
        points = np.concatenate([segment.path for segment in segments])
        shapes.add(points.tobytes())
        inked = np.concatenate([path for path, _ in ink_canvas(canvas)])
        assert (inked >= 0).all()
        assert (inked <= BOX).all()
    assert len(shapes) == len(SEEDS)
