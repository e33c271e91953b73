"""Packing, selecting, bucketing and normalising drawings of any shape."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.schema import to_table
from instancesketch.models.packing import (
    bucket_by_size,
    join,
    object_categories,
    pack,
    pack_scenes,
)
from instancesketch.models.rasterize import rasterise
from tests.drawings import (
    DOODLE7,
    batches,
    composed,
    drawings,
    drawn,
    packed,
    packed_scenes,
    sketch_of,
    split_strokes,
)

SUN = [[(0, 0), (4, 0)], [(9, 9)]]


def equal(a, b):
    return all(
        torch.equal(getattr(a, f), getattr(b, f))
        for f in ("points_P2", "stroke_len_S", "strokes_N", "part_S", "category_N")
    )


def test_a_batch_holds_the_points_and_labels_of_its_sketches():
    sketches = drawn(20)
    batch = packed(sketches)
    assert len(batch) == 20
    for sketch, got in zip(sketches, split_strokes(batch), strict=True):
        for a, b in zip(sketch.to_strokes(), got, strict=True):
            np.testing.assert_array_equal(a, b)
    names = DOODLE7.part_names
    assert [names[p] for p in batch.part_S] == [p for s in sketches for p in s.part]
    assert [DOODLE7.category_names[c] for c in batch.category_N] == [s.category for s in sketches]
    assert batch.points_N.tolist() == [len(s.x) for s in sketches]
    assert batch.sketch_of_P.tolist() == [i for i, s in enumerate(sketches) for _ in s.x]


def test_known_words_and_labels_get_their_index_and_unknown_ones_none():
    sketches = [
        sketch_of(*SUN, category="sun", part=("ray", "hub-cap")),
        sketch_of(*SUN, category="Polar bear", part=("body", "head")),
        sketch_of(*SUN, category="Police_Car"),
        sketch_of(*SUN),
    ]
    batch = packed(sketches)
    ray, body, head = (DOODLE7.part_names.index(p) for p in ("ray", "body", "head"))
    assert batch.part_S.tolist() == [ray, -1, body, head, -1, -1, -1, -1]
    sun, car = (DOODLE7.category_names.index(c) for c in ("sun", "car"))
    assert batch.category_N.tolist() == [sun, -1, car, -1]
    unread = packed(sketches, labels=False)
    assert unread.part_S.tolist() == [-1] * 8
    assert unread.category_N.tolist() == [-1] * 4


def test_chunked_tables_pack_equally():
    table = to_table(drawn(12))
    pieces = pa.concat_tables([table.slice(0, 5), table.slice(5, 1), table.slice(6)])
    assert equal(pack(pieces, DOODLE7), pack(table, DOODLE7))
    assert equal(pack(table.slice(7, 3), DOODLE7), pack(table, DOODLE7).select(torch.arange(7, 10)))


OTHER = len(DOODLE7.category_names)


def scene(objects, categories, **values):
    strokes = [[(i, 0), (i, 5)] for i in range(len(objects))]
    return sketch_of(*strokes, object=objects, object_category=categories, **values)


def test_scenes_are_packed_with_object_categories_and_numbers():
    scenes = [
        scene((1, 0, -1, 1), ("Sun", "Dog")),
        sketch_of(*SUN, category="sun", part=("ray", "ray"), instance=(1, 2)),  # no objects
        scene((2, 0, 1), (None, "teapot", "Police Car")),
        scene((-1,), ()),
        scene((0,), ("tree",)),
    ]
    sun, dog, car, tree = (
        DOODLE7.category_names.index(DOODLE7.category_of(w)) for w in ("sun", "dog", "car", "tree")
    )
    batch = packed_scenes(scenes)
    assert batch.strokes_N.tolist() == [4, 2, 3, 1, 1]
    assert batch.part_S.tolist() == [dog, sun, -1, dog, -1, -1, car, OTHER, OTHER, -1, tree]
    assert batch.instance_S.tolist() == [2, 1, 0, 2, -1, -1, 3, 1, 2, 0, 1]
    assert batch.category_N.tolist() == [-1] * 5
    unread = packed_scenes(scenes, labels=False)
    assert torch.equal(unread.points_P2, batch.points_P2)
    assert set(unread.part_S.tolist()) == set(unread.instance_S.tolist()) == {-1}
    category_K, objects_N = object_categories(to_table(scenes), DOODLE7)
    assert category_K.tolist() == [sun, dog, OTHER, OTHER, car, tree]
    assert objects_N.tolist() == [2, 0, 3, 0, 1]


def test_composed_scenes_are_packed_with_their_objects():
    scenes = composed(10)
    batch = packed_scenes(scenes)
    names = [*DOODLE7.category_names, None]
    want = [
        (o + 1, DOODLE7.category_of(s.object_category[o]) if o >= 0 else "none")
        for s in scenes
        for o in s.object
    ]
    got = [
        (n, "none" if k < 0 else names[k])
        for n, k in zip(batch.instance_S.tolist(), batch.part_S.tolist(), strict=True)
    ]
    assert got == want


def test_chunked_tables_of_scenes_pack_equally():
    table = to_table([*composed(5), sketch_of(*SUN), *composed(3, seed=4)])
    pieces = pa.concat_tables([table.slice(0, 3), table.slice(3, 1), table.slice(4)])
    whole = pack_scenes(table, DOODLE7)
    for other in (
        pack_scenes(pieces, DOODLE7),
        join([pack_scenes(table.slice(i, 1), DOODLE7) for i in range(len(table))]),
    ):
        assert equal(other, whole)
        assert torch.equal(other.instance_S, whole.instance_S)


def test_no_scenes_give_empty_arrays():
    category_K, objects_N = object_categories(to_table([]), DOODLE7)
    assert len(category_K) == len(objects_N) == 0
    assert len(packed_scenes([])) == 0


@given(batches(), st.data())
def test_select_and_join_are_list_operations(batch, data):
    numbers = data.draw(st.lists(st.integers(0, len(batch) - 1), min_size=1, max_size=6))
    whole, some = split_strokes(batch), split_strokes(batch.select(torch.tensor(numbers)))
    for number, got in zip(numbers, some, strict=True):
        assert [a.tolist() for a in got] == [b.tolist() for b in whole[number]]
    again = join([batch.select(torch.tensor([i])) for i in range(len(batch))])
    assert equal(again, batch)


@given(batches(), st.integers(1, 30), st.integers(1, 60))
def test_buckets_hold_every_drawing_once_within_the_limits(batch, most_tokens, most_points):
    picks = list(bucket_by_size(batch.layout, most_tokens, most_points))
    assert sorted(torch.cat(picks).tolist()) == list(range(len(batch)))
    for pick in picks:
        tokens = int(batch.strokes_N[pick].max()) * len(pick)
        points = int(batch.points_N[pick].sum())
        assert len(pick) == 1 or (tokens <= most_tokens and points <= most_points)


@given(batches())
def test_normalised_drawings_are_centred_and_keep_their_shape(batch):
    strokes = zip(split_strokes(batch), split_strokes(batch.normalised()), strict=True)
    for before, after in strokes:
        old, new = np.concatenate(before).astype(np.float64), np.concatenate(after)
        half = np.ptp(old, axis=0).max() / 2
        want = (old - (old.min(axis=0) + old.max(axis=0)) / 2) / (half or 1)
        np.testing.assert_allclose(new, want, atol=1e-6)
        assert np.abs(new).max() == pytest.approx(1 if half else 0)


def test_a_small_drawing_far_away_keeps_its_shape():
    far = np.float32(1e7)
    sketch = sketch_of([(far - 1, far - 4), (far, far - 2)])
    got = packed([sketch]).normalised().points_P2
    assert got.tolist() == [[-0.5, -1], [0.5, 1]]


def test_dots_are_normalised_to_the_origin():
    got = packed([sketch_of([(7, 8)]), sketch_of([(5, 5), (5, 5)], [(5, 5)])]).normalised()
    assert torch.equal(got.points_P2, torch.zeros(4, 2))


def scaled(sketch, factor):
    return sketch.replace(x=sketch.x * np.float32(factor), y=sketch.y * np.float32(factor))


@given(drawings, st.sampled_from([2.0**-20, 2.0**-10, 2.0**12]))
def test_normalising_is_invariant_to_the_unit(strokes, factor):
    sketch = sketch_of(*strokes)
    # Powers of two leave floats exact, except subnormal ones; rounding avoids those.
    sketch = sketch.replace(x=np.round(sketch.x, 3), y=np.round(sketch.y, 3))
    a, b = packed([sketch]).normalised(), packed([scaled(sketch, factor)]).normalised()
    assert torch.equal(a.points_P2, b.points_P2)


def test_drawings_in_a_unit_box_have_equal_images():
    """Scale drawings to a unit box and less, where rounding to integers would lose everything."""
    for factor in (1 / 255, 1 / 1000, 1 / 255_000):
        sketches = drawn(20)
        a = packed(sketches).normalised()
        b = packed([scaled(s, factor) for s in sketches]).normalised()
        torch.testing.assert_close(a.points_P2, b.points_P2, rtol=0, atol=1e-6)
        # A point midway between two pixels may be rounded to either.
        images = [rasterise(x.points_P2, x.stroke_len_S, 32) for x in (a, b)]
        assert (images[0] != images[1]).sum() <= 0.002 * images[0].sum()
        assert bool((images[1].sum((1, 2)) > 0).all())
