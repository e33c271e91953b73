"""Plans of the default model: the recipes, how many drawings of each sort, and ablations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from experiments.plain import BFLOAT16
from instancesketch.training.config import AugmentConfig, RefinerFitConfig, SegmenterFitConfig

# Generated drawings are drawn in an order of their own: where pairs know it, and where parts are
# exchanged, the category of real drawings is right less often.
_RECIPE = SegmenterFitConfig(
    model=replace(SegmenterFitConfig().model, pair_order=False),
    augment=AugmentConfig(),
    bfloat16=BFLOAT16,
    category_given_p=0.5,
    category_loss=0.5,
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The recipes of a default model, and how many drawings of each sort an epoch has."""

    base: SegmenterFitConfig
    teacher: SegmenterFitConfig
    student: SegmenterFitConfig
    refiner: RefinerFitConfig = field(default_factory=lambda: RefinerFitConfig(epochs=12))
    refiner_tune: RefinerFitConfig = field(
        default_factory=lambda: RefinerFitConfig(epochs=12, learning_rate=7e-4)
    )
    generated: int = 20_000  # in an epoch of the base
    spg: int = 13_000
    others: int = 6_000
    scenes: int = 1_500
    share: float = 0.2  # of these in an epoch of the teacher and the student
    others_share: float = 0.2  # of the others in such an epoch
    words: bool = False  # the base has a category for each other word
    real: int = 2  # times in an epoch
    unlabelled: int = 3_500
    evenness: float = 0.0  # 0: unlabelled drawings by their number; 1: all categories alike
    students: int = 1  # trained alike but for their seed, and averaged
    crops: int = 0  # in such an epoch: objects of scenes, strokes of theirs missing or not theirs
    traced: float = 0.0  # traced drawings in such an epoch, as a share of the others of their sort


_WHOLE = Plan(
    base=replace(_RECIPE, epochs=40),
    teacher=replace(_RECIPE, epochs=8, learning_rate=1e-3),
    student=replace(_RECIPE, epochs=25, learning_rate=1e-3),
)


def change(plan: Plan, **values: Any) -> Plan:
    """Return a plan with other values in all recipes of segmenters.

    Args:
        plan: to change.
        values: of recipes; those of `model` and `augment` are dicts of what changes in them.
    """
    recipes = {}
    for name in ("base", "teacher", "student"):
        recipe = getattr(plan, name)
        nested = {
            key: replace(getattr(recipe, key), **value) if isinstance(value, dict) else value
            for key, value in values.items()
        }
        recipes[name] = replace(recipe, **nested)
    return replace(plan, **recipes)


_IMAGE = {"image": 32}
_HANDS = {
    "device_p": 0.3,
    "prefix_p": 0.1,
    "join_p": 0.2,
    "join_parts_p": 0.02,
    "cut_p": 0.1,
    "shuffle_p": 0.1,
    "stray_p": 0.1,
}
# What a sweep of eight trials chose, by the macro-F1 with predicted categories.
_SWEPT: dict[str, Any] = {
    "learning_rate": 1.17e-3,
    "weight_decay": 0.0175,
    "label_smoothing": 0.1,
    "category_loss": 0.335,
    "category_given_p": 0.23,
    "model": {"dropout": 0.046},
    "augment": {
        "device_p": 0.12,
        "prefix_p": 0.07,
        "join_p": 0.32,
        "cut_p": 0.1,
        "shuffle_p": 0.15,
        "stray_p": 0.25,
    },
}
# For ablations, each on one fold and one source.
_ONCE = RefinerFitConfig(epochs=1)
_PLAIN = Plan(
    base=replace(_RECIPE, epochs=6),
    teacher=replace(_RECIPE, epochs=3, learning_rate=1e-3),
    student=replace(_RECIPE, epochs=7, learning_rate=1e-3),
    refiner=_ONCE,
    refiner_tune=_ONCE,
)
_WITH_IMAGE = change(_PLAIN, model=_IMAGE)
_QUICK = replace(change(_WITH_IMAGE, augment=_HANDS), words=True, others=9_000)
_BEST = replace(
    change(_WHOLE, model=_IMAGE, augment=_HANDS), words=True, generated=24_000, others=9_000
)
PLANS = {
    "whole": _BEST,
    # Of the same time: less right than one student of 25 epochs.
    "reverse": replace(
        _BEST,
        student=replace(_BEST.student, augment=replace(_BEST.student.augment, reverse_p=0.15)),
    ),
    "more others": replace(_BEST, others_share=0.5),
    # Right more often on traced drawings, and less on others.
    "traced drawings, too": replace(_BEST, traced=0.35),
    "traced drawings, too, swept": replace(change(_BEST, **_SWEPT), traced=0.35),
    # No better on objects of scenes, and less right about whole drawings.
    "objects of scenes, too": replace(_BEST, crops=5_000),
    "three short students": replace(_BEST, student=replace(_BEST.student, epochs=12), students=3),
    "plain": _PLAIN,
    "with image": _WITH_IMAGE,
    "with a larger image": change(_PLAIN, model={"image": 48}),
    "with image and hands": change(_WITH_IMAGE, augment=_HANDS),
    "with image and words": replace(_WITH_IMAGE, words=True, others=9_000),
    "quick": _QUICK,
    "three students": replace(_QUICK, students=3),
    "more real drawings": replace(_QUICK, real=4),
    "even categories": replace(_QUICK, evenness=0.5),
}
