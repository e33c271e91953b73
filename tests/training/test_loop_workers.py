"""What the workers of the loop over epochs read and use together, seen from one process."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.training import sampling
from instancesketch.training.config import RefinerFitConfig
from instancesketch.training.loop import (
    LoopConfig,
    OneWorker,
    Pass,
    ReadRows,
    prepare_fit,
    train_epochs,
)
from tests.drawings import DOODLE7, TINY_REFINER, count_corpus, drawn

RECIPE = RefinerFitConfig(model=TINY_REFINER, batch_size=13, oversample={"cloud": 6, "sun": 2})


def write_corpus(folder: Path, number: int) -> str:
    """Write drawings to train on, in uneven row groups, and ten to select on."""
    rows = [
        s.replace(split="valid" if i < 10 else "train") for i, s in enumerate(drawn(number, seed=2))
    ]
    folder.mkdir(exist_ok=True)
    table = to_table(rows)
    with pq.ParquetWriter(folder / "rows.parquet", table.schema) as file:
        for first in range(0, len(table), 4):
            file.write_table(table.slice(first, 3))
            file.write_table(table.slice(first + 3, 1))
    return str(folder)


def loop_of(corpus: str, epochs: int = 2) -> LoopConfig:
    counted = {role: count_corpus(corpus, role, "valid") for role in ("train", "select")}
    rows = {role: [g for g in groups if g.rows] for role, groups in counted.items()}
    return LoopConfig(
        recipe=replace(RECIPE, epochs=epochs), taxonomy=DOODLE7, selection="valid", **rows
    )


@dataclass
class Worker(OneWorker):
    """One of several workers, which learns from its own drawings alone; keeps what it read."""

    rank: int
    number: int
    passes: list[Counter[str]] = field(default_factory=list)
    steps: list[tuple[int, int, int]] = field(default_factory=list)
    figures: list[dict[str, Any]] = field(default_factory=list)

    def read(self, passes: Iterable[Pass], read_rows: ReadRows) -> Iterator[Iterator[pa.Table]]:
        for role, subsets in passes:
            self.passes.append(Counter())
            yield map(self.keep, map(read_rows, subsets, repeat(role)))

    def keep(self, table: pa.Table) -> pa.Table:
        for row in table.select(["sketch_id", sampling.USES]).to_pylist():
            self.passes[-1][row["sketch_id"]] += row[sampling.USES]
        return table

    def train(self, loop: LoopConfig) -> None:
        train_epochs(
            loop,
            prepare_fit(loop, torch.device("cpu")),
            read=self.read,
            workers=self,
            on_step=lambda *step: self.steps.append(step),
            report=self.figures.append,
        )


# Sixteen and more row groups for each, and fewer; and more workers than a batch has drawings.
@pytest.mark.parametrize(("number", "epochs"), [(1, 2), (2, 2), (3, 2), (14, 1)])
def test_workers_use_every_drawing_as_often_as_the_recipe_says(
    tmp_path: Path, number: int, epochs: int
) -> None:
    loop = loop_of(write_corpus(tmp_path / "corpus", 74), epochs)
    workers = [Worker(rank, number) for rank in range(number)]
    for worker in workers:
        worker.train(loop)
    rows = drawn(74, seed=2)
    times = {"cloud": 6, "sun": 2}
    wanted = Counter({s.sketch_id: times.get(s.category, 1) for s in rows[10:]})
    selected = Counter(s.sketch_id for s in rows[:10])
    together = [sum(passes, Counter()) for passes in zip(*(w.passes for w in workers), strict=True)]
    assert together == [wanted, selected] * epochs
    for epoch in range(epochs):
        assert sum(w.figures[epoch]["drawings"] for w in workers) == wanted.total()
    # Each takes part in every step, of as many as all drawings make.
    steps = -(-wanted.total() // 13)
    for worker in workers:
        assert worker.steps == [
            (e, done, steps) for e in range(epochs) for done in range(steps + 1)
        ]


def test_corpus_that_changes_during_a_training_ends_it(tmp_path: Path) -> None:
    loop = loop_of(write_corpus(tmp_path / "corpus", 74))
    reported: list[int] = []

    def change(figures: dict[str, Any]) -> None:
        reported.append(figures["epoch"])
        write_corpus(tmp_path / "corpus", 73)

    with pytest.raises(UserError, match=r"rows\.parquet was changed .* to train on, not"):
        train_epochs(loop, prepare_fit(loop, torch.device("cpu")), report=change)
    assert reported == [1]
