"""Choose colours that people can distinguish, for parts, their instances and a scene's objects."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from instancesketch.core.sketch import FloatArray, Sketch
from instancesketch.core.taxonomy import SIDES, UNLABELED, Taxonomy

GREY = "#a3a3a3"
# Okabe and Ito's and Tol's hues, with lightness adjusted until every pair (grey included) stays
# distinguishable in simulated red, green and blue blindness, and each is visible on white and on
# near-black backgrounds.
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
# Relative luminances of the two shades of a hue; both are visible on white and on near-black.
_DARK, _LIGHT = 0.1, 0.42
# Lengths of ink and gap in stroke widths; round caps take one width of each gap.
_DASHES = ((), (3.0, 2.6), (0.1, 2.2))
_PALE = 0.55
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
# This many of the first colours stay distinguishable for everybody.
_APART = 8
# Weight of the distance between centres beside the gap between boxes: it breaks ties.
_MIDDLES = 0.05


def palette(*groups: Iterable[str]) -> dict[str, str]:
    """Assign a colour to every part: `palette(*(c.parts for c in taxonomy.categories.values()))`.

    A part of a shipped taxonomy has the same colour everywhere. `unlabeled` is grey.

    Args:
        groups: parts that are seen together, such as those of one category. Two parts of one group
            differ in colour while there are colours left; parts that never meet may share one.
    """
    ordered = sorted((list(dict.fromkeys(g)) for g in groups), key=len, reverse=True)
    colours: dict[str, str] = {}
    for group in ordered:
        for part in group:
            colour = _shipped().get(part)
            # Parts that meet in no shipped category may have the same.
            is_free = len(group) > len(COLOURS) or colour not in {colours.get(p) for p in group}
            if colour is not None and part not in colours and is_free:
                colours[part] = colour
    return _complete(colours, ordered)


def part_colours(parts: Iterable[str]) -> dict[str, str]:
    """Assign a colour to every part where the taxonomy isn't known, such as in a notebook.

    A part of a shipped taxonomy has the same colour everywhere; others differ from each other and
    from these while there are colours left.
    """
    group = list(dict.fromkeys(parts))
    return _complete({p: _shipped()[p] for p in group if p in _shipped()}, [group])


def label_colours(labels: Iterable[str]) -> dict[str, str]:
    """Assign each label the colour of its part: `front-left-leg` has that of `front-leg`."""
    names = list(labels)
    part_of = {name: name if name in _shipped() else _without_side(name) for name in names}
    colours = part_colours(part_of.values())
    return {name: colours[part] for name, part in part_of.items()} | {UNLABELED: GREY}


def _without_side(label: str) -> str:
    words = label.split("-")
    side = next((side for side in SIDES if side in words), None)
    if side is None or len(words) == 1:
        return label
    words.remove(side)
    return "-".join(words)


@cache
def _shipped() -> dict[str, str]:
    """Return the colours of the parts of the shipped taxonomies, `unlabeled` included."""
    taxonomies = [Taxonomy.load(name) for name in Taxonomy.shipped()]
    groups = [list(c.parts) for t in taxonomies for c in t.categories.values()]
    colours: dict[str, str] = {}
    used: Counter[str] = Counter()
    # The largest groups first: they have the least choice.
    ordered = sorted(groups, key=len, reverse=True)
    for part in (p for group in ordered for p in group if p != UNLABELED):
        if part not in colours:
            beside = _used_beside(part, ordered, colours)
            index = min((beside[c], used[c], i) for i, c in enumerate(COLOURS))[2]
            colours[part] = COLOURS[index]
            used[colours[part]] += 1
    return colours | {UNLABELED: GREY}


def _complete(colours: dict[str, str], groups: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return colours with one for every other part of some groups, chosen by its name."""
    for part in (p for group in groups for p in group if p != UNLABELED):
        if part not in colours:
            beside = _used_beside(part, groups, colours)
            # Beginning with a colour of its own, so that it mostly has that beside any others.
            first = zlib.crc32(part.encode("utf-8", "replace")) % len(COLOURS)
            order = [(first + i) % len(COLOURS) for i in range(len(COLOURS))]
            colours[part] = COLOURS[min(order, key=lambda i: beside[COLOURS[i]])]
    return colours | {UNLABELED: GREY}


def _used_beside(
    part: str, groups: Sequence[Sequence[str]], colours: Mapping[str, str]
) -> Counter[str]:
    """Return how often each colour is used in the groups that a part is in."""
    beside = {p for group in groups if part in group for p in group}
    return Counter(colours[p] for p in beside if p in colours)


class Ink(NamedTuple):
    """The colour, dash and opacity of a stroke."""

    colour: str
    dash: tuple[float, ...] = ()  # ink and gap in stroke widths; empty: solid
    opacity: float = 1.0


# Inks by the lowest confidence in percent. Confident strokes recede into grey; the others differ in
# dash as well, for those who can't distinguish the colours.
CONFIDENCE = (
    (90, Ink(GREY)),
    (70, Ink(COLOURS[0])),
    (50, Ink(COLOURS[1], _DASHES[1])),
    (0, Ink(COLOURS[3], _DASHES[2])),
)


def instance_ink(colour: str, instance: int | None) -> Ink:
    """Return the ink of an instance's strokes: consecutive numbers differ in shade or dash.

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
    """Mix a colour with black or white until it has the relative luminance (WCAG 2)."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    share_K1 = np.linspace(0, 1, 201)[:, None]
    mixed_K3 = np.concatenate([share_K1 * rgb, 1 - share_K1 * (1 - rgb)])
    linear_K3 = np.where(mixed_K3 <= 0.04045, mixed_K3 / 12.92, ((mixed_K3 + 0.055) / 1.055) ** 2.4)
    nearest = mixed_K3[np.abs(linear_K3 @ _LUMINANCE - luminance).argmin()]
    return "#" + "".join(f"{v:02x}" for v in np.rint(255 * nearest).astype(int))


def object_colours(sketch: Sketch, given: Mapping[int, str] | None = None) -> list[str]:
    """Assign every object of a scene a colour that no near object has.

    The first eight differ; each further one takes the colour whose objects are furthest away.

    Args:
        sketch: a scene; an object without strokes is grey.
        given: colours that some of its objects already have.
    """
    boxes_O4 = _object_boxes(sketch)
    colours = [GREY] * len(boxes_O4)
    distance_CO = np.full((_APART, len(boxes_O4)), np.inf)  # to the nearest of each colour

    def assign(index: int, colour: str) -> None:
        colours[index] = colour
        if colour in COLOURS[:_APART]:
            nearest_O = distance_CO[COLOURS.index(colour)]
            np.minimum(nearest_O, _distances(boxes_O4, index), out=nearest_O)

    given = given or {}
    with_strokes = np.flatnonzero(boxes_O4[:, 0] <= boxes_O4[:, 2]).tolist()
    # Given colours first, so that the others keep their distance from them.
    for index in (i for i in with_strokes if i in given):
        assign(index, given[index])
    # An unused colour is infinitely far away, so the first eight objects all differ.
    for index in (i for i in with_strokes if i not in given):
        assign(index, COLOURS[int(distance_CO[:, index].argmax())])
    return colours


def _object_boxes(sketch: Sketch) -> FloatArray:
    """Return left, top, right and bottom of each object, (O, 4).

    An object without strokes has infinite ones, left beyond right.
    """
    boxes_O4 = np.full((len(sketch.object_category or ()), 4), np.inf, np.float32)
    boxes_O4[:, 2:] = -np.inf
    object_P = np.repeat(np.array(sketch.object or (-1,) * len(sketch)), sketch.stroke_len)
    in_object_P = object_P >= 0
    points_P2 = np.stack([sketch.x, sketch.y], axis=1)[in_object_P]
    np.minimum.at(boxes_O4[:, :2], object_P[in_object_P], points_P2)
    np.maximum.at(boxes_O4[:, 2:], object_P[in_object_P], points_P2)
    return boxes_O4


def _distances(boxes_O4: FloatArray, index: int) -> FloatArray:
    """Return each box's distance to one of them, (O,): the gap plus a little of the centres'."""
    with np.errstate(invalid="ignore"):  # infinite boxes
        box_4 = boxes_O4[index]
        gap_O2 = np.maximum(box_4[:2] - boxes_O4[:, 2:], boxes_O4[:, :2] - box_4[2:])
        middles_O2 = (boxes_O4[:, :2] + boxes_O4[:, 2:] - box_4[:2] - box_4[2:]) / 2
    gap_O = np.hypot(*np.maximum(gap_O2, 0).T)
    return gap_O + _MIDDLES * np.hypot(*middles_O2.T)
