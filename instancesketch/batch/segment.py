"""Segment: labels every drawing or scene of any source, by pools of actors that hold the models."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from instancesketch.batch.config import ObjectsConfig, SegmentConfig
from instancesketch.batch.job import (
    Job,
    Row,
    Stage,
    Summary,
    done,
    from_bytes,
    item_of,
    refuse_overlap,
    run,
    tell,
    to_bytes,
)
from instancesketch.batch.quarantine import Marker
from instancesketch.batch.reader import Reading, read_slice
from instancesketch.batch.shards import plan
from instancesketch.batch.stages import Label, Sizes, Step, Work, spent, through
from instancesketch.core import storage
from instancesketch.core.schema import NO_OBJECTS
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.cluster import Capacity
from instancesketch.models.precision import resolve

if TYPE_CHECKING:
    from ray.data import Dataset

# Reading and writing a slice need a CPU only now and then. They ask for none: where a node is lost
# its actors, started again elsewhere, would else take the last one, and all wait for each other.
_HELPER_CPUS = 0
_CPUS_PER_HELPER = 4  # so there are no more of them at a time than a fourth of the CPUs


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What labels rows: the words that it knows, and its steps in turn."""

    taxonomy: Taxonomy
    steps: tuple[Step, ...]


def segment(config: SegmentConfig, labelling: Labelling | None = None) -> Summary:
    """Labels sources into a result folder, or continues where that was stopped.

    Args:
        config: what to do.
        labelling: what labels; by default what the weights hold.

    Raises:
        UserError: weights or a source aren't there, nothing can be read, the output folder holds
            something else, or the cluster is too small.
    """
    return run(job_of(config, labelling))


def job_of(config: SegmentConfig, labelling: Labelling | None = None) -> Job:
    """The job that `segment` carries out.

    Raises:
        UserError: weights or a source aren't there.
    """
    refuse_overlap(config.sources, config.out)
    device = "cuda" if config.gpus_per_worker else "cpu"
    precision = resolve(config.precision, device)
    # Before anything is started: wrong weights are told at once.
    labelling = labelling or _labelling(config, precision)
    taxonomy = labelling.taxonomy.to_dict()
    scenes = None if config.scenes is None else _settings_of(config.scenes)
    how = Reading(
        taxonomy=taxonomy,
        labels="objects" if scenes and scenes["given_objects"] else False,
        shuffle_strokes=config.shuffle_strokes,
        only_split=config.split,
        max_record_mb=config.max_record_mb,
    )
    planned = plan(config.sources, config.format)
    steps = labelling.steps
    sizes = Sizes(pools=len(steps), workers=config.workers, gpus_per_worker=config.gpus_per_worker)
    capacity: list[Capacity] = []

    def stages(slices: Dataset, stage: Stage) -> Dataset:
        # A cluster may have grown to the workers asked for only when it reads.
        cpus = max(capacity[0].cpus, len(steps) * (config.workers or 0))
        helpers = max(2, cpus // _CPUS_PER_HELPER)
        helping = {"num_cpus": _HELPER_CPUS, "concurrency": helpers}
        rows = slices.map(Read(how=how, stage=stage), **helping)
        rows = through(rows, steps, sizes, capacity[0], stage)
        names = tuple(step.name for step in steps)
        return rows.map(Write(steps=names, stage=stage), **helping)

    return Job(
        verb="segment",
        out=config.out,
        settings={
            "verb": "segment",
            "sources": planned.sources,
            "format": config.format,
            "weights": [_fingerprint(source) for source in config.weights],
            "given_category": config.given_category,
            "precision": precision,  # so that no result is of two machines that differ in it
            "scenes": scenes,
            **asdict(how),
        },
        items=planned.slices,
        connect=lambda: capacity.append(sizes.connect()),
        stages=stages,
        summary={
            "files": planned.files,
            "hidden_files": planned.hidden,
            "weights": list(config.weights),
            "taxonomy": taxonomy,
            "device": device,
            "precision": precision,
            **({} if scenes is None else scenes),
        },
        quiet=config.quiet,
    )


def _labelling(config: SegmentConfig, precision: str) -> Labelling:
    from instancesketch.models import weights

    sources = tuple(map(weights.absolute, config.weights))
    scenes = config.scenes
    if scenes is None:
        load = partial(_label_drawings, sources, config.given_category, precision)
        step = Step(name="labelling", load=load, actor=Label)
        return Labelling(taxonomy=weights.inspect_segmenter(sources), steps=(step,))
    from instancesketch.batch.segment_scenes import scene_steps

    taxonomy, steps = scene_steps(
        sources,
        None if scenes.detector is None else weights.absolute(scenes.detector),
        drawing_order=scenes.drawing_order,
        given_objects=scenes.given_objects,
        precision=precision,
    )
    return Labelling(taxonomy=taxonomy, steps=steps)


def _label_drawings(
    sources: tuple[str, ...], given_category: bool, precision: str, device: str
) -> Work:
    from instancesketch.inference.segmenter import Segmenter

    return partial(
        Segmenter.load(sources, device, precision).label_table, given_category=given_category
    )


def _settings_of(scenes: ObjectsConfig) -> dict[str, Any]:
    detector = None if scenes.detector is None else _fingerprint(scenes.detector, ["detector"])
    return {**asdict(scenes), "detector": detector}


def _fingerprint(source: str, kinds: list[str] | None = None) -> dict[str, str]:
    """Weights by what they hold, so that a result isn't continued with others of that name."""
    from instancesketch.models import weights

    folder, digest = weights.locate(source), hashlib.blake2b(digest_size=16)
    for kind in kinds or storage.list_names(folder):
        for name in ("config.json", "model.safetensors"):
            location = storage.join(folder, kind, name)
            if storage.exists(location):
                digest.update(f"{kind}/{name}\0".encode() + storage.read_bytes(location))
    return {"weights": source, "digest": digest.hexdigest()}


@dataclass(frozen=True, kw_only=True)
class Read:
    """The first stage: a slice as rows, none of which has an error yet."""

    how: Reading
    stage: Stage

    def __call__(self, row: Row) -> Row:
        return tell(self._read, row)

    def _read(self, row: Row) -> Row:
        began, item = time.perf_counter(), item_of(row)
        marker = Marker(location=self.stage.output.marker(f"read-{item.name}"), run=self.stage.run)
        rows, log = read_slice(item, self.how, marker)
        ready = (
            pa.array([True] * len(rows)) if self.how.labels is False else rows["object"].is_valid()
        )
        rows = rows.append_column(
            "error", pc.if_else(ready, pa.scalar(None, pa.string()), NO_OBJECTS)
        )
        return {"name": item.name, "rows": to_bytes(rows), "log": to_bytes(log)} | spent(
            "reading", began
        )


@dataclass(frozen=True, kw_only=True)
class Write:
    """The last stage: rows and log of a slice into the output folder."""

    steps: tuple[str, ...]
    stage: Stage

    def __call__(self, row: Row) -> Row:
        return tell(self._write, row)

    def _write(self, row: Row) -> Row:
        began = time.perf_counter()
        rows, log = from_bytes(row["rows"]), from_bytes(row["log"])
        self.stage.output.stage(row["name"], rows, _with_outcome(log, rows))
        row = row | spent("writing", began)
        names = ("reading", *self.steps, "writing")
        seconds = {name: row[f"{name}_seconds"] for name in names}
        return done(
            row["name"],
            len(rows),
            sum(seconds.values()) - seconds["reading"],
            {name: row[f"{name}_mb"] for name in names},
            seconds,
            {name: row[f"{name}_node"] for name in names},
        )


def _with_outcome(log: pa.Table, rows: pa.Table) -> pa.Table:
    """Notes in the log which rows have an error, and how many objects each has."""
    at = np.flatnonzero(pc.is_valid(log["hash"]).to_numpy())
    failed, objects = np.zeros(len(log), bool), np.zeros(len(log), np.int32)
    failed[at] = pc.is_valid(rows["error"]).to_numpy()
    objects[at] = pc.list_value_length(rows["object_category"]).fill_null(0).to_numpy()
    for name, values in (("failed", failed), ("objects", objects)):
        index = log.schema.get_field_index(name)
        log = log.set_column(index, log.schema.field(index), pa.array(values))
    return log
