"""The one way a sketch becomes a picture for people: an SVG, coloured stroke by stroke.

By instance, strokes keep the hue of their part: shades and dashes tell its instances apart, what
draws several at once is pale, and parts that are not counted step back in grey.

What a sketch knows about a stroke is kept beside its points, so that the picture can be read back:

| element    | attributes                                                                       |
|------------|----------------------------------------------------------------------------------|
| `svg`      | `data-id`, `data-source`, `data-category`, `data-split`, `data-width`,           |
|            | `data-height`, `data-object-category` (JSON list)                                |
| `polyline` | `data-part`, `data-label`, `data-instance`, `data-object`; `data-dot` marks a    |
|            | stroke of one point, which is written twice because one point alone draws nothing |

An attribute is there only where the value is known. There is no transform: the numbers in `points`
are the sketch's own, and give the same float32 again.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from instancesketch.sketch import LARGEST_COORDINATE, FloatArray, Sketch
from instancesketch.taxonomy import UNLABELED

GREY = "#a3a3a3"
# Okabe and Ito's and Tol's hues, moved in lightness until each pair (and grey) also stays apart in
# simulated red, green and blue blindness, and each can be seen on white and on near-black paper.
COLOURS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#b41e00",
    "#4fb5ea",
    "#d66bb0",
    "#7a3ff0",
    "#8f2d62",
    "#8a8a1e",
    "#b45aff",
)
# Relative luminances of the shades of one hue, on either side of what both papers need.
_DARK, _LIGHT = 0.1, 0.42
# Lengths of ink and gap, in widths of the stroke, whose round ends take one of the gap.
_DASHES = ((), (3.0, 2.6), (0.1, 2.2))
_PALE = 0.55
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_STROKE_VALUES = ("part", "label", "instance", "object")
# Of the larger side of the picture.
_MARGIN = 0.04
_STROKE_WIDTH = 0.014
_SCENE_STROKE_WIDTH = 0.005
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def palette(*groups: Iterable[str]) -> dict[str, str]:
    """Gives every part a colour: `palette(*(c.parts for c in taxonomy.categories.values()))`.

    The same groups give the same colours. `unlabeled` is grey.

    Args:
        groups: parts that are seen together, such as those of one category. Two parts of one group
            differ in colour as long as there are colours; parts that never meet may share one, and
            do so as little as can be.
    """
    ordered = sorted((list(dict.fromkeys(g)) for g in groups), key=len, reverse=True)
    colours: dict[str, str] = {}
    used: Counter[str] = Counter()
    for part in (p for group in ordered for p in group if p != UNLABELED):
        if part not in colours:
            met = {p for group in ordered if part in group for p in group}
            here = Counter(colours[p] for p in met if p in colours)
            place = min((here[c], used[c], i) for i, c in enumerate(COLOURS))[2]
            colours[part] = COLOURS[place]
            used[colours[part]] += 1
    return colours | {UNLABELED: GREY}


class Ink(NamedTuple):
    """How a stroke is drawn."""

    colour: str
    dash: tuple[float, ...] = ()  # ink, gap, in widths of the stroke; empty: one line
    opacity: float = 1.0


def instance_ink(colour: str, instance: int | None) -> Ink:
    """How a stroke of an instance is drawn: neighbours in number differ in shade or dash.

    Args:
        colour: the part's, `#rrggbb`.
        instance: from 1; 0 for several at once or unknown, None where instances aren't counted.
    """
    if instance is None:
        return Ink(GREY, opacity=_PALE)
    if instance < 1:
        return Ink(colour, opacity=_PALE)
    turn, shade = divmod(instance - 1, 2)
    return Ink(_shade(colour, _LIGHT if shade else _DARK), _DASHES[turn % len(_DASHES)])


def _shade(colour: str, luminance: float) -> str:
    """The hue with as much black or white in it as gives the relative luminance (WCAG 2)."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    share_K1 = np.linspace(0, 1, 201)[:, None]
    mixed_K3 = np.concatenate([share_K1 * rgb, 1 - share_K1 * (1 - rgb)])
    linear_K3 = np.where(mixed_K3 <= 0.04045, mixed_K3 / 12.92, ((mixed_K3 + 0.055) / 1.055) ** 2.4)
    nearest = mixed_K3[np.abs(linear_K3 @ _LUMINANCE - luminance).argmin()]
    return "#" + "".join(f"{v:02x}" for v in np.rint(255 * nearest).astype(int))


def stroke_names(sketch: Sketch, by: str = "part") -> list[str]:
    """What gives each stroke its hue: its part (by instance, too), label or object (`car 0`)."""
    if by not in _STROKE_VALUES:
        raise ValueError(f"strokes are coloured by one of {_STROKE_VALUES}, not {by!r}")
    name = "part" if by == "instance" else by
    values: Sequence[str | int | None] | None = getattr(sketch, name)
    if values is None:
        return [UNLABELED] * len(sketch)
    if by == "object":
        names = sketch.object_category or ()
        objects = sketch.object or ()
        return [UNLABELED if o < 0 else f"{names[o] or 'object'} {o}" for o in objects]
    return [str(v) for v in values]


def to_svg(
    sketch: Sketch,
    *,
    colours: Mapping[str, str] | None = None,
    size: int | None = None,
    by: str = "part",
    resolution: int | None = None,
) -> str:
    """Draws a sketch as one SVG element that is also a whole SVG file.

    A scene of known width and height is drawn on its canvas, any other drawing fills the picture.

    Args:
        sketch: what to draw.
        colours: colour of each name that `stroke_names` gives, `palette`'s by default; names that
            it doesn't have are grey. By instance they must be of the form `#rrggbb`.
        size: larger side of the picture in pixels; without it the picture fills what holds it.
        by: what strokes are coloured by: part, label, instance or object.
        resolution: rounds coordinates to a power of ten of at most the larger side over this, for
            pages that hold thousands of drawings. Without it they are exact.

    Raises:
        ValueError: `by` is none of the four.
    """
    inks = _inks(sketch, by, colours)
    box = _view_box(sketch)
    width, height = box[2:]
    side = max(width, height)
    share = _STROKE_WIDTH if _canvas(sketch) is None else _SCENE_STROKE_WIDTH
    decimals = None if resolution is None else math.ceil(math.log10(resolution / side))
    head = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": " ".join(f"{v:.9g}" for v in box),
        "fill": "none",
        "stroke-width": f"{side * share:.3g}",
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }
    if size is not None:
        head |= {"width": f"{size * width / side:.5g}", "height": f"{size * height / side:.5g}"}
    lines = [
        _polyline(sketch, i, points, _ink_attributes(inks[i], side * share), decimals)
        for i, points in enumerate(sketch.to_strokes())
    ]
    title = f"<title>{_text(sketch.category)}</title>" if sketch.category else ""
    return f"<svg{_attributes(head | _sketch_data(sketch))}>{title}{''.join(lines)}</svg>"


def _inks(sketch: Sketch, by: str, colours: Mapping[str, str] | None) -> list[Ink]:
    names = stroke_names(sketch, by)
    if colours is None:
        colours = palette(sorted(set(names)))
    found = [colours.get(name, GREY) for name in names]
    if by != "instance":
        return [Ink(colour) for colour in found]
    instances = sketch.instance or (None,) * len(sketch)
    return [instance_ink(*pair) for pair in zip(found, instances, strict=True)]


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
        "data-split": sketch.split,
        "data-width": sketch.width,
        "data-height": sketch.height,
        "data-object-category": None if objects is None else json.dumps(objects),
    }


def _polyline(
    sketch: Sketch, stroke: int, points: FloatArray, ink: dict[str, object], decimals: int | None
) -> str:
    dot = len(points) == 1
    attributes = {
        "points": _points(np.repeat(points, 2, axis=0) if dot else points, decimals),
        **ink,
        "data-dot": "" if dot else None,
    }
    for name in _STROKE_VALUES:
        values = getattr(sketch, name)
        attributes[f"data-{name}"] = None if values is None else values[stroke]
    title = _title(sketch, stroke)
    inside = f"<title>{_text(title)}</title>" if title else ""
    return f"<polyline{_attributes(attributes)}>{inside}</polyline>"


def _title(sketch: Sketch, stroke: int) -> str:
    """What hovering over a stroke tells: `front-left-leg 1 (dog) 93 %`."""
    known = (sketch.label or sketch.part, sketch.instance)
    words = [str(values[stroke]) for values in known if values is not None and values[stroke]]
    if sketch.object is not None and sketch.object_category and sketch.object[stroke] >= 0:
        words.append(f"({sketch.object_category[sketch.object[stroke]] or 'object'})")
    if sketch.part_score is not None:
        words.append(f"{100 * sketch.part_score[stroke]:.0f} %")
    return " ".join(words)


def _points(points: FloatArray, decimals: int | None) -> str:
    """`x,y x,y`: the shortest decimals that give each float32 again, or rounded ones."""
    if decimals is None:
        numbers = points.astype("U")
    else:
        numbers = (np.round(points.astype(np.float64), decimals) + 0.0).astype("U")  # no -0
    return " ".join(f"{x.removesuffix('.0')},{y.removesuffix('.0')}" for x, y in numbers.tolist())


def _canvas(sketch: Sketch) -> tuple[float, float] | None:
    if sketch.object is None or sketch.width is None or sketch.height is None:
        return None
    known = all(0 < side <= LARGEST_COORDINATE for side in (sketch.width, sketch.height))
    return (sketch.width, sketch.height) if known else None


def _view_box(sketch: Sketch) -> tuple[float, float, float, float]:
    """Left, top, width and height of what is shown: the canvas, or all of the drawing."""
    x, y = sketch.x.astype(np.float64), sketch.y.astype(np.float64)
    left, top, right, bottom = (float(v) for v in (x.min(), y.min(), x.max(), y.max()))
    canvas = _canvas(sketch)
    if canvas is not None:  # strokes may leave it
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
        f" {name}={quoteattr(_writable(str(value)))}"
        for name, value in values.items()
        if value is not None
    )


def _text(words: str) -> str:
    return escape(_writable(words))


def _writable(words: str) -> str:
    """The words with a replacement character for each that XML has no way at all to write."""
    return _NOT_XML.sub("\ufffd", words)
