"""Roles of rows, and that every worker reads its share of them exactly once."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.errors import UserError
from instancesketch.core.hashing import derive_seed
from instancesketch.core.schema import to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.training.roles import role_mask
from instancesketch.training.sampling import (
    USES,
    Shares,
    assign_rows,
    count_row_groups,
    read_rows,
    shuffle_row_groups,
)
from tests.drawings import DOODLE7, corpus, count_corpus, drawn, sketch_of

SELECTIONS = ("tenth", "valid", "none")


def rows_of(number, **values):
    return to_table(
        [
            sketch_of([(0, 0), (1, i)], sketch_id=f"d{i}", category="sun", part=("ray",), **values)
            for i in range(number)
        ]
    )


def masks(table, selection):
    return (role_mask(table, role, selection, DOODLE7) for role in ("train", "select"))


def test_hash_selects_a_tenth_of_train():
    table = rows_of(2_000)  # rows without a split are used to train, too
    train, select = masks(table, "tenth")
    assert not (train & select).any()
    assert (train | select).all()
    assert 150 < select.sum() < 250
    again = next(masks(rows_of(2_000, split="train"), "tenth"))
    np.testing.assert_array_equal(train, again)
    # The role of a row doesn't depend on the other rows of the table.
    alone = [next(masks(table.slice(i, 1), "tenth"))[0] for i in range(50)]
    assert alone == train[:50].tolist()


@pytest.mark.parametrize(
    ("split", "selection", "trains", "selects"),
    [
        ("train", "valid", True, False),
        ("valid", "valid", False, True),
        ("valid", "tenth", False, False),
        ("test", "valid", False, False),
        ("test", "tenth", False, False),
        ("test", "none", False, False),
        ("train", "none", True, False),
        ("valid", "none", False, False),
        (None, "valid", True, False),
    ],
)
def test_split_decides_the_role_of_a_row(split, selection, trains, selects):
    train, select = masks(rows_of(3, split=split), selection)
    assert train.tolist() == [trains] * 3
    assert select.tolist() == [selects] * 3


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(
    "values", [{"category": "teapot", "part": ("ray",)}, {"part": ("ray",)}, {"category": "sun"}]
)
def test_rows_without_labels_or_category_have_no_role(values, selection):
    rows = [sketch_of([(0, 0)], sketch_id=str(i), **values) for i in range(40)]
    for mask in masks(to_table(rows), selection):
        assert not mask.any()


def test_drawings_of_categories_without_parts_need_none():
    words = ("teapot", "palm tree", "sun", "scene")
    rows = [sketch_of([(0, 0)], sketch_id=word, category=word) for word in words]
    mask = role_mask(to_table(rows), "train", "none", Taxonomy.load("default"))
    assert mask.tolist() == [True, False, False, True]


def test_rows_and_labels_of_a_role_are_counted(tmp_path):
    sketches = [s.replace(split="train") for s in drawn(40)]
    # A label of another category, one of no category, and a drawing without labels.
    sketches.append(sketch_of([(0, 0)], sketch_id="p", category="sun", part=("petal",)))
    sketches.append(sketch_of([(0, 0)], sketch_id="q", category="sun", part=("antenna",)))
    sketches.append(sketch_of([(0, 0)], sketch_id="r", category="sun"))
    location = corpus(tmp_path, sketches, 10, files=2)
    counted = count_corpus(location, "train", "none")
    assert sum(g.rows for g in counted) == 42
    found = Counter(dict.fromkeys(DOODLE7.category_names, 0))
    for group in counted:
        found.update(dict(zip(DOODLE7.category_names, group.categories, strict=True)))
    assert found == Counter(s.category for s in sketches if s.part)
    parts = np.sum([g.parts for g in counted], axis=0)
    known = Counter(p for s in sketches if s.part for p in s.part if p != "antenna")
    assert {n: c for n, c in zip(DOODLE7.part_names, parts, strict=True) if c} == known
    unknown = {label for g in counted for label in g.unknown_labels}
    assert unknown == {"'petal' of sun", "'antenna' of sun"}


def test_folder_without_a_corpus_is_refused(tmp_path):
    with pytest.raises(UserError, match="is not a corpus"):
        count_row_groups([str(tmp_path)], 9)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(UserError, match="can't be read"):
        count_row_groups([str(tmp_path)], 9)


@pytest.fixture(scope="module")
def sketches():
    return drawn(60)


# Row groups to share by their rows, and sixteen and more a worker.
@pytest.mark.parametrize(("workers", "rows_per_group"), [(1, 4), (2, 1), (3, 4), (5, 50)])
def test_workers_read_every_row_as_often_as_its_category_repeats(
    tmp_path, sketches, workers, rows_per_group
):
    location = corpus(tmp_path, sketches, rows_per_group, files=2)
    groups = count_corpus(location, "train", "tenth")
    repeats = (3, 18, 0, 3, 1, 3, 6)
    order = shuffle_row_groups(len(groups), 3, 1)
    read = []
    for worker in range(workers):
        assigned = assign_rows(groups, worker, workers, order, batch_size=8, repeats=repeats)
        uses = Counter()
        for subset in assigned:
            table = read_rows(subset, "train", "tenth", DOODLE7, repeats=repeats)
            for name, times in zip(
                *(table[c].to_pylist() for c in ("sketch_id", USES)), strict=True
            ):
                uses[name] += times
        read.append(uses)
    mask = role_mask(to_table(sketches), "train", "tenth", DOODLE7)
    times = dict(zip(DOODLE7.category_names, repeats, strict=True))
    want = {s.sketch_id: times[s.category] for s, ok in zip(sketches, mask, strict=True) if ok}
    assert sum(read, Counter()) == Counter({name: n for name, n in want.items() if n})
    shares = Shares(drawings=sum(want.values()), batch_size=8, workers=workers)
    assert [uses.total() for uses in read] == [sum(shares.of_steps(w)) for w in range(workers)]


@pytest.mark.parametrize("workers", [1, 3])
def test_rows_to_select_on_are_read_once(tmp_path, sketches, workers):
    sketches = [s.replace(split="valid") for s in sketches]
    location = corpus(tmp_path, sketches, 4)
    groups = count_corpus(location, "select", "valid")
    read = [
        row
        for worker in range(workers)
        for subset in assign_rows(groups, worker, workers, range(len(groups)))
        for row in read_rows(subset, "select", "valid", DOODLE7, repeats=(5,) * 7)
        .select(["sketch_id", USES])
        .to_pylist()
    ]
    assert sorted(row["sketch_id"] for row in read) == sorted(s.sketch_id for s in sketches)
    assert {row[USES] for row in read} == {1}


def test_row_group_that_changed_since_it_was_counted_is_refused(tmp_path, sketches):
    location = corpus(tmp_path, sketches[:20])
    groups = count_corpus(location, "train", "none")
    (subset,) = assign_rows(groups, 0, 1, [0], repeats=(2,) * 7)
    assert len(read_rows(subset, "train", "none", DOODLE7, repeats=(2,) * 7)) == 20
    corpus(tmp_path, sketches[1:20])
    with pytest.raises(UserError, match=r"0\.parquet was changed .* 38 to train on, not 40"):
        read_rows(subset, "train", "none", DOODLE7, repeats=(2,) * 7)


@given(st.integers(0, 50), st.integers(0, 2**31), st.integers(0, 300))
def test_every_epoch_has_a_different_permutation(number, seed, epoch):
    order = shuffle_row_groups(number, seed, epoch)
    assert sorted(order) == list(range(number))
    assert order == shuffle_row_groups(number, seed, epoch)
    if number > 20:
        assert order != shuffle_row_groups(number, seed, epoch + 1)
        assert order != shuffle_row_groups(number, seed + 1, epoch)


def test_derived_seeds_differ():
    seeds = {derive_seed(a, b, c) for a in range(5) for b in range(5) for c in range(5)}
    assert len(seeds) == 125
    assert all(0 <= s < 2**63 for s in seeds)
    assert derive_seed(1, 2) == derive_seed(1, 2)
