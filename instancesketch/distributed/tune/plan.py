"""The plan of a sweep, made without training or writing anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from instancesketch.distributed.cluster import predict_capacity
from instancesketch.distributed.dry_run import Plan, format_plan
from instancesketch.distributed.train.plan import describe_run, plan_with_capacity
from instancesketch.distributed.tune.config import TuneConfig, check_sweep
from instancesketch.distributed.tune.tuner import choose_concurrency
from instancesketch.tracking.sweep import Sweep


def plan_sweep(config: TuneConfig) -> Plan:
    """Return the plan of a sweep: that of a run of its recipe, and of all trials.

    Returns:
        The keys of `plan_run`, with `cpus` and `gpus` of all trials that run at once, and `trials`,
        `trials_done`, `concurrent`, `grace`, `reduction`, and the search `space`.

    Raises:
        UserError: as the sweep would.
    """
    check_sweep(config)
    concurrent, cluster = choose_concurrency(config, predict_capacity)
    settings = config.sweep_settings()
    plan = plan_with_capacity(config.train, cluster, settings)
    trials = Sweep(location=plan["run"], model_kind=config.space.model_kind).trials()
    return plan | {
        **settings,
        # One CPU more per trial, to read for its workers.
        "cpus": concurrent * (plan["cpus"] + 1),
        "gpus": concurrent * plan["gpus"],
        "concurrent": concurrent,
        "trials_done": sum(not trial.pending for trial in trials),
    }


def format_sweep_plan(plan: Plan) -> list[str]:
    """Return the plan of a sweep in lines of text.

    Args:
        plan: of `plan_sweep`, with the `recipe`'s name and the `changes` to it.
    """
    lines = [
        ("trials", _describe_trials(plan)),
        *_describe_space(plan["space"]),
        *describe_run(plan, workers_of=" a trial"),
    ]
    return format_plan(plan["run"], plan["finished"], lines)


def _describe_trials(plan: Plan) -> str:
    grace, done = plan["grace"], plan["trials_done"]
    return (
        f"{plan['trials']}, {plan['concurrent']} at once, each of at least {grace} "
        f"epoch{'s' * (grace > 1)}; ASHA keeps the top 1/{plan['reduction']} at each rung"
        f"{f'; {done} done before' if done else ''}"
    )


def _describe_space(space: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a line for each value that is searched, the first of them named."""
    return [
        ("" if i else "search", f"{key} {_describe_dimension(dimension)}")
        for i, (key, dimension) in enumerate(space.items())
    ]


def _describe_dimension(dimension: Mapping[str, Any]) -> str:
    if "choices" in dimension:
        return " or ".join(json.dumps(choice).strip('"') for choice in dimension["choices"])
    low, high = dimension["range"]
    return f"from {low:g} to {high:g}{' on a log scale' if dimension.get('log') else ''}"
