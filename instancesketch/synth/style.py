"""Drawing styles: one person's habits on one device, sampled anew for every drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instancesketch.synth.primitives import Path, length, points_at, simplify, spline

# Paths are inked in the box of Quick, Draw!; lengths below are in its pixels.
BOX = 255.0
_FEATURE_ORDERS = {"own": 0.5, "reversed": 0.1, "left": 0.1, "top": 0.15, "any": 0.15}


@dataclass(frozen=True, kw_only=True)
class Device:
    """The effect of an input device and a file format on a line; ranges in pixels of the box."""

    share: float  # of all styles
    spacing: tuple[float, float]  # between points
    tolerance: tuple[float, float] = (0.0, 0.0)  # of simplification
    bezier: bool = False  # smooth segments, each sampled at eight points
    wobble: float = 1.0  # factor on the drift of a line
    pixels: tuple[int, int] = (0, 0)  # along the box, of a screen that is coarser than it


DEVICES = (
    Device(share=0.34, spacing=(2, 5), tolerance=(1.0, 2.5)),  # as Quick, Draw! stores drawings
    # An object of a scene is drawn small, so that in the box its lines look coarser.
    Device(share=0.21, spacing=(2, 6), tolerance=(2.5, 7.5), wobble=1.4),
    Device(share=0.12, spacing=(2, 6)),  # a tablet
    Device(share=0.07, spacing=(5, 14)),  # a mouse with a low report rate
    # Vector editors fit Bézier curves, which smooth a line.
    Device(share=0.12, spacing=(2, 5), tolerance=(2.0, 6.0), bezier=True, wobble=0.7),
    # Coarse: most strokes have 4 to 12 points.
    Device(share=0.06, spacing=(24, 60), wobble=1.2),  # a page that is slow to report
    Device(share=0.05, spacing=(2, 6), tolerance=(7.5, 15.0), wobble=1.2),  # simplified hard
    Device(share=0.03, spacing=(3, 6), pixels=(28, 80)),  # small drawings, scaled up
)
# Above this spacing, in pixels, lines keep four points, and above this tolerance ...
_COARSE_SPACING, _COARSE_TOLERANCE = 14.0 * 1.3, 7.5
# ... no more is cut off than this share of the line's length, lest small rings become dashes.
_COARSE_SHARE = 0.05
_MOST_TILT = 20 / 360  # of a page held askew, in turns


@dataclass(frozen=True, kw_only=True)
class DrawingStyle:
    """The habits that make two drawings of one thing differ."""

    tremor: float  # px, from point to point
    wobble: float  # px, slow drift along a line
    speed: float  # 0 careful .. 1 fast: corners are cut, points lie apart
    spacing: float  # px between points
    tolerance: float  # px, of simplification; 0 keeps all points
    bezier: bool  # the points kept become smooth segments of eight points each
    integers: bool  # coordinates are whole numbers
    pixels: int  # a grid of so many points along the box holds all points; 0: none does
    overshoot: float  # mean, of closed forms, in turns; negative leaves a gap
    feature_order: str  # which feature comes first: own, reversed, left, top, any
    detail: float  # 0 hardly any detail .. 1 all of it
    overrun: float  # mean, in px, by which lines run on beyond both of their ends
    join_chance: float  # not to lift the pen between two lines that meet
    break_chance: float  # to lift it within a line
    retrace_chance: float  # to draw a line twice
    reverse_chance: float  # to draw a line from its other end
    misplacement: float  # spread of a feature about its place, as a share of the box
    omit_chance: float  # to leave a feature out
    shade_chance: float  # to scribble over a closed form
    warp: float  # quadratic distortion of the whole drawing
    mirror: bool
    shear: float
    tilt: float  # rotation in turns
    aspect: float  # width over height
    size: float  # share of the box that the drawing fills
    finished: float  # share of the strokes that are drawn so far; 1: all

    @classmethod
    def sample(cls, rng: np.random.Generator) -> DrawingStyle:
        """Sample a style and a device."""
        speed = rng.random()
        device = DEVICES[int(rng.choice(len(DEVICES), p=[d.share for d in DEVICES]))]
        # Another order of these draws, or one more, gives every seed other drawings.
        return cls(
            tremor=float(rng.gamma(1.5, 0.25)),
            wobble=float(rng.gamma(2, 0.9) * (0.6 + speed) * device.wobble),
            speed=float(speed),
            spacing=float(rng.uniform(*device.spacing) * (0.7 + 0.6 * speed)),
            tolerance=float(rng.uniform(*device.tolerance)),
            bezier=device.bezier,
            integers=bool(rng.random() < 0.68) and not device.bezier,
            pixels=int(rng.integers(device.pixels[0], device.pixels[1] + 1)),
            # Some people close no form, or go round half again.
            overshoot=float(rng.normal(0.01, 0.05 if rng.random() < 0.88 else 0.16)),
            feature_order=str(rng.choice(list(_FEATURE_ORDERS), p=list(_FEATURE_ORDERS.values()))),
            # Beta distributions with a parameter below 1: most people hardly ever do it, few often.
            detail=float(rng.beta(1.1, 2.0)),
            overrun=float(rng.gamma(1.5, 3.0) if rng.random() < 0.2 else 0.0),
            join_chance=float(rng.beta(0.6, 4) if rng.random() < 0.95 else rng.uniform(0.6, 1)),
            break_chance=float(rng.beta(0.5, 9)),
            retrace_chance=float(rng.beta(0.4, 12)),
            reverse_chance=float(rng.beta(0.7, 2)),
            misplacement=float(rng.gamma(0.8, 0.012)),
            omit_chance=float(rng.beta(0.4, 5)),
            shade_chance=float(rng.beta(0.3, 9)),
            warp=float(rng.gamma(1.2, 0.05)),
            mirror=bool(rng.random() < 0.5),
            shear=float(rng.normal(0, 0.08)),
            tilt=_sample_tilt(rng),
            aspect=float(np.exp(rng.normal(0, 0.2))),
            size=float(rng.choice([1.0, rng.uniform(0.4, 1.0)], p=[0.85, 0.15])),
            finished=float(rng.uniform(0.4, 0.95) if rng.random() < 0.06 else 1.0),
        )

    def ink(self, path: Path, rng: np.random.Generator) -> Path:
        """Return a path of the box as drawn: corners cut, drift, tremor, the device's points.

        A path shorter than 1.5 px becomes a dot, one shorter than the spacing a dash.
        """
        total = length(path)
        if total < 1.5:
            return path[:1]
        fine = points_at(path, np.linspace(0, 1, max(3, int(total / 1.5))))
        # Corners of short lines are cut less: there is no room to gather speed.
        fine = _moving_average(fine, round(1 + 3 * self.speed * min(1, total / 60)))
        calm = min(1.0, total / 90)  # a short line drifts little
        fine = fine + self.wobble * calm * _smooth_noise(rng, len(fine), 25)
        fine = fine + self.tremor * _smooth_noise(rng, len(fine), 2)
        # Devices report at fixed times, so points lie unevenly along the line.
        fewest = 3 if self.spacing > _COARSE_SPACING else 1
        steps = np.exp(rng.normal(0, 0.25, max(fewest, round(total / self.spacing))))
        inked = points_at(fine, np.concatenate([[0], np.cumsum(steps) / steps.sum()]))
        if not self.tolerance:
            return inked
        tolerance = min(self.tolerance, max(_COARSE_TOLERANCE, _COARSE_SHARE * total))
        kept = simplify(inked, tolerance)
        return spline(kept) if self.bezier else kept


def _sample_tilt(rng: np.random.Generator) -> float:
    """Sample a rotation in turns: most pages lie straight, some askew, few anyhow."""
    kind = rng.random()
    if kind < 0.88:
        return float(rng.normal(0, 0.01))
    return float(rng.uniform(-_MOST_TILT, _MOST_TILT) if kind < 0.96 else rng.normal(0, 0.06))


def _smooth_noise(rng: np.random.Generator, count: int, width: int) -> Path:
    """Return (count, 2) noise of unit spread, correlated over about `width` points."""
    knots = rng.normal(size=(count // width + 4, 2))
    if count > width:
        position = np.linspace(0, len(knots) - 1.001, count)
    else:
        # Few points see a random stretch of the noise, lest every short line begin at a knot.
        position = rng.random() + np.arange(count) / width
    left = position.astype(int)
    t = (1 - np.cos(np.pi * (position - left)))[:, None] / 2
    return np.asarray(knots[left] * (1 - t) + knots[left + 1] * t)


def _moving_average(path: Path, reach: int) -> Path:
    """Average over 2 reach + 1 points, leaving both ends in place."""
    if reach < 1 or len(path) < 3:
        return path
    padded = np.concatenate([np.repeat(path[:1], reach, 0), path, np.repeat(path[-1:], reach, 0)])
    summed = np.cumsum(np.concatenate([np.zeros((1, 2)), padded]), axis=0)
    mean = (summed[2 * reach + 1 :] - summed[: -2 * reach - 1]) / (2 * reach + 1)
    mean[[0, -1]] = path[[0, -1]]
    return np.asarray(mean)
