"""Styles of blossoms, and blossoms seen from the side: tulips, buds, bells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instancesketch.synth.canvas import Canvas, Segment
from instancesketch.synth.primitives import (
    curve,
    ellipse,
    place,
    polyline,
    scallops,
    teardrop,
    zigzag,
)

_PETALS = {
    "curl": 11.0, "loops": 2.5, "arcs": 1.5, "some": 1.8, "teeth": 0.7, "rose": 0.6, "lines": 0.4,
    "through": 0.6, "rings": 0.7, "blob": 0.4,
}  # fmt: skip
SIDE_VIEWS = {"cup": 4.0, "bud": 1.0, "bell": 0.5, "fan": 1.5, "ice": 0.5}
_CENTRES = {"ring": 8.0, "spiral": 0.8, "filled": 0.6, "dots": 0.3, "net": 0.15, "dot": 0.5}


@dataclass(frozen=True, kw_only=True)
class BlossomStyle:
    """The style that blossoms of one drawing share: people repeat themselves."""

    petals: str  # a style of petals, or of `SIDE_VIEWS`
    count: int  # of petals
    inner: float  # radius of the middle
    flatness: float  # height over width
    centre: str  # empty: none

    @classmethod
    def sample(cls, canvas: Canvas) -> BlossomStyle:
        """Sample a style."""
        from_side = canvas.chance(0.12)
        return cls(
            petals=canvas.pick(SIDE_VIEWS if from_side else _PETALS),
            count=canvas.integer(4, canvas.pick({8: 3.0, 14: 1.0})),
            inner=canvas.uniform(0.2, 0.6),
            flatness=canvas.pick({1.0: 4.0, canvas.uniform(0.35, 0.9): 1.5}),
            # From the side the petals hide the centre.
            centre=canvas.pick(_CENTRES) if not from_side and canvas.chance(0.62) else "",
        )


def draw_blossom_from_side(canvas: Canvas, style: str, x: float, y: float) -> float:
    """Draw a blossom of `SIDE_VIEWS` about (x, y); return the stem's upper end below it.

    Petals of tulips, buds and bells are drawn at once, so none is an instance; those of fans are
    drawn one by one.
    """
    w, h = canvas.uniform(0.4, 0.9), canvas.uniform(0.6, 1.2)
    if style == "bud":
        canvas.loop(teardrop((x, y + 0.6), (x, y - h), canvas.uniform(0.5, 0.9)), "petal")
        if canvas.chance(0.5):
            fold = curve((x - 0.2, y - 0.3), (x + 0.1, y), (x, y + 0.5))
            canvas.line(fold, "petal")
        return 0.6
    if style == "fan":  # three or more petals that rise from one point
        count = canvas.integer(3, 6)
        for i, angle in enumerate(np.linspace(-0.2, 0.2, count) - 0.25):
            tip = (x + np.cos(2 * np.pi * angle), y + 0.5 + 1.4 * np.sin(2 * np.pi * angle))
            petal = teardrop((x, y + 0.6), tip, canvas.uniform(0.3, 0.5))
            canvas.line(petal, "petal", f"petal {x} {i}")
        return 0.6
    if style == "bell":
        left = (-0.3 * w, -h), (-0.9 * w, 0.1), (-1.2 * w, 0.5)
        right = (1.2 * w, 0.5), (0.9 * w, 0.1), (0.3 * w, -h)
        canvas.line(place(curve(*left, *right, left[0]), x, y), "petal")
        return 0.5
    # A tulip's rim is drawn even where another replaces it: seeded drawings depend on its draws.
    rim = zigzag((x - w, y - h), (x + w, y - h), canvas.integer(2, 3) * 2, canvas.uniform(0.3, 0.7))
    cup = ellipse(x, y - h, w, h + 0.6, start=0, turns=0.5)
    if style == "ice":  # round above
        edge = polyline((x - w, y - h), (x + w, y - h))
        rim = scallops(edge, canvas.divide(canvas.integer(2, 3)), 0.4)
    segments = [Segment(path=path, part="petal") for path in (rim, cup)]
    canvas.outline(segments, lift=canvas.pick({0.0: 2.0, 1.0: 1.0}))
    return 0.6
