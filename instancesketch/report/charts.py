"""Lay out the charts of runs and sweeps, which `charts.js` draws.

They are drawn by our own script of 200 lines: charting libraries are five to fifty times its size
on every page, set styles that the page's content security policy forbids, or lack one of the two
kinds of chart.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.metrics.formatting import PERCENT, title_of
from instancesketch.render.colours import COLOURS, GREY, part_colours
from instancesketch.training.search_space import Dimension

# Lines beyond the colours repeat these with other dashes.
_DASHES = ("", "7 4", "2 3")


@dataclass(frozen=True, kw_only=True)
class Series:
    """A line of a chart; None where it has no value."""

    name: str
    values: Sequence[float | None]
    colour: str
    dash: str = ""
    strong: bool = False


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """Series over the same epochs."""

    title: str
    x: Sequence[int]
    series: Sequence[Series]
    best: int | None = None  # the epoch to mark
    digits: int = 2


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis of parallel coordinates, with ticks from 0, its lower end, to 1."""

    name: str
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True, kw_only=True)
class TrialLine:
    """A trial: its place on each axis, and its values as text."""

    name: str
    at: Sequence[float | None]
    values: Sequence[str]
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class ParallelChart:
    """Parallel coordinates of the trials of a sweep, the best trial first."""

    title: str
    axes: Sequence[Axis]
    lines: Sequence[TrialLine]


Chart = LineChart | ParallelChart


def of_run(epochs: Sequence[Mapping[str, Any]], best: int | None) -> list[LineChart]:
    """Return the charts of a run: losses, figures in percent, F1 by part.

    Args:
        epochs: the run's log.
        best: the epoch to mark.
    """
    titles = {"loss": "training, augmented", "selection_loss": "selection split"}
    scored = [(title_of(name), [e.get(name) for e in epochs]) for name in PERCENT]
    parts = list(dict.fromkeys(part for e in epochs for part in e.get("part_f1") or ()))
    colours, seen = part_colours(parts), dict.fromkeys(COLOURS, 0)
    by_part = []
    for part in parts:
        values = [(e.get("part_f1") or {}).get(part) for e in epochs]
        dash = _DASHES[seen[colours[part]] % len(_DASHES)]
        seen[colours[part]] += 1
        by_part.append(Series(name=part, values=values, colour=colours[part], dash=dash))
    x = [e["epoch"] for e in epochs]
    losses = coloured((title, [e.get(name) for e in epochs]) for name, title in titles.items())
    charts = [
        LineChart(title="Loss", x=x, series=losses, best=best, digits=4),
        LineChart(
            title="Figures on the selection split, %", x=x, series=coloured(scored), best=best
        ),
        LineChart(title="F1 by part, %", x=x, series=by_part, best=best, digits=1),
    ]
    return [chart for chart in charts if chart.series]


def over_epochs(
    title: str, runs: Mapping[str, Sequence[Mapping[str, Any]]], figure: str, digits: int = 2
) -> LineChart | None:
    """Return the chart of one figure of several runs, by their logs; None where none has it."""
    x = sorted({e["epoch"] for epochs in runs.values() for e in epochs})
    values = {name: {e["epoch"]: e.get(figure) for e in epochs} for name, epochs in runs.items()}
    series = coloured((name, [of.get(epoch) for epoch in x]) for name, of in values.items())
    return LineChart(title=title, x=x, series=series, digits=digits) if series else None


def coloured(named: Iterable[tuple[str, Sequence[float | None]]]) -> list[Series]:
    """Return series in colours that can be told apart; those without any value are left out."""
    filled = [(name, v) for name, v in named if any(value is not None for value in v)]
    return [
        Series(
            name=name,
            values=values,
            colour=COLOURS[i % len(COLOURS)],
            dash=_DASHES[i // len(COLOURS) % len(_DASHES)],
        )
        for i, (name, values) in enumerate(filled)
    ]


def of_trials(
    title: str, scores: Mapping[str, Sequence[float | None]], best: str | None
) -> LineChart | None:
    """Return the chart of the scores of trials over their epochs; None before any."""
    length = max(map(len, scores.values()), default=0)
    series = [
        Series(
            name=name,
            values=[*values, *[None] * (length - len(values))],
            colour=COLOURS[0] if name == best else COLOURS[1] if name == "trial-01" else GREY,
            strong=name == best,
        )
        for name, values in scores.items()
        if any(value is not None for value in values)
    ]
    # The best last, over the others.
    series.sort(key=lambda one: one.strong)
    return LineChart(title=title, x=list(range(1, length + 1)), series=series) if series else None


def parallel(
    title: str,
    trials: Sequence[Mapping[str, Any]],
    dimensions: Sequence[Dimension],
    metric: tuple[str, str],
    best: str | None,
) -> ParallelChart | None:
    """Return the parallel coordinates of the trials that have a score; None without any.

    Args:
        title: of the chart.
        trials: the table of a sweep, the best first.
        dimensions: the values that were searched.
        metric: the key of the score in the table, and its name.
        best: the name of the best trial.
    """
    key, name = metric
    scored = [trial for trial in trials if trial[key] is not None]
    if not scored:
        return None
    low, high = min(t[key] for t in scored), max(t[key] for t in scored)
    axis = Axis(name=name, ticks=[(0.0, f"{low:.1f}"), (1.0, f"{high:.1f}")])
    lines = [
        TrialLine(
            name=trial["trial"],
            at=[
                *(_place(d, trial["values"].get(d.key)) for d in dimensions),
                (trial[key] - low) / (high - low) if high > low else 0.5,
            ],
            values=[*(_text(trial["values"].get(d.key)) for d in dimensions), f"{trial[key]:.2f}"],
            best=trial["trial"] == best,
        )
        for trial in scored
    ]
    return ParallelChart(title=title, axes=[*map(_axis, dimensions), axis], lines=lines)


def _axis(dimension: Dimension) -> Axis:
    if dimension.choices:
        ticks = [(_place(dimension, c) or 0.0, _text(c)) for c in dimension.choices]
    else:
        ticks = [(0.0, _text(dimension.low)), (1.0, _text(dimension.high))]
    return Axis(name=dimension.key, ticks=ticks)


def _place(dimension: Dimension, value: Any) -> float | None:
    """Return where a value stands on its axis, from 0 to 1."""
    if value is None or value not in dimension:
        return None
    if dimension.choices:
        others = len(dimension.choices) - 1
        return dimension.choices.index(value) / others if others else 0.5
    low, high = dimension.low, dimension.high
    if dimension.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low) if high > low else 0.5


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "–" if value is None else json.dumps(value).replace('"', "").replace(", ", " ")
