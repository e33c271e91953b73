"""The page of a scene: its frame, its horizon, and the boxes of the objects on it.

A box is an array (4,): left, top, right, bottom, in pixels of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Box = npt.NDArray[np.float64]

SMALLEST = 0.022  # longer side of an object, as a share of the page's width


@dataclass(frozen=True, kw_only=True)
class PlacedObject:
    """An object's word, box and place."""

    word: str
    box: Box
    place: str
    depth: float  # the higher, the nearer to the viewer


@dataclass
class Page:
    """A page on which objects are placed one after the other."""

    rng: np.random.Generator
    width: float
    height: float
    unit: float  # height of a person, px
    overlap_share: float = 0.12  # of objects: placed without regard to those that are there
    near_share: float = 0.35  # of objects: placed next to another
    nest_share: float = 0.42  # of objects: placed in any larger one that has room
    objects: list[PlacedObject] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng, size = self.rng, np.array([self.width, self.height])
        # People leave margins, and often draw on a part of the page.
        used = np.clip(rng.normal(0.85, 0.15, 2), 0.5, 1.0) * size * 0.97
        low = (size - used) * rng.beta(2, 2, 2)
        self.frame = np.concatenate([low, low + used])
        self.horizon = low[1] + used[1] * rng.uniform(0.3, 0.75)
        self.baseline = low[1] + used[1] * rng.uniform(0.55, 0.98)
        # Either objects on the ground stand at all depths, or all on the baseline.
        self.is_deep = bool(rng.random() < 0.5)

    def pick(self, objects: Sequence[PlacedObject]) -> PlacedObject:
        """Pick one of some objects, each as likely."""
        return objects[int(self.rng.integers(len(objects)))]

    def inside(self, box: Box) -> Box:
        """Return the box moved onto the page, and made smaller if it doesn't fit."""
        page = np.array([self.width, self.height])
        size = box[2:] - box[:2]
        size = size * min(1.0, float((page / np.maximum(size, 1e-9)).min()))
        low = np.clip((box[:2] + box[2:] - size) / 2, 0, page - size)
        return np.concatenate([low, low + size])

    def freest(self, boxes: Sequence[Box]) -> Box:
        """Return the box that covers least of the objects there; sometimes just the first."""
        # Everything may cover a backdrop.
        taken = [o.box for o in self.objects if o.place != "backdrop"]
        if not taken or self.rng.random() < self.overlap_share:
            return boxes[0]
        return least_covering(boxes, taken)


def box_sides(longer: float, aspect: float) -> Box:
    """Return width and height, (2,), of a box by its longer side and its width over height."""
    # A single straight line has an aspect of 0 or infinity.
    aspect = float(np.clip(aspect, 1e-3, 1e3))
    return longer * np.array([min(1.0, aspect), min(1.0, 1 / aspect)])


def standing_box(x: float, bottom: float, size: Box) -> Box:
    """Return the box of a size (2,) that stands at `bottom` with its centre at x."""
    return np.array([x - size[0] / 2, bottom - size[1], x + size[0] / 2, bottom])


def covered_areas(box: Box, others: Box) -> Box:
    """Return the area that a box covers of each of other boxes (n, 4), px²."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return np.asarray(np.clip(sides, 0, None).prod(axis=1))


def least_covering(boxes: Sequence[Box], others: Sequence[Box]) -> Box:
    """Return the box that covers the least area of others; the first where there are none."""
    if not others:
        return boxes[0]
    stacked = np.stack(list(others))
    return min(boxes, key=lambda box: float(covered_areas(box, stacked).sum()))
