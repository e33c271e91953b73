"""The simulated corpus that is sorted by category: its layout, and what mixing does to batches."""

import numpy as np
import pyarrow as pa
import pytest

from experiments import shuffle
from instancesketch.training import dataloader
from instancesketch.training.dataloader import MIXED, mix_tables
from instancesketch.training.sampling import assign_rows, shuffle_row_groups


def test_the_layout_is_that_of_one_file_for_each_category() -> None:
    groups = shuffle.lay_out()
    assert len(groups) == 345 * 28
    assert sum(group.rows for group in groups) == 345 * 140_000 * 0.8
    assert len({(group.path, group.number) for group in groups}) == len(groups)


def test_mixing_gives_batches_of_drawings_the_categories_of_a_shuffle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two groups to a buffer, as in a corpus of full row groups.
    monkeypatch.setattr(dataloader, "BUFFER", 240)
    groups = shuffle.lay_out(categories=40, drawings=150)
    ideal = shuffle.expect(8, 40)
    means = [
        shuffle.count(shuffle.draw_batches(groups, 0, 2, window)).mean() for window in (1, MIXED)
    ]
    # Twenty groups to each worker, so that it has half of the categories.
    assert means[0] < 0.5 * ideal
    # Batches of drawings of like size have somewhat fewer where there are so few of them.
    assert means[1] > 0.85 * shuffle.expect(8, 20)


@pytest.mark.parametrize("workers", [8, 64])
def test_batches_of_eight_have_nearly_as_many_categories_as_well_shuffled(workers: int) -> None:
    groups = shuffle.lay_out()
    order = shuffle_row_groups(len(groups), 0, 0)
    subsets = assign_rows(groups, 0, workers, order, batch_size=8 * workers)
    point = pa.array([[0.0]] * 500, pa.list_(pa.float32()))  # an eighth of the drawings
    tables = (
        pa.table({"category": np.full(500, int(s.path)), "x": point}) for s in subsets[: 2 * MIXED]
    )
    random, found = np.random.default_rng(0), []
    for table in mix_tables(tables, 0):
        category_N = random.permutation(table["category"].to_numpy())
        batches = category_N[: len(category_N) // 8 * 8].reshape(-1, 8)
        found.append([len(np.unique(batch)) for batch in batches])
    means = [np.mean(counts) for counts in found]
    assert np.mean(means) > 0.95 * shuffle.expect(8)
    # At any time of the epoch, and not in the mean alone.
    assert min(means) > 0.92 * shuffle.expect(8)
