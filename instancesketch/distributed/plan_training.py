"""Plans of training runs and sweeps, made without training or writing anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from instancesketch.core import run_folder, storage
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.cluster import Capacity, amounts, foresee
from instancesketch.distributed.train.config import (
    TrainConfig,
    TrainDetectorConfig,
    check,
    least_most,
)
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.train.train_detector import resolve_detector
from instancesketch.distributed.tune.config import TuneConfig, check_sweep
from instancesketch.distributed.tune.tuner import choose_concurrency
from instancesketch.inference.detector import class_names
from instancesketch.models import yolo
from instancesketch.tracking import metrics_log
from instancesketch.tracking.reporter import check_track
from instancesketch.tracking.sweep import Sweep
from instancesketch.training import config, dataloader, sampling
from instancesketch.training.augment import augment
from instancesketch.training.sampling import RowGroup, RowSubset
from instancesketch.training.trainer import Fit, create_fit

# Memory of a worker: MB of a process with Ray and torch, MB of a full shuffle buffer, and a factor
# on what an average step keeps for its gradients. Fitted to the peaks of runs on CPUs.
_PROCESS_MB, _BUFFER_MB, _TIMES_STEP = 900.0, 1200.0, 3.5

# Row groups that are counted; of larger corpora a sample, evenly spread.
MOST_GROUPS = 200

Plan = dict[str, Any]


def plan_run(config: TrainConfig) -> Plan:
    """Return the plan of a run.

    Returns:
        `run`; `kind`; `finished`, and `epochs_done` otherwise; `taxonomy`; `splits`, rows of each
        split; `drawings` to `train` and to `select` on, by `selection`; `estimated`, whether these
        are counted in a part of large corpora only; `parameters` of the network; `epochs`,
        `batch_size`, `drawings_per_epoch`, `steps_per_epoch`; `workers`, least and most; `cpus` and
        `gpus` that they want; `cluster`, what there is; `worker_mb`, memory of each expected.

    Raises:
        UserError: as training would.
    """
    check(config)
    check_track(config.track)
    cluster = foresee(workers=least_most(config)[0], cpus=1.0, gpus=config.gpus_per_worker)
    return _plan(config, cluster)


def plan_sweep(config: TuneConfig) -> Plan:
    """Return the plan of a sweep: that of a run of its recipe, and of all trials.

    Returns:
        What `plan_run` does, and `trials`, `trials_done`, `concurrent`, `grace`, `reduction`, and
        `space`, what is searched.

    Raises:
        UserError: as the sweep would.
    """
    check_sweep(config)
    concurrent, cluster = choose_concurrency(config, foresee)
    besides = config.sweep_settings()
    plan = _plan(config.train, cluster, besides)
    found = Sweep(location=plan["run"], model_kind=config.space.model_kind).trials()
    # One CPU more per trial, to read for its workers.
    wanted = {"cpus": concurrent * (plan["cpus"] + 1), "gpus": concurrent * plan["gpus"]}
    done = sum(not trial.pending for trial in found)
    return plan | besides | wanted | {"concurrent": concurrent, "trials_done": done}


def plan_detector(config: TrainDetectorConfig) -> Plan:
    """Return the plan of a detector's run, without an estimate of its memory.

    Raises:
        UserError: as training would.
    """
    settings = resolve_detector(config)
    cluster = foresee(cpus=1.0, gpus=config.gpus_per_worker)
    yolo.prepare()
    classes = len(class_names(Taxonomy.from_dict(settings["taxonomy"])))
    net = yolo.network(yolo.definition(config.recipe.model, classes), classes)
    groups, times = sampling.sample_row_groups(settings["data"], MOST_GROUPS)
    return {
        **_where(config.storage, config.run, settings),
        **_data(groups, times, settings, settings["scenes"]),
        **_steps(config.recipe, settings["scenes"]["train"], net),
        **_means((1, 1), config.gpus_per_worker, cluster),
        "worker_mb": None,
    }


def _plan(config: TrainConfig, cluster: Capacity, besides: Mapping[str, Any] | None = None) -> Plan:
    groups, times = sampling.sample_row_groups(
        [storage.absolute(d) for d in config.data], MOST_GROUPS
    )
    settings, train, _ = resolve(config, groups)
    settings |= besides or {}
    taxonomy, recipe = Taxonomy.from_dict(settings["taxonomy"]), config.recipe
    drawings = {role: round(number * times) for role, number in settings["drawings"].items()}
    if times > 1:  # those of the run that may be there were counted
        del settings["drawings"]
    used = round(dataloader.epoch_size(train, dataloader.count_repeats(recipe, taxonomy)) * times)
    fit = create_fit(
        recipe,
        taxonomy,
        steps_per_epoch=1,
        part_counts=[sum(counts) for counts in zip(*(g.parts for g in train), strict=True)],
        device=torch.device("cpu"),
    )
    share = min(recipe.batch_size, used) // least_most(config)[0]
    kept = _TIMES_STEP * _step_mb(fit, train, settings["selection"], max(1, share))
    kept += _BUFFER_MB * min(1.0, used / dataloader.BUFFER)
    return {
        **_where(config.storage, config.run, settings),
        **_data(groups, times, settings, drawings),
        **_steps(recipe, used, fit.net),
        **_means(least_most(config), config.gpus_per_worker, cluster),
        "worker_mb": round(_PROCESS_MB + kept, -2),
    }


def _where(folder: str, name: str, settings: Mapping[str, Any]) -> Plan:
    run = storage.absolute(storage.join(folder, name))
    there = run_folder.is_claimed(run, settings, run_folder.RUN)
    return {
        "run": run,
        "kind": settings["kind"],
        "weights": settings.get("weights", []),
        "finished": there and storage.exists(storage.join(run, "summary.json")),
        "epochs_done": len(metrics_log.read(run)) if there else 0,
    }


def _data(
    groups: Sequence[tuple[str, int]],
    times: float,
    settings: Mapping[str, Any],
    drawings: Mapping[str, int],
) -> Plan:
    splits = sampling.count_splits(groups)
    return {
        "taxonomy": settings["taxonomy"]["name"],
        "splits": {str(name or "none"): round(n * times) for name, n in splits.most_common()},
        "drawings": dict(drawings),
        "selection": settings["selection"],
        "estimated": times > 1,
    }


def _steps(recipe: Any, used: int, net: torch.nn.Module) -> Plan:
    return {
        "parameters": sum(p.numel() for p in net.parameters()),
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "drawings_per_epoch": used,
        "steps_per_epoch": -(-used // recipe.batch_size),
    }


def _means(workers: tuple[int, int], gpus: float, cluster: Capacity) -> Plan:
    return {
        "workers": list(workers),
        "cpus": workers[1],
        "gpus": workers[1] * gpus,
        "cluster": {"cpus": cluster.cpus, "gpus": cluster.gpus, "nodes": cluster.nodes},
    }


def _step_mb(fit: Fit, train: Sequence[RowGroup], selection: config.Selection, size: int) -> float:
    """Measure the MB that an average step keeps for its gradients, with one batch of the corpus."""
    labels = fit.config.labels
    first = RowSubset(path=train[0].path, row_group=train[0].number)
    table = sampling.read_rows(first, "train", selection, fit.taxonomy, labels)
    # Evenly spread, because drawings of a category are next to each other.
    table = table.take(np.linspace(0, len(table) - 1, min(size, len(table))).astype(int))
    generator = torch.Generator().manual_seed(0)
    batch = dataloader.collate([table], fit.taxonomy, labels)
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        fit.loss(augment(batch, fit.config.augment, generator), generator)
    return sum(kept.values()) / len(batch) * size / 2**20


def in_words(plan: Plan) -> list[str]:
    """A plan in lines.

    Args:
        plan: one of the above, and the `recipe`'s name with the `changes` to it.
    """
    if plan["finished"]:
        return [f"nothing to do: {plan['run']} is finished"]
    lines = [*_of_trials(plan)] if "trials" in plan else []
    done, steps = plan["epochs_done"], plan["steps_per_epoch"]
    lines += [
        ("data", _data_in_words(plan)),
        ("network", _network_in_words(plan)),
        ("epochs", f"{plan['epochs']}, {steps:,} step{'s' * (steps > 1)} of "
                   f"{plan['batch_size']} in each{f'; {done} done before' if done else ''}"),
        ("workers", _workers_in_words(plan)),
    ]  # fmt: skip
    if plan["worker_mb"] is not None:
        lines.append(("memory", f"roughly {plan['worker_mb'] / 1000:.1f} GB a worker"))
    lines.append(("run", plan["run"]))
    return [f"{name and name + ':':9}{said}" for name, said in lines]


def _of_trials(plan: Plan) -> list[tuple[str, str]]:
    grace, done = plan["grace"], plan["trials_done"]
    before = f"; {done} done before" if done else ""
    first, *rest = [f"{key} {_searched(told)}" for key, told in plan["space"].items()]
    return [
        (
            "trials",
            f"{plan['trials']}, {plan['concurrent']} at once, each of {grace} epochs at least; "
            f"then of {plan['reduction']} that have come as far, one goes on{before}",
        ),
        ("search", first),
        *(("", line) for line in rest),
    ]


def _searched(told: Mapping[str, Any]) -> str:
    if "choices" in told:
        return " or ".join(json.dumps(choice).strip('"') for choice in told["choices"])
    low, high = told["range"]
    return f"from {low:g} to {high:g}{', by orders of magnitude' if told.get('log') else ''}"


def _data_in_words(plan: Plan) -> str:
    what = "scenes" if MODEL_KINDS[plan["kind"]].labels == "objects" else "drawings"
    about = "about " if plan["estimated"] else ""
    splits = ", ".join(
        f"{number:,} {'without a split' if name == 'none' else name}"
        for name, number in plan["splits"].items()
    )
    train, select = plan["drawings"]["train"], plan["drawings"]["select"]
    chosen = {
        "valid": f"{select:,} of valid to select the best epoch on",
        "tenth": f"{select:,}, a tenth, to select the best epoch on",
        "none": "the last epoch is taken",
    }[plan["selection"]]
    rows = f"{about}{sum(plan['splits'].values()):,} rows ({splits})"
    return f"{rows}; {train:,} {what} of {plan['taxonomy']} to train on, {chosen}"


def _network_in_words(plan: Plan) -> str:
    begins = (
        f"initialised from {' and '.join(plan['weights'])}" if plan["weights"] else "from scratch"
    )
    changes = f" with {', '.join(plan['changes'])}" if plan["changes"] else ""
    recipe = f"recipe {plan['recipe']}{changes}"
    return f"{plan['kind']} of {plan['parameters']:,} parameters, {begins}; {recipe}"


def _workers_in_words(plan: Plan) -> str:
    least, most = plan["workers"]
    asked = f"{least}" if least == most else f"{least} to {most}"
    there, nodes = plan["cluster"], plan["cluster"]["nodes"]
    return (
        f"{asked}{' a trial' if 'trials' in plan else ''}; wants "
        f"{amounts(plan['cpus'], plan['gpus'])}, of {amounts(there['cpus'], there['gpus'])} on "
        f"{nodes} node{'s' * (nodes > 1)}"
    )
