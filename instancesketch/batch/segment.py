"""Segment: labels every drawing or scene of any source, by stages whose workers hold the models."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from functools import partial
from typing import Any

from instancesketch.batch.config import ObjectsConfig, SegmentConfig
from instancesketch.batch.job import Job, Summary, refuse_overlap
from instancesketch.batch.reader import Read, ReadConfig, check_pictures
from instancesketch.batch.runner import Runner, run_job
from instancesketch.batch.shards import plan_shards
from instancesketch.batch.stages import Labelling, LabelRows, ModelStage, Write
from instancesketch.core import run_folder, storage
from instancesketch.core.progress import doing
from instancesketch.models.precision import resolve_precision

# Measured on shards of the usual megabyte.
_SECONDS_OF_SHARD, _SECONDS_OF_SCENES = 1.0, 4.0


def segment(config: SegmentConfig, runner: Runner, labelling: Labelling | None = None) -> Summary:
    """Label sources into a result folder, or continue where that was stopped.

    Args:
        config: the sources, the weights, and the folder.
        runner: carries the stages out.
        labelling: the stages that label; by default those of the weights.

    Raises:
        UserError: weights or a source aren't there, nothing can be read, the output folder holds
            something else, or there is no room for the workers.
    """
    return run_job(segment_job(config, labelling), runner)


def segment_job(config: SegmentConfig, labelling: Labelling | None = None) -> Job:
    """Return the job that `segment` runs.

    Raises:
        UserError: weights or a source aren't there.
    """
    refuse_overlap(config.sources, config.out)
    check_pictures(config)
    plan = plan_shards(config.sources, config.format)
    if labelling is None:
        # Before torch is imported, so that mistakes are refused at once.
        _check_weights(config)
        run_folder.refuse_foreign(storage.absolute(config.out), run_folder.JOB)
    doing("loading torch")
    device = "cuda" if config.gpus_per_worker else "cpu"
    precision = resolve_precision(config.precision, device)
    labelling = labelling or _labelling(config, precision)
    scenes = {} if config.scenes is None else _describe_objects(config.scenes)
    read = _read_config(config, labelling)
    categories = labelling.taxonomy.category_names  # those that are given, in the same order always
    return Job(
        verb="segment",
        out=config.out,
        config={
            "verb": "segment",
            "sources": plan.sources,
            "format": config.format,
            "weights": [_fingerprint(source) for source in config.weights],
            "given_category": config.given_category,
            # Absent where there are none, as in jobs of earlier versions.
            **({} if config.categories is None else {"categories": categories}),
            **({"cut_strokes": True} if config.cut_strokes else {}),
            # So that machines with different precision can't share a result.
            "precision": precision,
            "scenes": scenes or None,
            **read.describe(),
        },
        shards=plan.shards,
        stages=(Read(read, adds_error=True), *labelling.stages, Write()),
        workers=config.workers,
        gpus_per_worker=config.gpus_per_worker,
        shard_seconds=_SECONDS_OF_SHARD if config.scenes is None else _SECONDS_OF_SCENES,
        summary={
            "files": plan.files,
            "hidden_files": plan.hidden,
            "weights": list(config.weights),
            "taxonomy": read.taxonomy,
            "device": device,
            "precision": precision,
            **scenes,
        },
        quiet=config.quiet,
    )


def _read_config(config: SegmentConfig, labelling: Labelling) -> ReadConfig:
    given_objects = config.scenes is not None and config.scenes.given_objects
    return ReadConfig(
        taxonomy=labelling.taxonomy.to_dict(),
        # No label of the input reaches a model, unless the objects are to be taken as true.
        labels="objects" if given_objects else False,
        shuffle_strokes=config.shuffle_strokes,
        only_split=config.split,
        max_record_mb=config.max_record_mb,
        trace=config.trace,
    )


def _check_weights(config: SegmentConfig) -> None:
    from instancesketch.models import weights

    weights.inspect_segmenter(config.weights, config.categories)


def _labelling(config: SegmentConfig, precision: str) -> Labelling:
    from instancesketch.models import weight_names, weights

    # Workers have other working folders than this process.
    sources = tuple(map(weight_names.absolute, config.weights))
    scenes = config.scenes
    if scenes is None:
        load = partial(
            _load_segmenter,
            sources,
            config.given_category,
            precision,
            config.categories,
            config.cut_strokes,
        )
        stage = ModelStage(name="labelling", load=load)
        taxonomy = weights.inspect_segmenter(sources, config.categories)
        return Labelling(taxonomy=taxonomy, stages=(stage,))
    from instancesketch.batch.segment_scenes import scene_stages

    return scene_stages(
        sources,
        None if scenes.detector is None else weight_names.absolute(scenes.detector),
        drawing_order=scenes.drawing_order,
        given_objects=scenes.given_objects,
        cut_strokes=config.cut_strokes,
        precision=precision,
        detector_gpus=scenes.detector_gpus,
    )


def _load_segmenter(
    sources: tuple[str, ...],
    given_category: bool,
    precision: str,
    categories: tuple[str, ...] | None,
    cut_strokes: bool,
    device: str,
) -> LabelRows:
    from instancesketch.inference.segmenter import Segmenter

    segmenter = Segmenter.load(sources, device, precision, categories, cut_strokes=cut_strokes)
    return partial(segmenter.label_table, given_category=given_category)


def _describe_objects(scenes: ObjectsConfig) -> dict[str, Any]:
    detector = None if scenes.detector is None else _fingerprint(scenes.detector, ["detector"])
    described = {**asdict(scenes), "detector": detector}
    del described["detector_gpus"]  # rows don't depend on it
    return described


def _fingerprint(source: str, model_kinds: list[str] | None = None) -> dict[str, str]:
    """Return the name of weights and a digest of the kinds given, by default of all."""
    from instancesketch.models import weight_names

    # By content: a run that is trained further has other weights of the same name.
    folder, digest = weight_names.locate(source), hashlib.blake2b(digest_size=16)
    for model_kind in model_kinds or storage.list_names(folder):
        for name in ("config.json", "model.safetensors"):
            location = storage.join(folder, model_kind, name)
            if storage.exists(location):
                digest.update(f"{model_kind}/{name}\0".encode() + storage.read_bytes(location))
    return {"weights": source, "digest": digest.hexdigest()}
