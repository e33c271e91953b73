"""Names of weights: those that ship, further names of these, and the folders that all mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy

SHIPPED = Path(__file__).parents[1] / "shipped"
# Further names of shipped weights: for those, restricted to the categories of a taxonomy.
ALIASES: dict[str, tuple[str, str]] = {"doodle7": ("default", "doodle7")}


def locate(source: str) -> str:
    """Return the folder that a shipped name or a location means.

    Raises:
        UserError: there is none.
    """
    if source in shipped_names():
        name, _ = ALIASES.get(source, (source, ""))
        return str(SHIPPED / name)
    if storage.exists(source):
        return storage.absolute(source)
    names = f"a shipped name ({', '.join(shipped_names())})"
    raise UserError(f"no weights {source!r}: give a folder that `train` wrote, or {names}")


def shipped_names() -> list[str]:
    """Return the names of the weights in the package, sorted."""
    return sorted([*ALIASES, *(f.name for f in SHIPPED.iterdir())])


def absolute(source: str) -> str:
    """Return a name or location that means the same weights in any working folder.

    A shipped name stays a name, because another machine may have the package elsewhere.

    Raises:
        UserError: there are no such weights.
    """
    folder = locate(source)
    return source if source in shipped_names() else folder


def choose_categories(
    sources: Sequence[str], categories: Sequence[str] | None = None
) -> Sequence[str] | None:
    """Return the categories that the segmenter of some sources is restricted to; None: to none.

    Those that are given come before those of the weights' name.
    """
    if categories is not None:
        return categories
    named = [s for s in sources if storage.exists(storage.join(locate(s), "segmenter"))]
    if named and named[-1] in ALIASES:
        _, taxonomy = ALIASES[named[-1]]
        return Taxonomy.load(taxonomy).category_names
    return None
