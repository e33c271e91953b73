"""The in-memory Segmenter: sketches or corpus rows in, labelled ones out.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from instancesketch.core.errors import UserError
from instancesketch.core.label_ids import category_ids_of_words
from instancesketch.core.schema import (
    RESULT_SCHEMA,
    build_result_table,
    combine_chunks,
)
from instancesketch.core.sketch import Sketch
from instancesketch.core.sketches import Sketches
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference import stroke_pieces
from instancesketch.inference.instances import find_instances
from instancesketch.inference.result_columns import (
    Vocabulary,
    category_guess_columns,
    instance_columns,
    part_guess_columns,
    pieces_column,
    relabel,
    with_errors,
    without_parts,
)
from instancesketch.models import weight_names, weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.optimize import optimize
from instancesketch.models.packing import Batch, pack, pack_sketches
from instancesketch.models.precision import resolve_precision
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet


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


class Segmenter:
    """Labels sketches with trained weights. Reads no label of its input."""

    def __init__(
        self,
        net: SegmenterNet,
        taxonomy: Taxonomy,
        refiner: RefinerNet | None = None,
        categories: Sequence[str] | None = None,
        *,
        cut_strokes: bool = False,
    ) -> None:
        """Take networks, which are changed to know the given categories alone.

        Args:
            net: of the taxonomy.
            taxonomy: of the networks.
            refiner: of the same parts.
            categories: names, titles or words of those to choose among; None: all.
            cut_strokes: look again at long strokes in pieces (`stroke_pieces`): results say which
                run over several parts.

        Raises:
            UserError: one is unknown, or the network predicts no category.
        """
        self.net, self.net_taxonomy, self.cut_strokes = net.eval(), taxonomy, cut_strokes
        self.refiner = None if refiner is None else refiner.eval()
        self.taxonomy = taxonomy if categories is None else taxonomy.restrict(categories)
        names = taxonomy.category_names
        self.kept_C = torch.tensor([name in self.taxonomy.categories for name in names])
        if categories is not None:
            if not net.predicts_category:
                raise UserError("these weights predict no category, so that none can be left out")
            net.restrict(self.kept_C)
        # What an object of a scene can be.
        self.of_objects_C = self.kept_C & net.has_parts_C.cpu()
        self._vocabulary = Vocabulary(taxonomy)

    @classmethod
    def load(
        cls,
        sources: str | Sequence[str],
        device: str = "cpu",
        precision: str = "float32",
        categories: Sequence[str] | None = None,
        *,
        cut_strokes: bool = False,
    ) -> Segmenter:
        """Load weights by shipped name or from folders, with a refiner where there is one.

        Of several segmenters or refiners the last one counts. Without a refiner instances stay
        unknown.

        Args:
            sources: names or folders.
            device: `cpu`, or `cuda`.
            precision: `float32`, `bfloat16`, or `auto` for what the device is made for.
            categories: the only ones that a sketch can be, by name, title or a word that means
                one; `other` and `scene` are left out unless they are named. None: all.
            cut_strokes: as for the class.

        Raises:
            UserError: weights don't exist, can't be read, or the two are of different taxonomies,
                or a category is unknown.
        """
        resolved = resolve_precision(precision, device)
        names = [sources] if isinstance(sources, str) else list(sources)
        net, taxonomy = weights.build(weights.load(names, "segmenter"))
        chosen = weight_names.choose_categories(names, categories)
        net = optimize(net, device, resolved)
        if not weights.holds(names, "refiner"):
            return cls(net, taxonomy, categories=chosen, cut_strokes=cut_strokes)
        refiner, refiner_taxonomy = weights.build(weights.load(names, "refiner"))
        weights.check_same_parts(", ".join(names), taxonomy, refiner_taxonomy)
        # Affinities decide by their sign, which bfloat16 may change.
        refiner = optimize(refiner, device, "float32")
        return cls(net, taxonomy, refiner, chosen, cut_strokes=cut_strokes)

    @overload
    def __call__(self, sketches: Sketch, *, given_category: bool = False) -> Sketch: ...

    @overload
    def __call__(self, sketches: Sequence[Sketch], *, given_category: bool = False) -> Sketches: ...

    def __call__(
        self, sketches: Sketch | Sequence[Sketch], *, given_category: bool = False
    ) -> Sketch | Sketches:
        """Label a sketch or several, as `label` does; Jupyter shows what is returned.

        >>> from instancesketch.synth.draw import draw
        >>> Segmenter.load("default")(draw(5, 0, "car"))
        Sketch('synth-5-0', 17 strokes, car)
        """
        if isinstance(sketches, Sketch):
            return self.label([sketches], given_category=given_category)[0]
        return Sketches(self.label(sketches, given_category=given_category))

    def label(self, sketches: Sequence[Sketch], *, given_category: bool = False) -> list[Sketch]:
        """Return the sketches with `category`, `part`, `label`, scores and second guesses.

        A sketch that is `other`, none of the categories, or a `scene` has no parts.

        Args:
            sketches: their own labels are not read.
            given_category: take each sketch's own category (or word) as true; where the taxonomy
                doesn't have it, the sketch is returned with an `error` and no labels.
        """
        if not sketches:
            return []
        with torch.inference_mode():
            words = None
            if given_category:
                words = self._choose_words(
                    pa.array([s.category for s in sketches], pa.string()),
                    pa.array([s.word for s in sketches], pa.string()),
                )
            columns = self._result_columns(pack_sketches(sketches), words)
        rows = zip(*(column.to_pylist() for column in columns.values()), strict=True)
        labels = [dict(zip(columns, row, strict=True)) for row in rows]
        return [relabel(*pair) for pair in zip(sketches, labels, strict=True)]

    @torch.inference_mode()
    def label_table(self, table: pa.Table, *, given_category: bool = False) -> pa.Table:
        """Label rows of a corpus, as `label` does: as many rows of a result, in the same order."""
        if not len(table):
            return RESULT_SCHEMA.empty_table()
        batch = pack(table, self.net_taxonomy, labels=False)
        words = None
        if given_category:
            words = combine_chunks(table["category"])
            if "word" in table.column_names:
                words = self._choose_words(words, combine_chunks(table["word"]))
        return build_result_table(table, self._result_columns(batch, words))

    def _choose_words(self, categories: pa.Array, words: pa.Array) -> pa.Array:
        """Return each sketch's category, or its word where that alone names a category."""
        known_N, word_N = (
            category_ids_of_words(names, self.net_taxonomy) >= 0 for names in (categories, words)
        )
        return pc.if_else(pa.array(~known_N & word_N), words, categories)

    def _result_columns(self, batch: Batch, words: pa.Array | None) -> dict[str, pa.Array]:
        """Return the columns of a result besides those of the input.

        Args:
            batch: sketches, whose labels are not read.
            words: what names each sketch's category, if that isn't to be predicted.
        """
        features, given_N = StrokeFeatures.of(batch), batch.category_N
        if words is not None:
            given_N = torch.from_numpy(category_ids_of_words(words, self.net_taxonomy))
            given_N[~self.kept_C[given_N]] = -1
        parts_SQ, category_N, score_NC = predict(self.net, features, given_N)
        columns = self._label_columns(features, parts_SQ, category_N)
        columns = without_parts(columns, category_N, self._vocabulary)
        if words is not None:  # a category that was given has no score
            return with_errors(columns, words, (given_N < 0).numpy(), self.taxonomy)
        if score_NC is not None:
            columns |= category_guess_columns(score_NC, category_N, self._vocabulary)
        return columns

    @torch.inference_mode()
    def category_probabilities(self, sketches: Sequence[Sketch]) -> npt.NDArray[np.float32]:
        """Return the probability of each category of the taxonomy, (N, C), for each sketch.

        Raises:
            UserError: the weights predict no category.
        """
        if not self.net.predicts_category:
            raise UserError("these weights predict no category")
        if not sketches:
            return np.zeros((0, len(self.taxonomy.category_names)), np.float32)
        features = StrokeFeatures.of(pack_sketches(sketches))
        _, _, score_NC = predict(self.net, features, features.batch.category_N)
        assert score_NC is not None
        return score_NC[:, self.kept_C].numpy()

    @torch.inference_mode()
    def label_columns(self, features: StrokeFeatures, category_N: Tensor) -> dict[str, Any]:
        """Return the label columns of sketches whose categories are given, all of the taxonomy."""
        parts_SQ, category_N, _ = predict(self.net, features, category_N)
        return self._label_columns(features, parts_SQ, category_N)

    def _label_columns(
        self, features: StrokeFeatures, parts_SQ: Tensor, category_N: Tensor
    ) -> dict[str, Any]:
        runs = None
        if self.cut_strokes:
            again, has_parts_C = partial(predict, self.net), self.net.has_parts_C.cpu()
            parts_SQ, runs = stroke_pieces.reconsider(
                again, features, parts_SQ, category_N, has_parts_C
            )
        score_S, part_S = parts_SQ.max(1)
        finder = None if self.refiner is None else partial(find_instances, self.refiner)
        columns = instance_columns(finder, features, part_S, category_N, self._vocabulary)
        offsets = columns["part"].offsets
        if runs is not None:
            columns["pieces"] = pieces_column(runs, offsets, self._vocabulary)
        return columns | part_guess_columns(parts_SQ, part_S, score_S, offsets, self._vocabulary)
