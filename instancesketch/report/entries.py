"""Describe one drawing of a report as the page's script reads it, ready for JSON.

Fields without a value are left out, and strokes refer to parts by index: a page holds thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.render.svg import outline
from instancesketch.report.captions import describe_category
from instancesketch.report.drawings import Drawing
from instancesketch.report.scene_cards import object_categories, scene_entry

# Coordinates are rounded to the larger side over this: finer than the pixels of a card.
_RESOLUTION = 500
# Returns the address of the file of a drawing, from its id and word; None where it isn't known.
AddressOf = Callable[[str, str | None], str | None]


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Describes the drawings of a page, with the indices that they share."""

    part_index: Mapping[str, int]
    word_index: Mapping[str, int]
    taxonomy: Taxonomy | None
    address_of: AddressOf

    def describe(self, drawing: Drawing) -> dict[str, Any]:
        """Return what filters, search and orders need of a drawing."""
        sketch = drawing.sketch
        entry: dict[str, Any] = {"id": sketch.sketch_id, "category": sketch.category or ""}
        word = word_of(drawing)
        if word is not None:
            entry["word"] = self.word_index[word]
        if sketch.source is not None:
            entry["source"] = sketch.source
        if (file := self.address_of(sketch.sketch_id, word)) is not None:
            entry["file"] = file
        categories = object_categories((sketch, drawing.true), self.taxonomy)
        if categories:
            entry["categories"] = categories
        entry |= scene_entry(sketch, drawing.true, drawing.agreement, self.taxonomy)
        if sketch.part is not None:
            entry["predicted"] = self._indices(sketch.part)
        if sketch.mixed:
            entry["pieces"] = self._pieces(sketch)
        if drawing.confidence is not None:
            entry["confidence"] = round(drawing.confidence, 3)
        if drawing.true_category is not None:
            entry["trueCategory"] = drawing.true_category
        if drawing.true is not None and drawing.true.part is not None:
            entry |= {"truth": self._indices(drawing.true.part), "wrong": drawing.wrong}
            if drawing.wrong_sides:
                entry["wrongSides"] = drawing.wrong_sides
        return entry

    def picture(self, drawing: Drawing) -> dict[str, Any]:
        """Return what the picture and the table of a drawing need besides."""
        sketch, true = drawing.sketch, drawing.true
        entry = outline(sketch, _RESOLUTION, on_canvas=False)
        if sketch.label not in (None, sketch.part):
            entry["labels"] = sketch.label
        if _any_known(sketch.instance):
            entry["instances"] = sketch.instance
        if sketch.part_score is not None:
            entry["scores"] = [round(100 * score) for score in sketch.part_score]
        if sketch.category_score is not None:
            entry["heading"] = describe_category(sketch, self.taxonomy)
        if sketch.part_2 is not None and sketch.part_2_score is not None:
            # Rounded to 0 % a second guess tells nothing.
            guesses = zip(sketch.part_2, sketch.part_2_score, strict=True)
            entry["seconds"] = [
                None if part is None or score is None or score < 0.01
                else [self._index(part), round(100 * score)]
                for part, score in guesses
            ]  # fmt: skip
        if true is not None and true.part is not None:
            if _any_known(true.instance):
                entry["trueInstances"] = true.instance
            if true.label not in (None, true.part):
                entry["trueLabels"] = true.label
        return entry

    def _pieces(self, sketch: Sketch) -> dict[int, list[tuple[int, int]]]:
        """Return the first point and the part of each piece, of the strokes over several parts."""
        pieces = enumerate(sketch.pieces or ())
        return {
            i: [(piece.start, self._index(piece.part)) for piece in own]
            for i, own in pieces
            if own is not None
        }

    def _indices(self, parts: Sequence[str]) -> list[int]:
        return [self._index(part) for part in parts]

    def _index(self, part: str) -> int:
        return self.part_index.get(part, self.part_index[UNLABELED])


def word_of(drawing: Drawing) -> str | None:
    """Return the file's own name for what a drawing shows."""
    true = drawing.true
    return drawing.sketch.word or (None if true is None else true.word)


def _any_known(values: Sequence[int | None] | None) -> bool:
    return values is not None and any(value is not None for value in values)
