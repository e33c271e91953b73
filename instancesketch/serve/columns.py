"""The form of strokes between page and server: [[x…], [y…]] each."""

from __future__ import annotations

import numpy as np

from instancesketch.core.sketch import Sketch

_STEPS = 5_000  # along the larger side: finer than a screen's pixels


def columns_of(sketch: Sketch) -> list[list[list[float]]]:
    """Return strokes as [[x…], [y…]] each, rounded to what can be seen."""
    side = max(float(np.ptp(sketch.x)), float(np.ptp(sketch.y))) or 1.0
    decimals = int(np.ceil(np.log10(_STEPS / side)))
    return [
        # In double precision: rounded float32 would print digits beyond the rounding.
        (points.astype(np.float64).round(decimals) + 0.0).T.tolist()
        for points in sketch.to_strokes()
    ]
