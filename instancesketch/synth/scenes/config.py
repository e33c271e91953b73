"""The config of a composed scene."""

from __future__ import annotations

from dataclasses import dataclass, field

from instancesketch.core.config import option
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy


@dataclass(frozen=True, kw_only=True)
class SceneConfig:
    """The objects of a scene: how many, of what, and how they overlap.

    Raises:
        UserError: the numbers of objects contradict each other, or a share isn't from 0 to 1.
    """

    fewest: int = field(default=1, metadata=option("fewest objects of a scene", metavar="N"))
    most: int = field(default=15, metadata=option("most objects of a scene", metavar="N"))
    middle: float = 5.3  # the median number of objects
    own_share: float = field(
        default=0.35,
        metadata=option(
            "share of objects of the taxonomy's categories, which have parts; 1: no others",
            metavar="P",
        ),
    )
    props: bool = True  # ground, stones, stick persons and the like, where own_share is below 1
    repeat: float = field(
        default=0.3,
        metadata=option(
            "chance that an object is one more of an earlier one's sort, beside it", metavar="P"
        ),
    )
    hidden: float = field(
        default=0.15,
        metadata=option("share of overlaps whose hidden lines are left out", metavar="P"),
    )
    interleave: float = field(
        default=0.0,
        metadata=option(
            "share of objects whose strokes are drawn in between those of other objects",
            metavar="P",
        ),
    )
    taxonomy: str | Taxonomy | None = field(
        default=None,
        metadata=option(
            "categories whose objects have parts: default, doodle7, spg20 or a TOML file (default: "
            "the one that the corpora of --from were made with, where that is one; else doodle7)",
            metavar="T",
        ),
    )

    def load_taxonomy(self) -> Taxonomy:
        """Return the taxonomy; doodle7 where none is given."""
        if isinstance(self.taxonomy, Taxonomy):
            return self.taxonomy
        return Taxonomy.load(self.taxonomy or "doodle7")

    def __post_init__(self) -> None:
        if not 1 <= self.fewest <= self.most:
            raise UserError("a scene has at least one object, and fewest isn't above most")
        for name in ("own_share", "repeat", "hidden", "interleave"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} is a share, from 0 to 1")
