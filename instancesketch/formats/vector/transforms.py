"""Transforms of attributes and of CSS, their origins, and the fit of a `viewBox`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from instancesketch.formats.vector import matrix
from instancesketch.formats.vector.lengths import (
    Length,
    Unsupported,
    is_word,
    meaningful,
    parse_angle,
    parse_length,
    parse_number,
    parse_share,
    split_commas,
)
from instancesketch.formats.vector.matrix import IDENTITY, Matrix

# A function and its arguments; lengths are still without the box that percentages are of.
Function = tuple[str, tuple[Any, ...]]
Box = tuple[float, float, float, float]  # left, top, width, height

_WS = r"[ \t\n\r\f]*"
_NUMBER = r"[+-]?(?:\d*\.\d+|\d++(?!\.))(?:[eE][+-]?\d+)?"
_CALL = re.compile(
    rf"{_WS},?{_WS}(matrix|translate|scale|rotate|skewX|skewY){_WS}\({_WS}"
    rf"({_NUMBER}(?:{_WS},?{_WS}{_NUMBER})*){_WS}\)"
)
_COUNTS = {
    "matrix": (6,),
    "translate": (1, 2),
    "scale": (1, 2),
    "rotate": (1, 3),
    "skewX": (1,),
    "skewY": (1,),
}
_IN_SPACE = {"matrix3d", "rotate3d", "rotatex", "rotatey", "perspective", "translatez", "scalez"}
_SIDES = {"left": 0, "top": 0, "center": 50, "right": 100, "bottom": 100}


def parse_attribute(text: str) -> Matrix:
    """Return the transform of an attribute; one with an error has none, as in browsers."""
    result, at = IDENTITY, 0
    text = text.rstrip(" \t\n\r\f")
    while at < len(text):
        found = _CALL.match(text, at)
        if found is None:
            return IDENTITY
        name, numbers = found[1], [float(n) for n in re.findall(_NUMBER, found[2])]
        if len(numbers) not in _COUNTS[name]:
            return IDENTITY
        result = matrix.multiply(result, _by_numbers(name, numbers))
        at = found.end()
    return result


def _by_numbers(name: str, n: list[float]) -> Matrix:
    if name == "matrix":
        return (n[0], n[1], n[2], n[3], n[4], n[5])
    if name == "translate":
        return matrix.translate(n[0], n[1] if len(n) > 1 else 0.0)
    if name == "scale":
        return matrix.scale(n[0], n[1] if len(n) > 1 else n[0])
    if name == "rotate":
        turned = matrix.rotate(n[0])
        return turned if len(n) == 1 else matrix.about(turned, n[1], n[2])
    return matrix.skew(n[0], 0.0) if name == "skewX" else matrix.skew(0.0, n[0])


def parse_functions(tokens: Sequence[Any]) -> tuple[Function, ...] | None:
    """Return the functions of the property `transform`, or None where it is invalid.

    Raises:
        Unsupported: it turns the drawing in space.
    """
    tokens = meaningful(tokens)
    if len(tokens) == 1 and is_word(tokens[0], "none"):
        return ()
    functions: list[Function] = []
    for token in tokens:
        if token.type != "function":
            return None
        if token.lower_name in _IN_SPACE:
            raise Unsupported(f"the transform {token.serialize()[:60]!r} isn't read")
        parts = split_commas(token.arguments)
        if any(len(part) != 1 for part in parts):
            return None
        function = _parse_function(token.lower_name, [part[0] for part in parts])
        if function is None:
            return None
        functions.append(function)
    return tuple(functions) or None


def _parse_function(name: str, tokens: list[Any]) -> Function | None:
    values: list[Any]
    counts: tuple[int, ...]
    if name == "matrix":
        values, counts = [parse_number(t) for t in tokens], (6,)
    elif name in ("translate", "translatex", "translatey", "translate3d"):
        counts = {"translate": (1, 2), "translate3d": (3,)}.get(name, (1,))
        values = [parse_length(t, False) for t in tokens]
    elif name in ("scale", "scalex", "scaley", "scale3d"):
        counts = {"scale": (1, 2), "scale3d": (3,)}.get(name, (1,))
        values = [parse_share(t) for t in tokens]
    elif name in ("rotate", "rotatez", "skew", "skewx", "skewy"):
        counts = (1, 2) if name == "skew" else (1,)
        values = [parse_angle(t) for t in tokens]
    else:
        return None
    return None if len(values) not in counts or None in values else (name, tuple(values))


def to_matrix(functions: Sequence[Function], width: float, height: float) -> Matrix:
    """Return the transform of functions with resolved lengths, given what percentages are of."""
    result = IDENTITY
    for name, n in functions:
        result = matrix.multiply(result, _by_values(name, n, width, height))
    return result


def _by_values(name: str, n: tuple[Any, ...], width: float, height: float) -> Matrix:
    if name == "matrix":
        return (n[0], n[1], n[2], n[3], n[4], n[5])
    if name in ("translate", "translatex", "translate3d"):
        return matrix.translate(n[0].of(width), n[1].of(height) if len(n) > 1 else 0.0)
    if name == "translatey":
        return matrix.translate(0.0, n[0].of(height))
    if name in ("scale", "scale3d"):
        return matrix.scale(n[0], n[1] if len(n) > 1 else n[0])
    if name in ("scalex", "scaley"):
        return matrix.scale(n[0], 1.0) if name == "scalex" else matrix.scale(1.0, n[0])
    if name in ("rotate", "rotatez"):
        return matrix.rotate(n[0])
    if name == "skewy":
        return matrix.skew(0.0, n[0])
    return matrix.skew(n[0], n[1] if len(n) > 1 else 0.0)


def parse_single(name: str, tokens: Sequence[Any]) -> tuple[Function, ...] | None:
    """Return the function of the property `translate`, `rotate` or `scale`.

    Raises:
        Unsupported: it turns the drawing in space.
    """
    tokens = meaningful(tokens)
    if len(tokens) == 1 and is_word(tokens[0], "none"):
        return ()
    if name == "rotate" and len(tokens) > 1:
        raise Unsupported("the property 'rotate' about an axis isn't read")
    function = _parse_function(name, tokens[:2] if name != "rotate" else tokens)
    return None if function is None or len(tokens) > 3 else (function,)


def parse_origin(tokens: Sequence[Any], unitless: bool) -> tuple[Length, Length] | None:
    """Return the point of `transform-origin`, or None where it is invalid."""
    tokens = meaningful(tokens)[:3]
    if not tokens:
        return None
    words = [getattr(t, "lower_value", "") if t.type == "ident" else "" for t in tokens]
    both = tokens[:2]
    # `top left` is `left top`.
    if words[0] in ("top", "bottom") or (len(both) > 1 and words[1] in ("left", "right")):
        both, words = both[::-1], words[:2][::-1]
        if len(both) == 1:
            return Length(percent=50.0), Length(percent=_SIDES[words[0]])
    point = []
    for token, word in zip(both, words, strict=False):
        length = Length(percent=_SIDES[word]) if word in _SIDES else parse_length(token, unitless)
        if length is None:
            return None
        point.append(length)
    return (point[0], point[1] if len(point) > 1 else Length(percent=50.0))


def parse_view_box(text: str | None) -> Box | None:
    """Return left, top, width and height of a `viewBox`, or None where it is invalid."""
    numbers = re.fullmatch(
        rf"{_WS}({_NUMBER}){3 * f'(?:{_WS},?{_WS})({_NUMBER})'}{_WS}", text or ""
    )
    if numbers is None:
        return None
    left, top, width, height = map(float, numbers.groups())
    return None if width < 0 or height < 0 else (left, top, width, height)


def fit(box: Box, width: float, height: float, align: str | None) -> Matrix:
    """Return the transform that fits a `viewBox` into a viewport by `preserveAspectRatio`."""
    x_scale, y_scale = width / box[2], height / box[3]
    words = [word for word in (align or "").split() if word != "defer"]
    place = re.fullmatch("x(Min|Mid|Max)Y(Min|Mid|Max)", words[0]) if words else None
    shift = matrix.translate(-box[0], -box[1])
    if words[:1] == ["none"]:
        return matrix.multiply(matrix.scale(x_scale, y_scale), shift)
    is_slice = place is not None and words[1:] == ["slice"]
    factor = (max if is_slice else min)(x_scale, y_scale)
    shares = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    x, y = (shares[place[1]], shares[place[2]]) if place else (0.5, 0.5)
    left, top = x * (width - factor * box[2]), y * (height - factor * box[3])
    return matrix.multiply(
        matrix.multiply(matrix.translate(left, top), matrix.scale(factor, factor)), shift
    )
