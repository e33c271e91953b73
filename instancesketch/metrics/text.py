"""Figures as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def format_figures(figures: Mapping[str, Any]) -> str:
    """The text that `evaluate` prints: headline, tables per category and per part, confusions."""
    headline = {
        "C": "C", "P": "P", "part accuracy": "part_accuracy", "macro-F1": "macro_f1",
        "category accuracy": "category_accuracy",
    }  # fmt: skip
    counts = [
        f"{figures[name]:,} {name}"
        for name in ("sketches", "strokes", "failed", "missing", "unknown", "unlabelled")
        if figures.get(name) or name in ("sketches", "strokes")
    ]
    shown = "   ".join(f"{name} {_text(figures[key])}" for name, key in headline.items())
    lines = [shown, ", ".join(counts)]
    for title, key, columns in (
        ("category", "per_category", ("C", "P", "part_accuracy", "sketches", "strokes")),
        ("part", "per_part", ("precision", "recall", "f1", "strokes")),
    ):
        rows = {name: row for name, row in figures[key].items() if row["strokes"]}
        width = max(map(len, (title, *rows)))
        lines += ["", f"{title:{width}}" + "".join(f"{c:>15}" for c in columns)]
        for name, row in rows.items():
            lines.append(f"{name:{width}}" + "".join(f"{_text(row[c]):>15}" for c in columns))
    return "\n".join(lines + _confusion_lines(figures["confusion"]))


def _confusion_lines(confusion: Mapping[str, Any]) -> list[str]:
    """Per part of the truth what else it was called, most often first."""
    parts = confusion["parts"]
    names = [*parts, "(none)"]
    lines = []
    for i, row in enumerate(confusion["counts"]):
        wrong = sorted(((n, names[j]) for j, n in enumerate(row) if n and j != i), reverse=True)
        if wrong:
            said = ", ".join(f"{name} {n:,}" for n, name in wrong)
            lines.append(f"{parts[i]:{max(map(len, parts))}}  {said}")
    return ["", "strokes called something else, by their true part", *lines] if lines else []


def _text(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"
