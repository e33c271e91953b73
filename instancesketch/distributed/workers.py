"""The stages of a job in the processes of Ray Data, which pass each shard on as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from instancesketch.batch.stages import (
    JobRun,
    ModelStage,
    ModelTask,
    ShardTask,
    pack,
    unpack,
)
from instancesketch.distributed.cluster import current_node


def make_task(tasks: tuple[ShardTask, ...], run: JobRun) -> Callable[[pa.Table], pa.Table]:
    """Return a function that does several stages for a shard in one process."""

    def do(shard: pa.Table) -> pa.Table:
        # Known only here, in the process that does the work.
        state, here = unpack(shard), replace(run, node=current_node())
        for task in tasks:
            state = task(state, here)
        return pack(state)

    # Ray's dashboard shows it by this name.
    do.__name__ = "+".join(type(task).__name__ for task in tasks)
    return do


class Worker:
    """An actor: loads the model of a stage, and does the stage for shard after shard."""

    def __init__(self, stage: ModelStage, device: str, run: JobRun) -> None:
        self._task, self._run = ModelTask(stage, device), replace(run, node=current_node())

    def __call__(self, shard: pa.Table) -> pa.Table:
        return pack(self._task(unpack(shard), self._run))


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
