"""Upper edges of cars, lorries, buses and vans from the side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import Path, curve


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The upper edge of a car that drives to the right: x from 0 to 1, y up from 0 to 1."""

    share: float  # of all cars, beside the others' shares
    height: tuple[float, float]  # over length
    round: float  # chance that the edge is a curve
    points: tuple[tuple[float, float], ...]
    wheels: int = 2


_SEDAN = (0, 0.5), (0.17, 0.52), (0.32, 1), (0.66, 1), (0.8, 0.52), (1, 0.45)
_HATCH = (0, 0.55), (0.08, 1), (0.6, 1), (0.76, 0.55), (1, 0.45)
_HAT = (0, 0.45), (0.3, 0.48), (0.32, 1), (0.68, 1), (0.7, 0.5), (1, 0.48)
_VAN = (0, 1), (0.8, 1), (0.93, 0.55), (1, 0.4)
_BUS = (0, 1), (0.97, 1), (1, 0.6)
_PICKUP = (0, 0.5), (0.42, 0.5), (0.45, 1), (0.68, 1), (0.8, 0.52), (1, 0.48)
_LORRY = (0, 1), (0.66, 1), (0.66, 0.75), (0.85, 0.75), (0.93, 0.42), (1, 0.4)
_FLATBED = (0, 0.25), (0.6, 0.25), (0.6, 1), (0.85, 1), (0.97, 0.4), (1, 0.35)
_SPORTS = (0, 0.6), (0.12, 0.6), (0.4, 1), (0.58, 0.95), (0.8, 0.55), (1, 0.3)
_BEETLE = (
    (0, 0.2), (0.05, 0.5), (0.2, 0.88), (0.45, 1), (0.63, 0.85), (0.74, 0.52),
    (0.93, 0.4), (1, 0.15),
)  # fmt: skip
_DOME = (0, 0.1), (0.1, 0.7), (0.5, 1), (0.9, 0.7), (1, 0.1)
_OPEN = (0, 0.6), (0.2, 0.65), (0.5, 0.6), (0.62, 1), (0.68, 0.6), (1, 0.5)

PROFILES = (
    Profile(share=5, height=(0.23, 0.46), round=0.35, points=_SEDAN),
    Profile(share=2, height=(0.27, 0.5), round=0.3, points=_HATCH),
    Profile(share=2.5, height=(0.26, 0.55), round=0.3, points=_HAT),
    Profile(share=1.5, height=(0.34, 0.6), round=0.25, points=_VAN),
    Profile(share=0.8, height=(0.3, 0.5), round=0.1, points=_BUS),
    Profile(share=1.2, height=(0.28, 0.5), round=0.1, points=_PICKUP),
    Profile(share=0.7, height=(0.35, 0.6), round=0.05, points=_LORRY, wheels=3),
    Profile(share=0.5, height=(0.3, 0.7), round=0.05, points=_FLATBED, wheels=3),
    Profile(share=1.5, height=(0.2, 0.32), round=0.6, points=_SPORTS),
    Profile(share=1.5, height=(0.34, 0.55), round=0.9, points=_BEETLE),
    Profile(share=0.8, height=(0.3, 0.6), round=0.9, points=_DOME),
    Profile(share=0.5, height=(0.25, 0.4), round=0.3, points=_OPEN),
)


def sample_roof(canvas: Canvas) -> tuple[Path, int]:
    """Sample the upper edge of a car, y down, and its number of wheels."""
    profile = PROFILES[canvas.pick({i: p.share for i, p in enumerate(PROFILES)})]
    height = canvas.uniform(*profile.height)
    roof = np.array(profile.points) * (1, -height)
    roof += canvas.rng.normal(0, 0.022, roof.shape) * (1, height * 2)
    # Both ends stay above the ends of the floor.
    roof[[0, -1], 0] = 0, 1
    roof[:, 1] = np.minimum(roof[:, 1], -0.03)
    if canvas.chance(profile.round):
        roof = curve(*((float(x), float(y)) for x, y in roof), steps=4)
    # Some people draw fewer or more wheels than such a car has.
    wheels = profile.wheels if canvas.chance(0.9) else canvas.integer(1, 5)
    return roof, wheels
