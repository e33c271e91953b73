"""Compare and describe the objects of a scene for a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy, normalise
from instancesketch.metrics import judge_scenes, scene_weights
from instancesketch.render.colours import object_colours
from instancesketch.render.inks import piece_names


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
    outcome = judge_scenes(
        truth_object=true.object,
        object=predicted,
        weight=scene_weights(true.x, true.y, true.stroke_len),
        strokes_per_scene=[len(true)],
        truth_category=[-1] * len(true_categories),
        truth_objects_per_scene=[len(true_categories)],
        category=range(len(categories)),  # so that the outcome names the matching object itself
        objects_per_scene=[len(categories)],
    )
    pairs = list(zip(outcome.predicted_T.tolist(), outcome.object_T.tolist(), strict=True))
    matches = {index: true_index for index, true_index in pairs if index >= 0}
    return Agreement(
        pq=float(outcome.pq_B[0]),
        matches=matches,
        wrong=tuple(
            i
            for i, (index, true_index) in enumerate(zip(predicted, true.object, strict=True))
            # A stroke that truly belongs to no object is not judged, as in the metrics.
            if true_index >= 0 and matches.get(index) != true_index
        ),
        misnamed=tuple(
            index
            for index, true_index in sorted(matches.items())
            if categories[index]
            != true_category(true_categories[true_index], categories[index], taxonomy)
        ),
        missed=tuple(true_index for index, true_index in pairs if index < 0),
        extra=len(outcome.scene_Q) - len(matches),
    )


def true_category(name: str | None, predicted: str | None, taxonomy: Taxonomy | None) -> str | None:
    """Return the truth's category as the result would spell it.

    Return None where it is not one of the taxonomy.
    """
    if taxonomy is not None:
        return taxonomy.category_of(name)
    # Without a taxonomy only spelling can be allowed for: "Police Car" is "police-car".
    same = name and predicted and normalise(name) == normalise(predicted)
    return predicted if same else name


def true_class(name: str | None, predicted: str | None, taxonomy: Taxonomy | None) -> str | None:
    """Return the truth's category of a drawing as `true_category` does, or `other`.

    `other` is that of what the taxonomy has no category for, where it has that one.
    """
    if taxonomy is not None:
        return taxonomy.class_of(name)
    return true_category(name, predicted, None)


def parts_by_category(
    sketch: Sketch, category: str | None, taxonomy: Taxonomy | None
) -> dict[str, set[str]]:
    """Return the parts of a drawing by its category, or of a scene by the objects' categories.

    Strokes without a category are left out.
    """
    parts = sketch.part or ()
    if sketch.object is None:
        parts = (*parts, *piece_names(sketch))
        return {} if category is None else {category: set(parts)}
    categories = [canonical(c, taxonomy) for c in sketch.object_category or ()]
    parts_of: dict[str, set[str]] = {}
    # Not strict: a scene without parts has objects all the same.
    pieces = sketch.pieces or ((),) * len(parts)
    for part, own, index in zip(parts, pieces, sketch.object, strict=False):
        name = categories[index] if index >= 0 else None
        if name is not None:
            parts_of.setdefault(name, set()).update((part, *(piece.part for piece in own or ())))
    return parts_of


def canonical(category: str | None, taxonomy: Taxonomy | None) -> str | None:
    """Return an object's category in the taxonomy's spelling; others stay as they are."""
    return category if taxonomy is None else taxonomy.category_of(category) or category


def scene_entry(
    sketch: Sketch, true: Sketch | None, agreement: Agreement | None, taxonomy: Taxonomy | None
) -> dict[str, Any]:
    """Return the objects of a scene as the page's script reads them, ready for JSON.

    Matching objects have the same colour in result and truth.
    """
    entry: dict[str, Any] = {}
    colours = object_colours(sketch)
    if true is not None and agreement is not None:
        true_colours = object_colours(true)
        matched = {p: true_colours[t] for p, t in agreement.matches.items()}
        colours = object_colours(sketch, matched)
        entry["trueObjects"] = {
            "of": true.object,
            "categories": [canonical(c, taxonomy) for c in true.object_category or ()],
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
        entry["objects"] = {
            "of": sketch.object,
            "categories": sketch.object_category,
            "colours": colours,
        }
        if sketch.object_score is not None:
            entry["objects"]["scores"] = [round(v, 3) for v in sketch.object_score]
    return entry


def object_categories(sketches: Sequence[Sketch | None], taxonomy: Taxonomy | None) -> list[str]:
    """Return the categories of the objects of scenes, sorted."""
    categories = {canonical(c, taxonomy) for s in sketches if s for c in s.object_category or ()}
    return sorted(c for c in categories if c is not None)
