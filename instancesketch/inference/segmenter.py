"""The in-memory Segmenter: sketches or corpus rows in, labelled ones out.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from instancesketch.core.label_ids import category_ids_of_words
from instancesketch.core.schema import (
    INPUT_COLUMNS,
    RESULT_SCHEMA,
    build_result_table,
    combine_chunks,
)
from instancesketch.core.sketch import Sketch
from instancesketch.core.sketches import Sketches
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import (
    Instances,
    countable_parts,
    find_instances,
    sided_parts,
)
from instancesketch.models import weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.optimize import optimize
from instancesketch.models.packing import Batch, pack, pack_sketches
from instancesketch.models.precision import resolve_precision
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet

# From sketches, their parts, and which strokes are counted and have sides, to instances.
InstanceFinder = Callable[[StrokeFeatures, Tensor, Tensor, Tensor], Instances]


@torch.inference_mode()
def predict(
    net: SegmenterNet, features: StrokeFeatures, category_N: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Compute part probabilities of any number of sketches, among their categories' parts.

    Args:
        net: the model, in evaluation mode.
        features: of the strokes of sketches, on the CPU; labels are not read.
        category_N: each sketch's category, -1 where it is to be predicted.

    Returns:
        On the CPU: (S, Q) part probabilities; (N,) categories, given or predicted, -1 where the
        model predicts none; (N, C) category probabilities, or None where the model has none.
    """
    if features.fit_at_once:
        return _predict_bucket(net, features, category_N)
    batch = features.batch
    parts_SQ = torch.zeros(len(batch.stroke_len_S), net.allowed_CQ.shape[1])
    final_N, score_NC = category_N.clone(), None
    if net.predicts_category:
        score_NC = torch.zeros(len(batch), net.allowed_CQ.shape[0])
    # Sketches of similar size go through the network together, and back into the batch's order.
    for sketches_M, strokes_T, bucket in features.buckets():
        parts_SQ[strokes_T], final_N[sketches_M], score_MC = _predict_bucket(
            net, bucket, category_N[sketches_M]
        )
        if score_NC is not None and score_MC is not None:
            score_NC[sketches_M] = score_MC
    return parts_SQ, final_N, score_NC


def _predict_bucket(
    net: SegmenterNet, features: StrokeFeatures, category_N: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Compute what `predict` does, of sketches that fit through the network at once."""
    device = net.allowed_CQ.device
    features, category_N = features.to(device), category_N.to(device)
    logits_SQ, logits_NC = net(features, category_N)
    score_NC = None
    if logits_NC is not None:
        score_NC = logits_NC.float().softmax(1).cpu()
        category_N = torch.where(category_N < 0, logits_NC.argmax(1), category_N)
    masked_SQ = net.mask_parts(logits_SQ.float(), category_N, features.batch)
    return masked_SQ.softmax(1).cpu(), category_N.cpu(), score_NC


class Vocabulary:
    """The words of a taxonomy, and which of its parts are counted or have sides."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.labels = pa.array(taxonomy.label_names)
        # The last entry is the category of a sketch for which the model predicts none.
        self.categories = pa.array([*taxonomy.category_names, None])
        self.parts = len(taxonomy.part_names)
        self.counted_CQ, self.sided_CQ = countable_parts(taxonomy), sided_parts(taxonomy)


class Segmenter:
    """Labels sketches with trained weights. Reads no label of its input."""

    def __init__(
        self, net: SegmenterNet, taxonomy: Taxonomy, refiner: RefinerNet | None = None
    ) -> None:
        self.net, self.taxonomy = net.eval(), taxonomy
        self.refiner = None if refiner is None else refiner.eval()
        self._vocabulary = Vocabulary(taxonomy)

    @classmethod
    def load(
        cls, sources: str | Sequence[str], device: str = "cpu", precision: str = "float32"
    ) -> Segmenter:
        """Load weights by shipped name or from folders, with a refiner where there is one.

        Of several segmenters or refiners the last one counts. Without a refiner instances stay
        unknown.

        Args:
            sources: names or folders.
            device: `cpu`, or `cuda`.
            precision: `float32`, `bfloat16`, or `auto` for what the device is made for.

        Raises:
            UserError: they don't exist, can't be read, or the two are of different taxonomies.
        """
        resolved = resolve_precision(precision, device)
        names = [sources] if isinstance(sources, str) else list(sources)
        net, taxonomy = weights.build(weights.load(names, "segmenter"))
        net = optimize(net, device, resolved)
        if not weights.holds(names, "refiner"):
            return cls(net, taxonomy)
        refiner, refiner_taxonomy = weights.build(weights.load(names, "refiner"))
        weights.check_same_parts(", ".join(names), taxonomy, refiner_taxonomy)
        # Affinities decide by their sign, which bfloat16 may change.
        return cls(net, taxonomy, optimize(refiner, device, "float32"))

    @overload
    def __call__(self, sketches: Sketch, *, given_category: bool = False) -> Sketch: ...

    @overload
    def __call__(self, sketches: Sequence[Sketch], *, given_category: bool = False) -> Sketches: ...

    def __call__(
        self, sketches: Sketch | Sequence[Sketch], *, given_category: bool = False
    ) -> Sketch | Sketches:
        """Label a sketch or several, as `label` does; Jupyter shows what is returned.

        >>> from instancesketch.synth.draw import draw
        >>> Segmenter.load("doodle7")(draw(5, 0, "car"))
        Sketch('synth-5-0', 15 strokes, car)
        """
        if isinstance(sketches, Sketch):
            return self.label([sketches], given_category=given_category)[0]
        return Sketches(self.label(sketches, given_category=given_category))

    def label(self, sketches: Sequence[Sketch], *, given_category: bool = False) -> list[Sketch]:
        """Return the sketches with `category`, `part`, `label` and scores as predicted.

        Args:
            sketches: their own labels are not read.
            given_category: take each sketch's own category (or word) as true; where the taxonomy
                doesn't have it, the sketch is returned with an `error` and no labels.
        """
        if not sketches:
            return []
        with torch.inference_mode():
            words = (
                pa.array([s.category for s in sketches], pa.string()) if given_category else None
            )
            columns = self._result_columns(pack_sketches(sketches), words)
        rows = zip(*(column.to_pylist() for column in columns.values()), strict=True)
        labels = [dict(zip(columns, row, strict=True)) for row in rows]
        return [_relabel(*pair) for pair in zip(sketches, labels, strict=True)]

    @torch.inference_mode()
    def label_table(self, table: pa.Table, *, given_category: bool = False) -> pa.Table:
        """Label rows of a corpus, as `label` does: as many rows of a result, in the same order."""
        if not len(table):
            return RESULT_SCHEMA.empty_table()
        batch = pack(table, self.taxonomy, labels=False)
        words = combine_chunks(table["category"]) if given_category else None
        return build_result_table(table, self._result_columns(batch, words))

    def _result_columns(self, batch: Batch, words: pa.Array | None) -> dict[str, pa.Array]:
        """Return the columns of a result besides those of the input.

        Args:
            batch: sketches, whose labels are not read.
            words: what names each sketch's category, if that isn't to be predicted.
        """
        features, given_N = StrokeFeatures.of(batch), batch.category_N
        if words is not None:
            given_N = torch.from_numpy(category_ids_of_words(words, self.taxonomy))
        parts_SQ, category_N, score_NC = predict(self.net, features, given_N)
        columns = self._label_columns(features, parts_SQ, category_N)
        if words is not None:  # a category that was given has no score
            return self._with_errors(columns, words, (given_N < 0).numpy())
        if score_NC is not None:
            columns["category_score"] = pa.array(score_NC.amax(1).numpy())
        return columns

    @torch.inference_mode()
    def label_columns(self, features: StrokeFeatures, category_N: Tensor) -> dict[str, Any]:
        """Return the label columns of sketches whose categories are given, all of the taxonomy."""
        parts_SQ, category_N, _ = predict(self.net, features, category_N)
        return self._label_columns(features, parts_SQ, category_N)

    def _label_columns(
        self, features: StrokeFeatures, parts_SQ: Tensor, category_N: Tensor
    ) -> dict[str, Any]:
        score_S, part_S = parts_SQ.max(1)
        finder = None if self.refiner is None else partial(find_instances, self.refiner)
        columns = instance_columns(finder, features, part_S, category_N, self._vocabulary)
        scores = pa.array(score_S.numpy())
        return columns | {"part_score": pa.ListArray.from_arrays(columns["part"].offsets, scores)}

    def _with_errors(
        self, columns: dict[str, pa.Array], words: pa.Array, failed_N: npt.NDArray[np.bool_]
    ) -> dict[str, pa.Array]:
        """Return an error in place of the labels of sketches of unknown category."""
        known = ", ".join(self.taxonomy.category_names)
        errors = [
            f"category {word!r} is not one of {self.taxonomy.name}: {known}" if failed else None
            for word, failed in zip(words.to_pylist(), failed_N, strict=True)
        ]
        failed = pa.array(failed_N)
        kept = {
            name: pc.if_else(failed, pa.scalar(None, column.type), column)
            for name, column in columns.items()
        }
        return kept | {"error": pa.array(errors, pa.string())}


def _relabel(sketch: Sketch, labels: Mapping[str, Any]) -> Sketch:
    """Return a sketch with other labels; lists become tuples, as a sketch is immutable."""
    fields: dict[str, Any] = {name: getattr(sketch, name) for name in INPUT_COLUMNS}
    fields |= {name: tuple(v) if isinstance(v, list) else v for name, v in labels.items()}
    return Sketch(**fields)


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
