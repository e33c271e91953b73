"""Training of a detector on a Ray cluster: one task, on CPUs or one GPU.

Its run has the files of `training_run`; the state to continue from is `_checkpoints/detector.pt`.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from instancesketch.core import parquet, run_folder, schema, storage
from instancesketch.core.errors import UserError
from instancesketch.core.run_folder import made_with
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import peak_memory_mb, summarize_usage, usable_cpus
from instancesketch.distributed.clearml_actor import remote_trackers
from instancesketch.distributed.cluster import connect, describe
from instancesketch.distributed.train.config import TrainDetectorConfig, check_name
from instancesketch.distributed.train.run_training import MAX_FAILURES
from instancesketch.distributed.train.training_run import run_training
from instancesketch.models import weights, yolo
from instancesketch.tracking import metrics_log
from instancesketch.tracking.reporter import Reporter, check_track
from instancesketch.tracking.status import PositionWriter
from instancesketch.training import yolo_dataset, yolo_trainer
from instancesketch.training.config import DetectorConfig
from instancesketch.training.roles import role_mask

# Written beside the weights.
NOTICE = """\
The weights in this folder were made with Ultralytics YOLO (https://github.com/ultralytics/ultralytics),
from scratch, on no weights of theirs. Ultralytics is licensed under AGPL-3.0, and its authors hold
that models made with it are so as well; they offer other terms (https://ultralytics.com/license).

Whoever uses, changes or passes on these weights is to heed that. The rest of InstanceSketch is
licensed under Apache-2.0, works without these weights and without Ultralytics, and contains no code
of Ultralytics.
"""

# The split `valid` if the corpora have one, else a hash tenth.
Selection = Literal["valid", "tenth"]


def train_detector(config: TrainDetectorConfig) -> dict[str, Any]:
    """Train a detector, or continue the run after its last finished epoch; return its summary.

    Raises:
        UserError: the cluster, the corpora, an earlier run of the name or what is installed
            doesn't fit.
    """
    settings = resolve_detector(config)
    run = storage.absolute(storage.join(config.storage, config.run))
    if run_folder.is_claimed(run, settings, run_folder.RUN):
        finished = run_folder.read_summary(run)
        if finished is not None:
            return finished | {"finished_before": True}  # no need for Ray to say so
    connect(cpus=1.0, gpus=config.gpus_per_worker)
    import ray

    # Before there is a run, because Ultralytics may not be installed on the cluster.
    version = ray.get(ray.remote(yolo.version).remote())
    training = _DetectorTraining(config, settings, version)
    trackers = partial(remote_trackers, config.track, name=config.run)
    return run_training(config, settings, training, trackers, describe())


@dataclass
class _DetectorTraining:
    """The training of a detector within `run_training`."""

    config: TrainDetectorConfig
    settings: Mapping[str, Any]
    version: str  # of Ultralytics
    best: dict[str, Any] = field(default_factory=dict)  # figures
    memory_mb: int = 0

    def has_epochs_left(self, run: str) -> bool:
        """Return True: where none is left, the task writes the weights of the best one."""
        return True

    def train(self, run: str, reporter: Reporter) -> None:
        """Train in a task of Ray, which is started again if its process is lost."""
        import ray

        task = ray.remote(_train_in_task).options(
            name="train_detector",
            num_cpus=1,
            num_gpus=self.config.gpus_per_worker,
            # As often as Ray Train replaces the workers of the other models.
            max_retries=MAX_FAILURES,
        )
        self.best, self.memory_mb = ray.get(
            task.remote(reporter, self.config.recipe, self.version, self.config.threads)
        )

    def finish(self, run: str) -> dict[str, Any]:
        """Return the training's part of the summary."""
        scenes = self.settings["scenes"]
        lines = [line | {"memory_mb": self.memory_mb} for line in metrics_log.read(run)]
        return {
            "best_epoch": self.best["epoch"],
            "best": self.best,
            "scenes": scenes,
            **summarize_usage(lines, scenes["train"]),
        }


def _check(config: TrainDetectorConfig) -> None:
    check_name(config.run)
    if config.workers != 1:
        raise UserError(f"--workers {config.workers}: a detector is trained by one worker")
    if config.gpus_per_worker > 1:
        raise UserError(
            f"--gpus-per-worker {config.gpus_per_worker:g}: a detector is trained on one GPU"
        )
    check_track(config.track)


def resolve_detector(config: TrainDetectorConfig) -> dict[str, Any]:
    """Return the resolved config of a run, with the scenes that its corpora have.

    Raises:
        UserError: the corpora have no scenes for it, or the config is impossible.
    """
    _check(config)
    candidates = _taxonomies(config)
    columns = ["sketch_id", "split", "object"]
    # Read beforehand: the roles of all corpora follow from whether any has the split `valid`.
    splits = {
        split
        for corpus in config.data
        for table in parquet.read_batches(corpus, columns)
        for split in table.filter(pc.is_valid(table["object"]))["split"].unique().to_pylist()
    }
    selection: Selection = "valid" if "valid" in splits else "tenth"
    counted = [(t, _count_scenes(config.data, columns, selection, t)) for t in candidates]
    # Of equal ones the first: every taxonomy knows a scene of objects that it has no class for.
    taxonomy, counts = max(counted, key=lambda pair: sum(pair[1].values()))
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
    # As JSON has it, so that it equals what is read back.
    resolved: dict[str, Any] = json.loads(json.dumps(settings))
    return resolved


def _taxonomies(config: TrainDetectorConfig) -> list[Taxonomy]:
    """Return the taxonomies to choose from: the one given, or those of the corpora."""
    if config.taxonomy is not None:
        return [Taxonomy.load(config.taxonomy)]
    return made_with(config.data) or [Taxonomy.load("doodle7")]


def _count_scenes(
    corpora: Sequence[str], columns: list[str], selection: Selection, taxonomy: Taxonomy
) -> dict[str, int]:
    counts = {"train": 0, "select": 0}
    for corpus in corpora:
        for table in parquet.read_batches(corpus, columns):
            split = assign_roles(table, selection, taxonomy)["split"].to_pylist()
            counts["train"] += split.count("train")
            counts["select"] += split.count("valid")
    return counts


def assign_roles(table: pa.Table, selection: Selection, taxonomy: Taxonomy) -> pa.Table:
    """Return the scenes to train and to select on, their `split` set to `train` or `valid`."""
    train, select = (
        role_mask(table, role, selection, taxonomy, "objects") for role in ("train", "select")
    )
    used = train | select
    split = pa.array(np.where(select, "valid", "train")[used], pa.string())
    return table.filter(pa.array(used)).set_column(
        table.column_names.index("split"), "split", split
    )


def _train_in_task(
    reporter: Reporter, recipe: DetectorConfig, version: str, threads: int
) -> tuple[dict[str, Any], int]:
    """Draw the scenes, train, and write the weights of the best epoch.

    Returns:
        The figures of the best epoch, and the peak memory of this process in MB.
    """
    run, settings = reporter.run, reporter.settings
    # Ray sets one thread per CPU of the task's request, but all cores are free for it.
    torch.set_num_threads(threads or usable_cpus())
    taxonomy = Taxonomy.from_dict(settings["taxonomy"])
    with tempfile.TemporaryDirectory() as folder:
        trained = yolo_trainer.fit(
            recipe,
            taxonomy,
            _write_scenes(settings, taxonomy, recipe.image_size, folder),
            device="0" if settings["gpus_per_worker"] else "cpu",
            state=_load_state(run),
            on_step=PositionWriter(run, recipe.epochs).step,
            on_epoch=lambda figures, state: _save_epoch(reporter, figures, state),
        )
    config = {
        **{key: value for key, value in settings.items() if key != "recipe"},
        "model": trained.definition,
        "recipe": settings["recipe"],
        "made_with": f"ultralytics {version}",
        "metrics": trained.figures,
    }
    location = storage.join(run, recipe.model_kind)
    weights.save(location, trained.tensors, config)
    # Beside the weights, since their licence has to go wherever they are passed on.
    storage.write_text(storage.join(location, "NOTICE"), NOTICE)
    return trained.figures, round(peak_memory_mb())


def _write_scenes(
    settings: Mapping[str, Any], taxonomy: Taxonomy, size: int, folder: str
) -> list[str]:
    """Write a data set per corpus, because two corpora can have scenes of the same name."""
    folders = [storage.join(folder, str(i)) for i in range(len(settings["data"]))]
    for corpus, own in zip(settings["data"], folders, strict=True):
        for table in parquet.read_batches(corpus, schema.SCHEMA.names, rows=1_000):
            scenes = assign_roles(table, settings["selection"], taxonomy)
            yolo_dataset.add(scenes, taxonomy, own, size)
    return folders


def _state_file(run: str) -> str:
    return storage.join(run, "_checkpoints", "detector.pt")


def _save_epoch(reporter: Reporter, figures: dict[str, Any], state: dict[str, Any]) -> None:
    # In this order, because a stop in between then repeats the epoch and logs it again.
    reporter.log(figures)
    storage.write_atomically(_state_file(reporter.run), lambda path: torch.save(state, path))


def _load_state(run: str) -> dict[str, Any] | None:
    """Load the state to continue from, if any: tensors and plain values, no code."""
    if not storage.exists(_state_file(run)):
        return None
    stream = io.BytesIO(storage.read_bytes(_state_file(run)))
    return torch.load(stream, map_location="cpu", weights_only=True)
