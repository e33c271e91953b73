"""Render training runs and sweeps: charts, figures, the confusion of the best epoch."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from instancesketch.metrics.formatting import title_of
from instancesketch.report import figures
from instancesketch.report.charts import Chart
from instancesketch.report.figures import Cell, Row, Table, Tile, barred, headline, number
from instancesketch.report.page import escape_json, hash_of, join_scripts, render_page

# Plots and examples are images rather than inline SVG: what an image holds can run no script.
_POLICY = "img-src data:"


def render_run(
    *,
    title: str,
    about: Sequence[str],
    epochs: Sequence[Mapping[str, Any]],
    best: Mapping[str, Any],
    charts: Sequence[Chart],
    machine: Mapping[str, Any] | None = None,
    confusion: Mapping[str, Any] | None = None,
    examples: Sequence[Sequence[str]] = (),
    legend: Mapping[str, str] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> str:
    """Render a run.

    Args:
        title: the page's heading.
        about: a few words each, for the line below.
        epochs: the figures of each epoch, as the run's log has them.
        best: the best of them.
        charts: of the figures over the epochs.
        machine: what it was trained on, by name.
        confusion: the confusion of parts after the best epoch, as `metrics.evaluate` counts it.
        examples: (id, SVG of the truth, SVG of the prediction) of a few drawings.
        legend: the colour of each name that has the same one in all examples.
        recipe: the config of the training.
    """
    return _render(
        "run.html",
        charts,
        title=title,
        summary=" · ".join(about),
        tiles=headline(best),
        machine=machine or {},
        epochs=_epochs(epochs, best),
        confusion=figures.confusion(confusion, clickable=False),
        recipe=json.dumps(recipe, indent=2) if recipe else "",
        legend=legend or {},
        examples=[_example(*example) for example in examples],
    )


def render_sweep(
    *,
    title: str,
    about: Sequence[str],
    trials: Sequence[Mapping[str, Any]],
    figure: tuple[str, str],
    best: str | None,
    charts: Sequence[Chart],
    parameters: str,
    importance: Mapping[str, float] | None = None,
    config: str | None = None,
) -> str:
    """Render a sweep.

    Args:
        title: the page's heading.
        about: a few words each, for the line below.
        trials: the table of a sweep, the best first.
        figure: the figure that trials are compared by: its key in the table, and its name.
        best: the name of the best trial.
        charts: of the trials' scores and values.
        parameters: the trials' scores over the values searched, as SVG.
        importance: the share of the scores' variance that each value explains; None where there
            are too few trials.
        config: the file with which `train --config` trains the best again.
    """
    return _render(
        "sweep.html",
        charts,
        title=title,
        summary=" · ".join(about),
        tiles=_headline_of_sweep(trials, figure, best),
        parameters=_address(parameters),
        importance=_importance(importance),
        trials=_trials(trials, figure, best),
        config=config,
    )


def render_comparison(
    *,
    title: str,
    about: Sequence[str],
    runs: Sequence[tuple[str, Sequence[tuple[str, str]]]],
    differences: Mapping[str, Sequence[str]],
    charts: Sequence[Chart],
    best: str | None,
) -> str:
    """Render several runs side by side.

    Args:
        title: the page's heading.
        about: a few words each, for the line below.
        runs: the name of each, and its figures and machine, by the same names.
        differences: what differs in their configs, by its name: a value for each run.
        charts: of their figures over the epochs.
        best: the name of the run of the highest score.
    """
    names = [name for name, _ in runs]
    return _render(
        "runs.html",
        charts,
        title=title,
        summary=" · ".join(about),
        runs=Table(
            title="Runs",
            head=[name for name, _ in runs[0][1]],
            rows=[
                Row(name=name, best=name == best, cells=[Cell(text=text) for _, text in values])
                for name, values in runs
            ],
        ),
        differences=Table(
            title="What differs",
            head=names,
            rows=[
                Row(name=name, cells=[Cell(text=text) for text in values])
                for name, values in differences.items()
            ],
        ),
    )


def _render(template: str, charts: Sequence[Chart], **values: Any) -> str:
    """Render a template with charts, which the page's script draws from JSON."""
    script = join_scripts("charts")
    return render_page(
        template,
        policy=f"{_POLICY}; script-src {hash_of(script)}",
        charts=charts,
        data=escape_json([asdict(chart) for chart in charts]),
        script=Markup(script),
        **values,
    )


def _importance(shares: Mapping[str, float] | None) -> Table | None:
    if not shares:
        return None
    return Table(
        title="Importance of values",
        head=["share of the variance, %"],
        rows=[Row(name=name, cells=[barred(100 * share)]) for name, share in shares.items()],
    )


def _address(svg: str) -> str:
    """Return a picture as a `data:` address, where it can neither run nor load anything."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _epochs(epochs: Sequence[Mapping[str, Any]], best: Mapping[str, Any]) -> Table:
    # From all epochs, since a figure without a value is missing from some.
    columns = [
        k
        for k in dict.fromkeys(k for e in epochs for k in e)
        if k not in ("epoch", "score", "part_f1")
    ]
    return Table(
        title="Figures by epoch",
        head=[title_of(name) for name in columns],
        rows=[
            Row(
                name=str(epoch["epoch"]),
                best=epoch["epoch"] == best["epoch"],
                cells=[_cell(epoch.get(name)) for name in columns],
            )
            for epoch in epochs
        ],
    )


def _cell(value: Any) -> Cell:
    """Return a value as text, a float with four digits."""
    if isinstance(value, float):
        return Cell(text=f"{value:.4g}")
    return Cell(text="–" if value is None else str(value))


def _headline_of_sweep(
    trials: Sequence[Mapping[str, Any]], figure: tuple[str, str], best: str | None
) -> list[Tile]:
    key, name = figure
    score = {trial["trial"]: trial[key] for trial in trials}
    tiles = [
        (f"best {name}", score.get(best or ""), best or ""),
        # The first trial is the recipe unchanged: the best beside it shows what the sweep gained.
        (f"{name} of the first", score.get("trial-01"), "the recipe itself"),
    ]
    return [
        Tile(name=name, value=number(value), note=note)
        for name, value, note in tiles
        if value is not None
    ]


def _trials(
    trials: Sequence[Mapping[str, Any]], figure: tuple[str, str], best: str | None
) -> Table:
    key, name = figure
    # In order of appearance: a dict keeps it, unlike a set.
    values = list(dict.fromkeys(v for trial in trials for v in trial["values"]))
    head = [name, "epochs", "ended", *(v.replace("_", " ") for v in values)]
    # A column of reasons would be empty in most sweeps.
    failures = any(trial["reason"] for trial in trials)
    return Table(
        title="Trials",
        head=[*head, "why it failed"] if failures else head,
        rows=[
            Row(
                name=trial["trial"],
                best=trial["trial"] == best,
                cells=[
                    barred(trial[key]),
                    Cell(text=str(trial["epochs"])),
                    Cell(text=trial["outcome"] or "not yet"),
                    *(_cell(trial["values"].get(v)) for v in values),
                    *([Cell(text=trial["reason"])] if failures else []),
                ],
            )
            for trial in trials
        ],
    )


def _example(name: str, truth: str, predicted: str) -> dict[str, Any]:
    pictures = [("labelled", _address(predicted)), ("truth", _address(truth))]
    return {"name": name, "pictures": pictures}
