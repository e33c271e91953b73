"""The properties of CSS that decide what is painted where: their values and defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.formats.vector import paints, transforms
from instancesketch.formats.vector.lengths import (
    Length,
    Unsupported,
    is_word,
    meaningful,
    parse_length,
    parse_number,
    parse_share,
)
from instancesketch.formats.vector.path_data import Subpath, parse_path

# Takes the tokens of a value, and whether numbers without unit are lengths; None: it is invalid.
Parser = Callable[[Sequence[Any], bool], Any]
AUTO = "auto"
_FONT_SIZES = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
    "xxx-large": 48.0,
}


@dataclass(frozen=True)
class Property:
    """A property: its parser, its default, and the elements on which an attribute sets it."""

    parse: Parser
    initial: Any
    inherited: bool = False
    attribute: bool = True
    elements: frozenset[str] | None = None  # None: all


def _one_of(*words: str) -> Parser:
    def parse(tokens: Sequence[Any], unitless: bool) -> str | None:
        inner = meaningful(tokens)
        if len(inner) != 1 or inner[0].type != "ident":
            return None
        word: str = inner[0].lower_value
        return word if word in words else None

    return parse


def _length(auto: bool = False, negative: bool = True, number: bool = False) -> Parser:
    def parse(tokens: Sequence[Any], unitless: bool) -> Length | str | None:
        inner, unitless = meaningful(tokens), unitless or number
        if len(inner) != 1:
            return None
        if auto and is_word(inner[0], AUTO):
            return AUTO
        if inner[0].type == "ident":
            return None
        length = parse_length(inner[0], unitless)
        is_negative = length is not None and min(length.px, length.em, length.percent) < 0
        # The sign of a sum is known only with the font.
        return None if is_negative and not negative and inner[0].type != "function" else length

    return parse


def _share(tokens: Sequence[Any], unitless: bool) -> float | None:
    inner = meaningful(tokens)
    share = parse_share(inner[0]) if len(inner) == 1 else None
    return None if share is None else min(max(share, 0.0), 1.0)


def _paint(tokens: Sequence[Any], unitless: bool) -> paints.Paint | None:
    return paints.parse_paint(tokens)


def _colour(tokens: Sequence[Any], unitless: bool) -> float | str | None:
    inner = meaningful(tokens)
    return paints.parse_colour(inner[0]) if len(inner) == 1 else None


def _dashes(tokens: Sequence[Any], unitless: bool) -> tuple[Length, ...] | None:
    inner = [t for t in meaningful(tokens) if t != ","]
    if len(inner) == 1 and is_word(inner[0], "none"):
        return ()
    lengths = [parse_length(t, True) for t in inner]
    if any(length is None or min(length.px, length.em, length.percent) < 0 for length in lengths):
        return None
    return tuple(length for length in lengths if length is not None)


def _font_size(tokens: Sequence[Any], unitless: bool) -> Length | None:
    inner = meaningful(tokens)
    if len(inner) != 1:
        return None
    return parse_font_size(inner[0], unitless)


def parse_font_size(token: Any, unitless: bool) -> Length | None:
    """Return a font's size, in which a percentage is one of the parent's size."""
    if token.type == "ident":
        word = token.lower_value
        if word in ("larger", "smaller"):
            return Length(percent=120.0 if word == "larger" else 100 / 1.2)
        return Length(_FONT_SIZES[word]) if word in _FONT_SIZES else None
    length = parse_length(token, unitless)
    return None if length is None or min(length.px, length.em, length.percent) < 0 else length


def _clip_path(tokens: Sequence[Any], unitless: bool) -> str | None:
    inner = meaningful(tokens)
    if not inner:
        return None
    url = paints.parse_url(inner[0])
    if url is not None:
        return url if len(inner) == 1 else None
    if is_word(inner[0], "none"):
        return ""
    raise Unsupported(f"the clip-path {inner[0].serialize()[:60]!r} isn't read")


def _path(tokens: Sequence[Any], unitless: bool) -> tuple[Subpath, ...] | None:
    inner = meaningful(tokens)
    if len(inner) == 1 and is_word(inner[0], "none"):
        return ()
    if len(inner) != 1 or inner[0].type != "function" or inner[0].lower_name != "path":
        return None
    text = meaningful(inner[0].arguments)
    if len(text) != 1 or text[0].type != "string":
        return None
    subpaths, error = parse_path(text[0].value)
    return None if error is not None else tuple(subpaths)


def _path_length(tokens: Sequence[Any], unitless: bool) -> float | None:
    inner = meaningful(tokens)
    return parse_number(inner[0]) if len(inner) == 1 else None


_RECTANGLES = frozenset({"rect", "svg", "symbol", "use", "image", "foreignObject"})
_ROUND = frozenset({"circle", "ellipse"})

PROPERTIES = {
    "font-size": Property(_font_size, Length(16.0), inherited=True),
    "color": Property(_colour, 1.0, inherited=True),
    "stroke": Property(_paint, paints.NONE, inherited=True),
    "stroke-width": Property(_length(negative=False, number=True), Length(1.0), inherited=True),
    "stroke-opacity": Property(_share, 1.0, inherited=True),
    "stroke-linecap": Property(_one_of("butt", "round", "square"), "butt", inherited=True),
    "stroke-dasharray": Property(_dashes, (), inherited=True),
    "stroke-dashoffset": Property(_length(number=True), Length(), inherited=True),
    "fill": Property(_paint, paints.OPAQUE, inherited=True),
    "fill-opacity": Property(_share, 1.0, inherited=True),
    "fill-rule": Property(_one_of("nonzero", "evenodd"), "nonzero", inherited=True),
    "clip-rule": Property(_one_of("nonzero", "evenodd"), "nonzero", inherited=True),
    "visibility": Property(_one_of("visible", "hidden", "collapse"), "visible", inherited=True),
    "display": Property(lambda tokens, unitless: _display(tokens), "inline"),
    "opacity": Property(_share, 1.0),
    "stop-color": Property(_colour, 1.0),
    "stop-opacity": Property(_share, 1.0),
    "overflow": Property(
        _one_of("visible", "hidden", "scroll", "auto", "clip"), None, attribute=True
    ),
    "clip-path": Property(_clip_path, ""),
    "transform": Property(lambda tokens, unitless: transforms.parse_functions(tokens), ()),
    "transform-origin": Property(transforms.parse_origin, None),
    "transform-box": Property(
        _one_of("view-box", "fill-box", "stroke-box", "content-box", "border-box"),
        "view-box",
        attribute=False,
    ),
    **{
        name: Property(
            lambda tokens, unitless, name=name: transforms.parse_single(name, tokens),  # type: ignore[misc]
            (),
            attribute=False,
        )
        for name in ("translate", "rotate", "scale")
    },
    "d": Property(_path, None, attribute=False),
    **{name: Property(_length(), Length(), elements=_RECTANGLES) for name in ("x", "y")},
    **{
        name: Property(_length(auto=True, negative=False), AUTO, elements=_RECTANGLES)
        for name in ("width", "height")
    },
    **{name: Property(_length(), Length(), elements=_ROUND) for name in ("cx", "cy")},
    "r": Property(_length(negative=False), Length(), elements=frozenset({"circle"})),
    **{
        name: Property(
            _length(auto=True, negative=False), AUTO, elements=frozenset({"rect", "ellipse"})
        )
        for name in ("rx", "ry")
    },
}
# Attributes only, which take lengths as well.
LINE_ENDS = ("x1", "y1", "x2", "y2")
INHERITED = frozenset(name for name, p in PROPERTIES.items() if p.inherited)
INITIAL = {name: p.initial for name, p in PROPERTIES.items()}


def _display(tokens: Sequence[Any]) -> str | None:
    inner = meaningful(tokens)
    if not inner or any(t.type != "ident" for t in inner):
        return None
    return str(inner[0].lower_value)
