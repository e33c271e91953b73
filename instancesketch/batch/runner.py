"""Run a job on whatever carries out its stages: a Ray cluster, or any other `Runner`.

Here is what all runners share: which shards are left to do, the log and the progress of the job,
its usage of time and memory, and the publishing of its rows.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

from instancesketch.batch import job_log
from instancesketch.batch.job import Job, Summary
from instancesketch.batch.output import Output
from instancesketch.batch.publishing.publish import publish
from instancesketch.batch.stages import JobRun, Shard, ShardState, ShardTask, StageUsage
from instancesketch.core import lease, storage
from instancesketch.core.errors import TransientError, UserError
from instancesketch.core.lease import Lease
from instancesketch.core.progress import Pace, Progress, doing
from instancesketch.core.usage import peak_memory_mb

R = TypeVar("R")

# Seconds before the first retry; before each further one twice as long.
FIRST_WAIT = 2.0
# Where this many shards fail with none done in between, the store is gone, not a request.
MOST_IN_A_ROW = 5

_log = logging.getLogger(__name__)


class Runner(Protocol):
    """A way to carry out the stages of a job for many shards."""

    @property
    def retries(self) -> int:
        """Return how often a shard, or publishing, is done again where a store or a disk fails."""

    def connect(self, job: Job) -> None:
        """Connect to workers for the job; called if there is work, before anything is written.

        Raises:
            UserError: the runner has no room for them.
        """

    def describe(self) -> str | None:
        """Return where the job runs, for its log; None where that needs no words."""

    def has_others(self, nodes: Collection[str]) -> bool:
        """Return whether there are nodes that work beside these."""

    def quiet(self) -> AbstractContextManager[None]:
        """Keep the runner's own messages off the terminal, which shows one line of progress."""

    def run(self, job: Job, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        """Yield each shard as soon as it is through all stages of the job, in any order."""

    def run_task(
        self, task: ShardTask, shards: Sequence[Shard], run: JobRun
    ) -> Iterator[ShardState]:
        """Yield each shard as soon as one task was done for it, in any order."""


def run_job(job: Job, runner: Runner) -> Summary:
    """Run the remaining shards of a job, and move its rows into place.

    While another command does so, this one waits, and then continues where that ended.

    Raises:
        UserError: the folder holds something else, the workers don't have room, or nothing could
            be read.
    """
    output = Output(storage.absolute(job.out), job.config)
    started = time.monotonic()
    is_new = not output.is_claimed()
    if is_new:
        # In this order: a job that finds no room leaves no folder behind.
        runner.connect(job)
        output.claim()
    elif (finished := output.read_summary()) is not None and not output.has_state():
        return _checked(Summary(location=output.location, counts=finished, finished_before=True))
    with lease.hold(output.location) as held:
        # Another command may have done all of it while this one waited.
        finished = output.read_summary()
        if finished is None:
            if not is_new:
                output.adopt_earlier()
            return _work(job, runner, output, held, is_new, started)
        # It may have been stopped between its summary and the end.
        output.remove_state()
    return _checked(Summary(location=output.location, counts=finished, finished_before=True))


def _work(
    job: Job, runner: Runner, output: Output, held: Lease, is_connected: bool, started: float
) -> Summary:
    """Do what is left of a job in a folder that is held for it."""
    names = [shard.name for shard in job.shards]
    missing = set(output.list_missing(names))
    todo = [shard for shard in job.shards if shard.name in missing]
    if not is_connected:
        # Publishing needs no model, and has room wherever there is any.
        runner.connect(job if todo else replace(job, stages=(), workers=None))
    # A new id for each run: markers of an earlier one may be due to the user stopping it.
    run = JobRun(output=output, id=uuid.uuid4().hex)
    log = job_log.log_to(output.location, job.verb, job.config, runner.describe(), held.is_held)
    with log:
        _log.info("%d of %d shards to do", len(todo), len(names))
        usage = _run_shards(job, runner, run, todo, started) if todo else {}
        beside_counts = {**job.summary, **usage}
        with runner.quiet():
            counts = retry_step(
                partial(_publish, runner, run, names, beside_counts, held), runner.retries
            )
        summary = Summary(location=output.location, counts=counts)
        _log_summary(summary, usage)
        return _checked(summary)


def _publish(
    runner: Runner,
    run: JobRun,
    names: Sequence[str],
    beside_counts: Mapping[str, Any],
    held: Lease,
) -> dict[str, Any]:
    """Publish the shards of the given names, and return the content of `summary.json`."""

    def do(task: ShardTask, shards: Sequence[Shard]) -> Iterator[ShardState]:
        return retry_shards(
            partial(runner.run_task, task), shards, run, runner.retries, runner.has_others
        )

    def refuse_loss() -> None:
        run.output.refuse_loss()
        held.refuse_loss()

    refuse_loss()
    return publish(run.output, names, beside_counts, do, refuse_loss)


def _run_shards(
    job: Job, runner: Runner, run: JobRun, todo: Sequence[Shard], started: float
) -> dict[str, Any]:
    """Run the stages for all shards, and return `speed`, `stages` and `peak_memory_mb`."""
    pace = Pace(total=len(job.shards), done=len(job.shards) - len(todo))
    usage = _JobUsage()
    stragglers = job_log.Stragglers(shard.name for shard in todo)
    with runner.quiet(), Progress(job.verb, quiet=job.quiet) as progress, stragglers:
        # Shards that are written stay; where the job ends here, the same command does the others.
        do = partial(runner.run, job)
        for state in retry_shards(do, todo, run, runner.retries, runner.has_others):
            usage.add(state.usage)
            seconds = _seconds_of_pace(job, state)
            text = pace.add(state.written, seconds)
            _log.info("%s: %d rows in %.1f s; %s", state.shard.name, state.written, seconds, text)
            stragglers.add(state.shard.name, seconds)
            progress.show(text)
    seconds = pace.seconds
    return {
        "speed": {
            "sketches": pace.sketches,
            "seconds": round(seconds, 3),
            "sketches_per_second": round(pace.sketches / seconds, 1),
            # Kept apart: in small jobs start-up would dominate the speed.
            "start_up_seconds": round(pace.began - started, 3),
        },
        **usage.to_dict(pace.sketches),
    }


def retry_shards(
    do: Callable[[Sequence[Shard], JobRun], Iterator[ShardState]],
    shards: Sequence[Shard],
    run: JobRun,
    retries: int,
    has_others: Callable[[Collection[str]], bool] = lambda nodes: False,
) -> Iterator[ShardState]:
    """Yield each shard once it is done; those that failed for a while are done again.

    All others come first, so that a retry is later, and on a node that didn't fail, if there is
    one: a full disk or a broken network may be those of one node alone.

    Args:
        do: does shards, and yields each of them in any order.
        shards: to do.
        run: of the job.
        retries: of a shard, at most.
        has_others: returns whether there are nodes that work beside these.

    Raises:
        UserError: a shard failed for good, or too often, or too many in a row.
    """
    in_a_row: dict[str, str] = {}  # the node of each shard, empty where unknown
    for attempt in range(retries + 1):
        failed: list[ShardState] = []
        for state in do(shards, run):
            if state.error is None:
                in_a_row.clear()
                run = replace(run, avoid=run.avoid - {state.node})
                yield state
                continue
            in_a_row[state.shard.name] = state.node
            are_many = len(in_a_row) >= MOST_IN_A_ROW and not _is_elsewhere(in_a_row, has_others)
            if not state.may_pass or attempt == retries or are_many:
                raise UserError(state.error)
            where = f" on node {state.node[:8]}" if state.node else ""
            _log.warning("%s failed%s, and is done again: %s", state.shard.name, where, state.error)
            failed.append(state)
            # Until a shard is done there, which one request that failed doesn't prevent.
            run = replace(run, avoid=run.avoid | ({state.node} - {""}))
        if not failed:
            return
        _wait(attempt, f"{len(failed)} shard{'s' * (len(failed) > 1)}: {failed[0].error}")
        shards = [state.shard for state in failed]


def _is_elsewhere(
    in_a_row: Mapping[str, str], has_others: Callable[[Collection[str]], bool]
) -> bool:
    """Return whether shards that failed one after the other may succeed on other nodes."""
    nodes = set(in_a_row.values())
    return "" not in nodes and has_others(nodes)


def retry_step(do: Callable[[], R], retries: int) -> R:
    """Return what `do` returns, which can be done again, even where it stopped half-way.

    Raises:
        UserError: it failed for good, or too often.
    """
    for attempt in range(retries):
        try:
            return do()
        except TransientError as error:
            _log.warning("failed, and is done again: %s", error)
            _wait(attempt, str(error))
    return do()


def _wait(attempt: int, problem: str) -> None:
    seconds = FIRST_WAIT * 2**attempt
    doing(f"trying again in {seconds:g} s, {problem}")
    time.sleep(seconds)


def _seconds_of_pace(job: Job, state: ShardState) -> float:
    """Return the seconds that a shard took, without waits between stages."""
    seconds = [usage.seconds for usage in state.usage.values()]
    # Shards are read while models are still being loaded, which is start-up and no pace.
    return sum(seconds[1:] if job.model_stages else seconds)


class _JobUsage:
    """Time and memory by stage, added up over the shards of a job."""

    def __init__(self) -> None:
        self._memory_mb = {"driver": peak_memory_mb()}
        self._seconds: dict[str, float] = {}
        self._nodes: dict[str, set[str]] = {}

    def add(self, stages: Mapping[str, StageUsage]) -> None:
        for name, usage in stages.items():
            # Workers come and go, so the greatest of all of them counts.
            self._memory_mb[name] = max(usage.memory_mb, self._memory_mb.get(name, 0.0))
            self._seconds[name] = self._seconds.get(name, 0.0) + usage.seconds
            self._nodes.setdefault(name, set()).add(usage.node)

    def to_dict(self, sketches: int) -> dict[str, Any]:
        return {
            # Of all workers of a stage together, which work side by side.
            "stages": {
                name: {
                    "busy_seconds": round(seconds, 3),
                    "sketches_per_busy_second": round(sketches / max(seconds, 1e-9), 1),
                    "nodes": len(self._nodes[name]),
                }
                for name, seconds in self._seconds.items()
            },
            "peak_memory_mb": {name: round(peak) for name, peak in self._memory_mb.items()},
        }


def _log_summary(summary: Summary, usage: Mapping[str, Any]) -> None:
    for reason, number in summary.counts["rejected_by_reason"].items():
        _log.info("rejected %d: %s", number, reason)
    for name, value in usage.items():
        _log.info("%s: %s", name.replace("_", " "), json.dumps(value))
    _log.info("%d rows, %d rejected, %d failed", summary.rows, summary.rejected, summary.failed)


def _checked(summary: Summary) -> Summary:
    """Return the summary, unless nothing could be read."""
    if summary.rows:
        return summary
    if summary.rejected:
        (reason, number), *_ = summary.counts["rejected_by_reason"].items()
        raise UserError(
            f"nothing could be read: {summary.rejected:,} rejected, {number:,} for {reason!r}, by "
            f"name and reason in {storage.join(summary.location, '_rejected.parquet')}"
        )
    split = " of the split that was asked for" if summary.counts["other_split"] else ""
    raise UserError(f"the sources hold no drawings{split}")
