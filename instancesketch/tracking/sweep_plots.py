"""Pictures of a sweep: how its trials learned, and which values did well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from instancesketch.tracking.sweep import Trial, best_of, ranked
from instancesketch.training.search_space import Dimension

BEST, FIRST, OTHER, STOPPED = "#d62728", "#1f77b4", "#7f7f7f", "#c2c2c2"
_PANELS_A_ROW = 4
_NAMED = 20  # of the best, in the legend: there is room for no more
_SPREAD = 0.25  # how far apart trials of one choice are drawn, of the room between two choices


def draw_curves(trials: Sequence[Trial], title: str) -> Figure:
    """Draws the scores of all trials over their epochs; a cross ends a trial that was stopped.

    Args:
        trials: in any order.
        title: what the scores are.
    """
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    panel = figure.subplots()
    best = best_of(trials)
    for place, trial in enumerate(ranked(trials)):
        points = [(i + 1, s) for i, s in enumerate(trial.scores) if s is not None]
        if not points:
            continue
        stopped = trial.outcome != "finished"
        panel.plot(
            *zip(*points, strict=True),
            marker=".",
            color=_colour(trial, best),
            linestyle="--" if trial.number == 1 else "-",
            linewidth=2.2 if _is(trial, best) or trial.number == 1 else 1.0,
            zorder=3 if _is(trial, best) or trial.number == 1 else 2 - stopped,
            label=f"{trial.name}  {trial.score:.2f}{_note(trial, best)}"
            if place < _NAMED
            else None,
        )
        if stopped:
            panel.plot(*points[-1], marker="x", color=STOPPED, markeredgecolor=OTHER, zorder=2)
    panel.set(xlabel="epoch", ylabel=title)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.grid(alpha=0.3)
    if panel.lines:
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    return figure


def draw_parameters(trials: Sequence[Trial], dimensions: Sequence[Dimension], title: str) -> Figure:
    """Draws the score of every trial over each value; hollow: stopped early, at its score then."""
    rows = -(-len(dimensions) // _PANELS_A_ROW)
    columns = min(_PANELS_A_ROW, len(dimensions))
    size = (1.2 + 2.6 * columns, 0.9 + 2.3 * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flatten()
    shown = [t for t in trials if t.score is not None]
    best = best_of(trials)
    for panel, dimension in zip(panels, dimensions, strict=False):
        for trial in shown:
            colour = _colour(trial, best)
            panel.plot(
                _place(trial, dimension),
                trial.score,
                marker="*" if _is(trial, best) else "o",
                markersize=12 if _is(trial, best) else 6,
                linestyle="none",
                color=OTHER if colour == STOPPED else colour,
                markerfacecolor=colour if trial.outcome == "finished" else "white",
                zorder=3 if _is(trial, best) else 2,
            )
        _label(panel, dimension)
    for panel in panels[len(dimensions) :]:
        panel.set_axis_off()
    figure.supylabel(title)
    told = "star: the best · blue: the recipe itself · hollow: stopped early, its score then"
    figure.supxlabel(told, fontsize=9)
    return figure


def _is(trial: Trial, other: Trial | None) -> bool:
    return other is not None and trial.number == other.number


def _colour(trial: Trial, best: Trial | None) -> str:
    if _is(trial, best):
        return BEST
    if trial.number == 1:
        return FIRST
    return OTHER if trial.outcome == "finished" else STOPPED


def _note(trial: Trial, best: Trial | None) -> str:
    notes = ["best"] if _is(trial, best) else []
    notes += ["the recipe itself"] if trial.number == 1 else []
    notes += [str(trial.outcome)] if trial.outcome != "finished" else []
    return f" ({', '.join(notes)})" if notes else ""


def _place(trial: Trial, dimension: Dimension) -> Any:
    """Where a trial stands along a value; those of one choice a little apart, by their numbers."""
    value = trial.values[dimension.key]
    if not dimension.choices:
        return value
    return dimension.choices.index(value) + _SPREAD * ((trial.number * 0.618) % 1 - 0.5)


def _label(panel: Axes, dimension: Dimension) -> None:
    panel.set_xlabel(dimension.key.replace("_", " "))
    panel.grid(alpha=0.3)
    if dimension.choices:
        names = [str(choice).lower() for choice in dimension.choices]
        panel.set_xticks(range(len(names)), names)
        panel.set_xlim(-0.6, len(names) - 0.4)
        return
    edge = 0.05
    if dimension.log:
        panel.set_xscale("log")
        few = dimension.high / dimension.low < 300  # room for more than whole powers of ten
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if few else (1.0,)))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter(NullFormatter())
        room = (dimension.high / dimension.low) ** edge
        panel.set_xlim(dimension.low / room, dimension.high * room)
        return
    room = (dimension.high - dimension.low) * edge
    panel.set_xlim(dimension.low - room, dimension.high + room)
    panel.xaxis.set_major_locator(MaxNLocator(5, integer=isinstance(dimension.low, int)))
