"""Compute the opacity of a shape from its colours, its gradients, and all that it is in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tinycss2

from instancesketch.formats.vector import paints
from instancesketch.formats.vector.flatten import flatten
from instancesketch.formats.vector.lengths import meaningful, parse_length
from instancesketch.formats.vector.painting.place import Leaf
from instancesketch.formats.vector.path_data import Subpath
from instancesketch.formats.vector.stylesheets import Element
from instancesketch.formats.vector.tree import Tree

_UNITS = {
    "linearGradient": "gradientUnits",
    "radialGradient": "gradientUnits",
    "pattern": "patternUnits",
}


def is_painted(name: str, leaf: Leaf, subpaths: Sequence[Subpath], tree: Tree) -> bool:
    """Return whether a shape's stroke or fill leaves anything to see.

    Args:
        name: `stroke` or `fill`.
        leaf: the shape.
        subpaths: its curves in its own units.
        tree: the document, with its gradients and patterns.
    """
    style = leaf.place.style
    paint: paints.Paint = style[name]
    alpha = style.alpha(name)
    if paint.url is not None:
        server = _server_alpha(paint.url, subpaths, tree)
        alpha = alpha if server is None else server
    return bool(alpha * style[f"{name}-opacity"] * leaf.place.alpha > paints.FAINTEST)


def _server_alpha(url: str, subpaths: Sequence[Subpath], tree: Tree) -> float | None:
    """Return how opaque a gradient or pattern is; None where the fallback is painted."""
    server = tree.find(url)
    tag = "" if server is None else tree.tag(server)
    if server is None or tag not in _UNITS:
        return None
    chain = tree.chain(server)
    if tag == "pattern":
        # It is drawn by what it holds; with nothing in it, or no size, the fallback is.
        has_size = all(_is_positive(chain, side) for side in ("width", "height"))
        if not has_size or not any(len(one.etree_element) for one in chain):
            return None
        alpha = 1.0
    else:
        stops = next((found for found in (_stops(one, tree) for one in chain) if found), [])
        alpha = max(stops, default=0.0)
    named = (one.etree_element.attrib.get(_UNITS[tag]) for one in chain)
    if alpha and next(filter(None, named), None) != "userSpaceOnUse":
        every = np.concatenate([flatten(s) for s in subpaths])
        # It spans the shape's box, which a straight line doesn't have.
        if not np.ptp(every, axis=0).all():
            return None
    return alpha


def _is_positive(chain: Sequence[Element], name: str) -> bool:
    """Return whether a length is over 0, of the first of a chain that has the attribute."""
    texts = (one.etree_element.attrib.get(name) for one in chain)
    text = next((t for t in texts if t is not None), "0")
    tokens = meaningful(tinycss2.parse_component_value_list(text))
    length = parse_length(tokens[0], True) if len(tokens) == 1 else None
    return length is not None and max(length.px, length.em, length.percent) > 0


def _stops(gradient: Element, tree: Tree) -> list[float]:
    alphas = []
    for child in gradient.iter_children():
        if tree.tag(child) == "stop":
            style = tree.style(child)
            colour = style["stop-color"]
            alpha = style["color"] if colour == paints.CURRENT else colour
            alphas.append(alpha * style["stop-opacity"])
    return alphas
