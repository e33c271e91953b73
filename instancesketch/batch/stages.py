"""Steps of labelling, each done by a pool of actors that hold a model; rows stream through them.

A step takes rows and gives as many back. One that can't be done stays, with an `error`, takes no
other with it, and is left alone by the steps after.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch.job import Row, Stage, from_bytes, tell, this_node, to_bytes
from instancesketch.batch.quarantine import Marker, isolate
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, build_result_table
from instancesketch.core.usage import peak_memory_mb
from instancesketch.distributed.cluster import Capacity, connect

if TYPE_CHECKING:
    from ray.data import ActorPoolStrategy, Dataset

# Rows to as many rows, in the same order; may raise, or kill the process.
Work = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of labelling."""

    name: str  # what is being done, `grouping`: in errors and in `summary.json`
    load: Callable[[str], Work]  # called in each actor, with the name of its device
    actor: type[Worker]  # its name is the pool's in Ray's dashboard
    schema: pa.Schema = RESULT_SCHEMA  # of the rows that it gives
    rows_at_once: int | None = None  # what memory has room for; None: any number


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many actors each of several pools has, and what each actor takes."""

    pools: int
    workers: int | None = None  # of each pool; None: they share what the cluster has
    gpus_per_worker: float = 0.0

    def connect(self) -> Capacity:
        """Joins Ray and checks that the pools have room beside each other.

        Raises:
            UserError: they don't.
        """
        needed = self.pools * (self.workers or 1)
        try:
            # A reader must have room beside the workers, or all would wait for each other.
            connect(workers=needed + 1)
            capacity = connect(workers=needed, gpus=self.gpus_per_worker)
        except UserError as error:
            if self.pools == 1 or needed < 1:
                raise
            each = f"{self.workers or 1} of each of {self.pools} kinds, and one that reads"
            raise UserError(f"{error} ({each})") from None
        return capacity

    def strategy(self, capacity: Capacity, stage: Stage) -> ActorPoolStrategy:
        """The size of each pool: as told, or an equal share that goes where it is needed."""
        from ray.data import ActorPoolStrategy

        room = self.room(capacity)
        if self.workers is not None or self.pools == 1:
            return ActorPoolStrategy(size=stage.workers(self.workers or room))
        most = stage.workers(max(1, room - self.pools + 1))
        share = min(most, max(1, room // self.pools))
        return ActorPoolStrategy(min_size=1, initial_size=share, max_size=most)

    def room(self, capacity: Capacity) -> int:
        """How many workers to take where that wasn't said: as many as there are GPUs for, and CPUs
        but for an eighth of them, by which slices are read and written.
        """
        # Of several pools one waits for another now and then, and leaves its CPU to a reader.
        spare = max(2 if self.pools == 1 else 1, capacity.cpus // 8)
        most = capacity.cpus - spare
        if self.gpus_per_worker:
            most = min(most, capacity.room)
        return max(1, most)


def through(
    rows: Dataset, steps: tuple[Step, ...], sizes: Sizes, capacity: Capacity, stage: Stage
) -> Dataset:
    """Sends rows, a slice of sketches each, through the pools of all steps."""
    device = "cuda" if sizes.gpus_per_worker else "cpu"
    for step in steps:
        rows = rows.map(
            step.actor,
            fn_constructor_kwargs={"step": step, "device": device, "stage": stage},
            compute=sizes.strategy(capacity, stage),
            num_cpus=1,
            num_gpus=sizes.gpus_per_worker,
        )
    return rows


class Worker:
    """An actor of a pool: holds the model, does a step for slice after slice."""

    def __init__(self, step: Step, device: str, stage: Stage) -> None:
        self._step, self._stage, self._work = step, stage, step.load(device)

    def __call__(self, row: Row) -> Row:
        return tell(self._do, row)

    def _do(self, row: Row) -> Row:
        began, name = time.perf_counter(), self._step.name
        marker = Marker(
            location=self._stage.output.marker(f"{name}-{row['name']}"), run=self._stage.run
        )
        rows = carry_out(self._step, self._work, from_bytes(row["rows"]), marker)
        return row | {"rows": to_bytes(rows)} | spent(name, began)


def spent(name: str, began: float) -> dict[str, Any]:
    """What doing a step of this name has taken since `time.perf_counter()` was at `began`, and
    where it was done.
    """
    seconds = time.perf_counter() - began
    return {
        f"{name}_mb": peak_memory_mb(),
        f"{name}_seconds": seconds,
        f"{name}_node": this_node(),
    }


class Detect(Worker):
    """Finds boxes around the objects of scenes."""


class Group(Worker):
    """Tells which strokes of scenes are one object."""


class Label(Worker):
    """Labels strokes with parts and instances."""


def carry_out(step: Step, work: Work, table: pa.Table, marker: Marker) -> pa.Table:
    """Does a step for the rows without an `error`, by the rows' order.

    Args:
        step: what the errors and the rows that it gives are like.
        work: what its `load` gave.
        table: rows with at least what `RESULT_SCHEMA` can't be without, and `error`.
        marker: the state, kept where the next process finds it.

    Returns:
        As many rows, with the step's schema.
    """
    fine = pc.is_null(table["error"]).combine_chunks().to_numpy(zero_copy_only=False)
    todo, left = table.filter(pa.array(fine)), table.filter(pa.array(~fine))
    at_once = step.rows_at_once or max(1, len(todo))

    def some(start: int, stop: int) -> pa.Table:
        starts = range(start, stop, at_once)
        return pa.concat_tables(
            [_checked(work, todo.slice(i, min(at_once, stop - i)), step.schema) for i in starts]
        )

    def give_up(row: int, error: Exception | None) -> pa.Table:
        reason = (
            f"the {step.name} process died on this row"
            if error is None
            else f"{step.name} failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        )
        failed = build_result_table(todo.slice(row, 1), {"error": pa.array([reason])})
        return _fit(failed, step.schema)

    parts = isolate(len(todo), some, give_up, marker)
    result = pa.concat_tables([step.schema.empty_table(), *parts, _fit(left, step.schema)])
    return result.take(np.argsort(np.concatenate([np.flatnonzero(fine), np.flatnonzero(~fine)])))


def _checked(work: Work, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    result = work(rows)
    _give_memory_back()
    if not result["sketch_id"].equals(rows["sketch_id"]):
        raise ValueError("the rows that came back are not the ones that were given")
    return _fit(result, schema)


def _give_memory_back() -> None:
    """Returns what is free to the system: tensors of ever other sizes leave glibc's heap in pieces,
    which would grow for hours.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _fit(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows with the columns of a schema; null where they have no such column."""
    columns = [
        rows[f.name] if f.name in rows.column_names else pa.nulls(len(rows), f.type) for f in schema
    ]
    return pa.table(columns, names=schema.names).cast(schema)
