"""Choose the colour of each stroke of a sketch: by part, label, instance or object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Pieces
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.render.colours import GREY, Ink, instance_ink, object_colours, part_colours

STROKE_VALUES = ("part", "label", "instance", "object")


def stroke_names(sketch: Sketch, by: str = "part") -> list[str]:
    """Return the name that decides each stroke's hue: its part, label or object (`car 1`).

    By instance it is the part, too: instances differ in shade alone.

    Raises:
        ValueError: `by` is not one of part, label, instance and object.
    """
    if by not in STROKE_VALUES:
        raise ValueError(f"strokes are coloured by one of {STROKE_VALUES}, not {by!r}")
    name = "part" if by == "instance" else by
    values: Sequence[str | int | None] | None = getattr(sketch, name)
    if values is None:
        return [UNLABELED] * len(sketch)
    if by == "object":
        names = sketch.object_category or ()
        objects = sketch.object or ()
        return [UNLABELED if o < 0 else f"{names[o] or 'object'} {o + 1}" for o in objects]
    return [str(v) for v in values]


def piece_names(sketch: Sketch, by: str = "part") -> list[str]:
    """Return the names that decide the hues of the pieces of strokes; none unless by part."""
    pieces = drawn_pieces(sketch, by)
    return [piece.part for own in pieces if own is not None for piece in own]


def drawn_pieces(sketch: Sketch, by: str) -> tuple[Pieces | None, ...]:
    """Return of each stroke the pieces that it is drawn in, None for as a whole."""
    known = sketch.pieces if by == "part" and sketch.part is not None else None
    return known or (None,) * len(sketch)


def stroke_colours(sketch: Sketch, by: str = "part") -> dict[str, str]:
    """Return the default colour of each name that `stroke_names` and `piece_names` give."""
    names = stroke_names(sketch, by)
    if by != "object":
        # Sorted, so that the order of strokes does not change the colours.
        return part_colours(sorted({*names, *piece_names(sketch, by)}))
    colours = object_colours(sketch)
    objects = zip(names, sketch.object or (), strict=False)  # none at all in a plain drawing
    return {UNLABELED: GREY} | {name: colours[o] for name, o in objects if o >= 0}


def stroke_inks(sketch: Sketch, by: str, colours: Mapping[str, str] | None = None) -> list[Ink]:
    """Return how `to_svg` draws each stroke, with the same arguments.

    Raises:
        ValueError: `by` is not one of the four.
    """
    colours = stroke_colours(sketch, by) if colours is None else colours
    hues = [colours.get(name, GREY) for name in stroke_names(sketch, by)]
    if by != "instance":
        return [Ink(colour) for colour in hues]
    instances = sketch.instance or (None,) * len(sketch)
    return [instance_ink(*pair) for pair in zip(hues, instances, strict=True)]
