"""The columns of a result, from what the networks compute: labels, instances, second guesses.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from instancesketch.core.schema import INPUT_COLUMNS, PIECE
from instancesketch.core.sketch import Sketch
from instancesketch.core.stroke_labels import Piece, read_pieces
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import Instances, countable_parts, sided_parts
from instancesketch.inference.stroke_pieces import Run
from instancesketch.models.features import StrokeFeatures

# From sketches, their parts, and which strokes are counted and have sides, to instances.
InstanceFinder = Callable[[StrokeFeatures, Tensor, Tensor, Tensor], Instances]


class Vocabulary:
    """The words of a taxonomy, and which of its parts are counted or have sides."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.labels = pa.array(taxonomy.label_names)
        # The last entry is the category of a sketch for which the model predicts none.
        self.categories = pa.array([*taxonomy.category_names, None])
        self.partless = np.array([*(not c.parts for c in taxonomy.categories.values()), False])
        self.parts = len(taxonomy.part_names)
        self.counted_CQ, self.sided_CQ = countable_parts(taxonomy), sided_parts(taxonomy)


def instance_columns(
    finder: InstanceFinder | None,
    features: StrokeFeatures,
    part_S: Tensor,
    category_N: Tensor,
    vocabulary: Vocabulary,
) -> dict[str, Any]:
    """Return the columns `category`, `part`, `label` and `instance` of sketches of known parts.

    Without a finder, the instance of what is counted is unknown: 0.
    """
    batch = features.batch
    # Without a category, what any of them counts is counted: -1 picks that row.
    category_S = batch.layout.per_stroke(category_N)
    counted_S = vocabulary.counted_CQ[category_S, part_S]
    if finder is None:
        instances = Instances(torch.zeros_like(part_S), torch.zeros_like(part_S))
    else:
        sided_S = vocabulary.sided_CQ[category_S, part_S]
        instances = finder(features, part_S, counted_S, sided_S)
    words, labels = vocabulary.categories, vocabulary.labels
    label_S = (instances.side_S * vocabulary.parts + part_S).numpy()
    # Null where the part isn't counted; 0 where it is, but the stroke draws several or none.
    instance_S = instances.instance_S.numpy().astype(np.int32)
    offsets = np.zeros(len(batch) + 1, np.int32)
    batch.strokes_N.numpy().cumsum(out=offsets[1:])
    return {
        "category": words.take(pa.array((category_N % len(words)).numpy())),
        "part": pa.ListArray.from_arrays(offsets, labels.take(pa.array(part_S.numpy()))),
        "label": pa.ListArray.from_arrays(offsets, labels.take(pa.array(label_S))),
        "instance": pa.ListArray.from_arrays(
            offsets, pa.array(instance_S, mask=~counted_S.numpy())
        ),
    }


def part_guess_columns(
    parts_SQ: Tensor, part_S: Tensor, score_S: Tensor, offsets: pa.Array, vocabulary: Vocabulary
) -> dict[str, pa.Array]:
    """Return the columns `part_score`, `part_2` and `part_2_score`; changes `parts_SQ`.

    A second guess is null where no other part has a probability, as in a category of one part.

    Args:
        parts_SQ: the probabilities of the parts.
        part_S: the part of each stroke.
        score_S: its probability.
        offsets: of the strokes of each sketch.
        vocabulary: names the parts.
    """
    names, scores = _next_likely(parts_SQ, part_S, vocabulary.labels)
    values = {"part_score": pa.array(score_S.numpy()), "part_2": names, "part_2_score": scores}
    return {name: pa.ListArray.from_arrays(offsets, flat) for name, flat in values.items()}


def pieces_column(
    runs: Mapping[int, Sequence[Run]], offsets: pa.Array, vocabulary: Vocabulary
) -> pa.Array:
    """Return the column `pieces`.

    Args:
        runs: of each stroke of several parts, by its index.
        offsets: of the strokes of each sketch.
        vocabulary: names the parts.
    """
    pieces: list[Any] = [None] * offsets[-1].as_py()
    for stroke, own in runs.items():
        pieces[stroke] = [
            Piece(run.start, vocabulary.labels[run.part].as_py(), run.score)._asdict()
            for run in own
        ]
    return pa.ListArray.from_arrays(offsets, pa.array(pieces, pa.list_(PIECE)))


def category_guess_columns(
    score_NC: Tensor, category_N: Tensor, vocabulary: Vocabulary
) -> dict[str, pa.Array]:
    """Return the columns `category_score`, `category_2` and `category_2_score`.

    Changes `score_NC`, the probabilities of the categories.
    """
    score_N = score_NC.gather(1, category_N[:, None])[:, 0]
    names, scores = _next_likely(score_NC, category_N, vocabulary.categories)
    return {
        "category_score": pa.array(score_N.numpy()),
        "category_2": names,
        "category_2_score": scores,
    }


def _next_likely(score_NC: Tensor, first_N: Tensor, names: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the names and scores of the likeliest but those given, null where all are 0."""
    # The first ones come from the caller, since equal scores can be sorted in two ways.
    second_N, at_N = score_NC.scatter_(1, first_N[:, None], -1.0).max(1)
    none_N = (second_N <= 0).numpy()
    mask = none_N if none_N.any() else None
    return names.take(pa.array(at_N.numpy(), mask=mask)), pa.array(second_N.numpy(), mask=mask)


def without_parts(
    columns: dict[str, pa.Array], category_N: Tensor, vocabulary: Vocabulary
) -> dict[str, pa.Array]:
    """Return the columns with null for what sketches have whose category has no parts."""
    partless_N: npt.NDArray[np.bool_] = vocabulary.partless[category_N.numpy()]
    if not partless_N.any():
        return columns
    partless = pa.array(partless_N)
    return {
        name: pc.if_else(partless, pa.scalar(None, column.type), column)
        if pa.types.is_list(column.type)
        else column
        for name, column in columns.items()
    }


def with_errors(
    columns: Mapping[str, pa.Array],
    words: pa.Array,
    failed_N: npt.NDArray[np.bool_],
    taxonomy: Taxonomy,
) -> dict[str, pa.Array]:
    """Return an error in place of the labels of sketches whose word names no category."""
    known = ", ".join(taxonomy.category_names)
    errors = [
        f"category {word!r} is not one of {taxonomy.name}: {known}" if failed else None
        for word, failed in zip(words.to_pylist(), failed_N, strict=True)
    ]
    failed = pa.array(failed_N)
    kept = {
        name: pc.if_else(failed, pa.scalar(None, column.type), column)
        for name, column in columns.items()
    }
    return kept | {"error": pa.array(errors, pa.string())}


def relabel(sketch: Sketch, labels: Mapping[str, Any]) -> Sketch:
    """Return a sketch with other labels; lists become tuples, as a sketch is immutable."""
    fields: dict[str, Any] = {name: getattr(sketch, name) for name in INPUT_COLUMNS}
    fields |= {name: tuple(v) if isinstance(v, list) else v for name, v in labels.items()}
    if fields.get("pieces") is not None:
        fields["pieces"] = read_pieces(fields["pieces"])
    return Sketch(**fields)
