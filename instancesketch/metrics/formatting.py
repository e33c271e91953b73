"""Format figures as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# A new figure is computed by a tally. Here it gets its title and its place in the terminal's text;
# other places that list figures: `metrics/scored.py` (those of grouping and scenes alone),
# `report/figures.py`, `PERCENT` (if a training shows it), the help of `cli/evaluate.py`.
_HEADLINE_OF_SCENES = {"pq": "PQ", "pq_seven": "PQ-seven", "object_f1": "object F1"}
_HEADLINE = {
    "C": "C", "P": "P", "part_accuracy": "part accuracy", "macro_f1": "macro-F1",
    "category_accuracy": "category accuracy", "grouping": "grouping", "ari": "ARI",
    "sides": "sides", "known_auroc": "known against other", "other_kept": "other kept",
    "category_ece": "category ECE", "part_ece": "part ECE",
}  # fmt: skip
# Shown where they have a value: not every taxonomy has `other`, and not every result has scores.
_IF_KNOWN = ("known_auroc", "other_kept", "category_ece", "part_ece")
_ONLY_TITLES = {"map50": "mAP50", "map": "mAP50-95", "f1": "F1"}
# Figures, in percent, that a training measures after every epoch.
PERCENT = (
    "macro_f1", "part_accuracy", "C", "P", "grouping", "ari", "pq", "pq_seven", "map50", "map",
)  # fmt: skip
_ROW_COUNTS = ("failed", "missing", "unknown", "unlabelled")
_TABLES = (
    (
        "category",
        "per_category",
        ("pq_seven", "objects", "category_accuracy", "judged", "C", "P", "part_accuracy",
         "grouping", "ari", "sides", "sketches", "strokes"),
    ),
    (
        "part",
        "per_part",
        ("precision", "recall", "f1", "grouping", "ari", "sides", "strokes", "groups"),
    ),
)  # fmt: skip
# A figure is shown where its count is not 0: many corpora have no objects, instances or sides.
_NEEDS = {
    "pq_seven": "objects", "objects": "objects", "grouping": "groups", "ari": "groups",
    "groups": "groups", "sides": "sided_strokes", "category_accuracy": "judged", "judged": "judged",
}  # fmt: skip


def title_of(figure: str) -> str:
    """Return the title of a figure, by its key."""
    titles = _HEADLINE_OF_SCENES | _HEADLINE | _ONLY_TITLES
    return titles.get(figure, figure.replace("_", " "))


def format_figures(figures: Mapping[str, Any]) -> str:
    """Return the text that `evaluate` prints: headlines, tables by category and part, confusions.

    Scenes have a headline of their own; that of parts is left out where only scenes without parts
    were scored.
    """
    lines = []
    if figures["scenes"]:
        names = _HEADLINE_OF_SCENES.items()
        lines.append("   ".join(f"{name} {_text(figures[key])}" for key, name in names))
        lines.append(_counts_text(figures, ("scenes", "objects", "predicted_objects")))
    if figures["sketches"] or figures["judged"] or not figures["scenes"]:
        if figures["scenes"]:
            lines += ["", "parts, each object of a scene as a sketch of its own"]
        shown = [
            f"{name} {_text(figures[key])}"
            for key, name in _HEADLINE.items()
            if _is_shown(key, figures)
        ]
        lines.append("   ".join(shown))
        # Those with parts have a category as well.
        judged = ["judged"] if figures["judged"] > figures["sketches"] else []
        others = [*judged, "groups", "sided_strokes"]
        lines.append(_counts_text(figures, ("sketches", "strokes"), others))
    rows = _counts_text(figures, (), _ROW_COUNTS)
    lines[-1] += f", {rows}" if rows else ""
    for title, key, columns in _TABLES:
        lines += _table(title, figures[key], columns)
    parts, categories = figures["confusion"], figures["category_confusion"]
    lines += _confusion_lines("strokes", "part", parts["parts"], parts["counts"])
    lines += _confusion_lines(
        "drawings", "category", categories["categories"], categories["counts"]
    )
    return "\n".join(lines)


def _is_shown(key: str, figures: Mapping[str, Any]) -> bool:
    if key in _IF_KNOWN:
        return figures[key] is not None
    return key not in _NEEDS or key == "category_accuracy" or figures[_NEEDS[key]]


def _counts_text(
    figures: Mapping[str, Any], always: Sequence[str], if_any: Sequence[str] = ()
) -> str:
    names = [*always, *(name for name in if_any if figures[name])]
    return ", ".join(f"{figures[name]:,} {name.replace('_', ' ')}" for name in names)


def _table(title: str, figures: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    # A taxonomy has many categories that a corpus doesn't.
    counted = ("strokes", "objects", "judged")
    rows = {n: row for n, row in figures.items() if any(row.get(name) for name in counted)}
    if not rows:
        return []
    # All other columns need strokes.
    needs = {c: _NEEDS.get(c, "strokes") for c in columns}
    filled = [c for c in columns if any(row.get(needs[c]) for row in rows.values())]
    width = max(map(len, (title, *rows)))
    lines = ["", f"{title:{width}}" + "".join(f"{c:>15}" for c in filled)]
    for name, row in rows.items():
        lines.append(f"{name:{width}}" + "".join(f"{_text(row[c]):>15}" for c in filled))
    return lines


def _confusion_lines(
    what: str, of: str, parts: Sequence[str], counts: Sequence[Sequence[int]]
) -> list[str]:
    """Return a line per true part or category with what it was taken for, most frequent first."""
    names = [*parts, "(none)"]
    lines = []
    for i, row in enumerate(counts):
        wrong = sorted(((n, names[j]) for j, n in enumerate(row) if n and j != i), reverse=True)
        if wrong:
            taken_for = ", ".join(f"{name} {n:,}" for n, name in wrong)
            lines.append(f"{parts[i]:{max(map(len, parts))}}  {taken_for}")
    return ["", f"{what} called something else, by their true {of}", *lines] if lines else []


def _text(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"
