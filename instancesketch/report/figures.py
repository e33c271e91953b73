"""Lay figures out for the pages: tiles, tables with bars, the confusion matrix of parts.

The templates in `templates/` write these as HTML. A row with `filter_by` and each count of a
clickable matrix become buttons, by whose `data-` attributes the page's script selects drawings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from instancesketch.metrics.formatting import title_of
from instancesketch.metrics.parts import MACRO_STROKES
from instancesketch.render.titles import label_title

# Key in the figures, name and explanation of each tile, the most general figures first. The other
# places where a new figure goes are listed in `metrics/formatting.py`.
_HEADLINE = (
    ("pq", "PQ", "how well objects are found"),
    ("pq_named", "PQ named", "found and named right"),
    ("object_f1", "object F1", "objects found, of all"),
    ("C", "C", "right strokes, by category"),
    ("P", "P", "the same, by length"),
    ("part_accuracy", "part accuracy", "right strokes of all"),
    ("macro_f1", "macro-F1", "mean over parts"),
    ("grouping", "grouping", "parts grouped right"),
    ("ari", "ARI", "agreement of groups"),
    ("sides", "sides", "right part and side"),
    ("category_accuracy", "category accuracy", "right categories of all"),
    ("known_auroc", "known against other", "area under the ROC curve"),
    ("other_kept", "other kept", "where 95 % of the known are"),
    ("category_ece", "category ECE", "error of categories' scores"),
    ("part_ece", "part ECE", "error of parts' scores"),
    ("map50", "mAP50", "boxes found, by category"),
    ("map", "mAP50-95", "the same, by how well they fit"),
)
# Columns that a table has only where some row has a value for them.
_INSTANCE_COLUMNS = ("grouping", "ari", "sides")
_OBJECT_COLUMNS = ("pq_named", "objects")


@dataclass(frozen=True, kw_only=True)
class _Columns:
    shares: tuple[str, ...]
    counts: tuple[str, ...]
    bars: tuple[str, ...]  # the first of these that the table has comes first, with bars


_TABLES: dict[Literal["category", "part"], _Columns] = {
    "category": _Columns(
        shares=("C", "P", "part_accuracy"), counts=("sketches",), bars=("pq_named", "C")
    ),
    "part": _Columns(shares=("precision", "recall", "f1"), counts=(), bars=("f1",)),
}
_RARE = "*"
_RARE_NOTE = f"{_RARE} fewer than {MACRO_STROKES} strokes in the truth: not counted in macro-F1"
TitleOf = Callable[[str], str]
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
    """A value of a table, as text, and with a bar of its length if it is a share."""

    text: str
    is_bar: bool = False
    percent: float | None = None  # of the bar; None where unknown


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table, under its name."""

    name: str
    cells: Sequence[Cell]
    title: str = ""  # for people; by default the name
    filter_by: Literal["category", "part"] | None = None  # makes the name a button
    mark: str = ""  # behind the name
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a title and a title for each column but that of the names."""

    title: str
    head: Sequence[str]
    rows: Sequence[Row]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Count:
    """Strokes, or drawings, of one true name that were labelled as one."""

    count: int
    heat: int  # 0 to 9, the shade for its share of the row
    right: bool
    predicted: str | None  # the name they were labelled as; None for those without any
    title: str


@dataclass(frozen=True, kw_only=True)
class CountRow:
    """The things that are truly of one name, by the name it was labelled as."""

    name: str
    title: str  # for people
    cells: Sequence[Count]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A confusion matrix of parts or of categories."""

    of: Literal["category", "part"]
    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[CountRow]
    clickable: bool


def headline(figures: Mapping[str, Any]) -> list[Tile]:
    """Return the tiles of the figures that have a value."""
    return [
        Tile(name=name, value=number(figures[key]), note=note)
        for key, name, note in _HEADLINE
        if figures.get(key) is not None
    ]


def tables(figures: Mapping[str, Any], title_of_category: TitleOf = str) -> list[Table]:
    """Return the tables of figures by category and by part; rows without strokes are left out.

    Parts that are too rare for macro-F1 are marked, and a note says so.
    """
    by_group = []
    for group, layout in _TABLES.items():
        scored = figures.get(f"per_{group}", {})
        # A taxonomy has many more parts than one result: rows of nothing would hide the others.
        counted = ("strokes", "objects", "judged")
        rows = {k: v for k, v in scored.items() if any(v.get(name) for name in counted)}
        if not rows:
            continue
        columns = _columns(list(rows.values()), layout)
        by_group.append(
            Table(
                title=f"Figures by {group}",
                head=[title_of(c) for c in columns],
                rows=[
                    Row(
                        name=name,
                        title=(title_of_category if group == "category" else label_title)(name),
                        mark=_RARE if group == "part" and _is_rare(row) else "",
                        filter_by=group,
                        cells=_cells(row, columns),
                    )
                    for name, row in rows.items()
                ],
                note=_RARE_NOTE if group == "part" and any(map(_is_rare, rows.values())) else "",
            )
        )
    return by_group


def _is_rare(row: Mapping[str, Any]) -> bool:
    return int(row["strokes"]) < MACRO_STROKES


def _columns(rows: Sequence[Mapping[str, Any]], layout: _Columns) -> tuple[str, ...]:
    """Return the columns that have a value in some row, the one with bars first."""
    of_instances = [c for c in _INSTANCE_COLUMNS if any(r.get(c) is not None for r in rows)]
    of_objects = _OBJECT_COLUMNS if any(r.get("objects") for r in rows) else ()
    of_categories = ("category_accuracy",) if any(r.get("judged") for r in rows) else ()
    columns = (
        *of_objects, *layout.shares, *of_categories, *of_instances, *layout.counts, "strokes"
    )  # fmt: skip
    # Bars stand beside the names, where they are compared at a glance.
    bar = next(c for c in layout.bars if c in columns)
    return (bar, *(c for c in columns if c != bar))


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[Cell]:
    bar, *others = columns
    return [barred(row.get(bar)), *(Cell(text=number(row.get(c))) for c in others)]


def confusion(counted: Mapping[str, Any] | None, *, clickable: bool) -> Matrix | None:
    """Return the matrix of true parts against predicted ones; None where nothing was counted.

    Args:
        counted: `parts`, Q names, and `counts`, Q rows of Q + 1 numbers of strokes; the last column
            is of strokes that got no part.
        clickable: make each count a button that shows its drawings.
    """
    return _matrix(
        of="part",
        note="Strokes. A row is a true part, a column the part they were labelled as.",
        names=counted["parts"] if counted else (),
        title_of_name=label_title,
        counts=counted["counts"] if counted else (),
        clickable=clickable,
    )


def category_confusion(
    counted: Mapping[str, Any] | None, title_of_category: TitleOf = str, *, clickable: bool
) -> Matrix | None:
    """Return the matrix of true categories against predicted ones; None where none was right
    or wrong.

    Args:
        counted: `categories`, K names, and `counts`, K rows of K + 1 numbers of drawings; the last
            column is of drawings that got no category.
        title_of_category: returns the title of a category for people.
        clickable: make each count a button that shows its drawings.
    """
    return _matrix(
        of="category",
        note="Drawings. A row is a true category, a column the category they were labelled as.",
        names=counted["categories"] if counted else (),
        title_of_name=title_of_category,
        counts=counted["counts"] if counted else (),
        clickable=clickable,
    )


def _matrix(
    *,
    of: Literal["category", "part"],
    note: str,
    names: Sequence[str],
    title_of_name: TitleOf,
    counts: Sequence[Sequence[int]],
    clickable: bool,
) -> Matrix | None:
    if not any(map(any, counts)):
        return None
    titles = [*map(title_of_name, names), "none"]
    # Names that neither side has are left out; rows and columns keep one order, for the diagonal.
    rows = [i for i, row in enumerate(counts) if any(row)]
    columns = [j for j in range(len(titles)) if j in rows or any(row[j] for row in counts)]
    return Matrix(
        of=of,
        title="Confusion of categories" if of == "category" else "Confusion of parts",
        note=note,
        head=[titles[j] for j in columns],
        rows=[
            CountRow(
                name=names[i],
                title=titles[i],
                cells=[_count(names, titles, counts[i], i, j) for j in columns],
            )
            for i in rows
        ],
        clickable=clickable,
    )


def _count(
    names: Sequence[str], titles: Sequence[str], row: Sequence[int], i: int, j: int
) -> Count:
    count, total = row[j], sum(row)
    return Count(
        count=count,
        heat=-(-_SHADES * count // total),  # rounded up, so that a single mistake can be seen
        right=i == j,
        # The extra column is known by its place: a part of a user's taxonomy may be called "none".
        predicted=names[j] if j < len(names) else None,
        title=f"{titles[i]} called {titles[j]}: {count:,} of {total:,}",
    )


def number(value: float | int | None) -> str:
    """Return a figure as text; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"


def barred(value: float | None) -> Cell:
    """Return a cell with a share in percent and a bar of that length."""
    return Cell(text=number(value), is_bar=True, percent=value)
