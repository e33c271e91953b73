"""Training the segmenter: its recipes, its loss, its figures.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import pyarrow as pa
import torch
from torch import Tensor
from torch.nn import functional as F

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.metrics import Tally, stroke_weights
from instancesketch.models.packing import Batch
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.training.config import (
    SegmenterFitConfig,
)
from instancesketch.training.trainer import Fit


class SegmenterFit(Fit):
    """A segmenter in training."""

    config: SegmenterFitConfig
    net: SegmenterNet
    mean: SegmenterNet
    shown_by = "part"

    @cached_property
    def weights_Q(self) -> Tensor | None:
        """The weight of each part in the loss; None: all the same."""
        if not self.config.class_weights:
            return None
        return class_weights(self.part_counts).to(self.device)

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Cross-entropy of the parts, and of the category where the model isn't told it."""
        told_N = torch.rand(len(batch), generator=generator, device=self.device)
        given_N = torch.where(told_N < self.config.category_given_p, batch.category_N, -1)
        with self.autocast():
            parts_SQ, categories_NC = self.net(batch, given_N)
        return self._loss(batch, parts_SQ.float(), categories_NC, given_N)

    def _loss(
        self, batch: Batch, parts_SQ: Tensor, categories_NC: Tensor | None, given_N: Tensor
    ) -> Tensor:
        # Masked as at inference, so that no capacity goes to telling apart what never competes.
        allowed_SQ = self.net.allowed_CQ[batch.category_N][batch.sketch_of_S]
        if not self.config.model.sketch_token:  # the published recipe knows no categories
            allowed_SQ = torch.ones_like(allowed_SQ)
        loss = part_loss(
            parts_SQ, allowed_SQ, batch.part_S, self.weights_Q, self.config.label_smoothing
        )
        if categories_NC is None:
            return loss
        asked_N = given_N < 0
        # A sum over none is zero, yet takes part: under DDP every parameter needs a gradient.
        missed = F.cross_entropy(
            categories_NC.float()[asked_N], batch.category_N[asked_N], reduction="sum"
        )
        return loss + self.config.category_loss * missed / asked_N.sum().clamp(min=1)

    def measure(self, batches: Iterable[Batch]) -> Tally:
        """Counts how the running mean does on labelled batches, their categories given."""
        with self.autocast():
            return evaluate(self.mean, batches, self.taxonomy, given=True)

    def label_table(self, table: pa.Table) -> pa.Table:
        """Rows of a result: their parts as the running mean sees them, their categories given."""
        with self.autocast():
            return Segmenter(self.mean, self.taxonomy).label_table(table, given_category=True)


def part_loss(
    parts_SQ: Tensor,
    allowed_SQ: Tensor,
    part_S: Tensor,
    weights_Q: Tensor | None,
    smoothing: float,
) -> Tensor:
    """Cross-entropy among the allowed parts, its label smoothing spread over them alone."""
    known_S = part_S >= 0
    if not bool(known_S.any()):
        return parts_SQ.sum() * 0
    parts_SQ, allowed_SQ, part_S = parts_SQ[known_S], allowed_SQ[known_S], part_S[known_S]
    log_SQ = parts_SQ.masked_fill(~allowed_SQ, float("-inf")).log_softmax(1)
    right_S = log_SQ.gather(1, part_S[:, None])[:, 0]
    spread_S = log_SQ.masked_fill(~allowed_SQ, 0).sum(1) / allowed_SQ.sum(1)
    loss_S = -(1 - smoothing) * right_S - smoothing * spread_S
    if weights_Q is None:
        return loss_S.mean()
    return (loss_S * weights_Q[part_S]).sum() / weights_Q[part_S].sum()


def class_weights(part_counts: Sequence[int]) -> Tensor:
    """sqrt(median frequency / frequency) per part, of mean 1; 1 for parts that don't occur."""
    counts_Q = torch.tensor(part_counts, dtype=torch.float32)
    seen_Q = counts_Q > 0
    weights_Q = torch.ones_like(counts_Q)
    weights_Q[seen_Q] = (counts_Q[seen_Q].median() / counts_Q[seen_Q]).sqrt()
    return weights_Q / weights_Q.mean()


def evaluate(
    net: SegmenterNet, batches: Iterable[Batch], taxonomy: Taxonomy, *, given: bool
) -> Tally:
    """Counts how the model does on labelled batches, the category given or predicted."""
    net.eval()
    tally = Tally.empty(taxonomy.part_names, taxonomy.category_names)
    for batch in batches:
        told_N = batch.category_N if given else torch.full_like(batch.category_N, -1)
        parts_SQ, category_N, _ = predict(net, batch, told_N)
        x_P, y_P = batch.points_P2.numpy().T
        tally.add_arrays(
            truth=batch.part_S.numpy(),
            predicted=parts_SQ.argmax(1).numpy(),
            weight=stroke_weights(x_P, y_P, batch.stroke_len_S.numpy()),
            strokes_per_sketch=batch.strokes_N.numpy(),
            category=batch.category_N.numpy(),
            predicted_category=None if given else category_N.numpy(),
        )
    return tally
