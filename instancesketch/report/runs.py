"""A training run or a sweep as a page: curves, figures, what the best epoch took for what."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from instancesketch.metrics.formatting import title_of
from instancesketch.report import figures
from instancesketch.report.page import render_sheet


def render_run(
    *,
    title: str,
    about: Sequence[str],
    epochs: Sequence[Mapping[str, Any]],
    best: Mapping[str, Any],
    curves: str,
    confusion: Mapping[str, Any] | None = None,
    examples: Sequence[Sequence[str]] = (),
    legend: Mapping[str, str] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> str:
    """Lays a run out as a page.

    Args:
        title: heads the page.
        about: a few words each, the line below.
        epochs: figures of each, as the run keeps them.
        best: the one of them that was best.
        curves: how they went, SVG.
        confusion: what parts were called after the best epoch, as `metrics.evaluate` counts.
        examples: (id, SVG in truth, SVG as predicted) of a few drawings.
        legend: the colour of each name that has one in all of them.
        recipe: what was trained, and how.
    """
    body = [figures.headline(best), _plot("How loss and figures went over the epochs", curves)]
    body.append(figures.folded("Figures by epoch", _epochs(epochs, best)))
    if confusion and any(map(any, confusion["counts"])):
        matrix = figures.confusion(confusion, picked=False)
        body.append(figures.folded("Confusion of parts in the best epoch", matrix))
    if recipe:
        text = escape(json.dumps(recipe, indent=2))
        body.append(figures.folded("Recipe", f"<pre>{text}</pre>"))
    if examples:
        body.append(f"<h2>After the best epoch</h2>{_legend(legend or {})}{_examples(examples)}")
    return render_sheet(title=title, counts=" · ".join(about), body="\n".join(body))


def render_sweep(
    *,
    title: str,
    about: Sequence[str],
    trials: Sequence[Mapping[str, Any]],
    figure: tuple[str, str],
    best: str | None,
    curves: str,
    parameters: str,
    config: str | None = None,
) -> str:
    """Lays a sweep out as a page.

    Args:
        title: heads the page.
        about: a few words each, the line below.
        trials: the table of a sweep, the best first.
        figure: what trials are compared by: its key in the table, and its name.
        best: the name of the best trial.
        curves: how the trials learned, SVG.
        parameters: which values did well, SVG.
        config: what `train --config` trains the best again with.
    """
    body = [_headline_of_sweep(trials, figure, best)]
    body.append(_plot("The score of every trial over its epochs", curves))
    body.append(_plot("The score of every trial over each value that was searched", parameters))
    body.append(figures.folded("Trials", _trials(trials, figure, best), unfolded=True))
    if config is not None:
        body.append(figures.folded("Train the best again", f"<pre>{escape(config)}</pre>"))
    return render_sheet(title=title, counts=" · ".join(about), body="\n".join(body))


def _plot(told: str, svg: str) -> str:
    return f'<p class="plot" tabindex="0"><img alt="{escape(told)}" src="{_address(svg)}"></p>'


def _address(svg: str) -> str:
    """A picture as an address of its own: it can't run or load anything."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _epochs(epochs: Sequence[Mapping[str, Any]], best: Mapping[str, Any]) -> str:
    shown = [k for k in dict.fromkeys(k for e in epochs for k in e) if k not in ("epoch", "score")]
    head = [title_of(name) for name in shown]
    names = [_named(str(e["epoch"]), e["epoch"] == best["epoch"]) for e in epochs]
    rows = [[_told(e.get(name)) for name in shown] for e in epochs]
    return figures.table("Figures by epoch", names, head, rows)


def _named(name: str, best: bool) -> str:
    return f"<strong>{escape(name)} ★ best</strong>" if best else escape(name)


def _told(value: Any) -> str:
    """A value as one reads it: four digits of what has many."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else escape(str(value))


def _headline_of_sweep(
    trials: Sequence[Mapping[str, Any]], figure: tuple[str, str], best: str | None
) -> str:
    key, name = figure
    score = {trial["trial"]: trial[key] for trial in trials}
    tiles = [(f"best {name}", score.get(best or ""), best or "")]
    tiles.append((f"{name} of the first", score.get("trial-01"), "the recipe itself"))
    filled = "".join(
        f"<div><dt>{escape(what)}</dt><dd>{figures.number(value)}<span> %</span>"
        f"<small>{escape(whose)}</small></dd></div>"
        for what, value, whose in tiles
        if value is not None
    )
    return f'<dl class="headline">{filled}</dl>' if filled else ""


def _trials(trials: Sequence[Mapping[str, Any]], figure: tuple[str, str], best: str | None) -> str:
    key, name = figure
    values = list(dict.fromkeys(v for trial in trials for v in trial["values"]))
    head = [name, "epochs", "ended", *(v.replace("_", " ") for v in values), "why it failed"]
    names = [_named(trial["trial"], trial["trial"] == best) for trial in trials]
    rows = [
        [
            figures.barred(trial[key]),
            str(trial["epochs"]),
            escape(trial["outcome"] or "not yet"),
            *(_told(trial["values"].get(v)) for v in values),
            escape(trial["reason"]),
        ]
        for trial in trials
    ]
    if not any(trial["reason"] for trial in trials):
        head, rows = head[:-1], [row[:-1] for row in rows]
    return figures.table("Trials", names, head, rows)


def _legend(legend: Mapping[str, str]) -> str:
    line = '<svg viewBox="0 0 22 4" aria-hidden="true"><path d="M2 2H20" stroke="{}" '
    line += 'stroke-linecap="round"/></svg>'
    swatches = (
        f'<span class="swatch">{line.format(escape(colour))}{escape(name)}</span> '
        for name, colour in legend.items()
    )
    return f'<p class="swatches">{"".join(swatches)}</p>'


def _examples(examples: Sequence[Sequence[str]]) -> str:
    cards = []
    for name, true, said in examples:
        sides = "".join(
            f'<figure><img alt="{escape(f"{name}, {word}")}" src="{_address(svg)}">'
            f"<figcaption>{word}</figcaption></figure>"
            for word, svg in (("labelled", said), ("truth", true))
        )
        cards.append(
            f'<li class="card"><div class="pair">{sides}</div>'
            f'<div class="about"><code>{escape(name)}</code></div></li>'
        )
    return f'<ul class="shows">{"".join(cards)}</ul>'
