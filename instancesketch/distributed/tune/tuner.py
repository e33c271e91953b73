"""Search a recipe's values: Ray Tune over runs of Ray Train, with Optuna and ASHA.

Each trial is a run as `train` makes it, in a folder of the sweep. A sweep that was stopped is
continued by these folders alone, never by Tune's own state: trials that ended are passed to a new
search, the others are trained on.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from instancesketch.batch import job_log
from instancesketch.core import run_folder, storage
from instancesketch.core.errors import UserError
from instancesketch.core.lease import Lease
from instancesketch.core.progress import Progress
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.cluster import Capacity, connect, describe
from instancesketch.distributed.quiet import quiet_data
from instancesketch.distributed.train.config import least_most
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.tune.config import TuneConfig, check_sweep
from instancesketch.tracking import sweep_plots
from instancesketch.tracking.sweep import (
    Sweep,
    Trial,
    best_toml,
    best_trial,
    build_table,
    table_to_csv,
)

if TYPE_CHECKING:
    from ray.tune import Tuner

    from instancesketch.distributed.tune.search import Search
    from instancesketch.distributed.tune.sweep_progress import SweepProgress
    from instancesketch.distributed.tune.trials import TrialTemplate

# Tune's own state, below the sweep's folder; it is removed before and after.
_TUNE_FOLDER = "_tune"


def tune(config: TuneConfig) -> dict[str, Any]:
    """Run a sweep, or continue it, and return its summary.

    While another command does so, this one waits, and then continues where that ended.

    Raises:
        UserError: the cluster or the corpora don't fit, there is a sweep of the name with other
            settings, or every trial failed.
    """
    check_sweep(config)
    location = storage.absolute(storage.join(config.train.storage, config.train.run))
    if (finished := run_folder.read_summary(location)) is not None:
        settings = resolve(config.train)[0] | config.sweep_settings()
        if run_folder.is_claimed(location, settings, run_folder.RUN):
            return finished | {"finished_before": True}  # no need for Ray to say so
    concurrent = choose_concurrency(config, connect)[0]
    quiet_data()
    settings = resolve(config.train)[0] | config.sweep_settings()
    sweep = Sweep(location=location, model_kind=config.space.model_kind)

    def work(held: Lease) -> dict[str, Any]:
        started = time.perf_counter()
        verb = f"tune {sweep.model_kind}"
        with job_log.log_to(location, verb, settings, describe(), held.is_held):
            before = sweep.trials()
            if any(t.pending for t in before) or len(before) < config.trials:
                _run_trials(config, sweep, settings, concurrent)
            held.refuse_loss()
            return _write_results(config, sweep, settings, time.perf_counter() - started)

    return run_folder.finish_run(location, settings, work)


def choose_concurrency(
    config: TuneConfig, ask_cluster: Callable[..., Capacity]
) -> tuple[int, Capacity]:
    """Return the number of trials to run at once, and what the cluster has.

    Each trial takes its workers, and a CPU that reads for them.

    Args:
        config: the sweep.
        ask_cluster: `cluster.connect` or `cluster.predict_capacity`.

    Raises:
        UserError: there isn't room for one trial, or for the number that the config names.
    """
    workers, gpus = least_most(config.train)[1], config.train.gpus_per_worker
    capacity = ask_cluster(workers=workers, cpus=1.0, gpus=gpus)
    # The CPU that reads has no GPU, so it is checked separately.
    ask_cluster(workers=workers + 1, cpus=1.0)
    # A cluster at rest may have no more than a head: the sweep uses what it grows to.
    fits = capacity.most_cpus // (workers + 1)
    if gpus:
        # `room` counts workers by CPUs and GPUs together, of the nodes that are there.
        fits = min(fits, max(capacity.room, int(capacity.most_gpus / gpus)) // workers)
    # The checks above passed, so there is room for one trial at least.
    fits = max(1, fits)
    concurrent = config.concurrent or min(fits, config.trials)
    if concurrent > fits:
        raise UserError(
            f"--concurrent {concurrent}: the cluster has room for {fits} at once, each with "
            f"{workers} CPUs{f' and {workers * gpus:g} GPUs' if gpus else ''} to train and a "
            "CPU to read; lower --concurrent or --workers"
        )
    return concurrent, capacity


def _run_trials(
    config: TuneConfig,
    sweep: Sweep,
    settings: Mapping[str, Any],
    concurrent: int,
) -> None:
    """Run all trials that haven't ended."""
    _set_environment()
    from instancesketch.distributed.tune.search import Search
    from instancesketch.distributed.tune.sweep_progress import SweepProgress
    from instancesketch.distributed.tune.trials import MOST_LOSSES, TrialTemplate

    train = replace(
        config.train,
        # Trials run in other working folders, and on other machines.
        data=tuple(settings["data"]),
        taxonomy=Taxonomy.from_dict(settings["taxonomy"]),
        selection=settings["selection"],
        runs_at_once=concurrent,
    )
    template = TrialTemplate(sweep=sweep, space=config.space, train=train)
    search = Search(sweep, config.space, config.trials, config.train.recipe.seed)
    progress = SweepProgress(sweep, config.trials, MOST_LOSSES)
    tuner = _build_tuner(template, search, progress, settings, concurrent)
    # The state that a killed sweep left there is out of date.
    storage.remove(storage.join(sweep.location, _TUNE_FOLDER))
    with Progress(f"tune {config.train.run}", config.train.quiet, progress.text):
        tuner.fit()
    storage.remove(storage.join(sweep.location, _TUNE_FOLDER))


def _set_environment() -> None:
    """Set the variables that Ray Tune reads when it is imported."""
    # Ctrl-C ends the sweep at once, not when Tune has put its state away.
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    # Tune's new tables are printed even with `verbose=0`.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def _build_tuner(
    template: TrialTemplate,
    search: Search,
    progress: SweepProgress,
    settings: Mapping[str, Any],
    concurrent: int,
) -> Tuner:
    from ray import tune

    from instancesketch.distributed.tune.scheduler import build_scheduler
    from instancesketch.distributed.tune.trials import MOST_LOSSES, TrialRun

    trainable = tune.with_parameters(TrialRun, template=template)
    return tune.Tuner(
        # The workers ask for their own CPUs; the trial itself only waits for them.
        tune.with_resources(trainable, {"CPU": 0.01}),
        tune_config=tune.TuneConfig(
            search_alg=search,
            scheduler=build_scheduler(
                template.sweep, template.epochs, settings["grace"], settings["reduction"]
            ),
            num_samples=len(search.numbers),
            max_concurrent_trials=concurrent,
            # An actor's thread, queue and controller are of one trial.
            reuse_actors=False,
        ),
        run_config=tune.RunConfig(
            name=_TUNE_FOLDER,
            storage_path=template.sweep.location,
            callbacks=[progress],
            failure_config=tune.FailureConfig(max_failures=MOST_LOSSES),
            # The trials' runs have checkpoints of their own.
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_frequency=0, checkpoint_at_end=False
            ),
            verbose=0,  # `Progress` shows the sweep
        ),
    )


def _write_results(
    config: TuneConfig, sweep: Sweep, settings: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Write the results of all trials, and return the summary.

    Raises:
        UserError: no trial finished.
    """
    trials = sweep.trials()
    # Written even where every trial failed, because the table has their reasons.
    table = build_table(trials, sweep.metric)
    storage.write_json(storage.join(sweep.location, "trials.json"), table)
    storage.write_text(storage.join(sweep.location, "trials.csv"), table_to_csv(table))
    best, pending = best_trial(trials), sum(t.pending for t in trials)
    if best is None:
        reason = next((t.reason for t in trials if t.reason), "no trial finished")
        then = f"; the same command tries {pending} of them again" if pending else ""
        raise UserError(f"every trial of {sweep.location} failed, such as by: {reason}{then}")
    options = _train_options(config, settings)
    text = best_toml(sweep, config.space, best, options)
    storage.write_text(storage.join(sweep.location, "best.toml"), text)
    _draw_plots(config, sweep, trials)
    outcomes = [t.outcome for t in trials]
    summary = {
        "sweep": sweep.location,
        "trials": len(trials),
        "finished": outcomes.count("finished"),
        "stopped_early": outcomes.count("stopped early"),
        "failed": outcomes.count("failed"),
        "again": pending,  # of those that failed
        "figure": sweep.metric,
        "best": next(row for row in table if row["trial"] == best.name),
        "first": next(t.score for t in trials if t.number == 1),
        "drawings": settings["drawings"],
        "selection": settings["selection"],
        "seconds": seconds,
    }
    # With a summary the same command would take the sweep for finished.
    if not pending:
        storage.write_json(storage.join(sweep.location, "summary.json"), summary)
    return summary


def _train_options(config: TuneConfig, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `train` that all trials had, besides the recipe."""
    least, most = least_most(config.train)
    options = {
        "select": settings["selection"],
        "workers": least if least == most else f"{least}-{most}",
        "gpus_per_worker": config.train.gpus_per_worker,
    }
    taxonomy = config.train.taxonomy
    if isinstance(taxonomy, str):
        # `best.toml` may be used in another working folder, where a relative path is another file.
        shipped = taxonomy in Taxonomy.shipped()
        options["taxonomy"] = taxonomy if shipped else storage.absolute(taxonomy)
    return options


def _draw_plots(config: TuneConfig, sweep: Sweep, trials: Sequence[Trial]) -> None:
    title = f"{sweep.metric_title} on the selection split"
    dimensions = config.space.dimensions
    plots = {
        "curves.svg": sweep_plots.draw_curves(trials, title),
        "parameters.svg": sweep_plots.draw_parameters(trials, dimensions, title),
    }
    for name, figure in plots.items():
        storage.write_atomically(
            storage.join(sweep.location, name), partial(figure.savefig, format="svg")
        )
