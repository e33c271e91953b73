"""The style of an element: of its attributes, the style sheets and its ancestors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from instancesketch.formats.vector import declarations, paints
from instancesketch.formats.vector.declarations import Declaration, Pending, Wide
from instancesketch.formats.vector.lengths import Length
from instancesketch.formats.vector.properties import AUTO, INHERITED, INITIAL, PROPERTIES
from instancesketch.formats.vector.stylesheets import Element, StyleSheets

# Of declarations: whether important, whether of a `style` attribute, specificity and order.
Rank = tuple[bool, int, Any, int]


class Style:
    """The computed values of an element's properties, and the custom properties it sees."""

    __slots__ = ("root_font", "values", "variables")

    def __init__(
        self, values: dict[str, Any], variables: dict[str, tuple[Any, ...]], root_font: float
    ) -> None:
        self.values, self.variables, self.root_font = values, variables, root_font

    def __getitem__(self, name: str) -> Any:
        values = self.values
        return values[name] if name in values else INITIAL[name]

    @property
    def font(self) -> float:
        """Return the font's size in pixels."""
        return float(self["font-size"].px)

    def resolve(self, length: Length) -> Length:
        """Return a length of an attribute in pixels and per cent."""
        return length.resolve(self.font, self.root_font)

    def alpha(self, name: str) -> float:
        """Return the opacity that `stroke` or `fill` gives, but for paint servers: 0 for none."""
        alpha = self[name].alpha
        if alpha is None:
            return 0.0
        return float(self["color"] if alpha == paints.CURRENT else alpha)


ROOT = Style({}, {}, 16.0)


class Cascade:
    """Gives elements their styles."""

    def __init__(self, sheets: StyleSheets) -> None:
        self._sheets = sheets

    def style(self, element: Element, parent: Style, tag: str, in_copy: bool = False) -> Style:
        """Return the style of an element.

        Args:
            element: the element.
            parent: the style of its parent, or of the `<use>` that it is a copy for.
            tag: its name without namespace; empty for one that isn't of SVG.
            in_copy: it is part of a copy for a `<use>`, which is a tree of its own to selectors.
        """
        if element.declared is None:
            element.declared = self._winners(element, tag, in_copy)
        declared = element.declared
        variables = parent.variables
        own = {n: value for n, value in declared.items() if n.startswith("--")}
        if own:
            variables = {**variables, **own}
        values = {n: v for n, v in parent.values.items() if n in INHERITED}
        style = Style(values, variables, parent.root_font)
        # First, for lengths of all others may be in its ems.
        if "font-size" in declared:
            self._set(style, parent, "font-size", declared["font-size"])
        if parent is ROOT:
            style.root_font = style.font
        for name, value in declared.items():
            if name not in own and name != "font-size":
                self._set(style, parent, name, value)
        return style

    def _winners(self, element: Element, tag: str, in_copy: bool) -> dict[str, Any]:
        """Return the declarations of an element that win, by their names."""
        winners: dict[str, tuple[Rank, Any]] = {}
        for rank, declaration in self._declared(element, tag, in_copy):
            rank = (declaration.important, *rank[1:])
            known = winners.get(declaration.name)
            if known is None or known[0] <= rank:
                winners[declaration.name] = (rank, declaration.value)
        return {name: value for name, (_, value) in winners.items()}

    def _declared(
        self, element: Element, tag: str, in_copy: bool
    ) -> Iterator[tuple[Rank, Declaration]]:
        attributes = element.etree_element.attrib
        if tag:
            for name, text in attributes.items():
                known = PROPERTIES.get(name)
                if known is None or not known.attribute or name == "transform":
                    continue
                if known.elements is None or tag in known.elements:
                    value = declarations.parse_attribute(name, text)
                    if name in ("rx", "ry") and value == AUTO:
                        value = Length()  # Chromium takes the word in style sheets alone
                    if value is not None:
                        yield (False, -1, (0, 0, 0), 0), Declaration(name, value)
        for specificity, rule in self._sheets.matching(element, in_copy):
            for declaration in rule.declarations:
                yield (False, 0, specificity, rule.order), declaration
        text = attributes.get("style")
        if text:
            for declaration in declarations.parse_style(text):
                yield (False, 1, (0, 0, 0), 0), declaration

    def _set(self, style: Style, parent: Style, name: str, value: Any) -> None:
        if isinstance(value, Pending):
            value = declarations.resolve(value, style.variables)
            value = Wide("unset") if value is None else value  # invalid only now
        if name == "color" and value == paints.CURRENT:
            value = Wide("inherit")
        if isinstance(value, Wide):
            inherits = value.word == "inherit" or (value.word == "unset" and name in INHERITED)
            if inherits:
                style.values[name] = parent[name]
            else:
                style.values[name] = INITIAL[name]
            return
        if name == "font-size":
            size = value.resolve(parent.font, parent.root_font)
            style.values[name] = Length(size.of(parent.font))
        else:
            style.values[name] = _resolve(value, style)


def _resolve(value: Any, style: Style) -> Any:
    """Return a value with its lengths in pixels and per cent."""
    if isinstance(value, Length):
        return style.resolve(value)
    if isinstance(value, tuple):
        return tuple(_resolve(v, style) for v in value)
    return value
