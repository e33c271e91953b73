"""Render a result as one HTML file that opens from disk and loads nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import OTHER, SCENE, Taxonomy
from instancesketch.report.drawings import Drawings
from instancesketch.report.figures import category_confusion, confusion, headline, tables
from instancesketch.report.page_data import page_data

# About 15 MB, which a phone still opens.
MOST_DRAWINGS = 5_000
# Reasons that quote a row are all different: a list without end helps nobody.
_MOST_REASONS = 200
# In the order in which their top-level constants depend on each other; `list` starts the page.
_SCRIPTS = ("strokes", "names", "highlight", "card", "filters", "list")


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
    """Write a result as one HTML file; the arguments are those of `render_report`.

    Raises:
        UserError: a drawing has other strokes in the result than in the truth.
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
    not_read: Mapping[str, Any] | None = None,
) -> str:
    """Render a result: figures, legend, drawings by object, part, instance or confidence.

    The worst drawings come first: in scenes those of the lowest panoptic quality, then the lowest
    share of right strokes, then a wrong category, then the lowest confidence.

    Args:
        result: rows of a result or of a labelled corpus, read once.
        title: the page's heading.
        truth: labelled sketches by id, drawn beside the result's.
        figures: the figures of `metrics.evaluate`.
        taxonomy: keeps colours the same in every report of its categories, and resolves the
            truth's category.
        most: the most drawings on the page. Of more, or of more than 100,000 strokes, only the
            worst are shown, and the summary says so.
        not_read: what the job rejected: in a summary and a title, and reasons with files.

    Raises:
        UserError: a drawing has other strokes in the result than in the truth.
    """
    drawings = Drawings.collect(result, truth, taxonomy, most)
    # The policy allows the script by its hash, so it must be the very text that the page holds.
    script, scored = join_scripts(*_SCRIPTS), figures or {}
    return render_page(
        "report.html",
        title=title,
        summary=" · ".join([_summary(drawings), *([not_read["summary"]] if not_read else [])]),
        policy=f"script-src {hash_of(script)}",
        tiles=headline(scored),
        tables=tables(scored),
        confusion=confusion(scored.get("confusion"), clickable=True),
        categories=category_confusion(scored.get("category_confusion")),
        failures=[f for f in (_failures(drawings), not_read) if f is not None],
        data=escape_json(page_data(drawings, taxonomy)),
        script=Markup(script),
    )


def render_page(template: str, *, title: str, summary: str, policy: str, **values: Any) -> str:
    """Render a template of a page.

    Args:
        template: its file name in `templates/`.
        title: the page's heading.
        summary: the line below it.
        policy: directives of the content security policy besides that of the page's own style.
        values: the template's other variables; escaped, unless they are `Markup`.
    """
    style = _asset("report.css")
    # Names in drawings are anybody's words. Escaping keeps them text; should that ever fail, the
    # policy still allows no script, style or request but the page's own.
    page = (
        _templates()
        .get_template(template)
        .render(
            title=title,
            summary=summary,
            policy=Markup(f"default-src 'none'; style-src {hash_of(style)}; {policy}"),
            style=Markup(style),
            **values,
        )
    )
    # A name from JSON may hold a lone surrogate, which no file can be written with.
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("instancesketch.report"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelled variable raises instead of vanishing
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def join_scripts(*names: str) -> str:
    """Return a page's script in one function, so that it adds no name to the page."""
    return "(() => {\n" + "\n".join(_asset(f"{name}.js") for name in names) + "})();\n"


def _asset(name: str) -> str:
    return (resources.files("instancesketch.report") / name).read_text("utf-8")


def hash_of(text: str) -> str:
    """Return the source expression with which a content security policy allows an inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def escape_json(data: Any) -> Markup:
    """Return JSON that can't close the script element it stands in, nor open a comment there."""
    # Escaped as JSON allows, so that the browser's JSON.parse gives the original text.
    text = json.dumps(data, separators=(",", ":"))
    return Markup(text.replace("</", "<\\/").replace("<!", "<\\u0021"))


def _summary(drawings: Drawings) -> str:
    failed = drawings.failed.total()
    rows = drawings.succeeded + failed
    # Drawings and scenes together are called drawings.
    noun = "scene" if drawings.scenes and drawings.scenes == drawings.succeeded else "drawing"
    phrases = [f"{rows:,} {noun}{'s' * (rows != 1)}"]
    if drawings.scenes:
        phrases.append(f"{drawings.objects:,} object{'s' * (drawings.objects != 1)}")
    phrases += [f"{drawings.labelled:,} labelled", f"{failed:,} failed"]
    if drawings.partless[OTHER]:
        phrases.append(f"{drawings.partless[OTHER]:,} of no known category")
    if drawings.partless[SCENE]:
        phrases.append(f"{drawings.partless[SCENE]:,} like scenes: try segment --scenes")
    if len(drawings.worst) < drawings.succeeded:
        phrases.append(f"{len(drawings.worst):,} shown, the worst or least certain of all")
    return " · ".join(phrases)


def _failures(drawings: Drawings) -> dict[str, Any] | None:
    """Return the reasons of failed rows, the most frequent first, with some ids of each."""
    if not drawings.failed:
        return None
    reasons = [
        {
            "text": reason,
            "count": count,
            "ids": drawings.failed_ids[reason],
            "more": count - len(drawings.failed_ids[reason]),
        }
        for reason, count in drawings.failed.most_common(_MOST_REASONS)
    ]
    return {
        "title": f"{drawings.failed.total():,} failed, and why",
        "reasons": reasons,
        "left": len(drawings.failed) - len(reasons),
    }
