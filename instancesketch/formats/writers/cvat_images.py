"""Images of sketches that a person can label in CVAT: of one size, with a margin, antialiased."""

from __future__ import annotations

import io
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from instancesketch.core.sketch import Sketch
from instancesketch.render.svg import view_box

_SIDE = 1_000  # pixels of the larger side
_INK = 110
_LINE = 3  # pixels
_FINER = 3  # drawn so many times larger, and then averaged


class Placement(NamedTuple):
    """The place of a sketch in its image: a pixel is `scale` times a coordinate less the origin."""

    scale: float
    left: float
    top: float
    width: int  # of the image
    height: int

    def to_pixels(self, points_K2: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return points of the sketch in pixels of the image."""
        return (points_K2.astype(np.float64) - (self.left, self.top)) * self.scale


def place(sketch: Sketch) -> Placement:
    """Return the place of a sketch that fills an image of 1,000 pixels but for a margin."""
    left, top, width, height = view_box(sketch)
    scale = _SIDE / max(width, height)
    sides = (max(1, math.ceil(round(side * scale, 6))) for side in (width, height))
    return Placement(scale, left, top, *sides)


def draw(sketch: Sketch, placement: Placement) -> bytes:
    """Return the strokes of a sketch as a PNG."""
    size = (_FINER * placement.width, _FINER * placement.height)
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    radius = _FINER * _LINE / 2
    for points in sketch.to_strokes():
        line = [(float(x), float(y)) for x, y in _FINER * placement.to_pixels(points)]
        if len(line) > 1:
            pen.line(line, fill=_INK, width=_FINER * _LINE, joint="curve")
        # Round ends; and a line of one point would draw nothing.
        for end in (line[0], line[-1]):
            pen.circle(end, radius if len(line) > 1 else 2 * radius, fill=_INK)
    stream = io.BytesIO()
    picture.reduce(_FINER).save(stream, "PNG")
    return stream.getvalue()
