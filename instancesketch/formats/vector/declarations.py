"""Declarations of CSS: parsed values, and those that wait for custom properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import tinycss2

from instancesketch.formats.vector.lengths import Unsupported, meaningful
from instancesketch.formats.vector.properties import PROPERTIES, parse_font_size

_ALIASES = {f"-webkit-{n}": n for n in ("transform", "transform-origin", "clip-path", "opacity")}
_WIDE = {"inherit", "initial", "unset", "revert", "revert-layer"}
# Would move what is painted, and isn't followed.
_REFUSED = {"offset-path", "offset", "rotate-x"}
_MOST_TOKENS = 1_000  # that custom properties may expand to
_DEEPEST = 16


@dataclass(frozen=True)
class Wide:
    """A keyword that every property takes: `inherit`, `initial` or `unset`."""

    word: str


@dataclass(frozen=True)
class Pending:
    """Tokens with `var()`, parsed where the custom properties are known."""

    name: str
    tokens: tuple[Any, ...]


@dataclass(frozen=True)
class Declaration:
    """A property and its value: parsed, a `Wide` or a `Pending`; of `--name` its tokens."""

    name: str
    value: Any
    important: bool = False


def parse_value(name: str, tokens: Sequence[Any], unitless: bool = False) -> Any:
    """Return the value of a known property; None where it is invalid."""
    inner = meaningful(tokens)
    if len(inner) == 1 and inner[0].type == "ident" and inner[0].lower_value in _WIDE:
        word = inner[0].lower_value
        return Wide("unset" if word.startswith("revert") else word)
    if _has_variable(inner):
        return Pending(name, tuple(tokens))
    return PROPERTIES[name].parse(tokens, unitless)


@lru_cache(maxsize=4096)
def parse_attribute(name: str, text: str) -> Any:
    """Return the value of a presentation attribute; None where it is invalid."""
    return parse_value(name, tinycss2.parse_component_value_list(text), unitless=True)


@lru_cache(maxsize=1024)
def parse_style(text: str) -> tuple[Declaration, ...]:
    """Return the valid declarations of a `style` attribute."""
    parts = tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True)
    return tuple(d for part in parts if part.type == "declaration" for d in expand(part))


def expand(declaration: Any) -> list[Declaration]:
    """Return the known properties that a declaration of tinycss2 sets, if it is valid.

    Raises:
        Unsupported: it moves what is painted in a way that isn't followed.
    """
    if declaration.name.startswith("--"):
        tokens = tuple(declaration.value)
        return [Declaration(declaration.name, tokens, declaration.important)]
    name = _ALIASES.get(declaration.lower_name, declaration.lower_name)
    important = declaration.important
    if name in _REFUSED:
        raise Unsupported(f"the property {name!r} isn't read")
    if name in ("all", "font"):
        return _expand_shorthand(name, declaration.value, important)
    if name not in PROPERTIES:
        return []
    value = parse_value(name, declaration.value)
    return [] if value is None else [Declaration(name, value, important)]


def _expand_shorthand(name: str, tokens: Sequence[Any], important: bool) -> list[Declaration]:
    inner = meaningful(tokens)
    word = inner[0].lower_value if len(inner) == 1 and inner[0].type == "ident" else ""
    if word in _WIDE:
        wide = Wide("unset" if word.startswith("revert") else word)
        names = list(PROPERTIES) if name == "all" else ["font-size"]
        return [Declaration(n, wide, important) for n in names]
    if name == "all":
        return []
    if _has_variable(inner):
        raise Unsupported("var() in the property 'font' isn't read")
    for token in inner:
        # Numbers before the size are a weight.
        size = None if token.type in ("number", "literal") else parse_font_size(token, False)
        if size is not None:
            return [Declaration("font-size", size, important)]
    return []


def _has_variable(tokens: Sequence[Any]) -> bool:
    waiting, seen = list(tokens), 0
    while waiting:
        token = waiting.pop()
        seen += 1
        if token.type == "function" and token.lower_name == "var":
            return True
        if seen > 100 * _MOST_TOKENS:
            raise Unsupported("a value of CSS with more than 100,000 tokens")
        waiting += getattr(token, "arguments", None) or getattr(token, "content", None) or ()
    return False


def resolve(pending: Pending, variables: Mapping[str, tuple[Any, ...]]) -> Any:
    """Return the value of a declaration with `var()`; None where it is invalid."""
    tokens = _substitute(pending.tokens, variables, 0)
    return None if tokens is None else parse_value(pending.name, tokens)


def _substitute(
    tokens: Sequence[Any], variables: Mapping[str, tuple[Any, ...]], depth: int
) -> list[Any] | None:
    """Return tokens with the values of custom properties; None where one is missing."""
    result: list[Any] = []
    for token in tokens:
        if token.type == "function" and token.lower_name == "var":
            found = _variable(token, variables, depth)
            if found is None:
                return None
            result += found
        elif token.type == "function" and _has_variable(token.arguments):
            inner = _substitute(token.arguments, variables, depth + 1)
            if inner is None:
                return None
            line, column = token.source_line, token.source_column
            result.append(tinycss2.ast.FunctionBlock(line, column, token.name, inner))
        else:
            result.append(token)
        if len(result) > _MOST_TOKENS:
            raise Unsupported(f"var() that expands to more than {_MOST_TOKENS} tokens")
    return result


def _variable(token: Any, variables: Mapping[str, tuple[Any, ...]], depth: int) -> list[Any] | None:
    if depth > _DEEPEST:
        raise Unsupported(f"var() nested more than {_DEEPEST} deep")
    arguments = list(token.arguments)
    comma = next((i for i, t in enumerate(arguments) if t == ","), len(arguments))
    name = meaningful(arguments[:comma])
    value: Sequence[Any] | None = variables.get(name[0].value) if len(name) == 1 else None
    if value is None:
        value = arguments[comma + 1 :] if comma < len(arguments) else None
    return None if value is None else _substitute(value, variables, depth + 1)
