"""A batch job, its result, and the refusal of folders that a job can't write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from instancesketch.batch.stages import ModelStage, Shard, Stage
from instancesketch.core import storage
from instancesketch.core.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Job:
    """Shards, the stages that each of them goes through, and the folder of the result."""

    verb: str
    out: str
    config: Mapping[str, Any]  # all that the rows depend on; another config is refused
    shards: Sequence[Shard]
    stages: tuple[Stage, ...]
    workers: int | None = None  # None: the most that the runner has room for
    gpus_per_worker: float = 0.0
    # On one core, roughly: decides whether a cluster is worth its start.
    shard_seconds: float = 1.0
    summary: Mapping[str, Any] = field(default_factory=dict)  # for `summary.json`, beside counts
    quiet: bool = False  # shows no progress

    @property
    def model_stages(self) -> tuple[ModelStage, ...]:
        """Return the stages whose workers hold a model."""
        return tuple(stage for stage in self.stages if isinstance(stage, ModelStage))


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The result of a job: its folder, and the content of its `summary.json`."""

    location: str
    counts: Mapping[str, Any]
    finished_before: bool = False

    @property
    def rows(self) -> int:
        """Return the number of rows in the folder."""
        return int(self.counts["rows"])

    @property
    def rejected(self) -> int:
        """Return the number of drawings and files that could not be read."""
        return int(self.counts["rejected"])

    @property
    def failed(self) -> int:
        """Return the number of rows that have an error in place of labels."""
        return int(self.counts["failed"])


def refuse_overlap(sources: Iterable[str], out: str) -> None:
    """Check that the output folder and the sources don't lie in each other.

    Raises:
        UserError: they do.
    """
    # A job that reads its own output would never end, or list other sources when it is continued.
    target = storage.absolute(out)
    for source in map(storage.absolute, sources):
        if storage.is_within(target, source) or storage.is_within(source, target):
            raise UserError(f"--out {out} and the source {source} lie in each other")
