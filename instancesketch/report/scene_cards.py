"""Compare and describe the objects of a scene for a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy, normalise
from instancesketch.metrics import judge_scenes, scene_weights
from instancesketch.render.colours import object_colours


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of one scene's objects with those of its truth."""

    pq: float  # panoptic quality, 0 to 1
    matches: dict[int, int]  # predicted object to the true object it matches
    wrong: tuple[int, ...]  # strokes outside the match of their true object
    misnamed: tuple[int, ...]  # matched predicted objects of another category
    missed: tuple[int, ...]  # true objects without a match
    extra: int  # predicted objects without a match


def agree(sketch: Sketch, true: Sketch, taxonomy: Taxonomy | None) -> Agreement | None:
    """Compare the objects of a scene with those of its truth, which has the same strokes.

    Return None where the truth has no objects.
    """
    if true.object is None or max(true.object) < 0:
        return None
    predicted = sketch.object or (-1,) * len(sketch)
    categories, true_categories = sketch.object_category or (), true.object_category or ()
    found = judge_scenes(
        truth_object=true.object,
        object=predicted,
        weight=scene_weights(true.x, true.y, true.stroke_len),
        strokes_per_scene=[len(true)],
        truth_category=[-1] * len(true_categories),
        truth_objects_per_scene=[len(true_categories)],
        category=range(len(categories)),  # so that the outcome names the matching object itself
        objects_per_scene=[len(categories)],
    )
    pairs = list(zip(found.predicted_T.tolist(), found.object_T.tolist(), strict=True))
    matches = {place: true_place for place, true_place in pairs if place >= 0}
    return Agreement(
        pq=float(found.pq_B[0]),
        matches=matches,
        wrong=tuple(
            i
            for i, (place, true_place) in enumerate(zip(predicted, true.object, strict=True))
            if true_place >= 0 and matches.get(place) != true_place
        ),
        misnamed=tuple(
            place
            for place, true_place in sorted(matches.items())
            if categories[place]
            != true_category(true_categories[true_place], categories[place], taxonomy)
        ),
        missed=tuple(true_place for place, true_place in pairs if place < 0),
        extra=len(found.scene_Q) - len(matches),
    )


def true_category(name: str | None, predicted: str | None, taxonomy: Taxonomy | None) -> str | None:
    """Return the truth's category as the result would spell it; None where it isn't one."""
    if taxonomy is not None:
        return taxonomy.category_of(name)
    same = name and predicted and normalise(name) == normalise(predicted)
    return predicted if same else name


def parts_by_category(
    sketch: Sketch, category: str | None, taxonomy: Taxonomy | None
) -> dict[str, set[str]]:
    """Return the parts of a drawing by its category, or of a scene by the objects' categories.

    Strokes without a category are left out.
    """
    parts = sketch.part or ()
    if sketch.object is None:
        return {} if category is None else {category: set(parts)}
    categories = [canonical(c, taxonomy) for c in sketch.object_category or ()]
    parts_of: dict[str, set[str]] = {}
    for part, place in zip(parts, sketch.object, strict=False):
        own = categories[place] if place >= 0 else None
        if own is not None:
            parts_of.setdefault(own, set()).add(part)
    return parts_of


def canonical(category: str | None, taxonomy: Taxonomy | None) -> str | None:
    """Return an object's category in the taxonomy's spelling; others stay as they are."""
    return category if taxonomy is None else taxonomy.category_of(category) or category


def scene_entry(
    sketch: Sketch, true: Sketch | None, agreement: Agreement | None, taxonomy: Taxonomy | None
) -> dict[str, Any]:
    """Return what the page's script shows of a scene's objects, ready for JSON.

    Matching objects have one colour in result and truth.
    """
    entry: dict[str, Any] = {}
    colours = object_colours(sketch)
    if true is not None and agreement is not None:
        true_colours = object_colours(true)
        given = {p: true_colours[t] for p, t in agreement.matches.items()}
        colours = object_colours(sketch, given)
        entry["trueObjects"] = {
            "of": true.object,
            "kinds": [canonical(c, taxonomy) for c in true.object_category or ()],
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


def object_categories(sketches: Sequence[Sketch | None], taxonomy: Taxonomy | None) -> list[str]:
    """Return the categories of the objects of scenes, sorted."""
    categories = {canonical(c, taxonomy) for s in sketches if s for c in s.object_category or ()}
    return sorted(c for c in categories if c is not None)
