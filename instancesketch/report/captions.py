"""Name the category of a drawing for people, with its score and the next likely one."""

from __future__ import annotations

from functools import cache

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import OTHER, PARTLESS, SCENE, Taxonomy

_PHRASES = {OTHER: "nothing it knows", SCENE: "a scene of several things"}
_LEAST = 0.01  # a second guess that is less likely tells nothing


def category_title(name: str, taxonomy: Taxonomy | None) -> str:
    """Return the title of a category: its taxonomy's, else the shipped one's, else its name."""
    if name in _PHRASES:
        return _PHRASES[name]
    own = None if taxonomy is None else taxonomy.categories.get(name)
    # Weights from before titles have the names of the shipped categories, such as `4leg`.
    if own is not None and own.title != name:
        return own.title
    shipped = _shipped().categories.get(name)
    return name if shipped is None else shipped.title


@cache
def _shipped() -> Taxonomy:
    return Taxonomy.load("default")


def describe_category(sketch: Sketch, taxonomy: Taxonomy | None = None) -> str:
    """Return what a drawing shows: `four-legged animal 43 %, or bird 41 %`; empty if unknown."""
    if sketch.category is None:
        return ""
    first = category_title(sketch.category, taxonomy) + _percent(sketch.category_score)
    second, score = sketch.category_2, sketch.category_2_score
    if second is None or score is None or score < _LEAST:
        return first
    is_nearest = sketch.category == OTHER and second not in PARTLESS
    word = "nearest:" if is_nearest else "or"
    return f"{first}, {word} {category_title(second, taxonomy)}{_percent(score)}"


def _percent(share: float | None) -> str:
    return "" if share is None else f" {100 * share:.0f}\u00a0%"
