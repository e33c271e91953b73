"""Labels drawings in memory: the model and its words, from weights to labelled rows.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, overload

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from instancesketch.core.label_ids import category_ids
from instancesketch.core.schema import RESULT_SCHEMA, build_result_table, from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.sketches import Sketches
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import Instances, countable_parts, find, sided_parts
from instancesketch.models import weights
from instancesketch.models.optimize import ready
from instancesketch.models.packing import Batch, pack, pieces
from instancesketch.models.precision import resolve
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet

# What goes through the model at once: strokes, padded to the longest drawing, and points. With more
# a CPU's cache would not hold what passes from layer to layer.
MOST_TOKENS = 1_024
MOST_POINTS = 200_000

# From drawings, their parts, and which strokes are counted and have sides, to instances.
Finder = Callable[[Batch, Tensor, Tensor, Tensor], Instances]


@torch.inference_mode()
def predict(
    net: SegmenterNet, batch: Batch, category_N: Tensor
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Part probabilities of a batch of any size, among the parts of each drawing's category.

    Args:
        net: the model, in evaluation mode.
        batch: drawings as they are, on the CPU; its labels are not looked at.
        category_N: each drawing's category, -1 where it is to be predicted.

    Returns:
        On the CPU: (S, Q) part probabilities; (N,) categories, given or predicted, -1 where the
        model predicts none; (N, C) category probabilities, or None where the model has none.
    """
    device = net.allowed_CQ.device
    normal = batch.normalised()
    parts_SQ = torch.zeros(len(batch.stroke_len_S), net.allowed_CQ.shape[1])
    final_N = category_N.clone()
    guess_NC = torch.zeros(len(batch), net.allowed_CQ.shape[0]) if net.predicts_category else None
    for pick, strokes_T, some in pieces(normal, MOST_TOKENS, MOST_POINTS):
        piece, told = some.to(device), category_N[pick].to(device)
        logits_SQ, logits_NC = net(piece, told)
        if guess_NC is not None and logits_NC is not None:
            guess_NC[pick] = logits_NC.float().softmax(1).cpu()
            told = torch.where(told < 0, logits_NC.argmax(1), told)
            final_N[pick] = told.cpu()
        masked_SQ = net.mask_parts(logits_SQ.float(), told, piece)
        parts_SQ[strokes_T] = masked_SQ.softmax(1).cpu()
    return parts_SQ, final_N, guess_NC


class Segmenter:
    """Labels drawings with trained weights. Reads no label of what it is given."""

    def __init__(
        self, net: SegmenterNet, taxonomy: Taxonomy, refiner: RefinerNet | None = None
    ) -> None:
        self.net, self.taxonomy = net.eval(), taxonomy
        self.refiner = None if refiner is None else refiner.eval()

    @classmethod
    def load(
        cls, sources: str | Sequence[str], device: str = "cpu", precision: str = "float32"
    ) -> Segmenter:
        """Loads weights by shipped name or from folders, a refiner where there is one.

        Of several segmenters or refiners the last one counts. Without a refiner instances are not
        known.

        Args:
            sources: names or folders.
            device: `cpu`, or `cuda`.
            precision: `float32`, `bfloat16`, or `auto` for what the device is made for.

        Raises:
            UserError: they aren't there, can't be read, or the two are of different taxonomies.
        """
        exactly = resolve(precision, device)
        names = [sources] if isinstance(sources, str) else list(sources)
        net, taxonomy = weights.build(weights.load(names, "segmenter"))
        if not weights.holds(names, "refiner"):
            return cls(ready(net, device, exactly), taxonomy)
        refiner, theirs = weights.build(weights.load(names, "refiner"))
        weights.check_same_parts(", ".join(names), taxonomy, theirs)
        return cls(ready(net, device, exactly), taxonomy, ready(refiner, device, "float32"))

    @overload
    def __call__(self, sketches: Sketch, *, given_category: bool = False) -> Sketch: ...

    @overload
    def __call__(self, sketches: Sequence[Sketch], *, given_category: bool = False) -> Sketches: ...

    def __call__(
        self, sketches: Sketch | Sequence[Sketch], *, given_category: bool = False
    ) -> Sketch | Sketches:
        """Labels a drawing or several, as `label` does; what comes back shows itself in notebooks.

        >>> from instancesketch.synth.draw import draw
        >>> Segmenter.load("doodle7")(draw(5, 0, "car"))
        Sketch('synth-5-0', 15 strokes, car)
        """
        if isinstance(sketches, Sketch):
            return self.label([sketches], given_category=given_category)[0]
        return Sketches(self.label(sketches, given_category=given_category))

    def label(self, sketches: Sequence[Sketch], *, given_category: bool = False) -> list[Sketch]:
        """Returns the drawings with `category`, `part`, `label` and scores as predicted.

        Args:
            sketches: drawings; labels that they carry are not looked at.
            given_category: take each drawing's own category (or word) as true; where it is none of
                the taxonomy's, the drawing comes back with an `error` instead.
        """
        table = to_table(sketches)
        return from_table(self.label_table(table, given_category=given_category))

    def label_table(self, table: pa.Table, *, given_category: bool = False) -> pa.Table:
        """The same for rows of a corpus: as many rows of a result, in the same order."""
        if not len(table):
            return RESULT_SCHEMA.empty_table()
        batch = pack(table, self.taxonomy, labels=False)
        told_N = torch.full((len(batch),), -1)
        if given_category:
            told_N = torch.from_numpy(category_ids(table, self.taxonomy))
        parts_SQ, category_N, guess_NC = predict(self.net, batch, told_N)
        columns = self._labels(batch, parts_SQ, category_N)
        errors = self._errors(table, told_N) if given_category else [None] * len(table)
        if guess_NC is not None and not given_category:
            columns["category_score"] = pa.array(guess_NC.amax(1).numpy())
        columns["error"] = pa.array(errors, pa.string())
        result = build_result_table(table, columns)
        return _without_labels(result, np.array([e is not None for e in errors]))

    def label_batch(self, batch: Batch) -> dict[str, Any]:
        """The label columns of drawings whose categories are given, and are of the taxonomy."""
        parts_SQ, category_N, _ = predict(self.net, batch, batch.category_N)
        return self._labels(batch, parts_SQ, category_N)

    def _labels(self, batch: Batch, parts_SQ: Tensor, category_N: Tensor) -> dict[str, Any]:
        score_S, part_S = parts_SQ.max(1)
        finder = None if self.refiner is None else partial(find, self.refiner)
        columns = instance_columns(finder, batch, part_S, category_N, self.taxonomy)
        return columns | {"part_score": _per_stroke(batch, pa.array(score_S.numpy(), pa.float32()))}

    def _errors(self, table: pa.Table, told_N: Tensor) -> list[str | None]:
        known = ", ".join(self.taxonomy.category_names)
        return [
            f"category {word!r} is not one of {self.taxonomy.name}: {known}" if told < 0 else None
            for word, told in zip(table["category"].to_pylist(), told_N.tolist(), strict=True)
        ]


def instance_columns(
    finder: Finder | None,
    batch: Batch,
    part_S: Tensor,
    category_N: Tensor,
    taxonomy: Taxonomy,
) -> dict[str, Any]:
    """The columns `category`, `part`, `label` and `instance` of drawings whose parts are known.

    Without a finder, the instance of what is counted is not known: 0.
    """
    # Without a category, what any of them counts is counted: the row that -1 finds.
    category_S = category_N[batch.sketch_of_S]
    counted_S = countable_parts(taxonomy)[category_S, part_S]
    if finder is None:
        found = Instances(torch.zeros_like(part_S), torch.zeros_like(part_S))
    else:
        sided_S = sided_parts(taxonomy)[category_S, part_S]
        found = finder(batch, part_S, counted_S, sided_S)
    labels = pa.array(taxonomy.label_names)
    words = pa.array([*taxonomy.category_names, None])
    known_N = np.where(category_N.numpy() < 0, len(words) - 1, category_N.numpy())
    label_S = (found.side_S * len(taxonomy.part_names) + part_S).numpy()
    instance_S = found.instance_S.numpy().astype(np.int32)
    return {
        "category": words.take(pa.array(known_N)),
        "part": _per_stroke(batch, labels.take(pa.array(part_S.numpy()))),
        "label": _per_stroke(batch, labels.take(pa.array(label_S))),
        "instance": _per_stroke(batch, pa.array(instance_S, mask=~counted_S.numpy())),
    }


def _per_stroke(batch: Batch, values: pa.Array) -> pa.Array:
    """A flat value per stroke as a list per drawing."""
    offsets = np.zeros(len(batch) + 1, np.int32)
    batch.strokes_N.numpy().cumsum(out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _without_labels(result: pa.Table, failed: np.ndarray[Any, Any]) -> pa.Table:
    """Takes the labels away from rows that have an error."""
    if not failed.any():
        return result
    for name in ("category", "part", "label", "instance", "part_score", "category_score"):
        i = result.schema.get_field_index(name)
        kept = [None if bad else v for v, bad in zip(result[name].to_pylist(), failed, strict=True)]
        result = result.set_column(
            i, result.schema.field(i), pa.array(kept, result.schema.field(i).type)
        )
    return result
