"""Colours and paints: whether they can be seen, and how they are spelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tinycss2 import color5

from instancesketch.formats.vector.lengths import is_word, meaningful

# Below this an 8-bit picture doesn't change.
FAINTEST = 0.5 / 255
# Functions of newer CSS that tinycss2 doesn't compute; their colours are opaque but for rare uses.
_OTHER_FUNCTIONS = {"color-mix", "light-dark", "contrast-color", "device-cmyk", "color"}
_COLOUR_FUNCTIONS = {"rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch"}
_SYSTEM_NAMES = (
    "accentcolor accentcolortext activetext buttonborder buttonface buttontext canvas canvastext"
    " field fieldtext graytext highlight highlighttext linktext mark marktext selecteditem"
    " selecteditemtext visitedtext activeborder activecaption appworkspace background"
    " buttonhighlight buttonshadow captiontext inactiveborder inactivecaption"
    " inactivecaptiontext infobackground infotext menu menutext scrollbar threeddarkshadow"
    " threedface threedhighlight threedlightshadow threedshadow window windowframe"
    " windowtext"
)
_SYSTEM = frozenset(_SYSTEM_NAMES.split())
CURRENT = "currentcolor"


@dataclass(frozen=True)
class Paint:
    """The paint of an outline or area.

    `alpha` is the opacity of a colour, `CURRENT` that of the property `color`, or None for none; of
    a paint server, `url`, it is the fallback's.
    """

    alpha: float | str | None
    url: str | None = None
    # As the file spells a colour: strokes of two are never pieces of one.
    name: str = field(default="", compare=False)


NONE = Paint(None)
OPAQUE = Paint(1.0)


def parse_colour(token: Any) -> float | str | None:
    """Return the opacity of a colour, `CURRENT`, or None where a token is no colour."""
    name = getattr(token, "lower_value", "")
    if token.type == "ident" and name in _SYSTEM:
        return 1.0
    colour = color5.parse_color(token)
    if colour is not None:
        return CURRENT if isinstance(colour, str) else float(colour.alpha)
    if token.type != "function":
        return None
    arguments = meaningful(token.arguments)
    is_relative = bool(arguments) and is_word(arguments[0], "from")
    other = token.lower_name in _OTHER_FUNCTIONS
    return 1.0 if other or (is_relative and token.lower_name in _COLOUR_FUNCTIONS) else None


def parse_paint(tokens: Sequence[Any]) -> Paint | None:
    """Return the paint of `stroke` or `fill`, or None where it is invalid."""
    tokens = meaningful(tokens)
    if not tokens or len(tokens) > 2:
        return None
    url = parse_url(tokens[0])
    if url is None:
        return _parse_plain(tokens[0]) if len(tokens) == 1 else None
    if len(tokens) == 1:
        return Paint(None, url)
    fallback = _parse_plain(tokens[1])
    return None if fallback is None else Paint(fallback.alpha, url)


def _parse_plain(token: Any) -> Paint | None:
    # The paint of a marker's user, of which there is none elsewhere.
    if token.type == "ident" and token.lower_value in ("none", "context-stroke", "context-fill"):
        return NONE
    alpha = parse_colour(token)
    return None if alpha is None else Paint(alpha, name=token.serialize().lower())


def parse_url(token: Any) -> str | None:
    """Return the address in `url(…)`, or None."""
    if token.type == "url":
        return str(token.value)
    if token.type == "function" and token.lower_name == "url":
        inner = meaningful(token.arguments)
        return str(inner[0].value) if len(inner) == 1 and inner[0].type == "string" else None
    return None
