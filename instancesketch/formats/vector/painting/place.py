"""Place the elements of an SVG that are painted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from instancesketch.formats.vector import matrix
from instancesketch.formats.vector.basic_shapes import SHAPES, Viewport
from instancesketch.formats.vector.cascade import Style
from instancesketch.formats.vector.flatten import Points
from instancesketch.formats.vector.lengths import Length
from instancesketch.formats.vector.matrix import Matrix
from instancesketch.formats.vector.painting.clip_test import Clip
from instancesketch.formats.vector.properties import AUTO
from instancesketch.formats.vector.stylesheets import Element
from instancesketch.formats.vector.transforms import Box

GROUPS = {"g", "a", "svg", "switch", "use"}
# What is painted and is no shape, with its name for people.
NO_SHAPES = {"text": "text", "image": "image", "foreignObject": "embedded page"}


class Place(NamedTuple):
    """The place of an element: all that comes from its ancestors.

    A tuple, since a file's every element has one, and a dataclass is far slower to replace.
    """

    matrix: Matrix
    style: Style
    viewport: Viewport
    alpha: float = 1.0
    clips: tuple[Clip, ...] = ()
    data: Mapping[str, str] = MappingProxyType({})
    depth: int = 0
    uses: tuple[Element, ...] = ()  # whose copy this is part of, the innermost last
    hidden: bool = False
    size: tuple[Length | str, Length | str] = (AUTO, AUTO)  # that a `<use>` gives its target

    @property
    def in_copy(self) -> bool:
        """Return whether it is part of a copy for a `<use>`."""
        return bool(self.uses)

    @property
    def is_visible(self) -> bool:
        """Return whether what is painted there is seen."""
        return not self.hidden and bool(self.style["visibility"] == "visible")

    @property
    def shift(self) -> Matrix:
        """Return the shift by `x` and `y` of a `<use>` that stands there."""
        x, y = self.style["x"], self.style["y"]
        return matrix.translate(x.of(self.viewport.width), y.of(self.viewport.height))


@dataclass(frozen=True)
class Leaf:
    """A shape, or something else without children, with its final place and own style."""

    tag: str
    element: Element
    place: Place


def is_rendered(element: Element, tag: str, place: Place) -> bool:
    """Return whether an element can be painted at all; a symbol is only as a copy."""
    if tag == "symbol":
        return place.in_copy and element.parent is None
    return tag in GROUPS or tag in SHAPES or tag in NO_SHAPES


def rectangle(left: float, top: float, width: float, height: float, moved: Matrix) -> Points:
    """Return the corners of a box that is moved, (4, 2)."""
    right, bottom = left + max(width, 0.0), top + max(height, 0.0)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array([matrix.apply(moved, *corner) for corner in corners])


def bounds(points: list[Points]) -> Box | None:
    """Return the box around all points; None where there are none."""
    if not points:
        return None
    every = np.concatenate(points)
    (left, top), (right, bottom) = every.min(0).tolist(), every.max(0).tolist()
    return left, top, right - left, bottom - top
