"""Figures as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEADLINE = {
    "C": "C", "P": "P", "part_accuracy": "part accuracy", "macro_f1": "macro-F1",
    "category_accuracy": "category accuracy", "grouping": "grouping", "ari": "ARI",
    "sides": "sides",
}  # fmt: skip
_COUNTS = (
    "sketches", "strokes", "groups", "sided_strokes", "failed", "missing", "unknown", "unlabelled",
)  # fmt: skip
_TABLES = (
    (
        "category",
        "per_category",
        ("C", "P", "part_accuracy", "grouping", "ari", "sides", "sketches", "strokes"),
    ),
    (
        "part",
        "per_part",
        ("precision", "recall", "f1", "grouping", "ari", "sides", "strokes", "groups"),
    ),
)
# Shown only where this was counted: many corpora have neither instances nor sides.
_NEEDS = {"grouping": "groups", "ari": "groups", "groups": "groups", "sides": "sided_strokes"}


def format_figures(figures: Mapping[str, Any]) -> str:
    """The text that `evaluate` prints: headline, tables per category and per part, confusions."""
    counts = [
        f"{figures[name]:,} {name.replace('_', ' ')}"
        for name in _COUNTS
        if figures[name] or name in ("sketches", "strokes")
    ]
    shown = [
        f"{name} {_text(figures[key])}"
        for key, name in _HEADLINE.items()
        if key not in _NEEDS or figures[_NEEDS[key]]
    ]
    lines = ["   ".join(shown), ", ".join(counts)]
    for title, key, columns in _TABLES:
        rows = {name: row for name, row in figures[key].items() if row["strokes"]}
        filled = [c for c in columns if c not in _NEEDS or any(r[_NEEDS[c]] for r in rows.values())]
        width = max(map(len, (title, *rows)))
        lines += ["", f"{title:{width}}" + "".join(f"{c:>15}" for c in filled)]
        for name, row in rows.items():
            lines.append(f"{name:{width}}" + "".join(f"{_text(row[c]):>15}" for c in filled))
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
