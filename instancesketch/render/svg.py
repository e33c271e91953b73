"""Draw sketches as SVG, coloured stroke by stroke.

By instance, strokes keep the hue of their part: its instances differ in shade and dash, a stroke of
several instances is pale, and parts that are not countable are grey. By object, near objects differ
in colour, and strokes of no object are grey.

The labels of a stroke are kept beside its points, so that the picture can be read back:

| element    | attributes                                                                       |
|------------|----------------------------------------------------------------------------------|
| `svg`      | `data-id`, `data-source`, `data-category`, `data-word`, `data-split`,            |
|            | `data-width`, `data-height`, `data-object-category` (JSON list)                  |
| `polyline` | `data-part`, `data-label`, `data-instance`, `data-object`; `data-dot` marks a    |
|            | stroke of one point, which is written twice because one point alone draws nothing |

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
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.render.colours import GREY, Ink, instance_ink, object_colours, part_colours
from instancesketch.render.titles import label_title, stroke_title

_STROKE_VALUES = ("part", "label", "instance", "object")
# Shares of the larger side of the picture. A scene has many more strokes, hence thinner ones.
_MARGIN = 0.04
_STROKE_WIDTH = 0.014
_SCENE_STROKE_WIDTH = 0.005
# All that XML 1.0 forbids even as an entity: control characters, surrogates, U+FFFE and U+FFFF.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def stroke_names(sketch: Sketch, by: str = "part") -> list[str]:
    """Return the name that decides each stroke's hue: its part, label or object (`car 1`).

    By instance it is the part, too: instances differ in shade alone.

    Raises:
        ValueError: `by` is not one of part, label, instance and object.
    """
    if by not in _STROKE_VALUES:
        raise ValueError(f"strokes are coloured by one of {_STROKE_VALUES}, not {by!r}")
    name = "part" if by == "instance" else by
    values: Sequence[str | int | None] | None = getattr(sketch, name)
    if values is None:
        return [UNLABELED] * len(sketch)
    if by == "object":
        names = sketch.object_category or ()
        objects = sketch.object or ()
        return [UNLABELED if o < 0 else f"{names[o] or 'object'} {o + 1}" for o in objects]
    return [str(v) for v in values]


def stroke_colours(sketch: Sketch, by: str = "part") -> dict[str, str]:
    """Return the default colour of each name that `stroke_names` gives."""
    names = stroke_names(sketch, by)
    if by != "object":
        # Sorted, so that the order of strokes does not change the colours.
        return part_colours(sorted(set(names)))
    colours = object_colours(sketch)
    objects = zip(names, sketch.object or (), strict=False)  # none at all in a plain drawing
    return {UNLABELED: GREY} | {name: colours[o] for name, o in objects if o >= 0}


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
        colours: the colour of each name that `stroke_names` gives; by default those of
            `part_colours`, or of `object_colours` by object. Names without one are grey. By
            instance they must be of the form `#rrggbb`.
        size: larger side of the picture in pixels; without it the picture fills its container.
        by: colours strokes by part, label, instance or object.
        resolution: rounds coordinates to a power of ten of at most the larger side over this, for
            pages that hold thousands of drawings. Without it they are exact.
        on_canvas: False lets a scene fill the picture, too.

    Raises:
        ValueError: `by` is not one of the four.
    """
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
        for i, points in enumerate(sketch.to_strokes())
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


def stroke_inks(sketch: Sketch, by: str, colours: Mapping[str, str] | None = None) -> list[Ink]:
    """Return how `to_svg` draws each stroke, with the same arguments.

    Raises:
        ValueError: `by` is not one of the four.
    """
    colours = stroke_colours(sketch, by) if colours is None else colours
    hues = [colours.get(name, GREY) for name in stroke_names(sketch, by)]
    if by != "instance":
        return [Ink(colour) for colour in hues]
    instances = sketch.instance or (None,) * len(sketch)
    return [instance_ink(*pair) for pair in zip(hues, instances, strict=True)]


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
    for name in _STROKE_VALUES:
        values = getattr(sketch, name)
        attributes[f"data-{name}"] = None if values is None else values[stroke]
    title = _title(sketch, stroke)
    content = f"<title>{_text(title)}</title>" if title else ""
    return f"<polyline{_attributes(attributes)}>{content}</polyline>"


def _title(sketch: Sketch, stroke: int) -> str:
    """Return the tooltip of a stroke: `front left leg (dog) 93 %, or head 5 %`."""
    words = [title] if (title := stroke_title(sketch, stroke)) else []
    if sketch.object is not None and sketch.object_category and sketch.object[stroke] >= 0:
        words.append(f"({sketch.object_category[sketch.object[stroke]] or 'object'})")
    if sketch.part_score is not None:
        words.append(f"{100 * sketch.part_score[stroke]:.0f} %")
    return " ".join(words) + _second_guess(sketch, stroke)


def _second_guess(sketch: Sketch, stroke: int) -> str:
    if sketch.part_2 is None or sketch.part_2_score is None:
        return ""
    part, score = sketch.part_2[stroke], sketch.part_2_score[stroke]
    # Rounded to 0 % it tells nothing.
    return (
        ""
        if part is None or score is None or score < 0.01
        else f", or {label_title(part)} {100 * score:.0f} %"
    )


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
