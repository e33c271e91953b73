"""Colours that people tell apart: of parts, of a part's instances, of the objects of a scene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from instancesketch.core.sketch import FloatArray, Sketch
from instancesketch.core.taxonomy import UNLABELED

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
# So many of the first stay apart in every eye.
_APART = 8
# What a distance between middles counts for beside one between outlines.
_MIDDLES = 0.05


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


# From so many percent on. What is sure steps back; what isn't differs in dash, too.
CONFIDENCE = (
    (90, Ink(GREY)),
    (70, Ink(COLOURS[0])),
    (50, Ink(COLOURS[1], _DASHES[1])),
    (0, Ink(COLOURS[3], _DASHES[2])),
)


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


def object_colours(sketch: Sketch, given: Mapping[int, str] | None = None) -> list[str]:
    """Gives every object of a scene a colour that no near one has.

    The first eight differ; of more, each takes the colour whose objects are furthest away.

    Args:
        sketch: a scene; an object without strokes is grey.
        given: colours that some of its objects have already.
    """
    boxes_O4 = _object_boxes(sketch)
    colours = [GREY] * len(boxes_O4)
    distance_CO = np.full((_APART, len(boxes_O4)), np.inf)  # to the nearest of each colour

    def take(place: int, colour: str) -> None:
        colours[place] = colour
        if colour in COLOURS[:_APART]:
            nearest_O = distance_CO[COLOURS.index(colour)]
            np.minimum(nearest_O, _distances(boxes_O4, place), out=nearest_O)

    given = given or {}
    there = np.flatnonzero(boxes_O4[:, 0] <= boxes_O4[:, 2]).tolist()
    for place in (p for p in there if p in given):
        take(place, given[place])
    for place in (p for p in there if p not in given):
        take(place, COLOURS[int(distance_CO[:, place].argmax())])
    return colours


def _object_boxes(sketch: Sketch) -> FloatArray:
    """(O, 4) left, top, right and bottom of each object; inside out where it has no stroke."""
    boxes_O4 = np.full((len(sketch.object_category or ()), 4), np.inf, np.float32)
    boxes_O4[:, 2:] = -np.inf
    object_P = np.repeat(np.array(sketch.object or (-1,) * len(sketch)), sketch.stroke_len)
    held_P = object_P >= 0
    points_P2 = np.stack([sketch.x, sketch.y], axis=1)[held_P]
    np.minimum.at(boxes_O4[:, :2], object_P[held_P], points_P2)
    np.maximum.at(boxes_O4[:, 2:], object_P[held_P], points_P2)
    return boxes_O4


def _distances(boxes_O4: FloatArray, place: int) -> FloatArray:
    """(O,) how far each box is from one of them: the gap, and a little of that of the middles."""
    with np.errstate(invalid="ignore"):  # boxes of nothing have no place
        box_4 = boxes_O4[place]
        gap_O2 = np.maximum(box_4[:2] - boxes_O4[:, 2:], boxes_O4[:, :2] - box_4[2:])
        middles_O2 = (boxes_O4[:, :2] + boxes_O4[:, 2:] - box_4[:2] - box_4[2:]) / 2
    gap_O = np.hypot(*np.maximum(gap_O2, 0).T)
    return gap_O + _MIDDLES * np.hypot(*middles_O2.T)
