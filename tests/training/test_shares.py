"""Workers use every drawing of an epoch exactly as often as the recipe has it, in equal steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.training.recipes import recipe
from instancesketch.training.roles import RowGroup
from instancesketch.training.sampling import (
    Shares,
    assign_rows,
    count_drawings,
    count_repeats,
    shares_norms,
    shuffle_row_groups,
)
from tests.drawings import DOODLE7


@st.composite
def epochs(draw):
    """Return the categories of the rows of each row group, repeats, batch size and workers."""
    workers = draw(st.integers(1, 64) | st.integers(1, 5))
    # From far fewer row groups than workers to well over 16 for each of them.
    number = draw(st.integers(1, 6) | st.integers(16 * workers, 20 * workers))
    repeats = draw(st.tuples(*[st.sampled_from([0, 1, 1, 3, 18])] * 3))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    largest = draw(st.integers(1, 40))
    groups = [random.integers(0, 3, random.integers(1, largest + 1)) for _ in range(number)]
    if draw(st.booleans()):  # the rows of a category lie together
        groups = [np.sort(categories) for categories in groups]
    return groups, repeats, draw(st.integers(1, 130)), workers


def counted(groups):
    """Return the row groups with the given categories of their rows."""
    return [
        RowGroup(
            path="p",
            number=i,
            rows=len(categories),
            categories=tuple(np.bincount(categories, minlength=3).tolist()),
            parts=(),
            instances=0,
            unknown_labels=(),
        )
        for i, categories in enumerate(groups)
    ]


@given(epochs(), st.integers(0, 99))
def test_drawings_of_all_workers_are_exactly_those_of_the_recipe(epoch, seed):
    categories, repeats, batch_size, workers = epoch
    groups, order = counted(categories), shuffle_row_groups(len(categories), seed, 0)
    times = [np.array(repeats)[of_group] for of_group in categories]
    used = [np.zeros_like(of_group) for of_group in times]
    shares = Shares(
        drawings=sum(count_drawings(g, repeats) for g in groups),
        batch_size=batch_size,
        workers=workers,
    )
    for worker in range(workers):
        before = sum(int(uses.sum()) for uses in used)
        subsets = assign_rows(
            groups, worker, workers, order, batch_size=batch_size, repeats=repeats
        )
        for subset in subsets:
            used[subset.row_group] += subset.count_uses(times[subset.row_group])
        after = sum(int(uses.sum()) for uses in used)
        assert after - before == sum(shares.of_steps(worker))
    for uses, wanted in zip(used, times, strict=True):
        np.testing.assert_array_equal(uses, wanted)


@given(st.integers(0, 2_000), st.integers(1, 130), st.integers(1, 150))
def test_all_workers_make_the_same_steps_and_fill_their_batches(drawings, batch_size, workers):
    shares = Shares(drawings=drawings, batch_size=batch_size, workers=workers)
    sizes = np.array([shares.of_steps(worker) for worker in range(workers)])
    assert sizes.shape == (workers, -(-drawings // batch_size))
    of_step = [min(batch_size, drawings - first) for first in range(0, drawings, batch_size)]
    assert sizes.sum(0).tolist() == of_step
    assert [shares.of_step(i) for i in range(shares.steps)] == of_step
    # All batches of a worker are of one size but for the last, which may be smaller.
    assert (sizes[:, :-1] == sizes[:, :1]).all()
    assert (sizes[:, -1:] <= sizes[:, :1]).all()
    assert np.ptp(sizes[:, :-1], axis=0).max(initial=0) <= 1


@pytest.mark.parametrize(("workers", "batch_size"), [(2, 30), (3, 30), (8, 30), (8, 64), (16, 24)])
def test_few_row_groups_give_every_worker_drawings_of_all_categories(workers, batch_size):
    # Sorted by category, as in a corpus that was read from a file for each.
    groups = counted([np.arange(600) // 200] * 2)
    times = np.array([1, 3, 2])[np.arange(600) // 200]
    for worker in range(workers):
        subsets = assign_rows(
            groups, worker, workers, [1, 0], batch_size=batch_size, repeats=(1, 3, 2)
        )
        used = sum(subset.count_uses(times) for subset in subsets).reshape(3, 200).sum(1)
        shares = used / used.sum()
        np.testing.assert_allclose(shares, [1 / 6, 3 / 6, 2 / 6], atol=0.06)


@pytest.mark.parametrize("workers", [2, 4])
def test_many_row_groups_are_read_by_one_worker_each_but_for_those_at_the_ends(workers):
    groups = counted([np.zeros(5 + i % 3, np.int64) for i in range(20 * workers)])
    order = shuffle_row_groups(len(groups), 0, 0)
    read = [
        subset.row_group
        for worker in range(workers)
        for subset in assign_rows(groups, worker, workers, order, batch_size=7)
    ]
    assert len(read) <= len(groups) + workers - 1


def test_published_recipe_repeats_the_rarer_categories():
    repeats = dict(
        zip(
            DOODLE7.category_names, count_repeats(recipe("segmenter", "seed"), DOODLE7), strict=True
        )
    )
    assert repeats == {
        "car": 3, "cloud": 18, "flower": 9, "sun": 3, "tree": 3, "4leg": 3, "2leg": 12
    }  # fmt: skip


@pytest.mark.parametrize(
    ("strokes", "batch_size", "workers", "shared"),
    [
        (8, 64, 1, False),
        (8, 64, 2, False),  # 256 strokes each
        (8, 63, 2, True),
        (8, 64, 4, True),
        (8, 1_000, 4, True),  # no more drawings than an epoch has
        (80, 1_000, 4, False),
        (0, 64, 2, True),  # scenes
    ],
)
def test_norms_are_shared_where_workers_have_few_strokes(strokes, batch_size, workers, shared):
    parts = (30 * strokes, 70 * strokes) if strokes else ()
    group = RowGroup(
        path="", number=0, rows=100, categories=(), parts=parts, instances=0, unknown_labels=()
    )
    shares = Shares(drawings=100, batch_size=batch_size, workers=workers)
    assert shares_norms([group], shares) == shared
