"""The page around the drawings: one HTML file that opens from disk and asks the network nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from instancesketch.report.drawings import Drawings
from instancesketch.sketch import Sketch
from instancesketch.taxonomy import Taxonomy

# About 15 MB, which a phone still opens.
MOST_DRAWINGS = 5_000
_MOST_REASONS = 200
_SCRIPT = ("strokes", "objects", "card", "list")
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
)
# In the tables, where there is anything to tell.
_OF_INSTANCES = ("grouping", "ari", "sides")
_OF_OBJECTS = ("pq_seven", "objects")
_HEADS = {"ari": "ARI", "pq_seven": "PQ-seven"}


def write_report(
    result: Iterable[Sketch],
    out: str | Path,
    *,
    title: str,
    truth: Mapping[str, Sketch] | None = None,
    figures: Mapping[str, Any] | None = None,
    taxonomy: Taxonomy | None = None,
    most: int = MOST_DRAWINGS,
) -> None:
    """Writes a result as one HTML file; the arguments are those of `render_report`.

    Raises:
        UserError: a drawing has not the same strokes in result and truth.
        OSError: the file can't be written.
    """
    page = render_report(
        result, title=title, truth=truth, figures=figures, taxonomy=taxonomy, most=most
    )
    Path(out).write_text(page, "utf-8")


def render_report(
    result: Iterable[Sketch],
    *,
    title: str,
    truth: Mapping[str, Sketch] | None = None,
    figures: Mapping[str, Any] | None = None,
    taxonomy: Taxonomy | None = None,
    most: int = MOST_DRAWINGS,
) -> str:
    """Lays a result out as a page: figures, legend, drawings by object, by part or by instance.

    The worst come first: of scenes the lowest panoptic quality, then the lowest share of right
    strokes, then the wrong category, then the lowest confidence.

    Args:
        result: rows of a result or of a labelled corpus, gone through once.
        title: heads the page.
        truth: labelled sketches by id, drawn beside the result's.
        figures: what `metrics.evaluate` found.
        taxonomy: keeps colours the same in every report of its categories, and resolves the
            truth's category.
        most: drawings on the page; of more, or of more than 100,000 strokes, the worst are taken
            and the page says so.

    Raises:
        UserError: a drawing has not the same strokes in result and truth.
    """
    drawings = Drawings.collect(result, truth, taxonomy, most)
    style, script = _asset("report.css"), _script()
    filled = {
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}",
        "style": style,
        "script": script,
        "title": escape(title),
        "counts": _counts(drawings),
        "headline": "" if figures is None else _headline(figures),
        "tables": "" if figures is None else _tables(figures),
        "failed": _failed(drawings),
        "data": _json(drawings.data(taxonomy)),
    }
    # In one pass, so that no words of a drawing are taken for a place to fill.
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: filled[place[1]], _asset("report.html"))
    return page.encode("utf-8", "replace").decode("utf-8")  # lone surrogates can't be written


def _script() -> str:
    """The pieces as one script, which leaves no name behind."""
    return "(() => {\n" + "\n".join(_asset(f"{piece}.js") for piece in _SCRIPT) + "})();\n"


def _asset(name: str) -> str:
    return (resources.files("instancesketch.report") / name).read_text("utf-8")


def _hash(text: str) -> str:
    """How a content security policy names the one inline text that it lets through."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element: nothing in it closes or comments the element."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("</", "<\\/").replace("<!", "<\\u0021")


def _counts(drawings: Drawings) -> str:
    failed = drawings.failed.total()
    everything = drawings.done + failed
    kind = "scene" if drawings.scenes and drawings.scenes == drawings.done else "drawing"
    words = [f"{everything:,} {kind}{'s' * (everything != 1)}"]
    if drawings.scenes:
        words.append(f"{drawings.objects:,} object{'s' * (drawings.objects != 1)}")
    words += [f"{drawings.labelled:,} labelled", f"{failed:,} failed"]
    if len(drawings.shown) < drawings.done:
        words.append(f"{len(drawings.shown):,} shown, the worst or least certain of all")
    return " · ".join(words)


def _headline(figures: Mapping[str, Any]) -> str:
    tiles = "".join(
        f"<div><dt>{name}</dt>"
        f"<dd>{_number(figures[key])}<span> %</span><small>{what}</small></dd></div>"
        for key, name, what in _HEADLINE
        if figures.get(key) is not None
    )
    return f'<dl class="headline">{tiles}</dl>' if tiles else ""


def _tables(figures: Mapping[str, Any]) -> str:
    tables = (
        ("Figures by category", "per_category", ("C", "P", "part_accuracy"), ("sketches",)),
        ("Figures by part", "per_part", ("precision", "recall", "f1"), ()),
    )
    folded = []
    for title, key, shares, counts in tables:
        scored = figures.get(key, {})
        rows = {k: v for k, v in scored.items() if v["strokes"] or v.get("objects")}
        if rows:
            told = [c for c in _OF_INSTANCES if any(r.get(c) is not None for r in rows.values())]
            objects = _OF_OBJECTS if any(r.get("objects") for r in rows.values()) else ()
            columns = (*objects, *shares, *told, *counts, "strokes")
            cells = [[_number(row.get(c)) for c in columns] for row in rows.values()]
            head = [_HEADS.get(c, c.replace("_", " ")) for c in columns]
            folded.append(_folded(title, _table(title, list(rows), head, cells)))
    confusion = figures.get("confusion")
    if confusion and any(map(any, confusion["counts"])):
        folded.append(_folded("Confusion of parts", _confusion(confusion)))
    return "".join(folded)


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{inside}</details>"


def _table(
    title: str, names: Sequence[str], head: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    top = "".join(f'<th scope="col">{escape(h)}</th>' for h in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{c}</td>" for c in row)}</tr>'
        for name, row in zip(names, rows, strict=True)
    )
    return _scrolled(title, f"<thead><tr><td></td>{top}</tr></thead><tbody>{body}</tbody>")


def _scrolled(title: str, rows: str, kind: str = "scroll") -> str:
    """A table in a box of its own, which scrolls, by the keyboard too, where the page is small."""
    return (
        f'<div class="{kind}" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table>{rows}</table></div>"
    )


def _confusion(confusion: Mapping[str, Any]) -> str:
    """Rows are what was drawn, columns what it was called; shaded by the share of the row."""
    names = [*confusion["parts"], "none"]
    counts = confusion["counts"]
    used = [j for j in range(len(names)) if any(row[j] for row in counts)]
    rows = [i for i, row in enumerate(counts) if any(row)]
    columns = [j for j in range(len(names)) if j in used or j in rows]
    top = "".join(f'<th scope="col"><span>{escape(names[j])}</span></th>' for j in columns)
    body = []
    for i in rows:
        total = sum(counts[i])
        cells = []
        for j in columns:
            count = counts[i][j]
            heat = f"h{-(-9 * count // total)}"  # rounded up: a single mistake can be seen
            tell = f"{names[i]} called {names[j]}: {count:,} of {total:,}"
            right = " right" if i == j else ""
            cells.append(
                f'<td class="{heat}{right}" title="{escape(tell)}">{count if count else ""}</td>'
            )
        body.append(f'<tr><th scope="row">{escape(names[i])}</th>{"".join(cells)}</tr>')
    rows_of_table = f"<thead><tr><td></td>{top}</tr></thead><tbody>{''.join(body)}</tbody>"
    return (
        "<p>Strokes. A row is a true part, a column what its strokes were called.</p>"
        + _scrolled("Confusion of parts", rows_of_table, "scroll confusion")
    )


def _failed(drawings: Drawings) -> str:
    if not drawings.failed:
        return ""
    items = []
    for reason, count in drawings.failed.most_common(_MOST_REASONS):
        ids = ", ".join(f"<code>{escape(i)}</code>" for i in drawings.failed_ids[reason])
        more = count - len(drawings.failed_ids[reason])
        rest = f" and {more:,} more" if more else ""
        items.append(f"<li><strong>{escape(reason)}</strong> ({count:,}): {ids}{rest}</li>")
    left = len(drawings.failed) - len(items)
    if left:
        items.append(f"<li>and {left:,} other reasons</li>")
    title = f"{drawings.failed.total():,} failed, and why"
    return _folded(title, f'<ul class="failed">{"".join(items)}</ul>')


def _number(value: float | int | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"
