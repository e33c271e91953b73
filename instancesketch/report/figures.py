"""Figures on a page: headline, tables with bars, the matrix of which parts were taken for which.

What stands for drawings is a button, by whose `data-` attributes the page's script finds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

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
# In the tables, where there is anything to tell.
_OF_INSTANCES = ("grouping", "ari", "sides")
_OF_OBJECTS = ("pq_seven", "objects")
# Each with the figure that its bars show, the first of them that there is.
_TABLES = (
    ("category", ("C", "P", "part_accuracy"), ("sketches",), ("pq_seven", "C")),
    ("part", ("precision", "recall", "f1"), (), ("f1",)),
)


def headline(figures: Mapping[str, Any]) -> str:
    """The figures that sum everything up, in percent; nothing where there is none of them."""
    tiles = "".join(
        f"<div><dt>{name}</dt>"
        f"<dd>{number(figures[key])}<span> %</span><small>{what}</small></dd></div>"
        for key, name, what in _HEADLINE
        if figures.get(key) is not None
    )
    return f'<dl class="headline">{tiles}</dl>' if tiles else ""


def tables(figures: Mapping[str, Any]) -> str:
    """Folded tables: figures by category and by part, and what was taken for what."""
    found = []
    for kind, shares, counts, bars in _TABLES:
        scored = figures.get(f"per_{kind}", {})
        rows = {k: v for k, v in scored.items() if v["strokes"] or v.get("objects")}
        if rows:
            told = [c for c in _OF_INSTANCES if any(r.get(c) is not None for r in rows.values())]
            objects = _OF_OBJECTS if any(r.get("objects") for r in rows.values()) else ()
            columns = (*objects, *shares, *told, *counts, "strokes")
            shown = next(c for c in bars if c in columns)
            columns = (shown, *(c for c in columns if c != shown))
            head = [title_of(c) for c in columns]
            cells = [[barred(row.get(shown)), *_numbers(row, columns[1:])] for row in rows.values()]
            title, names = f"Figures by {kind}", [_pick(kind, n) for n in rows]
            found.append(folded(title, table(title, names, head, cells)))
    counted = figures.get("confusion")
    if counted and any(map(any, counted["counts"])):
        found.append(folded("Confusion of parts", confusion(counted, picked=True)))
    return "".join(found)


def folded(title: str, inside: str, *, unfolded: bool = False) -> str:
    """Something under a title that opens and closes it."""
    state = " open" if unfolded else ""
    return f"<details{state}><summary>{escape(title)}</summary>{inside}</details>"


def table(
    title: str, names: Sequence[str], head: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """A table that scrolls where there is no room; `names` and `rows` are HTML, `head` is text."""
    top = "".join(f'<th scope="col">{escape(h)}</th>' for h in head)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{c}</td>" for c in row)}</tr>'
        for name, row in zip(names, rows, strict=True)
    )
    return _scrolled(title, f"<thead><tr><td></td>{top}</tr></thead><tbody>{body}</tbody>")


def confusion(counted: Mapping[str, Any], *, picked: bool) -> str:
    """Rows are what was drawn, columns what it was called; shaded by the share of the row.

    Args:
        counted: `parts`, Q names, and `counts`, Q rows of Q + 1 strokes, of which the last is none.
        picked: whether a count is a button that shows its drawings.
    """
    names, counts = [*counted["parts"], "none"], counted["counts"]
    rows = [i for i, row in enumerate(counts) if any(row)]
    columns = [j for j in range(len(names)) if j in rows or any(row[j] for row in counts)]
    top = "".join(f'<th scope="col"><span>{escape(names[j])}</span></th>' for j in columns)
    body = []
    for i in rows:
        cells = "".join(_cell(names, counts[i], i, j, picked) for j in columns)
        body.append(f'<tr><th scope="row">{escape(names[i])}</th>{cells}</tr>')
    inside = f"<thead><tr><td></td>{top}</tr></thead><tbody>{''.join(body)}</tbody>"
    how = " Choose a count to see its drawings." if picked else ""
    return (
        f"<p>Strokes. A row is a true part, a column what its strokes were called.{how}</p>"
        + _scrolled("Confusion of parts", inside, "scroll confusion")
    )


def number(value: float | int | None) -> str:
    """As it is printed; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"


def _numbers(row: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    return [number(row.get(c)) for c in columns]


def barred(value: float | None) -> str:
    """A share in percent with a bar of that length."""
    long = 0.0 if value is None else value
    bar = f'<rect class="all" width="100" height="8"/><rect width="{long:.1f}" height="8"/>'
    return f'{number(value)}<svg class="bar" viewBox="0 0 100 8" aria-hidden="true">{bar}</svg>'


def _pick(kind: str, name: str) -> str:
    """A category or part that shows its drawings."""
    return (
        f'<button type="button" class="pick" data-{kind}="{escape(name)}">{escape(name)}</button>'
    )


def _cell(names: Sequence[str], row: Sequence[int], i: int, j: int, picked: bool) -> str:
    count, total = row[j], sum(row)
    kind = f"h{-(-9 * count // total)}"  # rounded up: a single mistake can be seen
    right = " right" if i == j else ""
    told = escape(f"{names[i]} called {names[j]}: {count:,} of {total:,}")
    if not count or not picked:
        return f'<td class="{kind}{right}" title="{told}">{count or ""}</td>'
    said = f' data-said="{escape(names[j])}"' if j < len(names) - 1 else ""
    button = (
        f'<button type="button" class="case" tabindex="-1" data-true="{escape(names[i])}"{said} '
        f'title="{told}" aria-label="{told}">{count}</button>'
    )
    return f'<td class="{kind}{right}">{button}</td>'


def _scrolled(title: str, rows: str, kind: str = "scroll") -> str:
    """A table in a box of its own, which scrolls, by the keyboard too, where the page is small."""
    return (
        f'<div class="{kind}" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table>{rows}</table></div>"
    )
