"""The canvas on which a drawing is made: labelled strokes in order, and seeded choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from instancesketch.synth.primitives import (
    Path,
    ellipse,
    hatching,
    join,
    length,
    place,
    points_at,
)
from instancesketch.synth.style import DrawingStyle

T = TypeVar("T")

# A part and the name of one instance of it; None: the part isn't countable, or several at once.
PartInstance = tuple[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of a stroke that draws one part."""

    path: Path
    part: str
    instance: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """A line drawn without lifting the pen: one segment, or several end to end."""

    segments: tuple[Segment, ...]
    feature: int  # strokes of one feature are drawn together, whatever the order of features

    @property
    def path(self) -> Path:
        """The whole line, (n, 2)."""
        return join([segment.path for segment in self.segments])

    @property
    def part_instance(self) -> PartInstance:
        """The part that most of the line draws, and its instance if it draws one alone."""
        lengths: dict[str, float] = {}
        for segment in self.segments:
            lengths[segment.part] = lengths.get(segment.part, 0) + length(segment.path)
        # A stroke has one label in a corpus: the part that an annotator would name it for.
        part = max(lengths, key=lambda name: lengths[name])
        instances = {segment.instance for segment in self.segments if segment.part == part}
        return part, instances.pop() if len(instances) == 1 else None

    def transform(self, change: Callable[[Path], Path]) -> Stroke:
        """Return the stroke with `change` applied to the points of each segment."""
        segments = (replace(s, path=change(s.path)) for s in self.segments)
        return replace(self, segments=tuple(segments))


@dataclass
class Canvas:
    """The strokes of one drawing so far, and the source of every random choice about it.

    Units of length are free: the drawing is fitted to its box at the end. An animal is about 1
    long.
    """

    rng: np.random.Generator
    style: DrawingStyle
    strokes: list[Stroke] = field(default_factory=list)
    _feature: int = 0

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return bool(self.rng.random() < probability)

    def detail(self, probability: float) -> bool:
        """Return True with about a probability, more often in a style rich in detail."""
        # From 0.3 to 1.7 times as often; 0.8 times on average, as most styles have little detail.
        return self.chance(probability * (0.3 + 1.4 * self.style.detail))

    def uniform(self, low: float, high: float) -> float:
        """Return a number between two, each as likely."""
        return float(self.rng.uniform(low, high))

    def integer(self, low: int, high: int) -> int:
        """Return a whole number between two, both included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, options: dict[T, float]) -> T:
        """Pick one of the options, each in proportion to its weight."""
        # Much faster than `Generator.choice`, and a drawing picks some hundred times.
        rest = self.rng.random() * sum(options.values())
        for option, weight in options.items():
            rest -= weight
            if rest < 0:
                return option
        # Rounding can leave a rest of 0.
        return next(reversed(options))

    def jitter(self, value: float, spread: float = 0.1) -> float:
        """Return the value, give or take a normal `spread` as a share of it."""
        # Clipped, lest a leg of an unlucky drawing turn upwards.
        return value * (1 + spread * float(np.clip(self.rng.normal(), -2.5, 2.5)))

    def begin_feature(self) -> None:
        """Begin the next feature: the strokes that follow are drawn, moved and left out as one."""
        self._feature += 1

    def line(self, path: Path, part: str, instance: str | None = None) -> None:
        """Draw a path as one stroke."""
        self.one_stroke([Segment(path=path, part=part, instance=instance)])

    def one_stroke(self, segments: Sequence[Segment]) -> None:
        """Draw segments that follow each other as one stroke."""
        self.strokes.append(Stroke(segments=tuple(segments), feature=self._feature))

    def outline(self, segments: Sequence[Segment], lift: float) -> None:
        """Draw segments that follow each other, lifting the pen in between with chance `lift`."""
        run = [segments[0]]
        for segment in segments[1:]:
            if self.chance(lift):
                self.one_stroke(run)
                run = []
            run.append(segment)
        self.one_stroke(run)

    def ring(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        part: str,
        instance: str | None = None,
        tilt: float = 0,
    ) -> None:
        """Draw an ellipse as people do: begun anywhere, not quite round, not quite closed."""
        # How well rings close belongs to the style, and varies a little from ring to ring.
        turns = 1 + float(np.clip(self.style.overshoot + self.rng.normal(0, 0.03), -0.2, 0.4))
        path = ellipse(
            x,
            y,
            self.jitter(rx, 0.08),
            self.jitter(ry, 0.08),
            tilt=tilt,
            start=self.pick({self.rng.random(): 1, -0.25: 2}),  # mostly at the top
            turns=turns * self.pick({1: 1, -1: 1}),
        )
        self.line(path, part, instance)

    def loop(self, path: Path, part: str, instance: str | None = None) -> None:
        """Draw a closed path, begun anywhere and not quite closed."""
        start, gap = self.rng.random(), self.style.overshoot + self.rng.normal(0, 0.02)
        # Resampled, since a closed path given by its corners has no points to begin at in between.
        fractions = (start + np.linspace(0, 1 + float(np.clip(gap, -0.15, 0.2)), 120)) % 1
        self.line(points_at(path, fractions), part, instance)

    def dot(self, x: float, y: float, size: float, part: str, instance: str | None = None) -> None:
        """Draw a dot: a point, or more often a dash or a tiny ring of about that size."""
        # Files of people hold all three: a device may record one point, a slip, or a tiny circle.
        if self.chance(0.25):
            self.line(np.array([(x, y)]), part, instance)
        elif self.chance(0.6):
            reach = self.rng.normal(0, size, 2)
            self.line(np.array([(x, y), (x + reach[0], y + reach[1])]), part, instance)
        else:
            self.ring(x, y, size, size, part, instance)

    def scribble(
        self, x: float, y: float, rx: float, ry: float, part: str, instance: str | None = None
    ) -> None:
        """Fill an ellipse about (x, y): hatched at any angle, or in coils."""
        if self.chance(0.75):
            path = hatching(0, 0, 1, 1, self.integer(6, 24), self.rng.random())
            path = path * self.rng.uniform(0.6, 1.1, (len(path), 1))
        else:
            turns = self.uniform(2.5, 6)
            path = ellipse(0, 0, 1, 1, start=self.rng.random(), turns=turns)
            # Coils go in and out, otherwise they would lie on one another.
            waves = np.linspace(0, turns * self.uniform(2, 5), len(path))
            path = path * (0.7 + 0.3 * np.sin(waves))[:, None]
        self.line(path * (rx, ry) + (x, y), part, instance)

    def blob(self, x: float, y: float, rx: float, ry: float, *, uneven: float = 0.08) -> Path:
        """Return a closed path near an ellipse, begun anywhere, either way round."""
        # The start shows: bulges that are cut from the blob begin there.
        start, turns = self.rng.random(), self.pick({1: 1, -1: 1})
        return place(self.roughen(ellipse(0, 0, rx, ry, start=start, turns=turns), uneven), x, y)

    def roughen(self, path: Path, share: float) -> Path:
        """Make a path round (0, 0) swell and shrink on its way, by about a share of its radius."""
        angle = np.arctan2(path[:, 1], path[:, 0])
        swell = np.zeros(len(path))
        # Whole waves, so that a closed path stays closed; one wave would only move it.
        for waves in (2, 3, 4):
            swell += self.rng.normal(0, share) * np.cos(waves * angle + self.uniform(0, 6.3))
        return path * (1 + np.clip(swell, -0.5, 0.5))[:, None]

    def bulge_depths(self, count: int, low: float, high: float) -> Path:
        """Return the depth of each of `count` bulges, alike in a careful style, uneven in a fast.

        Args:
            count: of bulges.
            low: least mean depth, as a share of a bulge's width.
            high: largest mean depth.
        """
        mean = self.uniform(low, high)
        uneven = self.rng.normal(0, 0.6 * self.style.speed, count)
        return np.asarray(mean * np.exp(np.clip(uneven, -1.0, 0.6)))

    def divide(self, count: int, low: float = 0.0, high: float = 1.0) -> Path:
        """Divide low..high into `count` uneven steps; return their `count` + 1 ends."""
        # Log-normal steps are uneven, but never negative, so that ends stay in order.
        steps = np.exp(self.rng.normal(0, 0.3, count))
        return low + (high - low) * np.concatenate([[0], np.cumsum(steps) / steps.sum()])
