"""The transform of an element itself, by its attribute or by CSS."""

from __future__ import annotations

from collections.abc import Callable

from instancesketch.formats.vector import matrix, transforms
from instancesketch.formats.vector.basic_shapes import Viewport
from instancesketch.formats.vector.cascade import Style
from instancesketch.formats.vector.lengths import Length, Unsupported
from instancesketch.formats.vector.matrix import IDENTITY, Matrix
from instancesketch.formats.vector.stylesheets import Element
from instancesketch.formats.vector.transforms import Box

MIDDLE = (Length(percent=50.0), Length(percent=50.0))


def own_transform(
    element: Element,
    style: Style,
    viewport: Viewport,
    find_box: Callable[[], Box | None] | None = None,
    origin: tuple[Length, Length] | None = None,
) -> Matrix:
    """Return the transform of an element itself.

    Args:
        element: whose attribute counts where no style sets the transform.
        style: its own.
        viewport: what percentages are of, unless they are of its box.
        find_box: returns its box, where it may refer to one.
        origin: about which it turns where its style doesn't say.

    Raises:
        Unsupported: it refers to a box that isn't followed.
    """
    by_css = "transform" in style.values
    attribute = None if by_css else element.etree_element.attrib.get("transform")
    singles = [style[name] for name in ("translate", "rotate", "scale")]
    if not (attribute or (by_css and style["transform"]) or any(singles)):
        return IDENTITY
    left, top, width, height = 0.0, 0.0, viewport.width, viewport.height
    if style["transform-box"] != "view-box" and find_box is not None:
        if style["transform-box"] not in ("fill-box", "content-box"):
            raise Unsupported(f"the transform-box {style['transform-box']!r} isn't read")
        left, top, width, height = find_box() or (0.0, 0.0, 0.0, 0.0)
    result = IDENTITY
    for functions in singles:
        result = matrix.multiply(result, transforms.to_matrix(functions, width, height))
    if by_css:
        result = matrix.multiply(result, transforms.to_matrix(style["transform"], width, height))
    elif attribute:
        result = matrix.multiply(result, transforms.parse_attribute(attribute))
    origin = style["transform-origin"] or origin
    if origin is None:
        return result if not left and not top else matrix.about(result, left, top)
    return matrix.about(result, left + origin[0].of(width), top + origin[1].of(height))
