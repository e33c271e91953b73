"""Show sketches in notebooks: pictures with a legend of the strokes' parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from html import escape

from instancesketch.core.sketch import Sketch
from instancesketch.render.colours import part_colours
from instancesketch.render.inks import piece_names, stroke_colours, stroke_names
from instancesketch.render.svg import to_svg
from instancesketch.render.titles import label_title
from instancesketch.report.captions import category_title, describe_category

_SIDE, _SMALL = 260, 150  # pixels of a picture alone, and among others
_RESOLUTION = 1_000  # finer than a pixel, even on screens of two pixels to one
# A notebook keeps what it shows: thousands of pictures would make it slow to open.
_MOST_SHOWN = 60


def sketch_svg(sketch: Sketch) -> str:
    """Return the picture of a sketch, coloured by object where it has any, else by part."""
    return to_svg(sketch, by=_views(sketch)[0], size=_SIDE, resolution=_RESOLUTION)


def sketch_html(sketch: Sketch) -> str:
    """Return the pictures of a sketch by object, part and instance, with a legend."""
    views = _views(sketch)
    pictures = "".join(
        _figure(to_svg(sketch, by=by, size=_SIDE, resolution=_RESOLUTION), by) for by in views
    )
    legend = _legend([sketch], views[0], stroke_colours(sketch, views[0]))
    return f"<div>{_headline(sketch)}<div>{pictures}</div>{legend}</div>"


def sketches_html(sketches: Sequence[Sketch]) -> str:
    """Return the pictures of several sketches, side by side in the same colours."""
    drawings = sketches[:_MOST_SHOWN]
    # One palette for all, so that a part has the same colour in every picture.
    colours = part_colours(
        sorted({name for s in drawings for name in (*stroke_names(s), *piece_names(s))})
    )
    figures = "".join(
        _figure(
            to_svg(s, colours=colours, size=_SMALL, resolution=_RESOLUTION),
            s.error or (category_title(s.category, None) if s.category else ""),
        )
        for s in drawings
    )
    rest = len(sketches) - len(drawings)
    more = f"<p>and {rest:,} more</p>" if rest else ""
    return f"<div><div>{figures}</div>{_legend(drawings, 'part', colours)}{more}</div>"


def _views(drawing: Sketch) -> list[str]:
    """Return the values that the strokes of a drawing can be coloured by, the best first."""
    # Objects first: in a scene, parts alone would not show what belongs together.
    views = ["object"] if drawing.object_category else []
    views += ["part"] if drawing.part is not None else []
    views += ["instance"] if any(drawing.instance or ()) else []
    return views or ["part"]


def _headline(drawing: Sketch) -> str:
    words = [f"<b>{escape(describe_category(drawing) or drawing.sketch_id)}</b>"]
    words += [f"not labelled: {escape(drawing.error)}"] if drawing.error else []
    return f"<div>{' '.join(words)}</div>"


def _figure(picture: str, caption: str) -> str:
    # Inline, because a notebook's front end strips style elements from an output.
    style = "display:inline-block;margin:0 1em .5em 0;text-align:center;vertical-align:bottom"
    return (
        f'<figure style="{style}">{picture}'
        f'<figcaption style="opacity:.7;font-size:smaller">{escape(caption)}</figcaption></figure>'
    )


def _legend(drawings: Sequence[Sketch], by: str, colours: Mapping[str, str]) -> str:
    """Return the colour of each name, with its counts of strokes and instances and mean score."""
    strokes: Counter[str] = Counter()
    scores: defaultdict[str, list[float]] = defaultdict(list)
    instances: defaultdict[str, set[tuple[int, int | None]]] = defaultdict(set)
    pieces: Counter[str] = Counter()
    for number, drawing in enumerate(drawings):
        nothing = (None,) * len(drawing)
        # Instances number the strokes of a part; by object, the names have the number already.
        counted = (drawing.instance if by == "part" else None) or nothing
        for name, instance, score in zip(
            stroke_names(drawing, by), counted, drawing.part_score or nothing, strict=True
        ):
            strokes[name] += 1
            scores[name] += [] if score is None else [score]
            # Instance 1 of one drawing is another than instance 1 of the next.
            instances[name].update([(number, instance)] if instance else [])
        pieces.update(piece_names(drawing, by))
    # Without labels every stroke is `unlabeled`, which needs no legend.
    if all(drawing.part is None and not drawing.object_category for drawing in drawings):
        return ""
    return "".join(
        _entry(
            name,
            colours[name],
            {"stroke": strokes[name], "instance": len(instances[name]), "piece": pieces[name]},
            scores[name],
        )
        for name in sorted({*strokes, *pieces})
    )


def _entry(name: str, colour: str, counts: Mapping[str, int], scores: list[float]) -> str:
    words = [f"{number:,} {kind}{'s' * (number > 1)}" for kind, number in counts.items() if number]
    words += [f"{100 * sum(scores) / len(scores):.0f} %"] if scores else []
    dot = f"display:inline-block;width:.8em;height:.8em;border-radius:50%;background:{colour}"
    return (
        f'<span style="display:inline-block;margin-right:1.5em"><span style="{dot}"></span> '
        f'{escape(label_title(name))} <span style="opacity:.7">{", ".join(words)}</span></span>'
    )
