"""Roles of scenes, and that every worker reads its share of them with their objects."""

import numpy as np
import pytest

from instancesketch.core.schema import to_table
from instancesketch.training.roles import role_mask
from instancesketch.training.sampling import (
    assign_rows,
    read_rows,
    shuffle_row_groups,
)
from tests.drawings import DOODLE7, composed, corpus, count_corpus, sketch_of


def scenes_of(number, **values):
    """Return scenes of one object each; every third one has no object labels."""
    return [
        sketch_of([(0, 0), (1, i)], sketch_id=f"s{i}", **values)
        if i % 3 == 2
        else sketch_of(
            [(0, 0), (1, i)], sketch_id=f"s{i}", object=(0,), object_category=(None,), **values
        )
        for i in range(number)
    ]


@pytest.mark.parametrize("selection", ["tenth", "valid", "none"])
def test_scenes_need_objects_and_neither_parts_nor_a_category(selection):
    sketches = scenes_of(300, split="train") + scenes_of(60, split="valid")
    table = to_table(sketches)
    train, select = (
        role_mask(table, role, selection, DOODLE7, "objects") for role in ("train", "select")
    )
    known = np.array([s.object is not None for s in sketches])
    of_train = np.array([s.split == "train" for s in sketches])
    assert not (train & select).any()
    if selection == "valid":
        np.testing.assert_array_equal(train, known & of_train)
        np.testing.assert_array_equal(select, known & ~of_train)
    else:
        np.testing.assert_array_equal(train | select, known & of_train)
        assert (select.sum() > 0) == (selection == "tenth")
    # None of them has a role as a drawing.
    assert not any(role_mask(table, r, selection, DOODLE7).any() for r in ("train", "select"))


def test_only_rows_are_counted_for_scenes(tmp_path):
    location = corpus(tmp_path, scenes_of(30), 8, files=2)
    counted = count_corpus(location, "train", "none", "objects")
    assert sum(g.rows for g in counted) == 20
    assert {(g.categories, g.parts, g.instances, g.unknown_labels) for g in counted} == {
        ((), (), 0, ())
    }
    assert sum(g.rows for g in count_corpus(location, "train", "none")) == 0


def test_scenes_are_read_once_over_all_workers_and_keep_their_objects(tmp_path):
    scenes = [s.replace(split="train") for s in composed(20)]
    location = corpus(tmp_path, [*scenes, *scenes_of(6)[2::3]], 4, files=2)
    groups = count_corpus(location, "train", "tenth", "objects")
    tables = [
        read_rows(subset, "train", "tenth", DOODLE7, "objects")
        for worker in range(3)
        for subset in assign_rows(groups, worker, 3, shuffle_row_groups(len(groups), 1, 0))
    ]
    mask = role_mask(to_table(scenes), "train", "tenth", DOODLE7, "objects")
    want = {s.sketch_id: s for s, ok in zip(scenes, mask, strict=True) if ok}
    read = [row for table in tables for row in table.to_pylist()]
    assert sorted(row["sketch_id"] for row in read) == sorted(want)
    for row in read:
        scene = want[row["sketch_id"]]
        assert tuple(row["object"]) == scene.object
        assert tuple(row["object_category"]) == scene.object_category
    assert 0 < len(want) < 20
    assert sum(g.rows for g in groups) == len(want)
