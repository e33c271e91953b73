"""Draw sketches as SVG, coloured stroke by stroke.

By part, a stroke of several parts is drawn piece by piece. By instance, strokes keep the hue of
their part: its instances differ in shade and dash, a stroke of several instances is pale, and parts
that are not countable are grey. By object, near objects differ in colour, and strokes of no object
are grey.

The labels of a stroke are kept beside its points, so that the picture can be read back:

| element    | attributes                                                                       |
|------------|----------------------------------------------------------------------------------|
| `svg`      | `data-id`, `data-source`, `data-category`, `data-word`, `data-split`,            |
|            | `data-width`, `data-height`, `data-object-category` (JSON list)                  |
| `polyline` | `data-part`, `data-label`, `data-instance`, `data-object`; `data-dot` marks a    |
|            | stroke of one point, which is written twice because one point alone draws nothing |
| `g`        | those of a polyline, of a stroke that is drawn piece by piece; each of its       |
|            | polylines has `data-piece`, its part, and `data-start`, its first point          |

An attribute is there only where the value is known. There is no transform: the numbers in `points`
are the sketch's own, and read back as the same float32.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from instancesketch.core.sketch import LARGEST_COORDINATE, FloatArray, Sketch
from instancesketch.core.stroke_labels import Pieces, split_points
from instancesketch.render.colours import GREY, Ink
from instancesketch.render.inks import (
    STROKE_VALUES,
    drawn_pieces,
    stroke_colours,
    stroke_inks,
)
from instancesketch.render.titles import stroke_tooltip

# Shares of the larger side of the picture. A scene has many more strokes, hence thinner ones.
_MARGIN = 0.04
_STROKE_WIDTH = 0.014
_SCENE_STROKE_WIDTH = 0.005
# All that XML 1.0 forbids even as an entity: control characters, surrogates, U+FFFE and U+FFFF.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_svg(
    sketch: Sketch,
    *,
    colours: Mapping[str, str] | None = None,
    size: int | None = None,
    by: str = "part",
    resolution: int | None = None,
    on_canvas: bool = True,
) -> str:
    """Draw a sketch as one SVG element that is also a whole SVG file.

    A scene of known width and height is drawn on its canvas; any other drawing fills the picture.

    Args:
        sketch: the drawing.
        colours: the colour of each name that `stroke_names` and `piece_names` give; by default
            those of `part_colours`, or of `object_colours` by object. Names without one are grey.
            By instance they must be of the form `#rrggbb`.
        size: larger side of the picture in pixels; without it the picture fills its container.
        by: colours strokes by part, label, instance or object.
        resolution: rounds coordinates to a power of ten of at most the larger side over this, for
            pages that hold thousands of drawings. Without it they are exact.
        on_canvas: False lets a scene fill the picture, too.

    Raises:
        ValueError: `by` is not one of the four.
    """
    colours = stroke_colours(sketch, by) if colours is None else colours
    inks = stroke_inks(sketch, by, colours)
    box = view_box(sketch, on_canvas)
    width, height = box[2:]
    side = max(width, height)
    unit = line_width(sketch, side)
    decimals = None if resolution is None else _decimals(resolution, side)
    head = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": " ".join(f"{v:.9g}" for v in box),
        "fill": "none",
        "stroke-width": f"{unit:.3g}",
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }
    if size is not None:
        head |= {"width": f"{size * width / side:.5g}", "height": f"{size * height / side:.5g}"}
    lines = [
        _polyline(sketch, i, points, _ink_attributes(inks[i], unit), decimals)
        if pieces is None
        else _group(sketch, i, split_points(points, pieces), pieces, colours, decimals)
        for i, (points, pieces) in enumerate(
            zip(sketch.to_strokes(), drawn_pieces(sketch, by), strict=True)
        )
    ]
    title = f"<title>{_text(sketch.category)}</title>" if sketch.category else ""
    return f"<svg{_attributes(head | _sketch_data(sketch))}>{title}{''.join(lines)}</svg>"


def outline(sketch: Sketch, resolution: int, on_canvas: bool = True) -> dict[str, Any]:
    """Return the picture of `to_svg` without labels and colours, for pages that add these.

    Args:
        sketch: the drawing.
        resolution: as for `to_svg`.
        on_canvas: as for `to_svg`.

    Returns:
        `box`, the SVG's `viewBox`; `width` of the strokes; `lines`, the `points` of each stroke, of
        which one point alone is there twice.
    """
    box = view_box(sketch, on_canvas)
    side = max(box[2:])
    decimals = _decimals(resolution, side)
    strokes = (np.repeat(p, 2, axis=0) if len(p) == 1 else p for p in sketch.to_strokes())
    return {
        "box": " ".join(f"{v:.6g}" for v in box),
        "width": float(f"{line_width(sketch, side):.3g}"),
        "lines": [_points(points, decimals) for points in strokes],
    }


def _decimals(resolution: int, side: float) -> int:
    # Negative for large coordinates: 10,000 units over 250 are rounded to tens.
    return math.ceil(math.log10(resolution / side))


def line_width(sketch: Sketch, side: float) -> float:
    """Return the width of strokes in a picture whose larger side is `side`."""
    return side * (_STROKE_WIDTH if sketch.object is None else _SCENE_STROKE_WIDTH)


def _ink_attributes(ink: Ink, width: float) -> dict[str, object]:
    return {
        "stroke": ink.colour,
        "stroke-dasharray": " ".join(f"{width * v:.3g}" for v in ink.dash) or None,
        "stroke-opacity": ink.opacity if ink.opacity < 1 else None,
    }


def _sketch_data(sketch: Sketch) -> dict[str, object]:
    objects = sketch.object_category
    return {
        "data-id": sketch.sketch_id,
        "data-source": sketch.source,
        "data-category": sketch.category,
        "data-word": sketch.word,
        "data-split": sketch.split,
        "data-width": sketch.width,
        "data-height": sketch.height,
        "data-object-category": None if objects is None else json.dumps(objects),
    }


def _polyline(
    sketch: Sketch, stroke: int, points: FloatArray, ink: dict[str, object], decimals: int | None
) -> str:
    is_dot = len(points) == 1
    attributes = {
        # With round caps, a line of no length is drawn as a dot.
        "points": _points(np.repeat(points, 2, axis=0) if is_dot else points, decimals),
        **ink,
        "data-dot": "" if is_dot else None,
    }
    attributes |= _labels(sketch, stroke)
    return f"<polyline{_attributes(attributes)}>{_tooltip(sketch, stroke)}</polyline>"


def _group(
    sketch: Sketch,
    stroke: int,
    lines: Sequence[FloatArray],
    pieces: Pieces,
    colours: Mapping[str, str],
    decimals: int | None,
) -> str:
    """Return a stroke as a line for each of its pieces."""
    polylines = "".join(
        f"<polyline{_attributes(attributes)}></polyline>"
        for attributes in (
            {
                "points": _points(points, decimals),
                "stroke": colours.get(piece.part, GREY),
                "data-piece": piece.part,
                "data-start": piece.start,
            }
            for points, piece in zip(lines, pieces, strict=True)
        )
    )
    labels = _attributes(_labels(sketch, stroke))
    return f"<g{labels}>{_tooltip(sketch, stroke)}{polylines}</g>"


def _labels(sketch: Sketch, stroke: int) -> dict[str, object]:
    known = {name: getattr(sketch, name) for name in STROKE_VALUES}
    return {
        f"data-{name}": None if values is None else values[stroke] for name, values in known.items()
    }


def _tooltip(sketch: Sketch, stroke: int) -> str:
    words = stroke_tooltip(sketch, stroke)
    return f"<title>{_text(words)}</title>" if words else ""


def _points(points: FloatArray, decimals: int | None) -> str:
    """Return `x,y x,y`: the shortest decimals that read back as each float32, or rounded ones."""
    if decimals is None:
        numbers = points.astype("U")
    else:
        # In float64: rounded float32 would print digits beyond the rounding.
        numbers = (np.round(points.astype(np.float64), decimals) + 0.0).astype("U")  # no -0
    return " ".join(f"{x.removesuffix('.0')},{y.removesuffix('.0')}" for x, y in numbers.tolist())


def _canvas(sketch: Sketch) -> tuple[float, float] | None:
    if sketch.object is None or sketch.width is None or sketch.height is None:
        return None
    # Files claim sizes of 0, NaN or infinity, with which nothing could be drawn.
    known = all(0 < side <= LARGEST_COORDINATE for side in (sketch.width, sketch.height))
    return (sketch.width, sketch.height) if known else None


def view_box(sketch: Sketch, on_canvas: bool = True) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the canvas, or of the whole drawing with a margin."""
    canvas = _canvas(sketch) if on_canvas else None
    x, y = sketch.x.astype(np.float64), sketch.y.astype(np.float64)
    left, top, right, bottom = (float(v) for v in (x.min(), y.min(), x.max(), y.max()))
    if canvas is not None:
        # Strokes may lie outside the canvas: extend it, rather than cut them off.
        return (
            min(0.0, left),
            min(0.0, top),
            max(canvas[0], right) - min(0.0, left),
            max(canvas[1], bottom) - min(0.0, top),
        )
    margin = _MARGIN * max(right - left, bottom - top) or 1.0  # a single dot has no size
    return left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin


def _attributes(values: Mapping[str, object]) -> str:
    return "".join(
        f" {name}={quoteattr(writable(str(value)))}"
        for name, value in values.items()
        if value is not None
    )


def _text(words: str) -> str:
    return escape(writable(words))


def writable(words: str) -> str:
    """Replace the characters that XML can't represent by the replacement character."""
    return _NOT_XML.sub("\ufffd", words)
