"""Small XML files as trees, without entities and in bounded memory and depth."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from instancesketch.core.errors import SketchError

_MAX_DEPTH = 64


def parse_tree(data: bytes, root_name: str, program: str) -> ElementTree.Element:
    """Return the root of an XML, with the names of all elements without their namespaces.

    Raises:
        SketchError: it is not well-formed, has entities, is nested too deeply, or has another root.
    """
    try:
        root: ElementTree.Element = fromstring(data)
    except DefusedXmlException as error:
        raise SketchError(f"XML with entities is not read: {type(error).__name__}") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SketchError(f"not well-formed XML: {error}") from None
    waiting = [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise SketchError(f"XML nested more than {_MAX_DEPTH} deep")
        if isinstance(element.tag, str):  # comments have functions here
            element.tag = element.tag.rpartition("}")[2]
        waiting += [(child, depth + 1) for child in element]
    if root.tag != root_name:
        raise SketchError(f"not {program}: its root is <{str(root.tag)[:40]}>, not <{root_name}>")
    return root


def walk(root: ElementTree.Element, skip: frozenset[str]) -> Iterator[ElementTree.Element]:
    """Yield all elements below a root in order, but not what is inside of those to skip."""
    waiting = list(reversed(root))
    while waiting:
        element = waiting.pop()
        if element.tag not in skip:
            yield element
            waiting += reversed(element)
