"""Render a result as one HTML file that opens from disk and loads nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from instancesketch.core import storage
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import OTHER, SCENE, Taxonomy
from instancesketch.report.beside import Beside
from instancesketch.report.captions import category_title
from instancesketch.report.drawings import MOST_STROKES, Drawings
from instancesketch.report.entries import AddressOf
from instancesketch.report.figures import category_confusion, confusion, headline, tables
from instancesketch.report.page_data import page_data

# In a page alone about 10 MB, which a phone still opens; of any more the pictures lie beside it.
MOST_INSIDE = 5_000
# About 20 MB without the pictures: the page opens within a second on a laptop.
MOST_DRAWINGS = 100_000
LOADED_BY_SCRIPTS = " 'strict-dynamic'"
# Reasons that quote a row are all different: a list without end helps nobody.
_MOST_REASONS = 200
# In the order in which their top-level constants depend on each other; `list` starts the page.
_SCRIPTS = (
    "strokes", "files", "corrections", "objects", "written_names", "pieces", "highlight", "card",
    "filters", "choice", "large", "address", "list",
)  # fmt: skip
# Modules that other pages import; here they are part of the script.
_SHARED = ("names", "geometry")


def write_report(result: Iterable[Sketch], out: str | Path, *, title: str, **values: Any) -> None:
    """Write a result as an HTML page, and beside it what it has no room for.

    Args:
        result: rows of a result or of a labelled corpus, read once.
        out: the location of the page.
        title: the page's heading.
        values: other arguments of `render_report`.

    Raises:
        UserError: a drawing has other strokes in the result than in the truth, or a file can't be
            written.
    """
    beside = Beside(str(out))
    page = render_report(result, title=title, beside=beside, **values)
    beside.remove_others()
    # Last, so that a page never lacks its files.
    storage.write_text(str(out), page)


def render_report(
    result: Iterable[Sketch],
    *,
    title: str,
    truth: Mapping[str, Sketch] | None = None,
    figures: Mapping[str, Any] | None = None,
    taxonomy: Taxonomy | None = None,
    most: int | None = None,
    not_read: Sequence[Mapping[str, Any]] = (),
    address_of: AddressOf | None = None,
    beside: Beside | None = None,
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
        most: the most drawings on the page. Of more only the worst are shown, and the summary says
            so; by default 100,000 with files beside the page, and 5,000 without.
        not_read: what the job rejected or left out: each a summary and a title, and reasons with
            files.
        address_of: returns the address of the file of a drawing, from its id and word.
        beside: writes the pictures of all but the first drawings, where the page has no room for
            them; None: all are in the page.

    Raises:
        UserError: a drawing has other strokes in the result than in the truth, or a file can't be
            written.
    """
    if most is None:
        most = MOST_INSIDE if beside is None else MOST_DRAWINGS
    most_strokes = MOST_STROKES * (1 if beside is None else MOST_DRAWINGS // MOST_INSIDE)
    drawings = Drawings.collect(result, truth, taxonomy, most, most_strokes)
    if len(drawings.worst) <= MOST_INSIDE and drawings.strokes < MOST_STROKES:
        beside = None
    title_of = partial(category_title, taxonomy=taxonomy)
    # The policy allows the script by its hash, so it must be the very text that the page holds.
    script, scored = join_scripts(*_SCRIPTS, shared=_SHARED), figures or {}
    return render_page(
        "report.html",
        title=title,
        summary=" · ".join([_summary(drawings), *(each["summary"] for each in not_read)]),
        # Other scripts are loaded by this one alone, never by an element in the page.
        policy=f"script-src {hash_of(script)}{'' if beside is None else LOADED_BY_SCRIPTS}",
        tiles=headline(scored),
        tables=tables(scored, title_of),
        confusion=confusion(scored.get("confusion"), clickable=True),
        categories=category_confusion(scored.get("category_confusion"), title_of, clickable=True),
        failures=[*_failures(drawings), *not_read],
        beside=None if beside is None else beside.address,
        data=escape_json(page_data(drawings, taxonomy, address_of, beside)),
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
    style = _asset("colours.css", "render.web") + _asset("report.css")
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


def join_scripts(*names: str, shared: Sequence[str] = ()) -> str:
    """Return a page's script in one function, so that it adds no name to the page.

    Args:
        names: its files, in this order.
        shared: modules of `render/web/` whose exports come first.
    """
    modules = [_without_exports(_asset(f"{name}.js", "render.web")) for name in shared]
    return (
        '(() => {\n"use strict";\n'
        + "\n".join([*modules, *(_asset(f"{n}.js") for n in names)])
        + "})();\n"
    )


def _without_exports(module: str) -> str:
    """Return a module as a block whose exports are constants: no page loads another file."""
    names = ", ".join(re.findall(r"^export (?:function|const) (\w+)", module, re.M))
    text = re.sub(r"^export ", "", module, flags=re.M)
    return f"const {{ {names} }} = (() => {{\n{text}return {{ {names} }};\n}})();"


def _asset(name: str, folder: str = "report") -> str:
    return (resources.files("instancesketch") / folder.replace(".", "/") / name).read_text("utf-8")


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
        phrases.append(f"{drawings.partless[OTHER]:,} of nothing it knows")
    if drawings.partless[SCENE]:
        phrases.append(f"{drawings.partless[SCENE]:,} like scenes: try segment --scenes")
    if len(drawings.worst) < drawings.succeeded:
        phrases.append(f"{len(drawings.worst):,} shown, the worst or least certain of all")
    return " · ".join(phrases)


def _failures(drawings: Drawings) -> list[dict[str, Any]]:
    """Return the reasons of failed rows, the most frequent first, with some ids of each."""
    if not drawings.failed:
        return []
    reasons = [
        {
            "text": reason,
            "count": count,
            "ids": drawings.failed_ids[reason],
            "more": count - len(drawings.failed_ids[reason]),
        }
        for reason, count in drawings.failed.most_common(_MOST_REASONS)
    ]
    title = f"{drawings.failed.total():,} failed, and why"
    return [{"title": title, "reasons": reasons, "left": len(drawings.failed) - len(reasons)}]
