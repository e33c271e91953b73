"""The document as a tree: names, references, and the style of elements outside of the walk."""

from __future__ import annotations

from xml.etree import ElementTree

from instancesketch.formats.vector.cascade import ROOT, Cascade, Style
from instancesketch.formats.vector.stylesheets import Element, StyleSheets

_XLINK = "{http://www.w3.org/1999/xlink}href"
_LANGUAGE = "en"  # of the browser that is asked what a drawing looks like
_EXTENSIONS = {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/1999/xhtml"}
_MOST_LINKS = 32  # from gradient to gradient


class Tree:
    """A parsed SVG, its style sheets and its ids."""

    def __init__(self, root: ElementTree.Element) -> None:
        self._prefix = root.tag.removesuffix("svg")
        self.root: Element = Element.from_xml_root(root)
        self.ids: dict[str, Element] = {}
        sheets = StyleSheets()
        elements, depth, siblings = 0, 0, 0
        for element in self.root.iter_subtree():
            elements += 1
            depth = max(depth, len(element.ancestors))
            siblings = max(siblings, element.index)
            # The first of several with one id is meant.
            if element.id is not None:
                self.ids.setdefault(element.id, element)
            if self.tag(element) == "style":
                self._add_sheet(sheets, element)
        sheets.check_cost(elements, depth + 1, siblings + 1)
        self.cascade = Cascade(sheets)
        self._styles: dict[int, Style] = {}

    def tag(self, element: Element) -> str:
        """Return the name of an element of SVG, and nothing for any other."""
        tag: str = element.etree_element.tag
        name = tag[len(self._prefix) :]
        return name if tag.startswith(self._prefix) and "}" not in name else ""

    def find(self, link: str | None) -> Element | None:
        """Return the element that `#id` means; None for other files and what isn't there."""
        return self.ids.get(link[1:]) if link and link.startswith("#") else None

    def target(self, element: Element) -> Element | None:
        """Return the element that one refers to by `href`."""
        attributes = element.etree_element.attrib
        link = attributes.get("href", attributes.get(_XLINK))
        return self.find(link.strip() if link else None)

    def chain(self, element: Element) -> list[Element]:
        """Return a gradient or pattern and those that it takes its contents from."""
        found = [element]
        while len(found) < _MOST_LINKS:
            following = self.target(found[-1])
            if following is None or following in found:
                break
            found.append(following)
        return found

    def style(self, element: Element) -> Style:
        """Return the style of an element where it stands in the document."""
        waiting: list[Element] = []
        current: Element | None = element
        while current is not None and id(current.etree_element) not in self._styles:
            waiting.append(current)
            current = current.parent
        style = ROOT if current is None else self._styles[id(current.etree_element)]
        for one in reversed(waiting):
            style = self.cascade.style(one, style, self.tag(one))
            self._styles[id(one.etree_element)] = style
        return style

    def _add_sheet(self, sheets: StyleSheets, element: Element) -> None:
        attributes = element.etree_element.attrib
        if attributes.get("type", "text/css").strip().lower() in ("", "text/css"):
            text = "".join(element.etree_element.itertext())
            sheets.add(text, attributes.get("media", ""))


def is_chosen(element: Element) -> bool:
    """Return whether an element's conditions hold: its language and what it requires."""
    attributes = element.etree_element.attrib
    languages = attributes.get("systemLanguage")
    if languages is not None:
        wanted = [one.strip().lower().split("-")[0] for one in languages.split(",")]
        if _LANGUAGE not in wanted:
            return False
    extensions = attributes.get("requiredExtensions")
    if extensions is None:
        return True
    return bool(extensions.split()) and set(extensions.split()) <= _EXTENSIONS
