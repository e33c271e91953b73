"""Name strokes for people: `front left leg` for `front-left-leg`, `wheel 2`."""

from __future__ import annotations

from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Pieces

_SEPARATORS = str.maketrans("-_", "  ")


def label_title(label: str) -> str:
    """Return a part or label for people: `front-left-leg` is `front left leg`."""
    return label.translate(_SEPARATORS)


def stroke_title(sketch: Sketch, stroke: int) -> str:
    """Return a stroke's label, with its instance's number unless a side tells which it is.

    Empty where it has no label.
    """
    labels, part = sketch.label or sketch.part, sketch.part
    if labels is None:
        return ""
    title, number = label_title(labels[stroke]), sketch.instance and sketch.instance[stroke]
    if not number or (
        part is not None and labels[stroke] != part[stroke] and _is_only(sketch, stroke)
    ):
        return title
    return f"{title} {number}"


def stroke_tooltip(sketch: Sketch, stroke: int) -> str:
    """Return what is known of a stroke: `front left leg (dog) 93 %, or head 5 %`.

    A stroke of several parts has them as well: `body 80 %, over body and tail`.
    """
    words = [title] if (title := stroke_title(sketch, stroke)) else []
    if sketch.object is not None and sketch.object_category and sketch.object[stroke] >= 0:
        words.append(f"({sketch.object_category[sketch.object[stroke]] or 'object'})")
    if sketch.part_score is not None:
        words.append(f"{100 * sketch.part_score[stroke]:.0f} %")
    pieces = sketch.pieces and sketch.pieces[stroke]
    over = f", over {list_parts(pieces)}" if pieces else ""
    return " ".join(words) + _second_guess(sketch, stroke) + over


def list_parts(pieces: Pieces) -> str:
    """Return the parts of a stroke's pieces for people: `body, front leg and tail`."""
    *parts, last = dict.fromkeys(label_title(piece.part) for piece in pieces)
    return f"{', '.join(parts)} and {last}"


def _second_guess(sketch: Sketch, stroke: int) -> str:
    if sketch.part_2 is None or sketch.part_2_score is None:
        return ""
    part, score = sketch.part_2[stroke], sketch.part_2_score[stroke]
    # Rounded to 0 % it tells nothing.
    return (
        ""
        if part is None or score is None or score < 0.01
        else f", or {label_title(part)} {100 * score:.0f} %"
    )


def _is_only(sketch: Sketch, stroke: int) -> bool:
    """Return whether all strokes of a label in an object are of one instance."""
    labels, instances = sketch.label or (), sketch.instance or ()
    objects = sketch.object or (0,) * len(sketch)
    same = (labels[stroke], objects[stroke])
    pairs = zip(zip(labels, objects, strict=True), instances, strict=True)
    return all(number == instances[stroke] for key, number in pairs if key == same)
