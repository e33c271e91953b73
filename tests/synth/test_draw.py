"""Whole drawings: seeded, correctly labelled, and as varied as those of people."""

import json
from collections import Counter
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import SIDES, UNLABELED, Taxonomy, side_of, with_side
from instancesketch.synth.draw import draw

DOODLE7 = Taxonomy.load("doodle7")
CATEGORIES = DOODLE7.category_names
# Birds only have back legs.
NOT_DRAWN = {"2leg": {"front-leg", "front-foot"}}


@pytest.fixture(scope="module")
def drawings() -> dict[str, list[Sketch]]:
    return {c: [draw(7, i, c) for i in range(60)] for c in CATEGORIES}


@pytest.fixture(scope="module")
def all_drawings(drawings):
    return [sketch for sketches in drawings.values() for sketch in sketches]


def strokes_by_instance(sketch, part):
    """Return the strokes of each numbered instance of a part."""
    instances = {}
    rows = zip(sketch.to_strokes(), sketch.part, sketch.instance, strict=True)
    for stroke, name, number in rows:
        if name == part and number:
            instances.setdefault(number, []).append(stroke.astype(float))
    return instances


def centre_x(strokes):
    """Return the mean x weighted by length, plus a weight of one for each stroke's first point."""
    weights, xs = [], []
    for s in strokes:
        weights += [1.0, *np.hypot(*np.diff(s, axis=0).T)]
        xs += [s[0, 0], *((s[1:, 0] + s[:-1, 0]) / 2)]
    return np.average(xs, weights=weights)


def test_a_drawing_depends_on_seed_and_index_alone():
    drawn = [draw(3, i) for i in range(20)]
    assert [draw(3, i) for i in reversed(range(20))][::-1] == drawn
    assert draw(3, 11, drawn[11].category) == drawn[11]
    assert draw(4, 11) != drawn[11].replace(sketch_id="synth-4-11")
    assert len({tuple(s.x) for s in drawn}) == 20


def test_some_drawings_are_prefixes_of_themselves(monkeypatch):
    """Check that a drawing cut short has the first strokes of the whole, labels and all."""
    cut = 0
    for index in range(120):
        sketch = draw(11, index)
        with monkeypatch.context() as patch:
            patch.setattr("instancesketch.synth.draw.cut_short", lambda lines, share: lines)
            whole = draw(11, index)
        assert whole.part[: len(sketch)] == sketch.part
        assert (whole.x[: len(sketch.x)] == sketch.x).all()
        assert (whole.stroke_len[: len(sketch)] == sketch.stroke_len).all()
        if len(sketch) < len(whole):
            cut += 1
            assert len(sketch) >= max(2, 0.4 * len(whole))
    assert 1 <= cut < 15


def test_categories_are_drawn_about_equally_often():
    counts = Counter(draw(1, i).category for i in range(140))
    assert set(counts) == set(CATEGORIES)
    assert min(counts.values()) > 10


def test_a_drawing_has_id_source_category_and_canvas(all_drawings):
    sketch = draw(5, 8, "sun")
    assert (sketch.sketch_id, sketch.source, sketch.category) == ("synth-5-8", "synth", "sun")
    assert (sketch.width, sketch.height, sketch.split) == (256, 256, None)
    assert all(s.x.dtype == np.float32 for s in all_drawings)


@pytest.mark.parametrize(
    ("seed", "index", "category"), [(0, 0, "teapot"), (-1, 0, None), (0, -1, None)]
)
def test_an_unknown_category_or_negative_number_raises(seed, index, category):
    with pytest.raises(UserError):
        draw(seed, index, category)


def test_drawings_fit_their_box(all_drawings):
    for sketch in all_drawings:
        assert min(sketch.x.min(), sketch.y.min()) >= 0
        assert max(sketch.x.max(), sketch.y.max()) <= 255
        assert max(np.ptp(sketch.x), np.ptp(sketch.y)) > 95


def test_labels_are_those_of_the_taxonomy(all_drawings):
    for sketch in all_drawings:
        category = DOODLE7.categories[sketch.category]
        for part, label, number in zip(sketch.part, sketch.label, sketch.instance, strict=True):
            assert DOODLE7.resolve_label(sketch.category, label) == (part, label)
            assert (number is not None) == (part in category.countable)


def test_instances_are_numbered_from_the_left(all_drawings):
    for sketch in all_drawings:
        for part in DOODLE7.categories[sketch.category].countable:
            instances = strokes_by_instance(sketch, part)
            assert sorted(instances) == list(range(1, len(instances) + 1))
            centres = [centre_x(instances[n]) for n in sorted(instances)]
            # Numbers are assigned before coordinates are rounded to float32.
            assert (np.diff(centres) > -1e-3).all()


def test_only_pairs_have_sides_and_the_left_one_is_on_the_left(all_drawings):
    pairs = 0
    for sketch in all_drawings:
        for part in DOODLE7.categories[sketch.category].sided:
            instances = strokes_by_instance(sketch, part)
            sides = {
                n: label
                for p, label, n in zip(sketch.part, sketch.label, sketch.instance, strict=True)
                if p == part and n
            }
            expected = {1: with_side(part, SIDES[0]), 2: with_side(part, SIDES[1])}
            is_pair = len(instances) == 2
            assert sides == (expected if is_pair else dict.fromkeys(instances, part))
            pairs += is_pair
        for part, label, number in zip(sketch.part, sketch.label, sketch.instance, strict=True):
            assert number or side_of(part, label) is None
    assert pairs > 60


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_part_is_drawn_but_not_in_every_drawing(drawings, category):
    sketches = drawings[category]
    parts = set(DOODLE7.categories[category].parts) - NOT_DRAWN.get(category, set())
    counts = Counter(part for s in sketches for part in set(s.part))
    assert set(counts) == parts
    assert counts[UNLABELED] < 0.2 * len(sketches)
    optional = {"flower": {"stem", "leaf", "center"}, "4leg": parts, "2leg": parts - {"body"}}
    for part in optional.get(category, ()):
        assert counts[part] < len(sketches), part


def test_drawing_styles_vary(all_drawings):
    stroke_counts = Counter(len(s) for s in all_drawings)
    assert stroke_counts[1] > 8
    assert max(stroke_counts) > 25
    several_at_once = sum(0 in s.instance for s in all_drawings)
    assert 0.03 < several_at_once / len(all_drawings) < 0.3
    assert sum((s.stroke_len == 1).any() for s in all_drawings) > 8
    whole_numbers = sum((s.x == np.rint(s.x)).all() for s in all_drawings)
    assert 0.4 < whole_numbers / len(all_drawings) < 0.8


def test_closed_forms_are_nearly_closed(drawings):
    gaps = []
    for sketch in drawings["sun"]:
        if "center" not in sketch.part:  # disc and rays in one line
            continue
        stroke = sketch.to_strokes()[sketch.part.index("center")]
        gaps.append(np.hypot(*(stroke[-1] - stroke[0])) / max(np.ptp(stroke, axis=0).max(), 1))
    assert median(gaps) < 0.35
    assert max(gaps) > 0.3


@pytest.mark.parametrize("category", ["car", "flower", "sun"])
def test_stroke_counts_are_near_those_of_people(drawings, data_dir: Path, category):
    files = (data_dir / "doodle7-real" / "json" / category).glob("*.json")
    real = [len(json.loads(path.read_text())["lines"]) for path in files]
    ours = [len(s) for s in drawings[category]]
    assert 0.5 * median(real) <= median(ours) <= 2 * median(real)
    spread = [np.subtract(*np.percentile(n, (90, 10))) for n in (ours, real)]
    assert spread[0] > 0.5 * spread[1]
