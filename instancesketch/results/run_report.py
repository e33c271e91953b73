"""A training run or a sweep as a page to look at, from what it keeps in its folder."""

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
from instancesketch.report.runs import render_run, render_sweep
from instancesketch.tracking import metrics_log, pictures, sweep_plots
from instancesketch.tracking.sweep import TITLES, Sweep, best_of, table_of
from instancesketch.training.search_space import dimensions_of


def show(folder: str, settings: Mapping[str, Any], out: str) -> None:
    """Writes a run or a sweep as one HTML page, as far as it has come.

    Args:
        folder: of the run or the sweep.
        settings: what its `config.json` holds.
        out: the page.

    Raises:
        UserError: there is nothing yet to show, or the page can't be written.
    """
    location = storage.absolute(folder)
    page = sweep_page(location, settings) if "space" in settings else run_page(location, settings)
    storage.write_text(out, page)


def run_page(run: str, settings: Mapping[str, Any]) -> str:
    """A run as a page, as far as it has come.

    Raises:
        UserError: no epoch of it is done.
    """
    epochs = metrics_log.read(run)
    if not epochs:
        raise UserError(f"{run} has no epoch to show yet")
    best = max(epochs, key=lambda e: e["score"] if e.get("score") is not None else float("-inf"))
    shown = pictures.left(run, best["epoch"])
    return render_run(
        title=posixpath.basename(run),
        about=_about(settings, f"{len(epochs)} of {settings['recipe']['epochs']} epochs", epochs),
        epochs=epochs,
        best=best,
        curves=_svg(metrics_log.draw_curves(epochs)),
        recipe=settings["recipe"],
        **({} if shown is None else {k: v for k, v in asdict(shown).items() if k != "epoch"}),
    )


def sweep_page(location: str, settings: Mapping[str, Any]) -> str:
    """A sweep as a page, as far as it has come.

    Raises:
        UserError: no epoch of any trial is done.
    """
    sweep = Sweep(location=location, kind=settings["kind"])
    trials = sweep.trials()
    best, title = best_of(trials), TITLES[sweep.figure]
    if all(t.score is None for t in trials):
        raise UserError(f"{location} has no epoch of a trial to show yet")
    ended = sum(not t.to_do for t in trials)
    config = storage.join(location, "best.toml")
    dimensions = dimensions_of(settings["space"])
    return render_sweep(
        title=posixpath.basename(location),
        about=_about(settings, f"{ended} of {settings['trials']} trials at their end", ()),
        trials=table_of(trials, sweep.figure),
        figure=(sweep.figure, title),
        best=None if best is None else best.name,
        curves=_svg(sweep_plots.draw_curves(trials, title)),
        parameters=_svg(sweep_plots.draw_parameters(trials, dimensions, title)),
        config=storage.read_bytes(config).decode() if storage.exists(config) else None,
    )


def _about(
    settings: Mapping[str, Any], done: str, epochs: Sequence[Mapping[str, Any]]
) -> list[str]:
    counts = settings.get("drawings") or settings.get("scenes") or {}
    what = "drawings" if "drawings" in settings else "scenes"
    words = [settings["kind"], done]
    if counts:
        words.append(f"trained on {counts['train']:,} {what}")
    if counts.get("select"):
        chosen = f"the best chosen on {counts['select']:,}"
        words.append(f"{chosen}: figures to choose by, not to report")
    if epochs:
        words.append(clock_text(sum(e["seconds"] for e in epochs)))
    return words


def _svg(figure: Figure) -> str:
    # A page is the same whenever it is made.
    stream = io.StringIO()
    with rc_context({"svg.hashsalt": "instancesketch"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()
