"""Count what copies by `<use>` would make of a file, before they are made."""

from __future__ import annotations

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector.document import MAX_ELEMENTS
from instancesketch.formats.vector.painting.place import GROUPS
from instancesketch.formats.vector.stylesheets import Element
from instancesketch.formats.vector.tree import Tree

COPY = 5  # elements that one in a copy counts as


def check_copies(tree: Tree) -> None:
    """Check that copies don't make too many elements of a file: each level multiplies the last.

    Raises:
        SketchError: they do.
    """
    check_number(COPY * _Copies(tree).below(tree.root))


def check_number(elements: int) -> None:
    """Check the number of elements, where one in a copy counts as `COPY`.

    Raises:
        SketchError: they are too many.
    """
    if elements > MAX_ELEMENTS:
        raise SketchError(f"more than {MAX_ELEMENTS} SVG elements, copies by <use> included")


class _Copies:
    """Counts the elements in copies, those of each target once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._sizes: dict[int, int] = {}

    def below(self, element: Element, is_target: bool = False) -> int:
        """Return how many elements are in the copies that an element and its children make."""
        tag = self._tree.tag(element)
        if tag == "use":
            target = None if _is_hidden(element) else self._tree.target(element)
            return 0 if target is None else self._size(target)
        number = 0
        # A symbol is painted as a target alone.
        if (tag in GROUPS or (is_target and tag == "symbol")) and not _is_hidden(element):
            for child in element.iter_children():
                number += self.below(child)
        return number

    def _size(self, target: Element) -> int:
        key = id(target.etree_element)
        if key not in self._sizes:
            # One that contains itself is refused by name where the walk comes to it.
            self._sizes[key] = 0
            self._sizes[key] = 1 + self.below(target, is_target=True)
        return self._sizes[key]


def _is_hidden(element: Element) -> bool:
    """Return whether an element says of itself that it isn't shown, and so makes no copies."""
    attributes = element.etree_element.attrib
    style = attributes.get("style", "").replace(" ", "")
    return attributes.get("display") == "none" or "display:none" in style
