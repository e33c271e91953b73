"""Where things of a scene go: boxes on a page, found one after the other.

A box is an array (4,): left, top, right, bottom, in pixels of the canvas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from instancesketch.synth.scenes.layout import Kind, layout

Box = npt.NDArray[np.float64]

_TRIES = 6
_SMALLEST = 0.022  # longer side of a thing, of the page's


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A thing in its place."""

    word: str
    box: Box
    place: str
    depth: float  # the higher, the nearer to whoever looks


@dataclass
class Page:
    """A canvas on which things find their places, one after the other."""

    rng: np.random.Generator
    width: float
    height: float
    unit: float  # how tall a person is, px
    crowd: float = 0.12  # share of things that don't care what is there already
    near: float = 0.35  # share of things that are put next to another
    nest: float = 0.42  # share of things that are drawn in any larger one that has room
    things: list[Thing] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng, size = self.rng, np.array([self.width, self.height])
        # People leave margins, and often draw on a part of the page.
        used = np.clip(rng.normal(0.85, 0.15, 2), 0.5, 1.0) * size * 0.97
        low = (size - used) * rng.beta(2, 2, 2)
        self.frame = np.concatenate([low, low + used])
        self.horizon = low[1] + used[1] * rng.uniform(0.3, 0.75)
        self.baseline = low[1] + used[1] * rng.uniform(0.55, 0.98)
        self.is_deep = bool(rng.random() < 0.5)  # ground things stand at all depths

    def put(self, word: str, aspect: float, like: Thing | None = None) -> Thing:
        """Finds a place for a thing and remembers it.

        Args:
            word: what it is.
            aspect: its width over its height.
            like: one of the same sort, that it is to stand beside.
        """
        kind = layout().kind(word)
        if like is not None:
            thing = self._beside(word, aspect, like)
        else:
            longer = self.unit * kind.size * float(np.exp(self.rng.normal(0, 0.28)))
            longer = max(longer, _SMALLEST * self.width)
            size = _sides(longer, aspect)
            host = None if self._has_own_place(kind, word) else self._roomy(size)
            if host is not None:
                box = _in(self, size, host)
                thing = Thing(word=word, box=box, place="in", depth=host.depth + 0.01)
            else:
                thing = self._placed(word, size, kind)
        self.things.append(thing)
        return thing

    def _placed(self, word: str, size: Box, kind: Kind) -> Thing:
        # The first place most often; relations need a host that is there.
        for place in kind.places:
            host = self._host(place, word)
            if place in _RELATIONS and (host is None or self.rng.random() < 0.15):
                continue
            if place != kind.places[-1] and self.rng.random() < (
                0.1 if place in _RELATIONS else 0.25
            ):
                continue
            if host is not None:
                box = _RELATIONS[place](self, size, host)
                return Thing(word=word, box=box, place=place, depth=host.depth + 0.01)
            return self._somewhere(word, size, place)
        return self._somewhere(word, size, "any")

    def _host(self, place: str, word: str) -> Thing | None:
        if place not in _RELATIONS:
            return None
        able = [t for t in self.things if layout().is_host(t.word, place) and t.word != word]
        return able[int(self.rng.integers(len(able)))] if able else None

    def _somewhere(self, word: str, size: Box, place: str) -> Thing:
        rng, (left, top, right, bottom) = self.rng, self.frame
        wide, high = right - left, bottom - top
        if place == "backdrop":
            size = size / size[0] * wide * rng.choice([rng.uniform(0.3, 0.7), rng.uniform(0.8, 1)])
            size = size * min(1.0, high * rng.uniform(0.4, 1.0) / size[1])
            if size[0] > 0.6 * self.width and rng.random() < 0.5:  # from side to side
                size = size * np.array([self.width * rng.uniform(0.9, 1.0) / size[0], 1.0])
            low = self.baseline if not self.is_deep else self.horizon + rng.uniform(0, 0.3) * high
            middle = (left + right) / 2 + rng.normal(0, 0.5) * max(wide - size[0], 0.05 * wide)
            box = _upright(middle, low + rng.normal(0, 0.03) * high, size)
            return Thing(word=word, box=self.inside(box), place=place, depth=0.0)
        scale = 1.0
        boxes: list[Box] = []
        fellow = self._fellow() if place != "sky" else None
        for _ in range(_TRIES):
            x = rng.uniform(left, right)
            if fellow is not None:
                reach = (fellow.box[2] - fellow.box[0] + size[0]) / 2
                x = (fellow.box[0] + fellow.box[2]) / 2 + reach * rng.choice([-1, 1]) * rng.uniform(
                    0.6, 1.25
                )
            if place == "sky":
                low = top + rng.beta(1.3, 2.5) * 0.55 * high + size[1] * 0.8
            elif place == "wall":
                low = top + rng.uniform(0.1, 0.5) * high + size[1] * 0.5
            elif place == "ground" and self.is_deep:
                low = rng.uniform(min(self.horizon, bottom - 0.2 * high), bottom)
                share = (low - self.horizon) / max(bottom - self.horizon, 1.0)
                scale = 0.6 + 0.7 * float(np.clip(share, 0, 1))
            elif place == "ground":
                low = self.baseline + rng.normal(0, 0.02) * high
            else:
                low = rng.uniform(top, bottom) + size[1] / 2
            if fellow is not None and (place != "ground" or self.is_deep):
                reach = (fellow.box[3] - fellow.box[1]) * (0.15 if place == "ground" else 0.6)
                low = fellow.box[3] + reach * rng.uniform(-1, 1)
            boxes.append(self.inside(_upright(x, low, size * scale)))
        box = self.freest(boxes)
        depth = 1.0 + float(box[3]) / self.height if place == "ground" else 0.9
        return Thing(word=word, box=box, place=place, depth=depth)

    def _has_own_place(self, kind: Kind, word: str) -> bool:
        return kind.places[0] == "backdrop" or self._host(kind.places[0], word) is not None

    def _roomy(self, size: Box) -> Thing | None:
        """A thing in which one of that size has room."""
        able = [t for t in self.things if (t.box[2:] - t.box[:2] > 1.3 * size).all()]
        if not able or self.rng.random() >= self.nest:
            return None
        return able[int(self.rng.integers(len(able)))]

    def _fellow(self) -> Thing | None:
        """Another thing to be put next to."""
        able = [t for t in self.things if t.place != "sky"]
        if not able or self.rng.random() >= self.near:
            return None
        return able[int(self.rng.integers(len(able)))]

    def _beside(self, word: str, aspect: float, like: Thing) -> Thing:
        """Near one of its sort, of about its size, in a row or in a heap."""
        longer = float(max(like.box[2:] - like.box[:2])) * float(np.exp(self.rng.normal(0, 0.15)))
        size, (x, _) = _sides(longer, aspect), (like.box[:2] + like.box[2:]) / 2
        low, boxes = float(like.box[3]), []
        for _ in range(_TRIES):
            side = self.rng.choice([-1, 1])
            far = (like.box[2] - like.box[0] + size[0]) / 2 + longer * self.rng.gamma(1.5, 0.35)
            rise = self.rng.normal(0, 0.1 if like.place in ("ground", "on") else 0.6) * longer
            if like.place == "backdrop":
                far, rise = far * self.rng.uniform(0.1, 0.6), self.rng.uniform(-1, 1) * longer / 3
            boxes.append(self.inside(_upright(x + side * far, low + rise, size)))
        depth = like.depth + 0.001
        return Thing(word=word, box=self.freest(boxes), place=like.place, depth=depth)

    def freest(self, boxes: list[Box]) -> Box:
        """The one of some boxes that covers least of what is there; for some, just the first."""
        there = [t.box for t in self.things if t.place != "backdrop"]
        if not there or self.rng.random() < self.crowd:
            return boxes[0]
        held = np.stack(there)
        return min(boxes, key=lambda box: float(covered(box, held).sum()))

    def inside(self, box: Box) -> Box:
        """The box moved onto the page, and made smaller if it doesn't fit."""
        page = np.array([self.width, self.height])
        size = box[2:] - box[:2]
        size = size * min(1.0, float((page / np.maximum(size, 1e-9)).min()))
        low = np.clip((box[:2] + box[2:] - size) / 2, 0, page - size)
        return np.concatenate([low, low + size])


def covered(box: Box, others: Box) -> Box:
    """How much of each of other boxes (n, 4) a box covers, px²."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return np.asarray(np.clip(sides, 0, None).prod(axis=1))


def _sides(longer: float, aspect: float) -> Box:
    aspect = float(np.clip(aspect, 1e-3, 1e3))
    return longer * np.array([min(1.0, aspect), min(1.0, 1 / aspect)])


def _upright(x: float, bottom: float, size: Box) -> Box:
    return np.array([x - size[0] / 2, bottom - size[1], x + size[0] / 2, bottom])


def _shrunk(page: Page, size: Box, host: Thing, share: float) -> Box:
    """Made to fit a share of the host's sides, but not to a dot."""
    room = np.maximum((host.box[2:] - host.box[:2]) * share, _SMALLEST * page.width)
    return size * min(1.0, float(max(room) / max(size)))


def _on(page: Page, size: Box, host: Thing) -> Box:
    rng, (left, top, right, bottom) = page.rng, host.box
    size = _shrunk(page, size, host, rng.uniform(0.25, 0.75))
    share = layout().top(host.word) + rng.normal(0, 0.04)
    if rng.random() < 0.5:  # not at its rim but on it, as on a table seen from above
        share += float(rng.uniform(0.05, 0.4))
    low = top + (bottom - top) * share
    boxes = []
    for _ in range(_TRIES):
        x = rng.uniform(left + size[0] / 3, max(right - size[0] / 3, left + size[0] / 3))
        boxes.append(page.inside(_upright(x, low + rng.normal(0, 0.06) * size[1], size)))
    others = [t.box for t in page.things if t.place == "on"]
    if not others:
        return boxes[0]
    held = np.stack(others)
    return min(boxes, key=lambda box: float(covered(box, held).sum()))


def _in(page: Page, size: Box, host: Thing) -> Box:
    rng = page.rng
    size = _shrunk(page, size, host, rng.uniform(0.2, 0.6))
    low, high = host.box[:2] + size / 2, host.box[2:] - size / 2
    boxes = []
    for _ in range(_TRIES):
        x, y = low + (high - low) * rng.beta(2, 2, 2)
        boxes.append(page.inside(_upright(x, y + size[1] / 2, size)))
    others = [t.box for t in page.things if t.place == "in"]
    if not others:
        return boxes[0]
    held = np.stack(others)
    return min(boxes, key=lambda box: float(covered(box, held).sum()))


def _held(page: Page, size: Box, host: Thing) -> Box:
    rng, (left, top, right, bottom) = page.rng, host.box
    size = _shrunk(page, size, host, rng.uniform(0.5, 1.1))
    x = left if rng.random() < 0.5 else right
    y = top + (bottom - top) * rng.uniform(0.3, 0.6)
    x, y = np.array([x, y]) + rng.normal(0, 0.25, 2) * size
    return page.inside(_upright(x, y + size[1] / 2, size))


def _worn(page: Page, size: Box, host: Thing) -> Box:
    rng, (left, top, right, bottom) = page.rng, host.box
    size = _shrunk(page, size, host, rng.uniform(0.3, 0.6))
    x = (left + right) / 2 + rng.normal(0, 0.08) * (right - left)
    return page.inside(_upright(x, top + (bottom - top) * rng.uniform(0.0, 0.12), size))


_RELATIONS: dict[str, Callable[[Page, Box, Thing], Box]] = {
    "on": _on,
    "perch": _on,
    "in": _in,
    "held": _held,
    "worn": _worn,
}
