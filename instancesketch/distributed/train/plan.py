"""Plans of training runs, made without training or writing anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from instancesketch.core import run_folder, storage
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.cluster import Capacity, amounts, predict_capacity
from instancesketch.distributed.dry_run import Plan, format_plan
from instancesketch.distributed.train.config import (
    TrainConfig,
    TrainDetectorConfig,
    check,
    least_most,
)
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.train.train_detector import resolve_detector
from instancesketch.inference.detector import class_names
from instancesketch.models import yolo
from instancesketch.tracking import metrics_log
from instancesketch.tracking.reporter import check_track
from instancesketch.training import dataloader, sampling
from instancesketch.training.augment import augment
from instancesketch.training.roles import count_drawings, count_splits
from instancesketch.training.sampling import RowSubset, Shares, count_repeats
from instancesketch.training.trainer import Fit, create_fit

# Memory of a worker: MB of a process with Ray and torch, MB of a full shuffle buffer, and a factor
# on what an average step keeps for its gradients. Fitted to the peaks of runs on CPUs.
_PROCESS_MB, _BUFFER_MB, _STEP_FACTOR = 900.0, 1200.0, 3.5

# Fewer drawings a worker and step, or steps of a run, are worth a note.
_FEW_DRAWINGS, _FEW_STEPS = 256, 500

# Row groups that are counted; of larger corpora an evenly spread sample.
MAX_ROW_GROUPS = 200


def plan_run(config: TrainConfig) -> Plan:
    """Return the plan of a run.

    Returns:
        `run`, its folder; `kind`; `weights` to initialise from; `finished`, and `epochs_done`;
        `taxonomy`; `splits`, the rows of each split; `drawings` to `train` and to `select` on, and
        the `selection` split; `estimated`, whether these numbers are estimates from a sample of the
        corpora; `parameters` of the network; `epochs`, `batch_size`, `drawings_per_epoch`,
        `steps_per_epoch`; `strokes_per_worker` and step, 0 for scenes; `shares_norms`, whether
        batch norms measure all workers' strokes together; `workers`, the fewest and the most;
        `cpus` and `gpus` that they need; `cluster`, its capacity; `worker_mb`, the expected memory
        of each worker.

    Raises:
        UserError: as the training would.
    """
    check(config)
    check_track(config.track)
    cluster = predict_capacity(workers=least_most(config)[0], cpus=1.0, gpus=config.gpus_per_worker)
    return plan_with_capacity(config, cluster, {})


def plan_with_capacity(
    config: TrainConfig, cluster: Capacity, extra_settings: Mapping[str, Any]
) -> Plan:
    """Return the plan of a run on a cluster of known capacity, as `plan_run` does.

    Args:
        config: of the run; already checked.
        cluster: its capacity.
        extra_settings: settings that the run's folder has besides those of a run, as a sweep's has.

    Raises:
        UserError: the corpora, or an earlier run of the name, don't fit.
    """
    counts, scale = sampling.count_row_groups(
        [storage.absolute(d) for d in config.data], MAX_ROW_GROUPS
    )
    settings, train, _ = resolve(config, counts)
    settings |= extra_settings
    taxonomy, recipe = Taxonomy.from_dict(settings["taxonomy"]), config.recipe
    drawings = {role: round(count * scale) for role, count in settings["drawings"].items()}
    if scale > 1:
        # An earlier run of the name counted all rows, so an estimate would look like other corpora.
        del settings["drawings"]
    repeats = count_repeats(recipe, taxonomy)
    epoch_size = round(sum(count_drawings(g, repeats) for g in train) * scale)
    fit = create_fit(
        recipe,
        taxonomy,
        steps_per_epoch=1,
        part_counts=[sum(counts) for counts in zip(*(g.parts for g in train), strict=True)],
        device=torch.device("cpu"),
    )
    # With the fewest workers each has the largest part of a batch.
    least, most = least_most(config)
    largest_share = max(1, min(recipe.step_drawings(least), epoch_size) // least)
    shares = Shares(drawings=epoch_size, batch_size=recipe.step_drawings(most), workers=most)
    first = RowSubset(path=train[0].path, row_group=train[0].number)
    rows = sampling.read_rows(first, "train", settings["selection"], taxonomy, recipe.labels)
    step_mb = _measure_step_mb(fit, rows, largest_share)
    buffer_mb = _BUFFER_MB * min(1.0, epoch_size / dataloader.BUFFER)
    # Row groups that are mixed, as they are read; a worker's part of the rows may be fewer.
    held = min(dataloader.MIXED * len(rows), sum(g.rows for g in train) * scale / least)
    window_mb = held * rows.nbytes / max(1, len(rows)) / 2**20
    return {
        **_plan_folder(config.storage, config.run, settings),
        **_plan_data(counts, scale, settings, drawings),
        **_plan_epochs(recipe, recipe.step_drawings(most), epoch_size, fit.net),
        "strokes_per_worker": round(sampling.count_strokes(train, shares.batch_size / most)),
        "shares_norms": sampling.shares_norms(train, shares),
        **_plan_resources(least_most(config), config.gpus_per_worker, cluster),
        # Hundreds of MB: a finer figure would look more certain than it is.
        "worker_mb": round(_PROCESS_MB + _STEP_FACTOR * step_mb + buffer_mb + window_mb, -2),
    }


def plan_detector(config: TrainDetectorConfig) -> Plan:
    """Return the plan of a detector's run, with None for `worker_mb`.

    Raises:
        UserError: as the training would.
    """
    settings = resolve_detector(config)
    cluster = predict_capacity(cpus=1.0, gpus=config.gpus_per_worker)
    yolo.prepare()
    classes = len(class_names(Taxonomy.from_dict(settings["taxonomy"])))
    net = yolo.network(yolo.definition(config.recipe.model, classes), classes)
    counts, scale = sampling.count_row_groups(settings["data"], MAX_ROW_GROUPS)
    return {
        **_plan_folder(config.storage, config.run, settings),
        **_plan_data(counts, scale, settings, settings["scenes"]),
        **_plan_epochs(config.recipe, config.recipe.batch_size, settings["scenes"]["train"], net),
        "strokes_per_worker": 0,
        "shares_norms": False,
        **_plan_resources((1, 1), config.gpus_per_worker, cluster),
        "worker_mb": None,  # the estimate is fitted to this package's own loop
    }


def _plan_folder(storage_folder: str, name: str, settings: Mapping[str, Any]) -> Plan:
    run = storage.absolute(storage.join(storage_folder, name))
    claimed = run_folder.is_claimed(run, settings, run_folder.RUN)
    return {
        "run": run,
        "kind": settings["kind"],
        "weights": settings.get("weights", []),
        "finished": claimed and storage.exists(storage.join(run, "summary.json")),
        "epochs_done": len(metrics_log.read(run)) if claimed else 0,
    }


def _plan_data(
    counts: pa.Table,
    scale: float,
    settings: Mapping[str, Any],
    drawings: Mapping[str, int],
) -> Plan:
    splits = count_splits(counts)
    return {
        "taxonomy": settings["taxonomy"]["name"],
        "splits": {str(name or "none"): round(n * scale) for name, n in splits.most_common()},
        "drawings": dict(drawings),
        "selection": settings["selection"],
        "estimated": scale > 1,
    }


def _plan_epochs(recipe: Any, batch: int, epoch_size: int, net: torch.nn.Module) -> Plan:
    return {
        "parameters": sum(p.numel() for p in net.parameters()),
        "epochs": recipe.epochs,
        "batch_size": batch,
        "drawings_per_epoch": epoch_size,
        "steps_per_epoch": -(-epoch_size // batch),
    }


def _plan_resources(workers: tuple[int, int], gpus_per_worker: float, cluster: Capacity) -> Plan:
    most = workers[1]
    return {
        "workers": list(workers),
        "cpus": most,
        "gpus": most * gpus_per_worker,
        "cluster": {"cpus": cluster.cpus, "gpus": cluster.gpus, "nodes": cluster.nodes},
    }


def _measure_step_mb(fit: Fit, rows: pa.Table, size: int) -> float:
    """Measure the MB that an average step keeps for its gradients, with one batch of rows."""
    # Evenly spread, because drawings of a category are next to each other.
    table = rows.take(np.linspace(0, len(rows) - 1, min(size, len(rows))).astype(int))
    generator = torch.Generator().manual_seed(0)
    batch = dataloader.collate([table], fit.taxonomy, fit.config.labels)
    # By address, because views share the memory of one tensor.
    kept_bytes: dict[int, int] = {}

    def record(tensor: torch.Tensor) -> torch.Tensor:
        kept_bytes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(record, lambda tensor: tensor):
        fit.loss(augment(batch, fit.config.augment, generator), generator)
    return sum(kept_bytes.values()) / len(batch) * size / 2**20


def format_run_plan(plan: Plan) -> list[str]:
    """Return the plan of a run in lines of text.

    Args:
        plan: one of the above, with the `recipe`'s name and the `changes` to it.
    """
    return format_plan(plan["run"], plan["finished"], describe_run(plan))


def describe_run(plan: Plan, workers_of: str = "") -> list[tuple[str, str]]:
    """Return the names and texts of a run's lines; `workers_of` follows the number of workers."""
    steps, done = plan["steps_per_epoch"], plan["epochs_done"]
    batch, most = plan["batch_size"], plan["workers"][1]
    each = f" ({batch // most:,} a worker)" if most > 1 else ""
    epochs = f"{plan['epochs']}, {steps:,} step{'s' * (steps > 1)} of {batch:,}{each} in each"
    lines = [
        ("data", _describe_data(plan)),
        ("network", _describe_network(plan)),
        ("epochs", f"{epochs}; {done} done before" if done else epochs),
        ("workers", _describe_workers(plan, workers_of)),
        *(("note", note) for note in _find_notes(plan)),
    ]
    if plan["worker_mb"] is not None:
        lines.append(("memory", f"roughly {plan['worker_mb'] / 1000:.1f} GB a worker"))
    return [*lines, ("run", plan["run"])]


def _find_notes(plan: Plan) -> list[str]:
    """Return what the numbers of drawings and strokes per step mean for the training."""
    if plan["kind"] == "detector":
        return []
    most, notes = plan["workers"][1], []
    share, strokes = plan["batch_size"] // most, plan["strokes_per_worker"]
    if plan["gpus"] and share < _FEW_DRAWINGS:
        notes.append(
            f"a GPU takes as long for {share} drawings a step as for about a thousand; --recipe "
            "gpu is for that"
        )
    if plan["shares_norms"]:
        few = f"about {strokes} strokes a worker and step, fewer than {sampling.MANY_STROKES}"
        unknown = f"{share} scenes a worker and step, whose strokes are unknown"
        notes.append(
            f"{few if strokes else unknown}: the batch norms of all workers measure their strokes "
            "together"
        )
    steps = plan["epochs"] * plan["steps_per_epoch"]
    if share >= _FEW_DRAWINGS and steps < _FEW_STEPS:
        notes.append(f"{steps:,} steps in all are few to learn in; lower --batch-size")
    return notes


def _describe_data(plan: Plan) -> str:
    noun = "scenes" if MODEL_KINDS[plan["kind"]].labels == "objects" else "drawings"
    about = "about " if plan["estimated"] else ""
    splits = ", ".join(
        f"{count:,} {'without a split' if name == 'none' else name}"
        for name, count in plan["splits"].items()
    )
    train, select = plan["drawings"]["train"], plan["drawings"]["select"]
    selection = {
        "valid": f"{select:,} of valid to select the best epoch on",
        "tenth": f"{select:,}, a tenth, to select the best epoch on",
        "none": "the last epoch is kept",
    }[plan["selection"]]
    rows = f"{about}{sum(plan['splits'].values()):,} rows ({splits})"
    return f"{rows}; {train:,} {noun} of {plan['taxonomy']} to train on, {selection}"


def _describe_network(plan: Plan) -> str:
    weights = plan["weights"]
    initial = f"initialised from {' and '.join(weights)}" if weights else "from scratch"
    changes = f" with {', '.join(plan['changes'])}" if plan["changes"] else ""
    recipe = f"recipe {plan['recipe']}{changes}"
    return f"{plan['kind']} of {plan['parameters']:,} parameters, {initial}; {recipe}"


def _describe_workers(plan: Plan, workers_of: str) -> str:
    least, most = plan["workers"]
    workers = f"{least}" if least == most else f"{least} to {most}"
    cluster, nodes = plan["cluster"], plan["cluster"]["nodes"]
    return (
        f"{workers}{workers_of}; needs {amounts(plan['cpus'], plan['gpus'])}, of "
        f"{amounts(cluster['cpus'], cluster['gpus'])} on {nodes} node{'s' * (nodes > 1)}"
    )
