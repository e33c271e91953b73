"""The page around the drawings: one HTML file that opens from disk and asks the network nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.report.drawings import Drawings
from instancesketch.report.figures import folded, headline, tables

# About 15 MB, which a phone still opens.
MOST_DRAWINGS = 5_000
_MOST_REASONS = 200
_SCRIPT = ("strokes", "names", "forward", "card", "filters", "list")


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
    """Lays a result out as a page: figures, legend, drawings by object, part, instance, confidence.

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
    return fill(
        "report.html",
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}",
        style=style,
        script=script,
        title=escape(title),
        counts=_counts(drawings),
        headline="" if figures is None else headline(figures),
        tables="" if figures is None else tables(figures),
        failed=_failed(drawings),
        data=_json(drawings.data(taxonomy)),
    )


def render_sheet(*, title: str, counts: str, body: str) -> str:
    """A page without drawings to choose from: words, tables and pictures that are in it.

    Args:
        title: heads the page.
        counts: text, the line below.
        body: HTML, all the rest; pictures are `data:` addresses.
    """
    style = _asset("report.css")
    return fill(
        "sheet.html",
        policy=f"default-src 'none'; style-src {_hash(style)}; img-src data:",
        style=style,
        title=escape(title),
        counts=escape(counts),
        body=body,
    )


def fill(template: str, **filled: str) -> str:
    """A page of a template whose places are filled; what fills them is HTML."""
    # In one pass, so that no words of a drawing are taken for a place to fill.
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: filled[place[1]], _asset(template))
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
    return folded(title, f'<ul class="failed">{"".join(items)}</ul>')
