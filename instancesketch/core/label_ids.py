"""Words of a corpus as class numbers of a taxonomy, straight from Arrow columns; without torch.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from instancesketch.core.schema import whole
from instancesketch.core.taxonomy import Taxonomy

Ints = npt.NDArray[np.int64]


def categories(table: pa.Table, taxonomy: Taxonomy) -> Ints:
    """The category number of each row, -1 where its word means none."""
    return category_numbers(whole(table["category"]), taxonomy)


def category_numbers(words: pa.Array, taxonomy: Taxonomy) -> Ints:
    """The category number of each word, -1 where it means none."""
    number: dict[str | None, int] = {name: i for i, name in enumerate(taxonomy.category_names)}
    return _numbers(words, lambda word: number.get(taxonomy.category_of(word)))


def _numbers(values: pa.Array, number: Callable[[str], int | None]) -> Ints:
    """The number of each word, each distinct word looked up once; -1 for null and unknown ones."""
    encoded = values.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    words = encoded.dictionary.to_pylist()
    found = [-1 if (n := number(word)) is None else n for word in words]
    of_word = np.array([*found, -1], np.int64)
    return of_word[encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)]


def part_numbers(table: pa.Table, taxonomy: Taxonomy) -> tuple[Ints, Ints]:
    """Part numbers of the labelled rows' strokes, end to end, -1 where it is not of the taxonomy;
    and how many strokes of each row are labelled: all or, where `part` is null, none.
    """
    column = whole(table["part"])
    number = {name: i for i, name in enumerate(taxonomy.part_names)}
    labelled_N = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return _numbers(column.flatten(), number.get), labelled_N.astype(np.int64)


def parts_of(
    taxonomy: Taxonomy, kind: Literal["parts", "countable", "sided"] = "parts"
) -> npt.NDArray[np.bool_]:
    """Which parts each category has, or which of them are countable or sided, (C, Q)."""
    names, kinds = taxonomy.part_names, taxonomy.categories.values()
    return np.array([[name in getattr(c, kind) for name in names] for c in kinds], bool)
