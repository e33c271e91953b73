"""Lengths, numbers and angles of CSS, with `calc()`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.core.errors import SketchError

_PIXELS = {
    "px": 1.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "pt": 96 / 72,
    "pc": 16.0,
}
# Of the font, which browsers choose: half an em is what they take where it doesn't say.
_EMS = {"em": 1.0, "ex": 0.5, "ch": 0.5}
_DEGREES = {"deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}
# Known to browsers, but not from the file alone.
_OF_THE_WINDOW = ("vw", "vh", "vi", "vb", "vmin", "vmax")
_OF_THE_FONT = ("lh", "rlh", "cap", "rcap", "ic", "ric", "rex", "rch")


class Unsupported(SketchError):
    """Something of CSS that a browser would follow and this package doesn't."""


@dataclass(frozen=True)
class Length:
    """A length: pixels, and shares of the font's size, the root's font and the viewport."""

    px: float = 0.0
    em: float = 0.0
    rem: float = 0.0
    percent: float = 0.0

    def resolve(self, font: float, root_font: float) -> Length:
        """Return it in pixels, and the percentage, which depends on where it is used."""
        if not self.em and not self.rem:
            return self
        return Length(self.px + self.em * font + self.rem * root_font, percent=self.percent)

    def of(self, whole: float) -> float:
        """Return a resolved length in pixels, where 100 % is `whole`."""
        return self.px + self.percent * whole / 100 if self.percent else self.px

    def times(self, factor: float) -> Length:
        """Return a multiple of it."""
        return Length(*(v * factor for v in (self.px, self.em, self.rem, self.percent)))

    def plus(self, other: Length) -> Length:
        """Return the sum."""
        return Length(
            self.px + other.px,
            self.em + other.em,
            self.rem + other.rem,
            self.percent + other.percent,
        )


def meaningful(tokens: Sequence[Any]) -> list[Any]:
    """Return the tokens that are neither white space nor comments."""
    return [t for t in tokens if t.type not in ("whitespace", "comment")]


def is_word(token: Any, word: str) -> bool:
    """Return whether a token is a keyword."""
    return bool(token.type == "ident" and token.lower_value == word)


def split_commas(tokens: Sequence[Any]) -> list[list[Any]]:
    """Return the tokens between commas, without white space and comments."""
    parts: list[list[Any]] = [[]]
    for token in meaningful(tokens):
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def parse_length(token: Any, unitless: bool) -> Length | None:
    """Return a length or percentage, or None where a token is neither.

    Args:
        token: a token of tinycss2.
        unitless: numbers count as pixels, as in attributes; otherwise only 0 does.

    Raises:
        Unsupported: it depends on the window or on a font.
    """
    if token.type == "percentage":
        return Length(percent=token.value)
    if token.type == "number":
        return Length(token.value) if unitless or not token.value else None
    if token.type == "dimension":
        unit = token.lower_unit
        if unit in _PIXELS:
            return Length(token.value * _PIXELS[unit])
        if unit in _EMS:
            return Length(em=token.value * _EMS[unit])
        if unit == "rem":
            return Length(rem=token.value)
        if unit.lstrip("sld") in _OF_THE_WINDOW or unit in _OF_THE_FONT:
            raise Unsupported(f"the unit of {token.serialize()[:40]!r} isn't known from the file")
        return None
    value = _calculate(token, unitless)
    return value if isinstance(value, Length) else None


def parse_number(token: Any) -> float | None:
    """Return a number, or None."""
    if token.type == "number":
        return float(token.value)
    value = _calculate(token, False)
    return value if isinstance(value, float) else None


def parse_share(token: Any) -> float | None:
    """Return a number or percentage as a share: an opacity, or a factor of `scale()`."""
    return token.value / 100 if token.type == "percentage" else parse_number(token)


def parse_angle(token: Any) -> float | None:
    """Return an angle in degrees, or None."""
    if token.type == "dimension" and token.lower_unit in _DEGREES:
        return float(token.value) * _DEGREES[token.lower_unit]
    if token.type == "number" and not token.value:
        return 0.0
    if token.type == "function":
        raise Unsupported(f"{token.serialize()[:40]!r} as an angle isn't read")
    return None


def _calculate(token: Any, unitless: bool) -> Length | float | None:
    """Return the value of `calc()`, a number or a length; None for anything else."""
    if token.type != "function":
        return None
    if token.lower_name not in ("calc", "-webkit-calc"):
        if token.lower_name in ("min", "max", "clamp", "round", "abs", "sign", "env", "attr"):
            raise Unsupported(f"{token.serialize()[:40]!r} isn't read")
        return None
    return _Sum(meaningful(token.arguments), unitless).value()


class _Sum:
    """An arithmetic expression, read from left to right."""

    def __init__(self, tokens: list[Any], unitless: bool, depth: int = 0) -> None:
        if depth > 20:
            raise Unsupported("calc() nested more than 20 deep")
        self._tokens, self._at, self._unitless, self._depth = tokens, 0, unitless, depth

    def value(self) -> Length | float | None:
        total = self._product()
        while total is not None and self._at < len(self._tokens):
            sign = self._take()
            other = self._product()
            if sign not in ("+", "-") or other is None or type(other) is not type(total):
                return None
            factor = 1.0 if sign == "+" else -1.0
            if isinstance(total, Length) and isinstance(other, Length):
                total = total.plus(other.times(factor))
            elif isinstance(total, float) and isinstance(other, float):
                total += factor * other
        return total

    def _product(self) -> Length | float | None:
        total = self._term()
        while total is not None and self._at < len(self._tokens):
            if self._tokens[self._at] not in ("*", "/"):
                break
            sign, other = self._take(), self._term()
            if isinstance(total, float) and isinstance(other, Length) and sign == "*":
                total, other = other, total
            if not isinstance(other, float) or (sign == "/" and not other):
                return None
            factor = other if sign == "*" else 1 / other
            total = total.times(factor) if isinstance(total, Length) else total * factor
        return total

    def _term(self) -> Length | float | None:
        if self._at == len(self._tokens):
            return None
        token = self._take()
        if token.type == "() block":
            inner = meaningful(token.content)
            return _Sum(inner, self._unitless, self._depth + 1).value()
        if token.type == "function" and token.lower_name == "calc":
            inner = meaningful(token.arguments)
            return _Sum(inner, self._unitless, self._depth + 1).value()
        return float(token.value) if token.type == "number" else parse_length(token, False)

    def _take(self) -> Any:
        self._at += 1
        return self._tokens[self._at - 1]
