"""Plots of a sweep: the curves of its trials, and their scores over each searched value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from instancesketch.tracking.sweep import Trial, best_trial, rank_trials
from instancesketch.training.search_space import Dimension

# Red and blue of matplotlib's own cycle, and two greys that step back behind them.
BEST, FIRST, OTHER, STOPPED = "#d62728", "#1f77b4", "#7f7f7f", "#c2c2c2"
_PANELS_PER_ROW = 4
_MOST_NAMED = 20  # trials in the legend: there is room for no more
_SPREAD = 0.25  # width over which trials of one choice are spread; choices are 1 apart
_EDGE = 0.05  # empty share of an axis on either side


def draw_curves(trials: Sequence[Trial], title: str) -> Figure:
    """Draw the scores of all trials over their epochs; a cross ends a trial that was stopped.

    Args:
        trials: in any order.
        title: the name of the score.
    """
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    panel = figure.subplots()
    best = best_trial(trials)
    for place, trial in enumerate(rank_trials(trials)):
        _draw_curve(panel, trial, best, named=place < _MOST_NAMED)
    panel.set(xlabel="epoch", ylabel=title)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.grid(alpha=0.3)
    if panel.lines:
        # Within the panel it would cover curves.
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    return figure


def _draw_curve(panel: Axes, trial: Trial, best: Trial | None, named: bool) -> None:
    points = [(i + 1, s) for i, s in enumerate(trial.scores) if s is not None]
    if not points:
        return
    # Running and failed trials, too: their curves end before the last epoch.
    stopped = trial.outcome != "finished"
    prominent = _is_same(trial, best) or trial.number == 1
    panel.plot(
        *zip(*points, strict=True),
        marker=".",
        color=_colour(trial, best),
        linestyle="--" if trial.number == 1 else "-",
        linewidth=2.2 if prominent else 1.0,
        zorder=3 if prominent else 2 - stopped,
        label=f"{trial.name}  {trial.score:.2f}{_remark(trial, best)}" if named else None,
    )
    if stopped:
        panel.plot(*points[-1], marker="x", color=STOPPED, markeredgecolor=OTHER, zorder=2)


def draw_parameters(trials: Sequence[Trial], dimensions: Sequence[Dimension], title: str) -> Figure:
    """Draw the score of every trial over each searched value, in a panel each.

    Args:
        trials: in any order; one that was stopped early is hollow, at its score then.
        dimensions: the searched values.
        title: the name of the score.
    """
    rows = -(-len(dimensions) // _PANELS_PER_ROW)
    columns = min(_PANELS_PER_ROW, len(dimensions))
    size = (1.2 + 2.6 * columns, 0.9 + 2.3 * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flatten()
    scored = [(t, t.score) for t in trials if t.score is not None]
    best = best_trial(trials)
    # The last row may have more panels than values.
    for panel, dimension in zip(panels, dimensions, strict=False):
        for trial, score in scored:
            _draw_trial(panel, trial, score, dimension, best)
        _set_axis(panel, dimension)
    for panel in panels[len(dimensions) :]:
        panel.set_axis_off()
    figure.supylabel(title)
    legend = "star: the best · blue: the recipe itself · hollow: stopped early, its score then"
    figure.supxlabel(legend, fontsize=9)
    return figure


def _draw_trial(
    panel: Axes, trial: Trial, score: float, dimension: Dimension, best: Trial | None
) -> None:
    colour, is_best = _colour(trial, best), _is_same(trial, best)
    panel.plot(
        _position(trial, dimension),
        score,
        marker="*" if is_best else "o",
        markersize=12 if is_best else 6,
        linestyle="none",
        # The lighter grey is too faint for the outline of a hollow marker.
        color=OTHER if colour == STOPPED else colour,
        markerfacecolor=colour if trial.outcome == "finished" else "white",
        zorder=3 if is_best else 2,
    )


def _is_same(trial: Trial, other: Trial | None) -> bool:
    return other is not None and trial.number == other.number


def _colour(trial: Trial, best: Trial | None) -> str:
    if _is_same(trial, best):
        return BEST
    if trial.number == 1:
        return FIRST
    return OTHER if trial.outcome == "finished" else STOPPED


def _remark(trial: Trial, best: Trial | None) -> str:
    remarks = ["best"] if _is_same(trial, best) else []
    remarks += ["the recipe itself"] if trial.number == 1 else []
    remarks += [str(trial.outcome)] if trial.outcome != "finished" else []
    return f" ({', '.join(remarks)})" if remarks else ""


def _position(trial: Trial, dimension: Dimension) -> Any:
    """Return where a trial stands on the axis of a value."""
    value = trial.values[dimension.key]
    if not dimension.choices:
        return value
    # Trials of one choice would cover each other. Multiples of the golden ratio, taken modulo 1,
    # never come close for neighbouring numbers.
    return dimension.choices.index(value) + _SPREAD * ((trial.number * 0.618) % 1 - 0.5)


def _set_axis(panel: Axes, dimension: Dimension) -> None:
    panel.set_xlabel(dimension.key.replace("_", " "))
    panel.grid(alpha=0.3)
    if dimension.choices:
        names = [str(choice).lower() for choice in dimension.choices]
        panel.set_xticks(range(len(names)), names)
        panel.set_xlim(-0.6, len(names) - 0.4)
    elif dimension.log:
        panel.set_xscale("log")
        # Over few orders of magnitude there is room for more than the powers of ten.
        short = dimension.high / dimension.low < 300
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if short else (1.0,)))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
        margin = (dimension.high / dimension.low) ** _EDGE
        panel.set_xlim(dimension.low / margin, dimension.high * margin)
    else:
        margin = (dimension.high - dimension.low) * _EDGE
        panel.set_xlim(dimension.low - margin, dimension.high + margin)
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=isinstance(dimension.low, int)))
