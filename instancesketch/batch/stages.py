"""The stages of a job: what is done to one shard after another, by whatever runs the job.

A stage takes a shard in the state in which the stage before left it, and returns the next state.
Reading, making and writing are plain tasks; labelling is done by workers that each hold a model.
"""

from __future__ import annotations

import ctypes
import pickle
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch import manifest, quarantine
from instancesketch.batch.output import Output
from instancesketch.core.errors import TransientError, UserError
from instancesketch.core.schema import RESULT_SCHEMA, build_result_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import peak_memory_mb

# Takes rows and returns one for each, in the same order; may raise, or kill the process.
LabelRows = Callable[[pa.Table], pa.Table]

_NO_ROWS = pa.table({})
# Columns of the table of a shard beside those of its rows, so that what passes it on can count
# these. All else that a shard has is there, in the first row.
_STATE, _MANIFEST = "_state", "_manifest"
_LONGEST_REASON = 300


class Shard(Protocol):
    """A unit of work; the file that it becomes has its name."""

    @property
    def name(self) -> str:
        """Return the name, without a suffix."""


@dataclass(frozen=True, kw_only=True)
class StageUsage:
    """The time and memory of a stage for one shard."""

    seconds: float
    memory_mb: float  # the most that the process has held so far
    node: str


@dataclass(frozen=True, kw_only=True)
class ShardState:
    """A shard between two stages."""

    shard: Shard
    # Without columns before the first stage, and again after the last.
    rows: pa.Table = field(default_factory=lambda: _NO_ROWS)
    manifest: pa.Table = field(default_factory=lambda: _NO_ROWS)
    written: int = 0  # rows
    usage: Mapping[str, StageUsage] = field(default_factory=dict)  # by stage, in order
    error: str | None = None  # what kept the stages from doing it
    may_pass: bool = False  # the error may not recur: a store without answer, a full disk
    failed_on: str = ""  # the node of the process that met the error, where known

    @property
    def node(self) -> str:
        """Return the node that did the last stage, or failed in it; empty where unknown."""
        done_on = [usage.node for usage in self.usage.values()]
        return self.failed_on if self.error is not None else "".join(done_on[-1:])

    def without_tables(self) -> ShardState:
        """Return the shard without its rows and its manifest."""
        return replace(self, rows=_NO_ROWS, manifest=_NO_ROWS)


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """One run of a job, as its stages see it."""

    output: Output
    id: str  # differs from that of every earlier run
    node: str = ""  # where this process is; the runner fills it in
    avoid: frozenset[str] = frozenset()  # nodes on which nothing is done while there are others

    def marker(self, name: str) -> quarantine.Marker:
        """Return the marker of a stage's work on a shard."""
        return quarantine.Marker(location=self.output.marker_file(name), run=self.id)


@dataclass(frozen=True)
class _Packed:
    """The value of the column `_state`."""

    state: ShardState  # without its tables
    schema: pa.Schema  # of its rows
    rows: int
    length: int  # of the table: a shard without rows has one of nulls there


def pack(state: ShardState) -> pa.Table:
    """Return the table of a shard; that of a written one has as many rows as were written."""
    rows, schema = state.rows, state.rows.schema
    length = max(1, len(rows), state.written)
    packed = _Packed(state.without_tables(), schema, len(rows), length)
    columns: dict[str, Any] = (
        dict(zip(schema.names, rows.columns, strict=True))
        if len(rows)
        else {field.name: pa.nulls(length, field.type) for field in schema}
    )
    for name, value in ((_STATE, pickle.dumps(packed)), (_MANIFEST, to_bytes(state.manifest))):
        columns[name] = pa.array([value, *[None] * (length - 1)], pa.binary())
    return pa.table(columns)


def unpack(table: pa.Table) -> ShardState:
    """Return the shard of a table.

    Raises:
        ValueError: it isn't a whole one, and nothing else.
    """
    value = table[_STATE][0].as_py() if len(table) else None
    packed: _Packed | None = None if value is None else pickle.loads(value)
    if packed is None or packed.length != len(table):
        raise ValueError(
            f"{len(table)} rows that are not one shard: it was cut, or joined to others"
        )
    columns = table.select(packed.schema.names).slice(0, packed.rows).columns
    return replace(
        packed.state,
        # With its own schema: the table's allows nulls everywhere.
        rows=pa.table(columns, schema=packed.schema),
        manifest=from_bytes(table[_MANIFEST][0].as_buffer()),
    )


def to_bytes(table: pa.Table) -> bytes:
    """Return a table as bytes; of a slice not the whole table, as `pickle` would."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def from_bytes(data: bytes | pa.Buffer) -> pa.Table:
    """Return the table of `to_bytes`, which shares the memory of the bytes."""
    return pa.ipc.open_stream(data).read_all()


class ShardTask(ABC):
    """A stage that needs nothing but the shard; calling it adds time, memory and errors.

    Subclasses name the stage as `summary.json` does, and have `process`.
    """

    name: str
    reads_files: bool = False  # of other people, which may kill the process: it is given its own

    def most_deaths(self, state: ShardState) -> int:
        """Return how often the elements of a shard may kill the process that does this stage."""
        return 0

    @abstractmethod
    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Return the shard after this stage.

        Raises:
            UserError: the job can't go on, such as for want of space.
        """

    def __call__(self, state: ShardState, run: JobRun) -> ShardState:
        """Process a shard, unless an earlier stage failed."""
        if state.error is not None:
            return state
        began = time.perf_counter()
        try:
            state = self.process(state, run)
        except UserError as error:
            # Returned as a value: a runner may reduce the exception to a part of its message.
            may_pass = isinstance(error, TransientError)
            return replace(
                state.without_tables(), error=str(error), may_pass=may_pass, failed_on=run.node
            )
        usage = StageUsage(
            seconds=time.perf_counter() - began, memory_mb=peak_memory_mb(), node=run.node
        )
        return replace(state, usage={**state.usage, self.name: usage})


@dataclass(frozen=True)
class Write(ShardTask):
    """The last stage: rows and manifest of a shard go into the output folder."""

    name = "writing"

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Write a shard and let go of its rows."""
        rows, entries = state.rows, state.manifest
        # Jobs that don't label have no such column, and their manifests are complete.
        if "error" in rows.column_names:
            entries = manifest.with_outcomes(entries, rows)
        run.output.write_shard(state.shard.name, rows, entries)
        return replace(state.without_tables(), written=len(rows))


@dataclass(frozen=True, kw_only=True)
class ModelStage:
    """A stage whose workers each load a model once and label many shards with it."""

    name: str  # what is being done, `grouping`: in errors and in `summary.json`
    load: Callable[[str], LabelRows]  # called in each worker, with the name of its device
    schema: pa.Schema = RESULT_SCHEMA  # of the rows that it returns
    rows_at_once: int | None = None  # the most that memory has room for; None: any number
    gpus: float | None = None  # of each worker; None: those of the job's
    cost: float = 1.0  # of a row, on a CPU, beside that in the job's other stages; roughly

    def gpus_of(self, gpus_per_worker: float) -> float:
        """Return the GPUs of each worker in a job whose workers have these."""
        return gpus_per_worker if self.gpus is None else self.gpus

    def marker(self, shard: Shard, run: JobRun) -> quarantine.Marker:
        """Return the marker of this stage's work on a shard."""
        return run.marker(f"{self.name}-{shard.name}")


Stage = ShardTask | ModelStage


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """The stages that label rows, and the taxonomy of the labels."""

    taxonomy: Taxonomy
    stages: tuple[ModelStage, ...]


class ModelTask(ShardTask):
    """A model stage in one worker, with its model loaded.

    Rows that have an `error` already are left alone. One that can't be labelled keeps its place
    with an `error`, and takes no other with it.
    """

    def __init__(self, stage: ModelStage, device: str = "cpu") -> None:
        self.name = stage.name
        self._stage, self._label = stage, stage.load(device)

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Label the rows of a shard, which have at least the columns of a corpus and `error`."""
        rows, schema = state.rows, self._stage.schema
        sound = pc.is_null(rows["error"]).combine_chunks().to_numpy(zero_copy_only=False)
        todo, failed = rows.filter(pa.array(sound)), rows.filter(pa.array(~sound))
        labelled = quarantine.run(
            len(todo),
            partial(self._label_range, todo),
            partial(self._give_up, todo),
            self._stage.marker(state.shard, run),
        )
        result = pa.concat_tables(
            [schema.empty_table(), *labelled, _with_columns_of(failed, schema)]
        )
        return replace(state, rows=result.take(_original_order(sound)))

    def _label_range(self, rows: pa.Table, start: int, stop: int) -> pa.Table:
        at_once = self._stage.rows_at_once or stop - start
        return pa.concat_tables(
            [
                self._label_checked(rows.slice(first, min(at_once, stop - first)))
                for first in range(start, stop, at_once)
            ]
        )

    def _label_checked(self, rows: pa.Table) -> pa.Table:
        result = self._label(rows)
        _release_memory()
        # Rows that came back in another order would get each other's places in the shard.
        if not result["sketch_id"].equals(rows["sketch_id"]):
            raise ValueError("the rows that came back are not the ones that were given")
        return _with_columns_of(result, self._stage.schema)

    def _give_up(self, rows: pa.Table, row: int, error: Exception | None) -> pa.Table:
        reason = f"the {self.name} process died on this row"
        if error is not None:
            text = " ".join(str(error).split())[:_LONGEST_REASON]
            reason = f"{self.name} failed: {type(error).__name__}: {text}"
        failed = build_result_table(rows.slice(row, 1), {"error": pa.array([reason])})
        return _with_columns_of(failed, self._stage.schema)


class ModelTaskApart(ShardTask):
    """A model stage for a process of its own, which loads the model for its first shard."""

    def __init__(self, stage: ModelStage, device: str = "cpu") -> None:
        self.name = stage.name
        self._stage, self._device = stage, device
        self._task: ModelTask | None = None

    def most_deaths(self, state: ShardState) -> int:
        """Return how often the rows of a shard may kill the process that labels them."""
        return quarantine.most_deaths(len(state.rows))

    def process(self, state: ShardState, run: JobRun) -> ShardState:
        """Label the rows of a shard."""
        if self._task is None:
            self._task = ModelTask(self._stage, self._device)
        return self._task.process(state, run)


def _original_order(sound: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    # Results have the sound rows first; sorting their old positions undoes that.
    return np.argsort(np.concatenate([np.flatnonzero(sound), np.flatnonzero(~sound)]))


def _with_columns_of(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows with the columns of a schema, filled with nulls where they have none."""
    columns: list[Any] = [
        rows[f.name] if f.name in rows.column_names else pa.nulls(len(rows), f.type) for f in schema
    ]
    return pa.table(columns, names=schema.names).cast(schema)


def _release_memory() -> None:
    # Tensors of ever other sizes fragment glibc's heap, which would then grow for hours.
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
