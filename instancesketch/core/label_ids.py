"""Class ids of the categories and parts in a corpus's Arrow columns; needs no torch.

Letters in names: N rows, S strokes, C categories, Q parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from instancesketch.core.schema import combine_chunks
from instancesketch.core.taxonomy import Taxonomy

Ints = npt.NDArray[np.int64]


def category_ids(table: pa.Table, taxonomy: Taxonomy) -> Ints:
    """Return the class of each row, (N,), as a category id; -1 where it is not certain.

    Where the taxonomy has `other`, that is the class of words that name no category.
    """
    return class_ids_of_words(combine_chunks(table["category"]), taxonomy)


def class_ids_of_words(words: pa.Array, taxonomy: Taxonomy) -> Ints:
    """Return the class of each word, (N,), as a category id; -1 where it is not certain."""
    ids: dict[str | None, int] = {name: i for i, name in enumerate(taxonomy.category_names)}
    return _look_up(words, lambda word: ids.get(taxonomy.class_of(word)))


def category_ids_of_words(words: pa.Array, taxonomy: Taxonomy) -> Ints:
    """Return the category id of each word, (N,); -1 where it names no category."""
    # None is not a key, so words that name no category have no id.
    ids: dict[str | None, int] = {name: i for i, name in enumerate(taxonomy.category_names)}
    return _look_up(words, lambda word: ids.get(taxonomy.category_of(word)))


def _look_up(values: pa.Array, id_of: Callable[[str], int | None]) -> Ints:
    """Return the id of each value, -1 for null and for values without an id."""
    # A corpus repeats few words very often, so each distinct one is looked up once.
    encoded = values.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    words = encoded.dictionary.to_pylist()
    ids = [-1 if (found := id_of(word)) is None else found for word in words]
    # The extra entry at the end is that of nulls.
    id_of_index = np.array([*ids, -1], np.int64)
    return id_of_index[encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)]


def part_ids(table: pa.Table, taxonomy: Taxonomy) -> tuple[Ints, Ints]:
    """Return the part ids of all labelled rows' strokes, and the number of them in each row.

    Returns:
        (S,) ids of the strokes of the rows whose `part` is not null, end to end; -1 for a part
        that the taxonomy doesn't have. (N,) strokes of each row among them: all or none.
    """
    column = combine_chunks(table["part"])
    ids = {name: i for i, name in enumerate(taxonomy.part_names)}
    # Rows without labels have a null in place of a list.
    labelled_N = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return _look_up(column.flatten(), ids.get), labelled_N.astype(np.int64)


def part_mask(
    taxonomy: Taxonomy, subset: Literal["parts", "countable", "sided"] = "parts"
) -> npt.NDArray[np.bool_]:
    """Return whether each category has each part, or has it countable or sided, (C, Q)."""
    names, categories = taxonomy.part_names, taxonomy.categories.values()
    return np.array([[name in getattr(c, subset) for name in names] for c in categories], bool)
