"""A training run or a sweep as an HTML page, from the files in its folder."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.progress import clock_text
from instancesketch.core.sketch import Sketch
from instancesketch.metrics.formatting import PERCENT
from instancesketch.render.svg import to_svg
from instancesketch.report import charts
from instancesketch.report.runs import render_run, render_sweep
from instancesketch.results.importance import importance_of
from instancesketch.tracking import metrics_log, sweep_plots
from instancesketch.tracking.run_state import RunState
from instancesketch.tracking.snapshot import Snapshot
from instancesketch.tracking.sweep import Sweep, best_trial, build_table
from instancesketch.training.search_space import load_dimensions

# Coordinates of the examples are rounded to this share of a drawing: finer than its pixels.
_RESOLUTION = 500


def write_page(folder: str, settings: Mapping[str, Any], out: str) -> None:
    """Write a run or a sweep as one HTML page, as far as it has come.

    Args:
        folder: of the run or the sweep.
        settings: the content of its `config.json`.
        out: the page.

    Raises:
        UserError: there is nothing to show yet, or the page can't be written.
    """
    location = storage.absolute(folder)
    page = sweep_page(location, settings) if "space" in settings else run_page(location, settings)
    storage.write_text(out, page)


def run_page(run: str, settings: Mapping[str, Any]) -> str:
    """Return the page of a run, as far as it has come.

    Raises:
        UserError: no epoch is done, or the run's state is damaged.
    """
    epochs = metrics_log.read(run)
    if not epochs:
        raise UserError(f"{run} has no epoch to show yet")
    chosen = metrics_log.best_epoch(epochs)
    best = next(epoch for epoch in epochs if epoch["epoch"] == chosen)
    snapshot = RunState(run).snapshot(best["epoch"])
    return render_run(
        title=posixpath.basename(run),
        about=_about(settings, f"{len(epochs)} of {settings['recipe']['epochs']} epochs", epochs),
        epochs=epochs,
        best=best,
        charts=charts.of_run(epochs, chosen if any_score(epochs) else None),
        machine=describe_machine(run),
        recipe=settings["recipe"],
        **({} if snapshot is None else _after_best_epoch(snapshot)),
    )


def any_score(epochs: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether an epoch was measured on a selection split; without one there is no best."""
    return any(e.get(name) is not None for e in epochs for name in PERCENT)


def describe_machine(run: str) -> dict[str, str]:
    """Return what a run was trained on, by name; empty for one of an earlier version."""
    machine = RunState(run).machine()
    if machine is None:
        return {}
    found = {
        "version": machine.version,
        "git commit": machine.commit and machine.commit.replace("+", ", with changed files"),
        "processor": f"{machine.processor}, {machine.cores} cores",
        "GPU": machine.gpu or "none",
        "torch": machine.torch,
    }
    return {name: value for name, value in found.items() if value is not None}


def _after_best_epoch(snapshot: Snapshot) -> dict[str, Any]:
    """Return what `render_run` shows of a snapshot."""

    def svg(sketch: Sketch) -> str:
        colours = snapshot.colours or None
        return to_svg(sketch, colours=colours, by=snapshot.by, resolution=_RESOLUTION)

    pairs = zip(snapshot.truth, snapshot.predicted, strict=True)
    return {
        "confusion": None if snapshot.confusion is None else asdict(snapshot.confusion),
        "examples": [(true.sketch_id, svg(true), svg(predicted)) for true, predicted in pairs],
        "legend": snapshot.legend,
    }


def sweep_page(location: str, settings: Mapping[str, Any]) -> str:
    """Return the page of a sweep, as far as it has come.

    Raises:
        UserError: no epoch of any trial is done.
    """
    sweep = Sweep(location=location, model_kind=settings["kind"])
    trials = sweep.trials()
    best, title = best_trial(trials), sweep.metric_title
    if all(t.score is None for t in trials):
        raise UserError(f"{location} has no epoch of a trial to show yet")
    ended = sum(not t.pending for t in trials)
    # There from the first time that all trials were tried.
    config = storage.join(location, "best.toml")
    dimensions = load_dimensions(settings["space"])
    table, name = build_table(trials, sweep.metric), None if best is None else best.name
    scores = {trial.name: trial.scores for trial in trials}
    drawn = [
        charts.of_trials(f"{title} of every trial", scores, name),
        charts.parallel(
            "Values and score of every trial", table, dimensions, (sweep.metric, title), name
        ),
    ]
    return render_sweep(
        title=posixpath.basename(location),
        about=_about(settings, f"{ended} of {settings['trials']} trials at their end", ()),
        trials=table,
        figure=(sweep.metric, title),
        best=name,
        charts=[chart for chart in drawn if chart is not None],
        importance=importance_of(trials, dimensions),
        parameters=_to_svg(sweep_plots.draw_parameters(trials, dimensions, title)),
        config=storage.read_bytes(config).decode() if storage.exists(config) else None,
    )


def _about(
    settings: Mapping[str, Any], done: str, epochs: Sequence[Mapping[str, Any]]
) -> list[str]:
    # The settings of a detector count scenes instead.
    counts = settings.get("drawings") or settings.get("scenes") or {}
    unit = "drawings" if "drawings" in settings else "scenes"
    words = [settings["kind"], done]
    if counts:
        words.append(f"trained on {counts['train']:,} {unit}")
    if counts.get("select"):
        chosen = f"the best chosen on {counts['select']:,}"
        words.append(f"{chosen}: figures to choose by, not to report")
    if epochs:
        words.append(clock_text(sum(e["seconds"] for e in epochs)))
    return words


def _to_svg(figure: Figure) -> str:
    # Without salt and date the same run would give another page each time.
    stream = io.StringIO()
    with rc_context({"svg.hashsalt": "instancesketch"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()
