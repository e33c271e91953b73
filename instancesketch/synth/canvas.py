"""The pad on which a drawing is made: marks in order, each knowing what it draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from instancesketch.synth.primitives import Path, at, ellipse, hatching, joined, length, placed
from instancesketch.synth.style import Hand

T = TypeVar("T")

# A thing drawn: its part, and which one of them (any name; None: not countable, or several).
What = tuple[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A line that draws one thing."""

    path: Path
    part: str
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What is drawn without lifting the pen: one piece, or several that follow each other."""

    pieces: tuple[Piece, ...]
    feature: int  # lines of one feature are drawn together, whatever the order of features

    @property
    def path(self) -> Path:
        """The whole line."""
        return joined([p.path for p in self.pieces])

    @property
    def what(self) -> What:
        """The part that most of the line draws, and the unit if it draws one alone."""
        lengths: dict[str, float] = {}
        for piece in self.pieces:
            lengths[piece.part] = lengths.get(piece.part, 0) + length(piece.path)
        part = max(lengths, key=lambda name: lengths[name])
        units = {p.unit for p in self.pieces if p.part == part}
        return part, units.pop() if len(units) == 1 else None

    def moved(self, change: Callable[[Path], Path]) -> Mark:
        """The mark after a map of the plane."""
        pieces = (replace(p, path=change(p.path)) for p in self.pieces)
        return replace(self, pieces=tuple(pieces))


@dataclass
class Pad:
    """Collects the marks of one drawing, and is asked for everything that chance decides.

    Units of length are free: the drawing is fitted to its box at the end. An animal is about 1
    long.
    """

    rng: np.random.Generator
    hand: Hand
    marks: list[Mark] = field(default_factory=list)
    _feature: int = 0

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return bool(self.rng.random() < share)

    def care(self, share: float) -> bool:
        """True in about that share of cases, more often for a patient hand: for details."""
        return self.chance(share * (0.3 + 1.4 * self.hand.patience))

    def between(self, low: float, high: float) -> float:
        """A number between two."""
        return float(self.rng.uniform(low, high))

    def count(self, low: int, high: int) -> int:
        """A whole number between two, both included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, options: dict[T, float]) -> T:
        """One of the options, by weight."""
        rest = self.rng.random() * sum(options.values())
        for option, weight in options.items():
            rest -= weight
            if rest < 0:
                return option
        return next(reversed(options))

    def near(self, value: float, share: float = 0.1) -> float:
        """About that value, give or take a share of it."""
        return value * (1 + share * float(np.clip(self.rng.normal(), -2.5, 2.5)))

    def feature(self) -> None:
        """Begins the next feature."""
        self._feature += 1

    def line(self, path: Path, part: str, unit: str | None = None) -> None:
        """Draws a line."""
        self.outline([Piece(path=path, part=part, unit=unit)])

    def outline(self, pieces: Sequence[Piece]) -> None:
        """Draws lines that follow each other in one stroke."""
        self.marks.append(Mark(pieces=tuple(pieces), feature=self._feature))

    def ring(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        part: str,
        unit: str | None = None,
        tilt: float = 0,
    ) -> None:
        """Draws an ellipse as hands do: begun anywhere, not quite round, not quite closed."""
        turns = 1 + float(np.clip(self.hand.closure + self.rng.normal(0, 0.03), -0.2, 0.4))
        self.line(
            ellipse(
                x, y, self.near(rx, 0.08), self.near(ry, 0.08), tilt=tilt,
                start=self.pick({self.rng.random(): 1, -0.25: 2}),
                turns=turns * self.pick({1: 1, -1: 1}),
            ), part, unit,
        )  # fmt: skip

    def loop(self, path: Path, part: str, unit: str | None = None) -> None:
        """Draws a closed path, begun anywhere and not quite closed."""
        start, gap = self.rng.random(), self.hand.closure + self.rng.normal(0, 0.02)
        shares = (start + np.linspace(0, 1 + float(np.clip(gap, -0.15, 0.2)), 120)) % 1
        self.line(at(path, shares), part, unit)

    def dot(self, x: float, y: float, size: float, part: str, unit: str | None = None) -> None:
        """Draws a dot: a point, or more often a dash or a tiny ring of about that size."""
        if self.chance(0.25):
            self.line(np.array([(x, y)]), part, unit)
        elif self.chance(0.6):
            reach = self.rng.normal(0, size, 2)
            self.line(np.array([(x, y), (x + reach[0], y + reach[1])]), part, unit)
        else:
            self.ring(x, y, size, size, part, unit)

    def scribble(
        self, x: float, y: float, rx: float, ry: float, part: str, unit: str | None = None
    ) -> None:
        """Fills an ellipse about (x, y): hatched at any angle, or in coils."""
        if self.chance(0.75):
            path = hatching(0, 0, 1, 1, self.count(6, 24), self.rng.random())
            path = path * self.rng.uniform(0.6, 1.1, (len(path), 1))
        else:
            turns = self.between(2.5, 6)
            path = ellipse(0, 0, 1, 1, start=self.rng.random(), turns=turns)
            waves = np.linspace(0, turns * self.between(2, 5), len(path))
            path = path * (0.7 + 0.3 * np.sin(waves))[:, None]
        self.line(path * (rx, ry) + (x, y), part, unit)

    def blob(self, x: float, y: float, rx: float, ry: float, *, uneven: float = 0.08) -> Path:
        """An ellipse that is not quite one, closed, begun anywhere, either way round."""
        start, turns = self.rng.random(), self.pick({1: 1, -1: 1})
        return placed(self.uneven(ellipse(0, 0, rx, ry, start=start, turns=turns), uneven), x, y)

    def uneven(self, path: Path, share: float) -> Path:
        """A path round (0, 0) that swells and shrinks on its way, by about that share."""
        angle = np.arctan2(path[:, 1], path[:, 0])
        swell = np.zeros(len(path))
        for waves in (2, 3, 4):
            swell += self.rng.normal(0, share) * np.cos(waves * angle + self.between(0, 6.3))
        return path * (1 + np.clip(swell, -0.5, 0.5))[:, None]

    def depths(self, count: int, low: float, high: float) -> Path:
        """How deep each of `count` bulges is: alike for a careful hand, uneven for a fast one."""
        mean = self.between(low, high)
        uneven = self.rng.normal(0, 0.6 * self.hand.speed, count)
        return np.asarray(mean * np.exp(np.clip(uneven, -1.0, 0.6)))

    def cuts(self, count: int, low: float = 0.0, high: float = 1.0) -> Path:
        """`count` + 1 shares from low to high, unevenly spaced."""
        steps = np.exp(self.rng.normal(0, 0.3, count))
        return low + (high - low) * np.concatenate([[0], np.cumsum(steps) / steps.sum()])
