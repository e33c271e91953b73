"""The hand that draws: one person's habits on one device, drawn anew for every drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instancesketch.synth.primitives import Path, at, length, simplified

# Paths are inked in the box of Quick, Draw!; lengths below are in its pixels.
BOX = 255.0
_ORDERS = {"own": 0.5, "reversed": 0.1, "left": 0.1, "top": 0.15, "any": 0.15}


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What makes two drawings of the same thing differ."""

    tremor: float  # px, from point to point
    wobble: float  # px, slow drift along a line
    speed: float  # 0 careful .. 1 fast: corners are cut, points lie apart
    spacing: float  # px between points
    simplify: float  # px; 0 keeps all points
    whole: bool  # coordinates are whole numbers
    closure: float  # mean overshoot of closed forms, in turns; negative leaves a gap
    order: str  # which feature comes first: own, reversed, left, top, any
    patience: float  # 0 hardly any detail .. 1 all of it
    lazy: float  # chance not to lift the pen between two lines that meet
    breaks: float  # chance to lift it within a line
    retrace: float  # chance to draw a line twice
    backwards: float  # chance to draw a line from its other end
    mirror: bool
    slant: float  # shear
    tilt: float  # rotation in turns
    aspect: float  # width for height
    size: float  # share of the box that the drawing fills

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Hand:
        """Draws a hand."""
        speed = rng.random()
        device = rng.choice(["simplified", "dense", "coarse"], p=[0.6, 0.25, 0.15])
        spacing = {"simplified": (2, 5), "dense": (2, 6), "coarse": (5, 14)}[device]
        return cls(
            tremor=float(rng.gamma(1.5, 0.25)),
            wobble=float(rng.gamma(2, 0.9) * (0.6 + speed)),
            speed=float(speed),
            spacing=float(rng.uniform(*spacing) * (0.7 + 0.6 * speed)),
            simplify=float(rng.uniform(1.0, 2.5)) if device == "simplified" else 0.0,
            whole=bool(rng.random() < 0.6),
            closure=float(rng.normal(0.0, 0.05)),
            order=str(rng.choice(list(_ORDERS), p=list(_ORDERS.values()))),
            patience=float(rng.beta(1.1, 2.0)),
            lazy=float(rng.beta(0.6, 4)),
            breaks=float(rng.beta(0.5, 9)),
            retrace=float(rng.beta(0.4, 12)),
            backwards=float(rng.beta(0.7, 2)),
            mirror=bool(rng.random() < 0.5),
            slant=float(rng.normal(0, 0.05)),
            tilt=float(rng.normal(0, 0.008)),
            aspect=float(np.exp(rng.normal(0, 0.15))),
            size=float(rng.choice([1.0, rng.uniform(0.4, 1.0)], p=[0.85, 0.15])),
        )  # fmt: skip

    def ink(self, path: Path, rng: np.random.Generator) -> Path:
        """Draws a path of the box: cut corners, drift, tremor, then points as the device has them.

        A path shorter than two points' distance becomes a dot or a dash of two points.
        """
        long = length(path)
        if long < 1.5:
            return path[:1]
        fine = at(path, np.linspace(0, 1, max(3, int(long / 1.5))))
        fine = _smoothed(fine, round(1 + 3 * self.speed * min(1, long / 60)))
        calm = min(1.0, long / 90)  # a short line drifts little
        fine = fine + self.wobble * calm * _noise(rng, len(fine), 25)
        fine = fine + self.tremor * _noise(rng, len(fine), 2)
        steps = np.exp(rng.normal(0, 0.25, max(1, round(long / self.spacing))))
        inked = at(fine, np.concatenate([[0], np.cumsum(steps) / steps.sum()]))
        return simplified(inked, self.simplify) if self.simplify else inked


def _noise(rng: np.random.Generator, count: int, width: int) -> Path:
    """(count, 2) smooth noise of unit spread, alike over about `width` points."""
    knots = rng.normal(size=(count // width + 4, 2))
    place = np.linspace(0, len(knots) - 1.001, count) if count > width else rng.random() + (
        np.arange(count) / width
    )  # fmt: skip
    left = place.astype(int)
    t = (1 - np.cos(np.pi * (place - left)))[:, None] / 2
    return np.asarray(knots[left] * (1 - t) + knots[left + 1] * t)


def _smoothed(path: Path, reach: int) -> Path:
    """A moving average over 2 reach + 1 points that leaves both ends in place."""
    if reach < 1 or len(path) < 3:
        return path
    padded = np.concatenate([np.repeat(path[:1], reach, 0), path, np.repeat(path[-1:], reach, 0)])
    summed = np.cumsum(np.concatenate([np.zeros((1, 2)), padded]), axis=0)
    mean = (summed[2 * reach + 1 :] - summed[: -2 * reach - 1]) / (2 * reach + 1)
    mean[[0, -1]] = path[[0, -1]]
    return np.asarray(mean)
