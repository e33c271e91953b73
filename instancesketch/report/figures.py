"""Lay figures out for the pages: tiles, tables with bars, the confusion matrix of parts.

The templates in `templates/` write these as HTML. A row with `pick` and each count of a matrix with
`picked` become buttons, by whose `data-` attributes the page's script finds the drawings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from instancesketch.metrics.formatting import title_of

_HEADLINE = (
    ("pq", "PQ", "how well objects are found"),
    ("pq_seven", "PQ-seven", "found and named right"),
    ("object_f1", "object F1", "objects found, of all"),
    ("C", "C", "right strokes, by category"),
    ("P", "P", "the same, by length"),
    ("part_accuracy", "part accuracy", "right strokes of all"),
    ("macro_f1", "macro-F1", "mean over parts"),
    ("grouping", "grouping", "parts grouped right"),
    ("ari", "ARI", "agreement of groups"),
    ("sides", "sides", "right part and side"),
    ("category_accuracy", "category accuracy", "right categories of all"),
    ("map50", "mAP50", "boxes found, by category"),
    ("map", "mAP50-95", "the same, by how well they fit"),
)
# Columns that stand only where a row has a value for them.
_OF_INSTANCES = ("grouping", "ari", "sides")
_OF_OBJECTS = ("pq_seven", "objects")


@dataclass(frozen=True, kw_only=True)
class _Columns:
    shares: tuple[str, ...]
    counts: tuple[str, ...]
    bars: tuple[str, ...]  # the first of these that the table has is shown with bars


_TABLES: dict[Literal["category", "part"], _Columns] = {
    "category": _Columns(
        shares=("C", "P", "part_accuracy"), counts=("sketches",), bars=("pq_seven", "C")
    ),
    "part": _Columns(shares=("precision", "recall", "f1"), counts=(), bars=("f1",)),
}
# Steps of the matrix's shading.
_SHADES = 9


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A figure of the headline, in percent."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value of a table, as text; with a bar it is a share in percent, None where unknown."""

    text: str
    is_bar: bool = False
    percent: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table, under its name."""

    name: str
    cells: Sequence[Cell]
    pick: Literal["category", "part"] | None = None
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a title and a title for each column but that of the names."""

    title: str
    head: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class Count:
    """Strokes of a true part that were labelled as one part."""

    count: int
    heat: int  # 0 to 9: its share of the row's strokes
    right: bool
    said: str | None  # the part they were labelled as; None for strokes without a part
    title: str


@dataclass(frozen=True, kw_only=True)
class CountRow:
    """The strokes of one true part, by the part they were labelled as."""

    name: str
    cells: Sequence[Count]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A confusion matrix of parts."""

    head: Sequence[str]
    rows: Sequence[CountRow]
    picked: bool


def headline(figures: Mapping[str, Any]) -> list[Tile]:
    """Return the tiles of the figures that have a value."""
    return [
        Tile(name=name, value=number(figures[key]), note=note)
        for key, name, note in _HEADLINE
        if figures.get(key) is not None
    ]


def tables(figures: Mapping[str, Any]) -> list[Table]:
    """Return the tables of figures by category and by part; rows without strokes are left out."""
    made = []
    for of, wanted in _TABLES.items():
        scored = figures.get(f"per_{of}", {})
        rows = {k: v for k, v in scored.items() if v["strokes"] or v.get("objects")}
        if not rows:
            continue
        known = [c for c in _OF_INSTANCES if any(r.get(c) is not None for r in rows.values())]
        objects = _OF_OBJECTS if any(r.get("objects") for r in rows.values()) else ()
        columns = (*objects, *wanted.shares, *known, *wanted.counts, "strokes")
        bar = next(c for c in wanted.bars if c in columns)
        columns = (bar, *(c for c in columns if c != bar))
        made.append(
            Table(
                title=f"Figures by {of}",
                head=[title_of(c) for c in columns],
                rows=[
                    Row(name=name, pick=of, cells=_figures_of(row, columns))
                    for name, row in rows.items()
                ],
            )
        )
    return made


def _figures_of(row: Mapping[str, Any], columns: Sequence[str]) -> list[Cell]:
    bar, *others = columns
    return [barred(row.get(bar)), *(Cell(text=number(row.get(c))) for c in others)]


def confusion(counted: Mapping[str, Any] | None, *, picked: bool) -> Matrix | None:
    """Return the matrix of which parts were labelled as which; None where nothing was counted.

    Args:
        counted: `parts`, Q names, and `counts`, Q rows of Q + 1 numbers of strokes; the last column
            is of strokes that got no part.
        picked: whether a count is a button that shows its drawings.
    """
    if not counted or not any(map(any, counted["counts"])):
        return None
    names, counts = [*counted["parts"], "none"], counted["counts"]
    rows = [i for i, row in enumerate(counts) if any(row)]
    columns = [j for j in range(len(names)) if j in rows or any(row[j] for row in counts)]
    return Matrix(
        head=[names[j] for j in columns],
        rows=[
            CountRow(name=names[i], cells=[_count(names, counts[i], i, j) for j in columns])
            for i in rows
        ],
        picked=picked,
    )


def _count(names: Sequence[str], row: Sequence[int], i: int, j: int) -> Count:
    count, total = row[j], sum(row)
    return Count(
        count=count,
        heat=-(-_SHADES * count // total),  # rounded up, so that a single mistake can be seen
        right=i == j,
        said=names[j] if j < len(names) - 1 else None,
        title=f"{names[i]} called {names[j]}: {count:,} of {total:,}",
    )


def number(value: float | int | None) -> str:
    """Return a figure as text; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"


def barred(value: float | None) -> Cell:
    """Return a cell with a share in percent and a bar of that length."""
    return Cell(text=number(value), is_bar=True, percent=value)
