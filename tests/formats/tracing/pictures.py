"""Pictures of known lines, made for the tests."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

Line = Sequence[tuple[float, float]]
RING = [(100 + 60 * np.cos(t), 100 + 60 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 100)]
FINER = 4


def paint(*lines: Line, size: tuple[int, int] = (200, 200), width: float = 4.0) -> Image.Image:
    """Return lines in black on white with round ends; of a single point, a dot."""
    image = Image.new("L", (size[0] * FINER, size[1] * FINER), 255)
    pen, radius = ImageDraw.Draw(image), width * FINER / 2
    for line in lines:
        points = [(x * FINER, y * FINER) for x, y in line]
        pen.line(points, fill=0, width=round(2 * radius), joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return image.resize(size, Image.Resampling.BOX)


def to_bytes(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()
