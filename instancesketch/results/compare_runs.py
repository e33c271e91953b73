"""Several training runs side by side on one HTML page, from the files in their folders."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.model_kinds import MODEL_KINDS
from instancesketch.core.progress import clock_text
from instancesketch.metrics.formatting import PERCENT, title_of
from instancesketch.report import charts
from instancesketch.report.runs import render_comparison
from instancesketch.results.run_report import any_score, describe_machine
from instancesketch.tracking import metrics_log

_LONGEST_VALUE = 80  # a longer one is named by its length
Log = Sequence[Mapping[str, Any]]


def write_page(configs: Mapping[str, Mapping[str, Any]], out: str) -> None:
    """Write runs of one model kind as one HTML page, as far as they have come.

    Args:
        configs: the content of each run's `config.json`, by its folder.
        out: the page.

    Raises:
        UserError: the runs can't be compared, one has nothing to show yet, or the page can't be
            written.
    """
    kinds = {config["kind"] for config in configs.values()}
    if len(kinds) > 1:
        raise UserError(
            f"runs of one model kind can be compared, not of {', '.join(sorted(kinds))}"
        )
    if sweeps := [folder for folder, config in configs.items() if "space" in config]:
        raise UserError(f"{sweeps[0]} is a sweep, which has a page of its own")
    names = dict(zip(_short_names(list(configs)), configs, strict=True))
    logs = {name: metrics_log.read(storage.absolute(folder)) for name, folder in names.items()}
    if empty := [names[name] for name, log in logs.items() if not log]:
        raise UserError(f"{empty[0]} has no epoch to show yet")
    metric = MODEL_KINDS[kinds.pop()].score
    storage.write_text(out, _page(names, logs, metric, list(configs.values())))


def _page(
    folders: Mapping[str, str],
    logs: Mapping[str, Log],
    metric: str,
    configs: Sequence[Mapping[str, Any]],
) -> str:
    titles = {
        metric: (f"{title_of(metric)} on the selection split, %", 2),
        "loss": ("Loss of training", 4),
        "selection_loss": ("Loss on the selection split", 4),
    }
    drawn = [
        charts.over_epochs(title, logs, figure, digits)
        for figure, (title, digits) in titles.items()
    ]
    shown = [f for f in PERCENT if any(e.get(f) is not None for log in logs.values() for e in log)]
    scores = {
        name: max(e[metric] for e in log if e.get(metric) is not None)
        for name, log in logs.items()
        if any(e.get(metric) is not None for e in log)
    }
    return render_comparison(
        title=f"{len(logs)} runs",
        about=[configs[0]["kind"], "figures to choose by, not to report"],
        runs=[(name, _figures(folders[name], log, shown)) for name, log in logs.items()],
        differences=list_differences(configs),
        charts=[chart for chart in drawn if chart is not None],
        best=max(scores, key=lambda name: scores[name]) if scores else None,
    )


def _figures(folder: str, log: Log, shown: Sequence[str]) -> list[tuple[str, str]]:
    chosen = metrics_log.best_epoch(log) if any_score(log) else log[-1]["epoch"]
    best = next(e for e in log if e["epoch"] == chosen)
    figures = [(title_of(f), "–" if best.get(f) is None else f"{best[f]:.2f}") for f in shown]
    machine = describe_machine(storage.absolute(folder))
    return [
        *figures,
        ("loss", f"{best['loss']:.4f}" if "loss" in best else "–"),
        ("epoch", f"{chosen} of {len(log)}"),
        ("took", clock_text(sum(e["seconds"] for e in log))),
        ("git commit", machine.get("git commit", "–")),
        ("processor", machine.get("processor", "–")),
        ("GPU", machine.get("GPU", "–")),
    ]


def _short_names(folders: Sequence[str]) -> list[str]:
    """Return the names of folders: their last components, and more where these are the same."""
    paths = [storage.absolute(folder) for folder in folders]
    names = [posixpath.basename(path) for path in paths]
    while len(set(names)) < len(names) and names != paths:
        longer = [
            posixpath.join(*path.split("/")[-1 - name.count("/") - 1 :])
            for path, name in zip(paths, names, strict=True)
        ]
        names = paths if longer == names else longer
    if len(set(names)) < len(names):
        raise UserError(f"{folders[0]} and another are the same run")
    return names


def list_differences(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return what differs between configs: the values of each as text, by the dotted name."""
    flat = [dict(_flatten(config)) for config in configs]
    names = dict.fromkeys(name for values in flat for name in values)
    texts = {name: [_text(values.get(name)) for values in flat] for name in names}
    return {name: values for name, values in texts.items() if len(set(values)) > 1}


def _flatten(config: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in config.items():
        # Of a taxonomy its name is enough, and a recipe's values are known by their own.
        if name == "taxonomy" and isinstance(value, Mapping):
            found.append((name, value.get("name")))
        elif isinstance(value, Mapping):
            found += _flatten(value, "" if name == "recipe" else f"{before}{name}.")
        else:
            found.append((f"{before}{name}", value))
    return found


def _text(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
