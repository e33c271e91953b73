"""The tasks' shares of a job's shards, and the files that one task leaves for the next.

    OUT/_state/publishing/ids-N.C.arrow          the ids of a group of shards, by bucket
    OUT/_state/publishing/clashes-N.C.parquet    of a bucket: rows whose id an earlier row has
    OUT/_state/publishing/plan.C.json            the buckets that have such; staging is over
    OUT/_state/publishing/rejected-N.C.parquet, groups-N.C.parquet, counts-N.C.json
                                                 of a group whose rows are in place

`C` is the digest of the config, as in the names of staged files. Whoever publishes holds no more at
a time than a group of shards or a bucket of ids, however large the job is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from instancesketch.batch.output import Output

# A million ids or so: 100 MB in a task, and a few seconds of work.
SHARDS_PER_TASK = 32


@dataclass(frozen=True, kw_only=True)
class ShardGroup:
    """Shards that one task reads or moves, which follow each other in the order of the sources."""

    number: int
    first: int  # the number of its first shard
    shards: tuple[str, ...]  # their names

    @property
    def name(self) -> str:
        """Return the name, for the log."""
        return f"group-{self.number:06d}"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The ids of all shards whose hashes begin alike. A job has as many as it has groups."""

    number: int

    @property
    def name(self) -> str:
        """Return the name, for the log."""
        return f"bucket-{self.number:06d}"


def group_shards(shards: Sequence[str]) -> list[ShardGroup]:
    """Return the groups of a job's shards, which are given in the order of the sources."""
    starts = range(0, len(shards), SHARDS_PER_TASK)
    return [
        ShardGroup(number=i, first=at, shards=tuple(shards[at : at + SHARDS_PER_TASK]))
        for i, at in enumerate(starts)
    ]


def task_file(output: Output, name: str, number: int, suffix: str) -> str:
    """Return the location of a file that a task leaves."""
    return output.publishing_file(f"{name}-{number:06d}", suffix)


def plan_file(output: Output) -> str:
    """Return the location of the plan, which marks that all shards are staged."""
    return output.publishing_file("plan", "json")
