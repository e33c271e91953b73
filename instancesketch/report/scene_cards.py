"""What a report says about the objects of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy, normalise
from instancesketch.metrics import scene_outcomes, scene_weights
from instancesketch.render.colours import object_colours


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How the objects of one scene agree with those of its truth."""

    pq: float  # panoptic quality, 0 to 1
    matches: dict[int, int]  # predicted objects with a match: the true object
    wrong: tuple[int, ...]  # strokes that are not in the match of their true object
    misnamed: tuple[int, ...]  # predicted objects whose match is of another category
    missed: tuple[int, ...]  # true objects without a match
    extra: int  # predicted objects without a match


def agree(sketch: Sketch, true: Sketch, taxonomy: Taxonomy | None) -> Agreement | None:
    """Sets the objects of a scene beside the true ones; None where the truth has none.

    Both have the same strokes.
    """
    if true.object is None or max(true.object) < 0:
        return None
    said = sketch.object or (-1,) * len(sketch)
    kinds, true_kinds = sketch.object_category or (), true.object_category or ()
    found = scene_outcomes(
        truth_object=true.object,
        object=said,
        weight=scene_weights(true.x, true.y, true.stroke_len),
        strokes_per_scene=[len(true)],
        truth_category=[-1] * len(true_kinds),
        truth_objects_per_scene=[len(true_kinds)],
        category=range(len(kinds)),  # so that the answer names the matching object itself
        objects_per_scene=[len(kinds)],
    )
    pairs = list(zip(found.said_T.tolist(), found.object_T.tolist(), strict=True))
    matches = {place: true_place for place, true_place in pairs if place >= 0}
    return Agreement(
        pq=float(found.pq_B[0]),
        matches=matches,
        wrong=tuple(
            i
            for i, (place, true_place) in enumerate(zip(said, true.object, strict=True))
            if true_place >= 0 and matches.get(place) != true_place
        ),
        misnamed=tuple(
            place
            for place, true_place in sorted(matches.items())
            if kinds[place] != true_category(true_kinds[true_place], kinds[place], taxonomy)
        ),
        missed=tuple(true_place for place, true_place in pairs if place < 0),
        extra=len(found.scene_Q) - len(matches),
    )


def true_category(name: str | None, predicted: str | None, taxonomy: Taxonomy | None) -> str | None:
    """The truth's category as the result would spell it; None where it is no category."""
    if taxonomy is not None:
        return taxonomy.category_of(name)
    same = name and predicted and normalise(name) == normalise(predicted)
    return predicted if same else name


def parts_by_category(
    sketch: Sketch, category: str | None, taxonomy: Taxonomy | None
) -> dict[str, set[str]]:
    """The parts that a drawing of a category has; those of a scene by the category of the object.

    What has no category is left out.
    """
    parts = sketch.part or ()
    if sketch.object is None:
        return {} if category is None else {category: set(parts)}
    kinds = [spelt(kind, taxonomy) for kind in sketch.object_category or ()]
    found: dict[str, set[str]] = {}
    for part, place in zip(parts, sketch.object, strict=False):
        kind = kinds[place] if place >= 0 else None
        if kind is not None:
            found.setdefault(kind, set()).add(part)
    return found


def spelt(kind: str | None, taxonomy: Taxonomy | None) -> str | None:
    """A category of an object as the taxonomy spells it, where it is one of it."""
    return kind if taxonomy is None else taxonomy.category_of(kind) or kind


def scene_entry(
    sketch: Sketch, true: Sketch | None, agreement: Agreement | None, taxonomy: Taxonomy | None
) -> dict[str, Any]:
    """What the page's script tells about the objects of a scene, ready for JSON.

    Objects that match have one colour in result and truth.
    """
    entry: dict[str, Any] = {}
    colours = object_colours(sketch)
    if true is not None and agreement is not None:
        true_colours = object_colours(true)
        given = {p: true_colours[t] for p, t in agreement.matches.items()}
        colours = object_colours(sketch, given)
        entry["trueObjects"] = {
            "of": true.object,
            "kinds": [spelt(kind, taxonomy) for kind in true.object_category or ()],
            "colours": true_colours,
        }
        entry["agreement"] = {
            "pq": round(agreement.pq, 6),
            "wrong": agreement.wrong,
            "misnamed": [(p, agreement.matches[p]) for p in agreement.misnamed],
            "missed": agreement.missed,
            "extra": agreement.extra,
        }
    if sketch.object is not None:
        entry["objects"] = {"kinds": sketch.object_category, "colours": colours}
        if sketch.object_score is not None:
            entry["objects"]["scores"] = [round(v, 3) for v in sketch.object_score]
    return entry


def kinds_of(sketches: Sequence[Sketch | None], taxonomy: Taxonomy | None) -> list[str]:
    """Categories of the objects that scenes have."""
    kinds = {spelt(k, taxonomy) for s in sketches if s for k in s.object_category or ()}
    return sorted(kind for kind in kinds if kind is not None)
