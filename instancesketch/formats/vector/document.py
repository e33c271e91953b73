"""Parse the XML of an SVG, and refuse what would unfold without end."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from defusedxml import DefusedXmlException, EntitiesForbidden
from defusedxml.ElementTree import DefusedXMLParser

from instancesketch.core.errors import SketchError

MAX_DEPTH = 256
MAX_ELEMENTS = 200_000
# Illustrator writes about ten entities, each a namespace.
_MAX_ENTITIES = 100
_LONGEST_ENTITY = 200
_MOST_EXPANDED = 1 << 20  # characters that all references to entities may add up to
_MOST_DEFAULTS = 1_000  # characters of default attributes, which every element may get


def parse_xml(data: bytes) -> ElementTree.Element:
    """Return the root of an SVG.

    Raises:
        SketchError: it is not well-formed, not an SVG, too deep or too large, has entities other
            than short internal ones, or needs a style sheet outside of the file.
    """
    try:
        parser = _Parser(data)
        parser.feed(data)
        root: ElementTree.Element = parser.close()
    except DefusedXmlException as error:
        raise SketchError(f"XML with such entities is not read: {_describe(error)}") from None
    except SketchError:  # which is a ValueError itself
        raise
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SketchError(f"not well-formed XML: {error}") from None
    # Tags have their namespace in braces before them.
    if root.tag.rpartition("}")[2] != "svg":
        raise SketchError(f"not an SVG: its root is <{root.tag[:80]}>")
    return root


def _describe(error: DefusedXmlException) -> str:
    name = getattr(error, "name", None)
    return type(error).__name__ if name is None else f"{type(error).__name__} {str(name)[:40]!r}"


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree, and stops where it is too deep or too large."""

    def __init__(self) -> None:
        super().__init__(insert_pis=False, insert_comments=False)
        self._depth = self._number = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self._depth += 1
        self._number += 1
        if self._depth > MAX_DEPTH:
            raise SketchError(f"SVG nested more than {MAX_DEPTH} deep")
        if self._number > MAX_ELEMENTS:
            raise SketchError(f"more than {MAX_ELEMENTS} SVG elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)

    def pi(self, target: str, text: str | None = None) -> Any:  # type: ignore[override]
        if target == "xml-stylesheet":
            raise SketchError(f"its style sheet is another file: {(text or '')[:80]}")
        return super().pi(target, text)


class _Parser(DefusedXMLParser):  # type: ignore[misc]
    """Refuses entities, but for internal ones that expand to short text without more of them."""

    def __init__(self, data: bytes) -> None:
        super().__init__(target=_Builder(), forbid_dtd=False, forbid_entities=True)
        self._data = data
        self._entities = self._expanded = self._defaults = 0
        self.parser.AttlistDeclHandler = self._attlist

    def defused_entity_decl(
        self,
        name: str,
        is_parameter_entity: bool,
        value: str | None,
        base: str | None,
        sysid: str | None,
        pubid: str | None,
        notation_name: str | None,
    ) -> None:
        self._entities += 1
        harmless = (
            not is_parameter_entity
            and value is not None
            and self._entities <= _MAX_ENTITIES
            and len(value) <= _LONGEST_ENTITY
            and not set(value) & set("&%<")
            # In other encodings the references below could not be counted.
            and b"\0" not in self._data
        )
        if harmless and value is not None:
            self._expanded += self._data.count(f"&{name};".encode()) * len(value)
        if not harmless or self._expanded > _MOST_EXPANDED:
            raise EntitiesForbidden(name, value, base, sysid, pubid, notation_name)

    def _attlist(
        self, element: str, attribute: str, kind: str, default: str | None, required: int
    ) -> None:
        self._defaults += len(default or "")
        if self._defaults > _MOST_DEFAULTS:
            raise SketchError(
                f"a document type with long defaults: {element[:40]} {attribute[:40]}"
            )
