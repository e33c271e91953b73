"""Whole drawings: the same wherever they are made, rightly labelled, and as varied as people's."""

import json
from collections import Counter
from statistics import median

import numpy as np
import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import SIDES, UNLABELED, Taxonomy, side_of, with_side
from instancesketch.synth import draw

DOODLE7 = Taxonomy.load("doodle7")
CATEGORIES = DOODLE7.category_names
# A bird's legs are back legs, and it has no others.
NOT_DRAWN = {"2leg": {"front-leg", "front-foot"}}


@pytest.fixture(scope="module")
def drawings():
    return {c: [draw(7, i, c) for i in range(200)] for c in CATEGORIES}


@pytest.fixture(scope="module")
def everything(drawings):
    return [sketch for sketches in drawings.values() for sketch in sketches]


def units(sketch, part):
    """Strokes of each numbered instance of a part."""
    found = {}
    whole = zip(sketch.to_strokes(), sketch.part, sketch.instance, strict=True)
    for stroke, name, number in whole:
        if name == part and number:
            found.setdefault(number, []).append(stroke.astype(float))
    return found


def centre_x(strokes):
    """Mean x by length, each stroke weighing one more at its first point."""
    weights, xs = [], []
    for s in strokes:
        weights += [1.0, *np.hypot(*np.diff(s, axis=0).T)]
        xs += [s[0, 0], *((s[1:, 0] + s[:-1, 0]) / 2)]
    return np.average(xs, weights=weights)


def test_a_drawing_depends_on_its_numbers_alone():
    several = [draw(3, i) for i in range(20)]
    assert [draw(3, i) for i in reversed(range(20))][::-1] == several
    assert draw(3, 11, several[11].category) == several[11]
    assert draw(4, 11) != several[11].replace(sketch_id="synth-4-11")
    assert len({tuple(s.x) for s in several}) == 20


def test_every_category_is_drawn_about_as_often():
    counts = Counter(draw(1, i).category for i in range(350))
    assert set(counts) == set(CATEGORIES)
    assert min(counts.values()) > 25


def test_a_drawing_says_what_it_is(everything):
    sketch = draw(5, 8, "sun")
    assert (sketch.sketch_id, sketch.source, sketch.category) == ("synth-5-8", "synth", "sun")
    assert (sketch.width, sketch.height, sketch.split) == (256, 256, None)
    assert all(s.x.dtype == np.float32 for s in everything)


@pytest.mark.parametrize(
    ("seed", "index", "category"), [(0, 0, "teapot"), (-1, 0, None), (0, -1, None)]
)
def test_what_can_not_be_drawn_is_said(seed, index, category):
    with pytest.raises(UserError):
        draw(seed, index, category)


def test_drawings_fit_their_box(everything):
    for sketch in everything:
        assert min(sketch.x.min(), sketch.y.min()) >= 0
        assert max(sketch.x.max(), sketch.y.max()) <= 255
        assert max(np.ptp(sketch.x), np.ptp(sketch.y)) > 95


def test_labels_are_those_of_the_taxonomy(everything):
    for sketch in everything:
        category = DOODLE7.categories[sketch.category]
        for part, label, number in zip(sketch.part, sketch.label, sketch.instance, strict=True):
            assert DOODLE7.resolve_label(sketch.category, label) == (part, label)
            assert (number is not None) == (part in category.countable)


def test_instances_are_numbered_from_the_left(everything):
    for sketch in everything:
        for part in DOODLE7.categories[sketch.category].countable:
            found = units(sketch, part)
            assert sorted(found) == list(range(1, len(found) + 1))
            centres = [centre_x(found[n]) for n in sorted(found)]
            # Numbers are given before coordinates are stored as float32.
            assert (np.diff(centres) > -1e-3).all()


def test_sides_come_in_pairs_and_are_those_of_the_picture(everything):
    seen = 0
    for sketch in everything:
        for part in DOODLE7.categories[sketch.category].sided:
            found = units(sketch, part)
            sides = {
                n: label
                for p, label, n in zip(sketch.part, sketch.label, sketch.instance, strict=True)
                if p == part and n
            }
            expected = {1: with_side(part, SIDES[0]), 2: with_side(part, SIDES[1])}
            assert sides == (expected if len(found) == 2 else dict.fromkeys(found, part))
            seen += len(found) == 2
        for part, label, number in zip(sketch.part, sketch.label, sketch.instance, strict=True):
            assert number or side_of(part, label) is None
    assert seen > 200


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_part_is_drawn_and_some_are_missing(drawings, category):
    sketches = drawings[category]
    parts = set(DOODLE7.categories[category].parts) - NOT_DRAWN.get(category, set())
    have = Counter(part for s in sketches for part in set(s.part))
    assert set(have) == parts
    assert have[UNLABELED] < 0.2 * len(sketches)
    optional = {"flower": {"stem", "leaf", "center"}, "4leg": parts, "2leg": parts - {"body"}}
    for part in optional.get(category, ()):
        assert have[part] < len(sketches), part


def test_hands_differ(everything):
    counts = Counter(len(s) for s in everything)
    assert counts[1] > 30
    assert max(counts) > 25
    several_at_once = sum(0 in s.instance for s in everything)
    assert 0.03 < several_at_once / len(everything) < 0.3
    dots = sum((s.stroke_len == 1).any() for s in everything)
    assert dots > 30
    whole = sum((s.x == np.rint(s.x)).all() for s in everything) / len(everything)
    assert 0.4 < whole < 0.8


def test_closed_forms_are_nearly_closed(drawings):
    gaps = []
    for sketch in drawings["sun"]:
        stroke = sketch.to_strokes()[sketch.part.index("center")]
        gaps.append(np.hypot(*(stroke[-1] - stroke[0])) / max(np.ptp(stroke, axis=0).max(), 1))
    assert median(gaps) < 0.35
    assert max(gaps) > 0.3


@pytest.mark.parametrize("category", ["car", "flower", "sun"])
def test_stroke_counts_are_like_peoples(drawings, data_dir, category):
    files = (data_dir / "doodle7-real" / "json" / category).glob("*.json")
    real = [len(json.loads(path.read_text())["lines"]) for path in files]
    mine = [len(s) for s in drawings[category]]
    assert 0.5 * median(real) <= median(mine) <= 2 * median(real)
    spread = [np.subtract(*np.percentile(n, (90, 10))) for n in (mine, real)]
    assert spread[0] > 0.5 * spread[1]
