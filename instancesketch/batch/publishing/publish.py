"""Publish the rows of a job whose shards are all staged, by tasks that a runner carries out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from instancesketch.batch import manifest
from instancesketch.batch.output import Output
from instancesketch.batch.publishing.duplicates import FindDuplicates, SortIds
from instancesketch.batch.publishing.groups import Bucket, ShardGroup, group_shards, plan_file
from instancesketch.batch.publishing.moving import JoinParts, MoveRows, joined_counts_file
from instancesketch.batch.stages import Shard, ShardState, ShardTask
from instancesketch.core import run_folder, storage
from instancesketch.core.progress import doing

# Does a task for each of several shards, or groups of them; yields the states in any order.
DoTasks = Callable[[ShardTask, Sequence[Shard]], Iterable[ShardState]]

_log = logging.getLogger(__name__)


def publish(
    output: Output,
    shards: Sequence[str],
    beside_counts: Mapping[str, Any],
    do: DoTasks,
    refuse_loss: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Reject rows whose id an earlier row has, move the others into place, and count.

    A job that was stopped anywhere in it goes on there when it is called again.

    Args:
        output: the folder of the job.
        shards: the names of all shards, in the order of the sources.
        beside_counts: further content of `summary.json`.
        do: carries out tasks.
        refuse_loss: raises where the folder is no longer this command's; called before rows are
            moved and before the folder is marked as finished.

    Returns:
        The content of `summary.json`.
    """
    groups = group_shards(shards)
    # Stored before any row is moved: a job that is stopped from here on moves the same rows.
    plan = storage.read_json(plan_file(output))
    if plan is None:
        plan = {"clashes": _find_clashes(groups, do)}
        refuse_loss()
        storage.write_json(plan_file(output), plan)
    refuse_loss()
    _do_all(MoveRows(buckets=tuple(plan["clashes"])), groups, do)
    _do_all(JoinParts(groups=len(groups)), groups[:1], do)
    refuse_loss()
    counts = manifest.Counts()
    counts.merge(storage.read_json(joined_counts_file(output)))
    summary = {**counts.to_dict(), **beside_counts}
    # Last, for it marks the folder as finished.
    storage.write_json(output.path(run_folder.SUMMARY), summary)
    output.remove_state()
    return summary


def _find_clashes(groups: Sequence[ShardGroup], do: DoTasks) -> list[int]:
    """Return the numbers of the buckets that have rows whose id is taken."""
    _do_all(SortIds(buckets=len(groups)), groups, do)
    buckets = [Bucket(number=group.number) for group in groups]
    found = _do_all(FindDuplicates(groups=len(groups)), buckets, do)
    return sorted(bucket.number for bucket in buckets if found[bucket.name])


def _do_all(task: ShardTask, shards: Sequence[Shard], do: DoTasks) -> dict[str, int]:
    """Do a task for shards, log what it took, and return the rows of each."""
    doing(f"{task.name} of {len(shards):,} groups of shards" if len(shards) > 1 else task.name)
    written, seconds, memory_mb = dict[str, int](), 0.0, 0.0
    for state in do(task, shards):
        written[state.shard.name] = state.written
        usage = state.usage[task.name]
        seconds, memory_mb = seconds + usage.seconds, max(memory_mb, usage.memory_mb)
    _log.info(
        "%s: %d tasks, %.1f s of work, at most %.0f MB", task.name, len(shards), seconds, memory_mb
    )
    return written
