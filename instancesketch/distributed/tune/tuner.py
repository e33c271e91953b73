"""Searches a recipe's values: Ray Tune over runs of Ray Train, with Optuna and ASHA.

Every trial is a run as `train` makes it, in a folder of the sweep. A sweep that was stopped goes on
by these folders alone: what is at its end is told to a new search, what isn't is trained on.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from instancesketch.batch import job_log
from instancesketch.core import run_folder, storage
from instancesketch.core.errors import UserError
from instancesketch.core.progress import Progress
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.cluster import Capacity, connect, describe, quiet_data
from instancesketch.distributed.train.config import least_most
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.tune.config import TuneConfig, check_sweep, of_sweep
from instancesketch.tracking import sweep_plots
from instancesketch.tracking.sweep import (
    TITLES,
    Sweep,
    Trial,
    best_config,
    best_of,
    table_of,
    to_csv,
)
from instancesketch.training.config import Selection
from instancesketch.training.search_space import Space

# Where Tune keeps its own state, which nobody reads: the folder goes when the sweep ends.
_TUNE = "_tune"


def tune(config: TuneConfig) -> dict[str, Any]:
    """Runs a sweep, or continues it; returns its summary.

    Raises:
        UserError: the cluster, the corpus or an earlier sweep of the name doesn't fit, or every
            trial failed.
    """
    check_sweep(config)
    location = storage.absolute(storage.join(config.train.storage, config.train.run))
    concurrent, capacity = room(config, connect)
    quiet_data()
    settings = resolve(config.train)[0] | of_sweep(config)
    summary = run_folder.claim(location, settings, run_folder.RUN)
    if summary is not None:
        return summary | {"finished_before": True}
    started = time.perf_counter()
    sweep = Sweep(location=location, kind=config.space.kind)
    with job_log.log_to(location, f"tune {config.space.kind}", settings, describe()):
        before = sweep.trials()
        if any(t.to_do for t in before) or len(before) < config.trials:
            sharing = math.ceil(concurrent / capacity.nodes)
            _search(config, sweep, settings, concurrent, sharing)
        return _finish(config, sweep, settings, time.perf_counter() - started)


def room(config: TuneConfig, ask: Callable[..., Capacity]) -> tuple[int, Capacity]:
    """How many trials to run at once: each takes its workers, and a CPU that reads for them.

    Args:
        config: the sweep.
        ask: whoever knows what the cluster has: `cluster.connect` or `cluster.foresee`.

    Raises:
        UserError: there isn't room for one, or for as many as are asked for.
    """
    workers, gpus = least_most(config.train)[1], config.train.gpus_per_worker
    capacity = ask(workers=workers, cpus=1.0, gpus=gpus)
    ask(workers=workers + 1, cpus=1.0)
    fits = capacity.cpus // (workers + 1)
    if gpus:
        fits = min(fits, capacity.room // workers)
    fits = max(1, fits)  # where it grows, it grows for one
    wanted = config.concurrent or min(fits, config.trials)
    if wanted > fits:
        try:
            ask(workers=wanted * workers, cpus=1.0, gpus=gpus)
            ask(workers=wanted * (workers + 1), cpus=1.0)
        except UserError:
            raise UserError(
                f"--concurrent {wanted}: the cluster has room for {fits} at once, each with "
                f"{workers} CPUs{f' and {workers * gpus:g} GPUs' if gpus else ''} to train and a "
                "CPU to read; lower --concurrent or --workers"
            ) from None
    return wanted, capacity


def _search(
    config: TuneConfig, sweep: Sweep, settings: Mapping[str, Any], concurrent: int, sharing: int
) -> None:
    # Ctrl-C ends the sweep here and now, not when Tune has put its state away.
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # whose tables `verbose` does not turn off
    from ray import tune

    from instancesketch.distributed.tune import scheduler, trials

    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    job = trials.Job(
        sweep=sweep,
        space=config.space,
        # Trials run in other working folders, and on other machines.
        train=replace(
            config.train,
            data=tuple(settings["data"]),
            taxonomy=Taxonomy.from_dict(settings["taxonomy"]),
            selection=settings["selection"],
            runs_at_once=sharing,
        ),
        figure=sweep.figure,
    )
    search = trials.Search(job, config.trials, config.train.recipe.seed)
    watch = trials.Watch(job, config.trials)
    storage.remove(storage.join(sweep.location, _TUNE))
    tuner = tune.Tuner(
        # The workers ask for their own CPUs; the trial itself only waits for them.
        tune.with_resources(tune.with_parameters(trials.TrialRun, job=job), {"CPU": 0.01}),
        tune_config=tune.TuneConfig(
            search_alg=search,
            scheduler=scheduler.early_stopping(
                sweep, job.epochs, settings["grace"], config.reduction
            ),
            num_samples=len(search.numbers),
            max_concurrent_trials=concurrent,
            reuse_actors=False,
        ),
        run_config=tune.RunConfig(
            name=_TUNE,
            storage_path=sweep.location,
            callbacks=[watch],
            failure_config=tune.FailureConfig(max_failures=trials.MOST_LOSSES),
            # A trial's run keeps its own checkpoints.
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_frequency=0, checkpoint_at_end=False
            ),
            verbose=0,
        ),
    )
    with Progress(f"tune {config.train.run}", config.train.quiet, watch.text):
        tuner.fit()
    storage.remove(storage.join(sweep.location, _TUNE))


def _finish(
    config: TuneConfig, sweep: Sweep, settings: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Writes what the sweep has found out, and once no trial is left to do its summary."""
    found = sweep.trials()
    again = sum(t.to_do for t in found)
    best = best_of(found)
    table = table_of(found, sweep.figure)
    storage.write_json(storage.join(sweep.location, "trials.json"), table)
    storage.write_text(storage.join(sweep.location, "trials.csv"), to_csv(table))
    if best is None:
        reason = next((t.reason for t in found if t.reason), "none came to its end")
        then = f"; the same command tries {again} of them again" if again else ""
        raise UserError(f"every trial of {sweep.location} failed, such as by: {reason}{then}")
    storage.write_text(
        storage.join(sweep.location, "best.toml"),
        best_config(sweep, config.space, best, _options(config, settings)),
    )
    _draw(config.space, sweep, found, settings["selection"])
    counts = {
        o: sum(t.outcome == o for t in found) for o in ("finished", "stopped early", "failed")
    }
    summary = {
        "sweep": sweep.location,
        "trials": len(found),
        **{name.replace(" ", "_"): number for name, number in counts.items()},
        "again": again,  # of those that failed, not for their values
        "figure": sweep.figure,
        "best": next(row for row in table if row["trial"] == best.name),
        "first": next(t.score for t in found if t.number == 1),
        "drawings": settings["drawings"],
        "selection": settings["selection"],
        "seconds": seconds,
    }
    if not again:  # or the same command would find the sweep finished
        storage.write_json(storage.join(sweep.location, "summary.json"), summary)
    return summary


def _options(config: TuneConfig, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `train` that all trials have in common."""
    options: dict[str, Any] = {"select": settings["selection"]}
    least, most = least_most(config.train)
    workers = least if least == most else f"{least}-{most}"
    options |= {"workers": workers, "gpus_per_worker": config.train.gpus_per_worker}
    taxonomy = config.train.taxonomy
    if isinstance(taxonomy, str):
        shipped = taxonomy in Taxonomy.shipped()
        options["taxonomy"] = taxonomy if shipped else storage.absolute(taxonomy)
    return options


def _draw(space: Space, sweep: Sweep, found: Sequence[Trial], selection: Selection) -> None:
    title = f"{TITLES[sweep.figure]} on the selection split"
    pictures = {
        "curves.svg": sweep_plots.draw_curves(found, title),
        "parameters.svg": sweep_plots.draw_parameters(found, space.dimensions, title),
    }
    for name, figure in pictures.items():
        storage.write_atomically(
            storage.join(sweep.location, name),
            partial(figure.savefig, format="svg"),
        )
