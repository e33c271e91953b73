"""Format figures as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from instancesketch.metrics.terminal import Block, Headline, TextTable, to_text

# A new figure is computed by a tally. Here it gets its title and its place in the terminal's text;
# other places that list figures: `metrics/scored.py` (those of grouping and scenes alone),
# `report/figures.py`, `PERCENT` (if a training shows it), the help of `cli/evaluate.py`.
_HEADLINE_OF_SCENES = {"pq": "PQ", "pq_named": "PQ named", "object_f1": "object F1"}
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
    "macro_f1", "part_accuracy", "C", "P", "grouping", "ari", "pq", "pq_named", "map50", "map",
)  # fmt: skip
_ROW_COUNTS = ("failed", "missing", "unknown", "unlabelled")
_TABLES = (
    (
        "category",
        "per_category",
        ("pq_named", "objects", "category_accuracy", "judged", "C", "P", "part_accuracy",
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
    "pq_named": "objects", "objects": "objects", "grouping": "groups", "ari": "groups",
    "groups": "groups", "sides": "sided_strokes", "category_accuracy": "judged", "judged": "judged",
}  # fmt: skip


def title_of(figure: str) -> str:
    """Return the title of a figure, by its key."""
    titles = _HEADLINE_OF_SCENES | _HEADLINE | _ONLY_TITLES
    return titles.get(figure, figure.replace("_", " "))


def format_figures(figures: Mapping[str, Any]) -> str:
    """Return what `evaluate` prints as plain text."""
    return to_text(figure_blocks(figures))


def figure_blocks(figures: Mapping[str, Any]) -> list[Block]:
    """Return what `evaluate` prints: headlines, tables by category and part, confusions.

    Scenes have a headline of their own; that of parts is left out where only scenes without parts
    were scored.
    """
    blocks: list[Block] = []
    counts = ""
    if figures["scenes"]:
        blocks.append(_headline(_HEADLINE_OF_SCENES, figures))
        counts = _counts_text(figures, ("scenes", "objects", "predicted_objects"))
    if figures["sketches"] or figures["judged"] or not figures["scenes"]:
        if figures["scenes"]:
            blocks += [counts, "", "parts, each object of a scene as a sketch of its own"]
        blocks.append(
            _headline({k: n for k, n in _HEADLINE.items() if _is_shown(k, figures)}, figures)
        )
        # Those with parts have a category as well.
        judged = ["judged"] if figures["judged"] > figures["sketches"] else []
        counts = _counts_text(
            figures, ("sketches", "strokes"), [*judged, "groups", "sided_strokes"]
        )
    rows = _counts_text(figures, (), _ROW_COUNTS)
    blocks.append(f"{counts}, {rows}" if rows else counts)
    for title, key, columns in _TABLES:
        blocks += _table(title, figures[key], columns)
    parts, categories = figures["confusion"], figures["category_confusion"]
    blocks += _confusions("strokes", "part", parts["parts"], parts["counts"])
    blocks += _confusions("drawings", "category", categories["categories"], categories["counts"])
    return blocks


def _headline(titles: Mapping[str, str], figures: Mapping[str, Any]) -> Headline:
    return Headline([(name, _text(figures[key])) for key, name in titles.items()])


def _is_shown(key: str, figures: Mapping[str, Any]) -> bool:
    if key in _IF_KNOWN:
        return figures[key] is not None
    return key not in _NEEDS or key == "category_accuracy" or figures[_NEEDS[key]]


def _counts_text(
    figures: Mapping[str, Any], always: Sequence[str], if_any: Sequence[str] = ()
) -> str:
    names = [*always, *(name for name in if_any if figures[name])]
    return ", ".join(f"{figures[name]:,} {name.replace('_', ' ')}" for name in names)


def _table(title: str, figures: Mapping[str, Any], columns: Sequence[str]) -> list[Block]:
    # A taxonomy has many categories that a corpus doesn't.
    counted = ("strokes", "objects", "judged")
    rows = {n: row for n, row in figures.items() if any(row.get(name) for name in counted)}
    if not rows:
        return []
    # All other columns need strokes.
    needs = {c: _NEEDS.get(c, "strokes") for c in columns}
    filled = [c for c in columns if any(row.get(needs[c]) for row in rows.values())]
    if all(row.get("judged") == row.get("sketches") for row in rows.values()):
        filled = [c for c in filled if c != "judged"]  # the same count twice
    cells = [[name, *(_text(row[c]) for c in filled)] for name, row in rows.items()]
    return ["", TextTable(head=[title, *map(title_of, filled)], rows=cells)]


def _confusions(
    what: str, of: str, parts: Sequence[str], counts: Sequence[Sequence[int]]
) -> list[Block]:
    """Return a row per true part or category with what it was taken for, most frequent first."""
    names = [*parts, "(none)"]
    rows = []
    for i, row in enumerate(counts):
        wrong = sorted(((n, names[j]) for j, n in enumerate(row) if n and j != i), reverse=True)
        if wrong:
            rows.append([parts[i], ", ".join(f"{name} {n:,}" for n, name in wrong)])
    if not rows:
        return []
    head = [f"true {of}", f"{what} called something else"]
    return ["", TextTable(head=head, rows=rows, texts=(0, 1))]


def _text(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"
