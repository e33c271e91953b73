"""Batches of an epoch: every drawing as often as it repeats, in an order that the seed decides."""

import threading
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.models.packing import pack, pack_scenes, pack_sketches
from instancesketch.training.dataloader import (
    collate,
    iter_buffers,
    iter_shuffled_batches,
    prefetch,
)
from instancesketch.training.ranks import empty_batch
from instancesketch.training.sampling import USES
from tests.drawings import DOODLE7, composed, drawn


def with_uses(table, repeats=(1,) * 7):
    """Return rows with how often each is used, by its category."""
    uses = [repeats[DOODLE7.category_names.index(c)] for c in table["category"].to_pylist()]
    return table.append_column(USES, pa.array(uses, pa.int64()))


def shuffle(tables, batch_size, repeats=(1,) * 7, seed=0, skipped=0):
    return list(
        iter_shuffled_batches(
            (with_uses(table, repeats) for table in tables),
            DOODLE7,
            batch_size=batch_size,
            generator=torch.Generator().manual_seed(seed),
            skipped=skipped,
        )
    )


# Buffers of less than a batch, of some batches with rows left over, and of many windows.
@pytest.mark.parametrize(("buffer", "batch_size"), [(3, 5), (11, 4), (40, 2), (8_192, 6)])
def test_batches_after_those_skipped_are_the_same_and_only_theirs_are_packed(
    monkeypatch, buffer, batch_size
):
    monkeypatch.setattr("instancesketch.training.dataloader.BUFFER", buffer)
    packed_rows = []

    def count(tables, *options):
        packed_rows[-1] += sum(map(len, tables))
        return collate(tables, *options)

    monkeypatch.setattr("instancesketch.training.dataloader.collate", count)
    tables = [to_table(drawn(50)).slice(i, 7) for i in range(0, 50, 7)]
    repeats = (1, 3, 2, 1, 1, 2, 1)
    packed_rows.append(0)
    whole = shuffle(tables, batch_size, repeats)
    for skipped in range(len(whole) + 1):
        packed_rows.append(0)
        batches = shuffle(tables, batch_size, repeats, skipped=skipped)
        assert len(batches) == len(whole) - skipped
        for batch, wanted in zip(batches, whole[skipped:], strict=True):
            for name in ("points_P2", "stroke_len_S", "strokes_N", "part_S", "category_N"):
                assert torch.equal(getattr(batch, name), getattr(wanted, name))
    assert packed_rows[0] == 50
    if batch_size < buffer:
        assert packed_rows[-1] < batch_size * len(tables)


@pytest.mark.parametrize("buffer", [7, 20, 8_192])
def test_every_drawing_is_used_as_often_as_its_category_repeats(monkeypatch, buffer):
    monkeypatch.setattr("instancesketch.training.dataloader.BUFFER", buffer)
    # The first point identifies the drawing.
    sketches = [s.replace(x=np.concatenate([[1000 + i], s.x[1:]])) for i, s in enumerate(drawn(50))]
    repeats = [1, 3, 2, 1, 0, 4, 1]
    table = to_table(sketches)
    tables = [table.slice(i, 6) for i in range(0, 50, 6)]
    batches = shuffle(tables, 8, repeats)
    assert [len(b) for b in batches[:-1]] == [8] * (len(batches) - 1)
    assert 0 < len(batches[-1]) <= 8
    seen = Counter(int(x) - 1000 for b in batches for x in b.points_P2[:, 0] if x >= 1000)
    want = {i: repeats[DOODLE7.category_names.index(s.category)] for i, s in enumerate(sketches)}
    assert seen == Counter({i: n for i, n in want.items() if n})
    # A drawing keeps its labels.
    whole = pack(table, DOODLE7)
    marked = {1000 + i: whole.part_S[whole.sketch_of_S == i].tolist() for i in range(50)}
    for batch in batches:
        first_N = batch.points_P2[(batch.points_N.cumsum(0) - batch.points_N), 0].tolist()
        parts = batch.part_S.split(batch.strokes_N.tolist())
        assert [p.tolist() for p in parts] == [marked[int(x)] for x in first_N]


def test_the_seed_decides_the_order():
    tables = [to_table(drawn(60))]
    a, b, c = (shuffle(tables, 8, seed=seed) for seed in (0, 0, 1))
    assert all(torch.equal(x.points_P2, y.points_P2) for x, y in zip(a, b, strict=True))
    assert any(not torch.equal(x.category_N, y.category_N) for x, y in zip(a, c, strict=True))


def test_no_tables_give_no_batches():
    assert shuffle([], 8) == []
    assert shuffle([pa.Table.from_batches([], to_table([]).schema)], 8) == []


@pytest.mark.parametrize("passes", [1, 2])
def test_scenes_are_shuffled_with_their_categories_and_objects(passes):
    scenes = composed(11)
    table = to_table(scenes)
    used = table.append_column(USES, pa.array([passes] * 11))
    batches = list(
        iter_shuffled_batches(
            [used.slice(0, 4), used.slice(4)],
            DOODLE7,
            batch_size=4,
            generator=torch.Generator().manual_seed(0),
            labels="objects",
        )
    )
    assert [len(b) for b in batches] == ([4, 4, 3] if passes == 1 else [4, 4, 4, 4, 4, 2])
    seen = Counter()
    for batch in batches:
        sizes = batch.strokes_N.tolist()
        for kinds, numbers in zip(
            batch.part_S.split(sizes), batch.instance_S.split(sizes), strict=True
        ):
            seen[tuple(kinds.tolist()), tuple(numbers.tolist())] += 1
    whole = pack_scenes(table, DOODLE7)
    sizes = whole.strokes_N.tolist()
    pairs = zip(whole.part_S.split(sizes), whole.instance_S.split(sizes), strict=True)
    want = Counter((tuple(k.tolist()), tuple(n.tolist())) for k, n in pairs)
    assert seen == Counter({key: number * passes for key, number in want.items()})
    (packed,) = iter_buffers([table.slice(0, 5), table.slice(5)], DOODLE7, "objects")
    assert torch.equal(packed.instance_S, whole.instance_S)
    assert torch.equal(collate([table], DOODLE7, "objects").instance_S, whole.instance_S)


def test_a_thread_prepares_the_same_batches_in_the_same_order():
    batches = [pack_sketches(drawn(2, seed=i)) for i in range(9)]
    assert list(prefetch(iter(batches))) == batches


def test_an_error_of_the_thread_is_raised_where_batches_are_taken():
    def fail():
        yield empty_batch()
        raise UserError("the disk is gone")

    batches = prefetch(fail())
    next(batches)
    with pytest.raises(UserError, match="the disk is gone"):
        next(batches)


def test_the_thread_ends_with_whoever_takes_its_batches():
    def endless():
        while True:
            yield empty_batch()

    batches = prefetch(endless())
    next(batches)
    batches.close()
    assert "batches" not in {thread.name for thread in threading.enumerate()}
