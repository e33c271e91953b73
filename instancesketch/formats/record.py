"""What a reader yields: a drawing as its file has it, or the reason why a record can't be read."""

from __future__ import annotations

from dataclasses import dataclass

from instancesketch.errors import SketchError
from instancesketch.sketch import Sketch
from instancesketch.taxonomy import Taxonomy


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """One record, or one file, that was not read."""

    file: str
    position: str  # "line 12", "image 3", "row 7"; empty for the file as a whole
    reason: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """A drawing as its file has it.

    `sketch.label` holds the file's own spellings and `sketch.instance` its own numbers, until
    `resolve` gives them their canonical form.
    """

    sketch: Sketch
    position: str
    word: str | None = (
        None  # what was asked to be drawn; a category only if nothing better is known
    )
    user: str | None = None


def resolve(record: Record, taxonomy: Taxonomy | None, folders: tuple[str, ...]) -> Sketch:
    """Gives a record its category, canonical parts, labels and instances.

    The category is the file's own field, else the nearest of the folders above the file that names
    a category, else the word. Without a taxonomy words stay what they are.

    Args:
        record: what a reader yielded.
        taxonomy: decides which categories and parts there are.
        folders: names of the folders above the file, nearest first.

    Raises:
        SketchError: the taxonomy doesn't know a label, or the category that its labels belong to.
    """
    sketch = record.sketch
    if taxonomy is None:
        return sketch.replace(category=sketch.category or record.word)
    named = sketch.category or next((f for f in folders if taxonomy.category_of(f)), record.word)
    category = taxonomy.category_of(named)
    if sketch.label is None:
        return sketch.replace(category=category or named)
    if category is None:
        known = ", ".join(taxonomy.category_names)
        raise SketchError(f"category {named!r} is not one of {taxonomy.name}: {known}")
    resolved = [taxonomy.resolve_label(category, label) for label in sketch.label]
    countable = taxonomy.categories[category].countable
    instances = sketch.instance or (None,) * len(sketch)
    return sketch.replace(
        category=category,
        part=tuple(part for part, _ in resolved),
        label=tuple(label for _, label in resolved),
        instance=tuple(
            (number or 0) if part in countable else None
            for (part, _), number in zip(resolved, instances, strict=True)
        ),
    )
