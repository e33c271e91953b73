"""The hand that draws: one person's habits on one device, drawn anew for every drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instancesketch.synth.primitives import Path, at, length, simplified, through

# Paths are inked in the box of Quick, Draw!; lengths below are in its pixels.
BOX = 255.0
_ORDERS = {"own": 0.5, "reversed": 0.1, "left": 0.1, "top": 0.15, "any": 0.15}


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a line becomes on its way into a file. Ranges are in pixels of the box."""

    share: float  # of all hands
    spacing: tuple[float, float]  # between points
    simplify: tuple[float, float] = (0.0, 0.0)  # tolerance
    bezier: bool = False  # smooth pieces, each sampled at eight points
    wobble: float = 1.0  # how much a hand drifts, for what it does otherwise


_DEVICES = (
    Device(share=0.40, spacing=(2, 5), simplify=(1.0, 2.5)),  # as Quick, Draw! stores them
    Device(share=0.24, spacing=(2, 6), simplify=(2.5, 7.5), wobble=1.4),  # small, in a scene
    Device(share=0.14, spacing=(2, 6)),  # a tablet
    Device(share=0.08, spacing=(5, 14)),  # a slow mouse
    Device(share=0.14, spacing=(2, 5), simplify=(2.0, 6.0), bezier=True, wobble=0.7),
)


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What makes two drawings of the same thing differ."""

    tremor: float  # px, from point to point
    wobble: float  # px, slow drift along a line
    speed: float  # 0 careful .. 1 fast: corners are cut, points lie apart
    spacing: float  # px between points
    simplify: float  # px; 0 keeps all points
    bezier: bool  # what is left becomes smooth pieces of eight points each
    whole: bool  # coordinates are whole numbers
    closure: float  # mean overshoot of closed forms, in turns; negative leaves a gap
    order: str  # which feature comes first: own, reversed, left, top, any
    patience: float  # 0 hardly any detail .. 1 all of it
    lazy: float  # chance not to lift the pen between two lines that meet
    breaks: float  # chance to lift it within a line
    retrace: float  # chance to draw a line twice
    backwards: float  # chance to draw a line from its other end
    sloppy: float  # how far a feature lies from its place, as a share of the box
    forgets: float  # chance to leave something out
    shades: float  # chance to scribble over a closed form
    bend: float  # how much the whole is warped
    mirror: bool
    slant: float  # shear
    tilt: float  # rotation in turns
    aspect: float  # width for height
    size: float  # share of the box that the drawing fills

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Hand:
        """Draws a hand."""
        speed = rng.random()
        device = _DEVICES[int(rng.choice(len(_DEVICES), p=[d.share for d in _DEVICES]))]
        return cls(
            tremor=float(rng.gamma(1.5, 0.25)),
            wobble=float(rng.gamma(2, 0.9) * (0.6 + speed) * device.wobble),
            speed=float(speed),
            spacing=float(rng.uniform(*device.spacing) * (0.7 + 0.6 * speed)),
            simplify=float(rng.uniform(*device.simplify)),
            bezier=device.bezier,
            whole=bool(rng.random() < 0.68) and not device.bezier,
            closure=float(rng.normal(0.01, 0.06)),
            order=str(rng.choice(list(_ORDERS), p=list(_ORDERS.values()))),
            patience=float(rng.beta(1.1, 2.0)),
            lazy=float(rng.beta(0.6, 4)),
            breaks=float(rng.beta(0.5, 9)),
            retrace=float(rng.beta(0.4, 12)),
            backwards=float(rng.beta(0.7, 2)),
            sloppy=float(rng.gamma(0.8, 0.012)),
            forgets=float(rng.beta(0.4, 5)),
            shades=float(rng.beta(0.3, 9)),
            bend=float(rng.gamma(1.2, 0.05)),
            mirror=bool(rng.random() < 0.5),
            slant=float(rng.normal(0, 0.08)),
            tilt=float(rng.normal(0, 0.01 if rng.random() < 0.93 else 0.06)),
            aspect=float(np.exp(rng.normal(0, 0.2))),
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
        if not self.simplify:
            return inked
        kept = simplified(inked, self.simplify)
        return through(kept) if self.bezier else kept


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
