"""The one street of batch work: slices through the stages of Ray Data into an output folder.

Nothing here looks at a sketch: the driver hands out slices and counts those that come back.
"""

from __future__ import annotations

import json
import logging
import pickle
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

from instancesketch.batch import job_log
from instancesketch.batch.output import Output
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.progress import Pace, Progress
from instancesketch.core.usage import peak_memory_mb
from instancesketch.distributed.cluster import quiet_core, quiet_data

if TYPE_CHECKING:
    from ray.data import Dataset

T = TypeVar("T")
Row = dict[str, Any]

_log = logging.getLogger(__name__)


class Named(Protocol):
    """A unit of work; its name is that of the file which it becomes."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What every stage of one run is told."""

    output: Output
    run: str  # tells this run of the job from those before it
    slices: int  # how many there are to do

    def workers(self, wanted: int) -> int:
        """As many workers as wanted, and no more than find work."""
        return min(wanted, self.slices)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work to be done once.

    `connect` is called if there is work left, before anything is written; `stages` then makes of a
    dataset of slices (`name`, and the pickled `item`) one of what `done` returns.
    """

    verb: str
    out: str
    settings: Mapping[str, Any]
    items: Sequence[Named]
    connect: Callable[[], Any]
    stages: Callable[[Dataset, Stage], Dataset]
    summary: Mapping[str, Any] = field(default_factory=dict)  # what `summary.json` says besides
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What came of a job: where it lies, and what its `summary.json` holds."""

    location: str
    counts: Mapping[str, Any]
    finished_before: bool = False

    @property
    def rows(self) -> int:
        """Rows in the folder."""
        return int(self.counts["rows"])

    @property
    def rejected(self) -> int:
        """Drawings and files that could not be read."""
        return int(self.counts["rejected"])

    @property
    def failed(self) -> int:
        """Rows that have an error in place of labels."""
        return int(self.counts["failed"])


def run(job: Job) -> Summary:
    """Does what is left of a job, and puts the rows into place.

    Raises:
        UserError: the folder holds something else, the cluster is too small, or there was nothing
            that could be read.
    """
    output = Output(storage.absolute(job.out))
    finished = output.check(job.settings)
    if finished is not None:
        output.clean()
        return _checked(Summary(location=output.location, counts=finished, finished_before=True))
    names = [item.name for item in job.items]
    missing = set(output.missing(names))
    todo = [item for item in job.items if item.name in missing]
    started = time.monotonic()
    if todo:
        job.connect()
        output.claim(job.settings)
    with job_log.keeping(output.location, job.verb, job.settings):
        _log.info("%d of %d slices to do", len(todo), len(names))
        figures = _work(job, output, todo, len(names) - len(todo), started) if todo else {}
        counts = _publish(job, output, names, figures)
        summary = Summary(location=output.location, counts=counts)
        _tell(summary, figures)
        return _checked(summary)


def _publish(
    job: Job, output: Output, names: Sequence[str], figures: Mapping[str, Any]
) -> Mapping[str, Any]:
    try:
        return output.publish(names, {**job.summary, **figures})
    except UserError:
        # The same command, given twice at once, has put the rows into place and cleaned up.
        if (finished := output.check(job.settings)) is None:
            raise
        return finished


def _tell(summary: Summary, figures: Mapping[str, Any]) -> None:
    """Says in the log what has come of a job."""
    for reason, number in summary.counts["rejected_by_reason"].items():
        _log.info("rejected %d: %s", number, reason)
    for name, value in figures.items():
        _log.info("%s: %s", name.replace("_", " "), json.dumps(value))
    _log.info("%d rows, %d rejected, %d failed", summary.rows, summary.rejected, summary.failed)


def _work(
    job: Job, output: Output, todo: Sequence[Named], done: int, started: float
) -> dict[str, Any]:
    import ray.data

    quiet_data()
    rows = [{"name": item.name, "item": pickle.dumps(item)} for item in todo]
    slices = ray.data.from_items(rows, override_num_blocks=len(rows))
    stage = Stage(output=output, run=uuid.uuid4().hex, slices=len(rows))
    pace = Pace(total=len(todo) + done, done=done)
    memory = {"driver": peak_memory_mb()}
    busy: dict[str, float] = {}
    nodes: dict[str, set[str]] = {}
    with quiet_core(), Progress(job.verb, quiet=job.quiet) as progress:
        for row in _as_they_come(job.stages(slices, stage)):
            if mistake := row.get("mistake"):
                raise UserError(mistake)
            for process, peak, took, node in zip(
                row["processes"], row["memory_mb"], row["busy_seconds"], row["nodes"], strict=True
            ):
                memory[process] = max(peak, memory.get(process, 0.0))
                busy[process] = busy.get(process, 0.0) + took
                nodes.setdefault(process, set()).add(node)
            told = pace.add(row["rows"], row["seconds"])
            _log.info("%s: %d rows in %.1f s; %s", row["name"], row["rows"], row["seconds"], told)
            progress.show(told)
    seconds = pace.seconds
    return {
        "speed": {
            "sketches": pace.sketches,
            "seconds": round(seconds, 3),
            "sketches_per_second": round(pace.sketches / seconds, 1),
            "start_up_seconds": round(pace.began - started, 3),
        },
        # Of all processes of a kind together, which work side by side.
        "stages": {
            name: {
                "busy_seconds": round(took, 3),
                "sketches_per_busy_second": round(pace.sketches / max(took, 1e-9), 1),
                "nodes": len(nodes[name]),
            }
            for name, took in busy.items()
        },
        "peak_memory_mb": {name: round(peak) for name, peak in memory.items()},
    }


def _as_they_come(dataset: Dataset) -> Iterator[Row]:
    """Rows when they are there: `iter_rows` holds each back until the next is, and so a slice's
    time would be taken for no time.
    """
    for batch in dataset.iter_batches(batch_size=None, prefetch_batches=0, batch_format="pyarrow"):
        yield from batch.to_pylist()


def tell(work: Callable[[Row], Row], row: Row) -> Row:
    """Does the work of a stage; a user's mistake goes on as a value, since Ray Data would keep no
    more of it than its text among others.
    """
    if row.get("mistake"):
        return row
    try:
        return work(row)
    except UserError as error:
        return {"mistake": str(error)}


def done(
    name: str,
    rows: int,
    seconds: float,
    memory_mb: Mapping[str, float],
    busy_seconds: Mapping[str, float] | None = None,
    nodes: Mapping[str, str] | None = None,
) -> Row:
    """What the last stage reports of a slice: the seconds from reading or labelling it to here,
    the greatest memory of each kind of process that had it, how long each was busy with it (by
    default all the time), and on which node of the cluster it is (by default this one).
    """
    nodes = nodes or dict.fromkeys(memory_mb, this_node())
    busy_seconds = busy_seconds or dict.fromkeys(memory_mb, seconds)
    return {
        "name": name,
        "rows": rows,
        "seconds": seconds,
        "processes": list(memory_mb),
        "memory_mb": list(memory_mb.values()),
        "busy_seconds": [busy_seconds[process] for process in memory_mb],
        "nodes": [nodes[process] for process in memory_mb],
    }


def item_of(row: Row) -> Any:
    """The slice that a row of the first dataset carries."""
    return pickle.loads(row["item"])


def to_bytes(table: pa.Table) -> bytes:
    """A table as one value of a row: blocks of Ray Data can't tell slices apart."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def from_bytes(data: bytes) -> pa.Table:
    """What `to_bytes` made bytes of."""
    return pa.ipc.open_stream(data).read_all()


def this_node() -> str:
    """The node of the cluster that this process is on."""
    import ray

    return str(ray.get_runtime_context().get_node_id())


def refuse_overlap(sources: Iterable[str], out: str) -> None:
    """Refuses to write into what is read.

    Raises:
        UserError: the output lies in a source, or a source in it.
    """
    target = storage.absolute(out)
    for source in map(storage.absolute, sources):
        if storage.is_within(target, source) or storage.is_within(source, target):
            raise UserError(f"--out {out} and the source {source} lie in each other")


def _checked(summary: Summary) -> Summary:
    if summary.rows:
        return summary
    if summary.rejected:
        (reason, number), *_ = summary.counts["rejected_by_reason"].items()
        raise UserError(
            f"nothing could be read: {summary.rejected:,} rejected, {number:,} for {reason!r}, by "
            f"name and reason in {storage.join(summary.location, '_rejected.parquet')}"
        )
    asked = " of the split that was asked for" if summary.counts["other_split"] else ""
    raise UserError(f"the sources hold no drawings{asked}")
