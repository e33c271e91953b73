"""Trains a detector of objects on a Ray cluster: one task, on CPUs or one GPU.

A run is a folder, as `training` has it: `config.json`, `metrics.jsonl`, `curves.svg`,
`tensorboard/`, `summary.json` and `detector/` with the best epoch's weights; what it goes on from
lies under `_checkpoints`.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from instancesketch.batch import job_log
from instancesketch.core import hashing, parquet, run_folder, schema, storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import peak_memory_mb, summarize_usage
from instancesketch.distributed.clearml_actor import remote_trackers
from instancesketch.distributed.cluster import connect, describe
from instancesketch.distributed.train.config import TrainDetectorConfig, check_name
from instancesketch.distributed.train.run_training import MOST_FAILURES
from instancesketch.models import weights, yolo
from instancesketch.tracking import metrics_log
from instancesketch.tracking.reporter import Reporter, check_track
from instancesketch.tracking.status import PositionWriter, follow_run
from instancesketch.training import yolo_dataset, yolo_trainer
from instancesketch.training.config import DetectorConfig

# Stands beside the weights.
NOTICE = """\
The weights in this folder were made with Ultralytics YOLO (https://github.com/ultralytics/ultralytics),
from chance, on no weights of theirs. Ultralytics is licensed under AGPL-3.0, and its authors hold
that models made with it are so as well; they offer other terms (https://ultralytics.com/license).

Whoever uses, changes or passes on these weights is to heed that. The rest of InstanceSketch is
licensed under Apache-2.0, works without these weights and without Ultralytics, and contains no code
of Ultralytics.
"""

# Scenes that select the best epoch: the split `valid` where there is one, else a hash tenth.
Selection = Literal["valid", "tenth"]


def train_detector(config: TrainDetectorConfig) -> dict[str, Any]:
    """Trains a detector, or continues the run after its last whole epoch; returns its summary.

    Raises:
        UserError: the cluster, the corpora, an earlier run of the name or what is installed
            doesn't fit.
    """
    import ray

    run = storage.absolute(storage.join(config.storage, config.run))
    settings = settings_of_detector(config)
    connect(cpus=1.0, gpus=config.gpus_per_worker)
    # Where it isn't installed that is told before there is a run.
    version = ray.get(ray.remote(yolo.version).remote())
    summary = run_folder.claim(run, settings, run_folder.RUN)
    if summary is not None:
        return summary | {"finished_before": True}
    started = time.perf_counter()
    task = ray.remote(_work).options(
        name="train_detector",
        num_cpus=1,
        num_gpus=config.gpus_per_worker,
        max_retries=MOST_FAILURES,
    )
    with job_log.log_to(run, "train detector", settings, describe()):
        others = remote_trackers(config.track, run, config.run)
        reporter = Reporter.of(run, settings, *others)
        with reporter, follow_run(run, config.run, config.quiet):
            best, memory = ray.get(task.remote(reporter, config.recipe, version, _threads()))
        summary = {
            "run": run,
            "epochs": config.recipe.epochs,
            "best_epoch": best["epoch"],
            "best": best,
            "scenes": settings["scenes"],
            "seconds": time.perf_counter() - started,
            **summarize_usage(
                [line | {"memory_mb": memory} for line in metrics_log.read(run)],
                settings["scenes"]["train"],
            ),
        }
        storage.write_json(storage.join(run, "summary.json"), summary)
        return summary


def _check_workers(config: TrainDetectorConfig) -> None:
    check_name(config.run)
    if config.workers != 1:
        raise UserError(f"--workers {config.workers}: a detector is trained by one worker")
    if config.gpus_per_worker > 1:
        raise UserError(
            f"--gpus-per-worker {config.gpus_per_worker:g}: a detector is trained on one GPU"
        )


def settings_of_detector(config: TrainDetectorConfig) -> dict[str, Any]:
    """The resolved settings of a run, with what its corpora hold.

    Raises:
        UserError: they don't fit, or what is asked for can't be.
    """
    _check_workers(config)
    check_track(config.track)
    taxonomy = Taxonomy.load(config.taxonomy)
    columns = ["sketch_id", "split", "object"]
    splits = {
        split
        for corpus in config.data
        for table in parquet.read_batches(corpus, columns)
        for split in table.filter(pc.is_valid(table["object"]))["split"].unique().to_pylist()
    }
    selection: Selection = "valid" if "valid" in splits else "tenth"
    counts = {"train": 0, "select": 0}
    for corpus in config.data:
        for table in parquet.read_batches(corpus, columns):
            split = chosen(table, selection)["split"].to_pylist()
            counts["train"] += split.count("train")
            counts["select"] += split.count("valid")
    for role, number in counts.items():
        if not number:
            raise UserError(
                f"no scene to {role} on in {', '.join(config.data)}: none has objects and a split "
                f"for that; `instancesketch synth scenes` makes scenes"
            )
    settings = {
        "kind": config.recipe.model_kind,
        "data": [storage.absolute(d) for d in config.data],
        "taxonomy": taxonomy.to_dict(),
        "recipe": asdict(config.recipe),
        "selection": selection,
        "gpus_per_worker": config.gpus_per_worker,
        "scenes": counts,
    }
    # As it will be read back, so that the two can be compared.
    return json.loads(json.dumps(settings))


def chosen(table: pa.Table, selection: Selection) -> pa.Table:
    """The scenes with objects that train or select, of split `train` or `valid` according to that.

    A scene without a split trains; what is neither of the two, such as `test`, is left out.
    """
    split = table["split"].fill_null("train")
    used = pc.and_(pc.is_valid(table["object"]), pc.is_in(split, pa.array(["train", "valid"])))
    table, split = table.filter(used), split.filter(used)
    if selection == "tenth":
        tenth = [hashing.hash_bucket(i, "select") < 10 for i in table["sketch_id"].to_pylist()]
        split = pa.array(np.where(np.array(tenth, bool), "valid", "train"), pa.string())
    return table.set_column(table.column_names.index("split"), "split", split)


def _threads() -> int:
    """How many threads the user wants; 0 as many as the machine has cores."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdigit() else 0


def _work(
    reporter: Reporter, recipe: DetectorConfig, version: str, threads: int
) -> tuple[dict[str, Any], int]:
    """The task: scenes as images, epochs, the best one's weights.

    Returns:
        The figures of the best epoch, and the most memory that this process had, in megabytes.
    """
    run, settings = reporter.run, reporter.settings
    # Ray gives a task one thread per CPU that it asked for; the machine's cores are there to use.
    torch.set_num_threads(threads or os.cpu_count() or 1)
    taxonomy = Taxonomy.from_dict(settings["taxonomy"])
    with tempfile.TemporaryDirectory() as folder:
        trained = yolo_trainer.fit(
            recipe,
            taxonomy,
            _write_scenes(settings, taxonomy, recipe.image_size, folder),
            device="0" if settings["gpus_per_worker"] else "cpu",
            state=_restore(run),
            on_step=PositionWriter(run, recipe.epochs).step,
            on_epoch=lambda figures, state: _keep(reporter, figures, state),
        )
    about = {
        **{key: value for key, value in settings.items() if key != "recipe"},
        "model": trained.definition,
        "recipe": settings["recipe"],
        "made_with": f"ultralytics {version}",
        "metrics": trained.figures,
    }
    where = storage.join(run, recipe.model_kind)
    weights.save(where, trained.tensors, about)
    storage.write_text(storage.join(where, "NOTICE"), NOTICE)
    return trained.figures, round(peak_memory_mb())


def _write_scenes(
    settings: Mapping[str, Any], taxonomy: Taxonomy, size: int, folder: str
) -> list[str]:
    """Writes a data set per corpus, since two corpora can have a scene of one name."""
    folders = [storage.join(folder, str(i)) for i in range(len(settings["data"]))]
    for corpus, own in zip(settings["data"], folders, strict=True):
        for table in parquet.read_batches(corpus, schema.SCHEMA.names, rows=1_000):
            yolo_dataset.add(chosen(table, settings["selection"]), taxonomy, own, size)
    return folders


def _state_file(run: str) -> str:
    return storage.join(run, "_checkpoints", "detector.pt")


def _keep(reporter: Reporter, figures: dict[str, Any], state: dict[str, Any]) -> None:
    """Tells of an epoch, then keeps what the next begins with: a stop between repeats the epoch."""
    reporter.log(figures)
    storage.write_atomically(_state_file(reporter.run), lambda path: torch.save(state, path))


def _restore(run: str) -> dict[str, Any] | None:
    """What the run goes on from: tensors and plain values, nothing that can act."""
    if not storage.exists(_state_file(run)):
        return None
    stream = io.BytesIO(storage.read_bytes(_state_file(run)))
    return torch.load(stream, map_location="cpu", weights_only=True)
