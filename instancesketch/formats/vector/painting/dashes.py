"""Test by its caps and dashes whether the stroke of a line leaves ink."""

from __future__ import annotations

import math

import numpy as np

from instancesketch.formats.vector.lengths import Length
from instancesketch.formats.vector.painting.place import Leaf
from instancesketch.formats.vector.painting.shapes import Shapes
from instancesketch.formats.vector.path_data import Subpath


def is_drawn(subpath: Subpath, leaf: Leaf, shapes: Shapes) -> bool:
    """Return whether the stroke of a subpath leaves ink: a lone move doesn't."""
    if not subpath.curves and not subpath.closed:
        return False
    style = leaf.place.style
    has_caps = bool(style["stroke-linecap"] != "butt")
    ends = {(c[i], c[i + 1]) for c in subpath.curves for i in range(0, len(c), 2)}
    if ends <= {subpath.start}:
        return has_caps  # a dot
    dashes: tuple[Length, ...] = style["stroke-dasharray"]
    if not dashes:
        return True
    length = float(np.hypot(*np.diff(shapes.flatten_alone(subpath), axis=0).T).sum())
    diagonal = leaf.place.viewport.diagonal
    sizes = [dash.of(diagonal) for dash in dashes]
    offset = style["stroke-dashoffset"].of(diagonal)
    factor = _path_scale(leaf, length)
    return _has_dash([s * factor for s in sizes], offset * factor, length, has_caps)


def _path_scale(leaf: Leaf, length: float) -> float:
    """Return the length over the `pathLength` that dashes are in, of a single subpath."""
    try:
        known = float(leaf.element.etree_element.attrib.get("pathLength", "0"))
    except ValueError:
        return 1.0
    return length / known if 0 < known < math.inf else 1.0


def _has_dash(sizes: list[float], offset: float, length: float, has_caps: bool) -> bool:
    """Return whether any dash lies on a line."""
    if len(sizes) % 2:
        sizes = sizes * 2
    total = sum(sizes)
    if not total or not math.isfinite(total) or not math.isfinite(offset):
        return True  # drawn without dashes
    at = -(offset % total)
    # A dash is seen within one turn of the pattern, or never.
    for start in (at, at + total):
        for dash, gap in zip(sizes[::2], sizes[1::2], strict=True):
            end = start + dash
            if (dash > 0 or has_caps) and start < length and (end > 0 or (has_caps and end == 0)):
                return True
            start = end + gap
    return False
