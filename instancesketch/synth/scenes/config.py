"""The config of a composed scene."""

from __future__ import annotations

from dataclasses import dataclass

from instancesketch.core.errors import UserError


@dataclass(frozen=True, kw_only=True)
class SceneConfig:
    """The objects of a scene: how many, of what, and how they overlap.

    Raises:
        UserError: the numbers of objects contradict each other, or a share isn't from 0 to 1.
    """

    fewest: int = 1  # objects
    most: int = 15
    middle: float = 5.3  # the median number of objects
    own_share: float = 0.35  # of objects: of the taxonomy's categories; 1: nothing else
    props: bool = True  # ground, stones, stick persons and the like, where own_share is below 1
    repeat: float = 0.3  # chance that an object is one more of an earlier one's sort, beside it
    hidden: float = 0.15  # of overlaps: the hidden part of what is behind is left out
    interleave: float = 0.0  # of objects: strokes drawn in between those of others
    taxonomy: str = "doodle7"

    def __post_init__(self) -> None:
        if not 1 <= self.fewest <= self.most:
            raise UserError("a scene has at least one object, and fewest isn't above most")
        for name in ("own_share", "repeat", "hidden", "interleave"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} is a share, from 0 to 1")
