"""The stages of a job in the processes of Ray Data, which pass each shard on as a row."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa

from instancesketch.batch.stages import JobRun, ModelStage, ModelTask, ShardState, ShardTask
from instancesketch.distributed.cluster import current_node

Row = dict[str, Any]


def to_row(state: ShardState) -> Row:
    """Return a row that holds a shard."""
    # Tables are values of their own: pickled, a slice of a table would bring the whole of it.
    return {
        "state": pickle.dumps(state.without_tables()),
        "rows": _to_bytes(state.rows),
        "manifest": _to_bytes(state.manifest),
    }


def from_row(row: Row) -> ShardState:
    """Return the shard that a row holds."""
    state: ShardState = pickle.loads(row["state"])
    return replace(state, rows=_from_bytes(row["rows"]), manifest=_from_bytes(row["manifest"]))


def _to_bytes(table: pa.Table) -> bytes:
    # As one value of one row: Ray Data would mix the rows of several shards.
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _from_bytes(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def make_task(tasks: tuple[ShardTask, ...], run: JobRun) -> Callable[[Row], Row]:
    """Return a function that does several stages for a shard in one process."""

    def do(row: Row) -> Row:
        # Known only here, in the process that does the work.
        state, here = from_row(row), replace(run, node=current_node())
        for task in tasks:
            state = task(state, here)
        return to_row(state)

    # Ray's dashboard shows it by this name.
    do.__name__ = "+".join(type(task).__name__ for task in tasks)
    return do


class Worker:
    """An actor: loads the model of a stage, and does the stage for shard after shard."""

    def __init__(self, stage: ModelStage, device: str, run: JobRun) -> None:
        self._task, self._run = ModelTask(stage, device), replace(run, node=current_node())

    def __call__(self, row: Row) -> Row:
        return to_row(self._task(from_row(row), self._run))


# Ray's dashboard shows an actor pool by the name of its class.
class Detect(Worker):
    """A worker that finds boxes around the objects of scenes."""


class Group(Worker):
    """A worker that groups the strokes of scenes into objects."""


class Label(Worker):
    """A worker that labels strokes with parts and instances."""


_WORKERS: dict[str, type[Worker]] = {"detecting": Detect, "grouping": Group, "labelling": Label}


def worker_class(stage: ModelStage) -> type[Worker]:
    """Return the class of the actors of a stage."""
    return _WORKERS.get(stage.name, Worker)
