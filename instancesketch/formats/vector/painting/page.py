"""The page: the canvas, and the place of the root on it."""

from __future__ import annotations

from instancesketch.formats.vector import matrix, transforms
from instancesketch.formats.vector.basic_shapes import Viewport
from instancesketch.formats.vector.cascade import ROOT
from instancesketch.formats.vector.matrix import IDENTITY
from instancesketch.formats.vector.painting.clip_test import Area, Clip
from instancesketch.formats.vector.painting.own_transform import MIDDLE, own_transform
from instancesketch.formats.vector.painting.place import Place, rectangle
from instancesketch.formats.vector.properties import AUTO
from instancesketch.formats.vector.tree import Tree

Canvas = tuple[float | None, float | None]  # width and height, where the file says


def place_root(tree: Tree, exact: bool) -> tuple[Canvas, Place]:
    """Return the size of the canvas, and the place of the root on it.

    Args:
        tree: the document.
        exact: nothing is clipped by the page.
    """
    style = tree.style(tree.root)
    attributes = tree.root.etree_element.attrib
    box = transforms.parse_view_box(attributes.get("viewBox"))
    sides = [
        None if side == AUTO or side.percent else max(side.px, 0.0)
        for side in (style["width"], style["height"])
    ]
    width, height = (box[2], box[3]) if box else sides
    canvas = (width or None, height or None)
    place = Place(IDENTITY, ROOT, Viewport(width, height))
    if box and not box[2] * box[3]:
        return canvas, place._replace(hidden=True)
    if sides[0] is None or sides[1] is None:
        return canvas, place
    if not sides[0] * sides[1]:
        return canvas, place._replace(hidden=True)
    to_page = IDENTITY
    if box:
        to_page = transforms.fit(box, sides[0], sides[1], attributes.get("preserveAspectRatio"))
    back = matrix.inverse(to_page)
    # On the page the root turns about its middle.
    turned = own_transform(tree.root, style, Viewport(*sides), origin=MIDDLE)
    moved = matrix.multiply(matrix.multiply(back, turned), to_page)
    if turned == IDENTITY:
        moved = IDENTITY  # not nearly
    clips: tuple[Clip, ...] = ()
    if not exact:
        frame = matrix.multiply(moved, back)
        clips = ((Area((rectangle(0, 0, sides[0], sides[1], frame),)),),)
    return canvas, place._replace(matrix=moved, clips=clips)
