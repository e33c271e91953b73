"""Segment: labels every drawing of any source, by a pool of actors that each hold the model."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch import storage
from instancesketch.cluster import Capacity, connect
from instancesketch.isolation import Marker, isolate
from instancesketch.reading import Reading, read_slice
from instancesketch.schema import RESULT_SCHEMA, result_table
from instancesketch.slices import AUTO, plan
from instancesketch.street import (
    Job,
    Row,
    Stage,
    Summary,
    done,
    from_bytes,
    item_of,
    peak_memory_mb,
    refuse_overlap,
    run,
    tell,
    to_bytes,
)
from instancesketch.taxonomy import Taxonomy

if TYPE_CHECKING:
    from ray.data import Dataset

# Reading and writing a slice need a whole CPU only now and then.
_HELPER_CPUS = 0.5


class Labels(Protocol):
    """What labels rows: `instancesketch.segmenter.Segmenter` does."""

    @property
    def taxonomy(self) -> Taxonomy:
        """The categories and parts that it knows."""

    def label_table(self, table: pa.Table, *, given_category: bool = False) -> pa.Table:
        """As many rows of a result, in the same order."""


@dataclass(frozen=True, kw_only=True)
class SegmentConfig:
    """What to label, with what, and where the result is to be."""

    sources: tuple[str, ...]
    out: str
    weights: tuple[str, ...]
    given_category: bool = False
    format: str = AUTO
    split: str | None = None  # only the rows of this split
    shuffle_strokes: int | None = None  # a seed
    max_record_mb: float = 64.0
    workers: int | None = None  # None: as many as the cluster has room for
    gpus_per_worker: float = 0.0
    quiet: bool = False


def segment(config: SegmentConfig, load: Callable[[str], Labels] | None = None) -> Summary:
    """Labels sources into a result folder, or continues where that was stopped.

    Args:
        config: what to do.
        load: makes what labels, on the named device, in each actor; by default from the weights.

    Raises:
        UserError: weights or a source aren't there, nothing can be read, the output folder holds
            something else, or the cluster is too small.
    """
    from instancesketch import weights

    refuse_overlap(config.sources, config.out)
    load = load or partial(_load_segmenter, tuple(map(weights.anywhere, config.weights)))
    # Here, too, and before anything is started: wrong weights are told at once.
    taxonomy = load("cpu").taxonomy.to_dict()
    device = "cuda" if config.gpus_per_worker else "cpu"
    how = Reading(
        taxonomy=taxonomy,
        labels=False,
        shuffle_strokes=config.shuffle_strokes,
        only_split=config.split,
        max_record_mb=config.max_record_mb,
    )
    planned = plan(config.sources, config.format)
    capacity: list[Capacity] = []

    def join() -> None:
        # A reader must have room beside the workers, or all would wait for each other.
        capacity.append(connect(workers=(config.workers or 1) + 1))
        connect(workers=config.workers or 1, gpus=config.gpus_per_worker)

    def stages(slices: Dataset, stage: Stage) -> Dataset:
        from ray.data import ActorPoolStrategy

        assert load is not None
        room = _room(capacity[0], config.gpus_per_worker)
        return (
            slices.map(partial(tell, partial(_read, how=how, stage=stage)), num_cpus=_HELPER_CPUS)
            .map(
                _Labeller,
                fn_constructor_kwargs={
                    "load": partial(load, device),
                    "given_category": config.given_category,
                    "stage": stage,
                },
                compute=ActorPoolStrategy(size=stage.workers(config.workers or room)),
                num_cpus=1,
                num_gpus=config.gpus_per_worker,
            )
            .map(partial(tell, partial(_write, stage=stage)), num_cpus=_HELPER_CPUS)
        )

    return run(
        Job(
            verb="segment",
            out=config.out,
            settings={
                "verb": "segment",
                "sources": planned.sources,
                "format": config.format,
                "weights": [_fingerprint(source) for source in config.weights],
                "given_category": config.given_category,
                **asdict(how),
            },
            items=planned.slices,
            connect=join,
            stages=stages,
            summary={
                "files": planned.files,
                "hidden_files": planned.hidden,
                "weights": list(config.weights),
                "taxonomy": taxonomy,
                "device": device,
            },
            quiet=config.quiet,
        )
    )


def _room(capacity: Capacity, gpus_per_worker: float) -> int:
    """How many workers to take where that wasn't said: all GPUs, or the CPUs less two."""
    if gpus_per_worker:
        return max(1, int(capacity.gpus / gpus_per_worker + 1e-9))
    return max(1, capacity.cpus - 2)


def _load_segmenter(sources: tuple[str, ...], device: str) -> Labels:
    from instancesketch.segmenter import Segmenter

    return Segmenter.load(sources, device)


def _fingerprint(source: str) -> dict[str, str]:
    """Weights by what they hold, so that a result isn't continued with others of that name."""
    from instancesketch import weights

    folder, digest = weights.find(source), hashlib.blake2b(digest_size=16)
    for kind in storage.names_in(folder):
        for name in ("config.json", "model.safetensors"):
            location = storage.join(folder, kind, name)
            if storage.exists(location):
                digest.update(f"{kind}/{name}\0".encode() + storage.read_bytes(location))
    return {"weights": source, "digest": digest.hexdigest()}


def _read(row: Row, how: Reading, stage: Stage) -> Row:
    item = item_of(row)
    marker = Marker(location=stage.output.marker(f"read-{item.name}"), run=stage.run)
    rows, log = read_slice(item, how, marker)
    return {
        "name": item.name,
        "rows": to_bytes(rows),
        "log": to_bytes(log),
        "reading_mb": peak_memory_mb(),
    }


class _Labeller:
    """An actor of the pool: holds the model, labels slices."""

    def __init__(self, load: Callable[[], Labels], given_category: bool, stage: Stage) -> None:
        self._labels, self._given, self._stage = load(), given_category, stage

    def __call__(self, row: Row) -> Row:
        return tell(self._label, row)

    def _label(self, row: Row) -> Row:
        began, table = time.perf_counter(), from_bytes(row["rows"])
        marker = Marker(
            location=self._stage.output.marker(f"label-{row['name']}"), run=self._stage.run
        )
        result = label_rows(table, self._labels, self._given, marker)
        return row | {
            "rows": to_bytes(result),
            "labelling_mb": peak_memory_mb(),
            "seconds": time.perf_counter() - began,
        }


def label_rows(table: pa.Table, labels: Labels, given_category: bool, marker: Marker) -> pa.Table:
    """Labels rows; one that can't be labelled stays, with an error, and takes no other with it."""

    def work(start: int, stop: int) -> pa.Table:
        part = table.slice(start, stop - start)
        result = labels.label_table(part, given_category=given_category)
        if not result["sketch_id"].equals(part["sketch_id"]):
            raise ValueError("the labelled rows are not the ones that were given")
        return result.cast(RESULT_SCHEMA)

    def give_up(row: int, error: Exception | None) -> pa.Table:
        reason = (
            "the labelling process died on this row"
            if error is None
            else f"labelling failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        )
        return result_table(table.slice(row, 1), {"error": pa.array([reason])})

    parts = isolate(len(table), work, give_up, marker)
    return pa.concat_tables([RESULT_SCHEMA.empty_table(), *parts])


def _write(row: Row, stage: Stage) -> Row:
    began = time.perf_counter()
    rows, log = from_bytes(row["rows"]), from_bytes(row["log"])
    stage.output.stage(row["name"], rows, _with_failed(log, rows))
    memory = {"reading": row["reading_mb"], "labelling": row["labelling_mb"]}
    seconds = row["seconds"] + time.perf_counter() - began
    return done(row["name"], len(rows), seconds, memory)


def _with_failed(log: pa.Table, rows: pa.Table) -> pa.Table:
    """Notes in the log which rows have an error."""
    at = np.flatnonzero(pc.is_valid(log["hash"]).to_numpy())
    failed = np.zeros(len(log), bool)
    failed[at] = pc.is_valid(rows["error"]).to_numpy()
    index = log.schema.get_field_index("failed")
    return log.set_column(index, log.schema.field(index), pa.array(failed))
