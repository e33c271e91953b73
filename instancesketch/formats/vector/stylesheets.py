"""The rules of `<style>` elements, and which of them match an element.

Selectors are cssselect2's; rules in rules (`g { path { … } }`) and `@media` are followed. A
selector or at-rule that isn't, and has a property that decides what is painted, is refused by name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cssselect2
import tinycss2

from instancesketch.core.errors import SketchError
from instancesketch.formats.vector.declarations import Declaration, expand
from instancesketch.formats.vector.lengths import Unsupported, meaningful

_MOST_RULES = 5_000
_LONGEST_SELECTOR = 1_000  # characters
_MOST_STEPS = 1e8  # that matching may take at worst
_DEEPEST = 10
_IGNORED = {
    "charset",
    "counter-style",
    "font-face",
    "font-feature-values",
    "font-palette-values",
    "keyframes",
    "-webkit-keyframes",
    "-moz-keyframes",
    "page",
    "property",
    "starting-style",
    "view-transition",
}
# What a browser says of itself where nobody has changed it.
_FEATURES = {
    "prefers-color-scheme": "light",
    "prefers-reduced-motion": "no-preference",
    "prefers-contrast": "no-preference",
    "forced-colors": "none",
    "inverted-colors": "none",
    "scripting": "enabled",
    "update": "fast",
}


@dataclass(frozen=True)
class Rule:
    """Declarations with a selector, compiled; `order` is its place among all rules."""

    selector: Any
    declarations: tuple[Declaration, ...]
    order: int
    of_root: bool  # speaks of `:root`, which no copy made by `<use>` is


class Element(cssselect2.ElementWrapper):  # type: ignore[misc]
    """An element for selectors; keeps no list of siblings, which would take quadratic memory."""

    # What attributes, rules and its `style` declare of it, as the cascade found it.
    declared: dict[str, Any] | None = None

    @cached_property
    def children(self) -> list[Element]:
        """The children, which are made once."""
        return list(self.iter_children())

    @property
    def previous_siblings(self) -> Iterator[Any]:
        """Yield the siblings before it, the nearest first."""
        sibling = self.previous
        while sibling is not None:
            yield sibling
            sibling = sibling.previous


class StyleSheets:
    """The rules of a document in order."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        # By what the last part of a selector asks for, so that few are tried on each element.
        self._by_key: defaultdict[tuple[str, str], list[Rule]] = defaultdict(list)
        self._namespaces: dict[str | None, str] = {}

    def add(self, text: str, media: str = "") -> None:
        """Add the rules of a `<style>` element.

        Raises:
            SketchError: a rule that decides what is painted isn't followed, or there are too many.
        """
        if media and not _media_applies(tinycss2.parse_component_value_list(media)):
            return
        nodes = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
        self._add_nodes(nodes, None, 0)

    def matching(self, element: Element, in_copy: bool) -> Iterator[tuple[Any, Rule]]:
        """Yield the specificities and rules that match an element."""
        keys = [("", ""), ("name", element.local_name)]
        if element.id is not None:
            keys.append(("id", element.id))
        keys += [("class", name) for name in element.classes]
        for key in keys:
            for rule in self._by_key.get(key, ()):
                if not (in_copy and rule.of_root) and rule.selector.test(element):
                    yield rule.selector.specificity, rule

    def check_cost(self, elements: int, depth: int, siblings: int) -> None:
        """Check that matching every element takes a bounded time.

        Raises:
            SketchError: it might not.
        """
        total = 0.0
        for rule in self.rules:
            total += elements * _cost(rule.selector.text, elements, depth, siblings)
            if total > _MOST_STEPS:
                raise SketchError(f"a style sheet that takes too long: {rule.selector.text[:60]!r}")

    def _add_nodes(self, nodes: Iterable[Any], parent: str | None, depth: int) -> None:
        if depth > _DEEPEST:
            raise SketchError(f"style rules nested more than {_DEEPEST} deep")
        for node in nodes:
            if node.type == "qualified-rule":
                self._add_rule(node, parent, depth)
            elif node.type == "at-rule":
                self._add_at_rule(node, parent, depth)

    def _add_rule(self, node: Any, parent: str | None, depth: int) -> None:
        text = tinycss2.serialize(node.prelude).strip()
        if parent is not None:
            text = _nested(text, parent)
        parts = tinycss2.parse_blocks_contents(
            node.content, skip_comments=True, skip_whitespace=True
        )
        found = tuple(d for p in parts if p.type == "declaration" for d in expand(p))
        if found:
            self._add_selectors(text, found)
        inner = [p for p in parts if p.type in ("qualified-rule", "at-rule")]
        self._add_nodes(inner, text, depth + 1)

    def _add_selectors(self, text: str, declarations: tuple[Declaration, ...]) -> None:
        if len(text) > _LONGEST_SELECTOR or text.count("(") > 30:
            raise Unsupported(f"the selector {text[:60]!r}… is too long")
        try:
            compiled = cssselect2.compile_selector_list(text, self._namespaces)
        except (cssselect2.SelectorError, NotImplementedError, SyntaxError) as error:
            raise Unsupported(f"the selector {text[:80]!r} isn't read: {error}") from None
        for selector in compiled:
            if selector.pseudo_element is not None or selector.never_matches:
                continue
            if len(self.rules) >= _MOST_RULES:
                raise SketchError(f"more than {_MOST_RULES} style rules")
            selector.text = text
            of_root = ":root" in text or ":scope" in text
            rule = Rule(selector, declarations, len(self.rules), of_root)
            self.rules.append(rule)
            self._by_key[_key(selector)].append(rule)

    def _add_at_rule(self, node: Any, parent: str | None, depth: int) -> None:
        name = node.lower_at_keyword
        if name in _IGNORED:
            return
        if name == "namespace":
            self._add_namespace(meaningful(node.prelude))
        elif name == "import":
            self._check_import(node)
        elif name == "media":
            if node.content is not None and _media_applies(node.prelude):
                self._add_block(node.content, parent, depth)
        elif node.content is None or _decides(node.content):
            prelude = tinycss2.serialize(node.prelude).strip()
            raise Unsupported(f"the rule '@{name} {prelude[:60]}' isn't read")

    def _add_block(self, content: Sequence[Any], parent: str | None, depth: int) -> None:
        if parent is None:
            nodes = tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True)
            return self._add_nodes(nodes, None, depth + 1)
        # Inside of a rule, a block may have declarations of its own.
        parts = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        found = tuple(d for p in parts if p.type == "declaration" for d in expand(p))
        if found:
            self._add_selectors(parent, found)
        self._add_nodes([p for p in parts if p.type != "declaration"], parent, depth + 1)

    def _add_namespace(self, tokens: list[Any]) -> None:
        prefix = tokens[0].value if len(tokens) == 2 and tokens[0].type == "ident" else None
        if tokens and tokens[-1].type in ("string", "url"):
            self._namespaces[prefix] = tokens[-1].value

    def _check_import(self, node: Any) -> None:
        text = tinycss2.serialize(node.prelude).strip()
        # Nothing is fetched. On the web lie fonts; a sheet beside the file may draw.
        if not re.search(r"https?://", text):
            raise Unsupported(f"the style sheet {text[:80]} is another file")


def _key(selector: Any) -> tuple[str, str]:
    wanted = (("id", selector.id), ("class", selector.class_name), ("name", selector.local_name))
    return next(((kind, name) for kind, name in wanted if name), ("", ""))


def _nested(text: str, parent: str) -> str:
    """Return the selector of a rule in a rule, without nesting."""
    whole = f":is({parent})"
    parts = [p.strip() for p in _split_selectors(text)]
    return ", ".join(p.replace("&", whole) if "&" in p else f"{whole} {p}" for p in parts)


def _split_selectors(text: str) -> list[str]:
    parts: list[list[Any]] = [[]]
    for token in tinycss2.parse_component_value_list(text):
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [tinycss2.serialize(part) for part in parts]


def _decides(content: Sequence[Any]) -> bool:
    """Return whether rules have a property that decides what is painted."""
    parts = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    for part in parts:
        if part.type == "declaration" and expand(part):
            return True
        if part.type in ("qualified-rule", "at-rule") and _decides(part.content or ()):
            return True
    return False


def _cost(text: str, elements: int, depth: int, siblings: int) -> float:
    """Return a bound on the steps that one selector takes on one element."""
    cost = 1.0
    for part in _split_selectors(text):
        gaps = len(re.findall(r"[^\s>+~,(]\s+[^\s>+~,)]", part))
        beside = part.count("~") - part.count("~=") + part.count("-of-type") + part.count("-last-")
        beside += part.count(" of ")
        cost += (
            float(depth) ** gaps * float(siblings) ** beside * float(elements) ** part.count(":has")
        )
    return cost


def _media_applies(prelude: Sequence[Any]) -> bool:
    """Return whether any of the media queries is true on a screen."""
    queries = tinycss2.serialize(prelude).lower().split(",")
    return not "".join(queries).strip() or any(_query_applies(q.strip()) for q in queries)


def _query_applies(query: str) -> bool:
    negated = query.startswith("not ")
    words = re.sub("^(not|only) ", "", query).strip()
    applies = True
    for term in re.split(r"\band\b", words):
        term = term.strip()
        feature = re.fullmatch(r"\(\s*([-a-z]+)\s*(?::\s*([-a-z]+))?\s*\)", term)
        if feature and feature[1] in _FEATURES:
            own = _FEATURES[feature[1]]
            applies &= own == feature[2] if feature[2] else own not in ("none", "no-preference")
        elif re.fullmatch("[a-z]+", term):
            applies &= term in ("all", "screen")
        else:
            raise Unsupported(f"the rule '@media {query[:60]}' isn't read")
    return applies != negated
