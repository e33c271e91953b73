"""SVG, one sketch a file."""

from __future__ import annotations

from instancesketch.core.sketch import Sketch
from instancesketch.formats.writers.files import FilePerSketch
from instancesketch.render.svg import to_svg


def dump(sketch: Sketch) -> bytes:
    """Return the contents of a sketch's file."""
    return to_svg(sketch).encode()


WRITER = FilePerSketch(".svg", dump)
