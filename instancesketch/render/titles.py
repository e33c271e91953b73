"""Name strokes for people: `front left leg` for `front-left-leg`, `wheel 2`."""

from __future__ import annotations

from instancesketch.core.sketch import Sketch

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


def _is_only(sketch: Sketch, stroke: int) -> bool:
    """Return whether all strokes of a label in an object are of one instance."""
    labels, instances = sketch.label or (), sketch.instance or ()
    objects = sketch.object or (0,) * len(sketch)
    same = (labels[stroke], objects[stroke])
    pairs = zip(zip(labels, objects, strict=True), instances, strict=True)
    return all(number == instances[stroke] for key, number in pairs if key == same)
