"""Training of the segmenter: losses and evaluation.

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
from instancesketch.metrics import PartTally, stroke_weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.training.config import SegmenterFitConfig
from instancesketch.training.trainer import Fit


class SegmenterFit(Fit):
    """A segmenter in training."""

    config: SegmenterFitConfig
    net: SegmenterNet
    mean: SegmenterNet
    shown_by = "part"

    @cached_property
    def weights_Q(self) -> Tensor | None:
        """Return the weight of each part in the loss; None: all weigh alike."""
        if not self.config.class_weights:
            return None
        return class_weights(self.part_counts).to(self.device)

    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the cross-entropy of parts, and of the category where it isn't an input."""
        # Given at times, because a user can give it at inference; -1 is "predict it".
        random_N = torch.rand(len(batch), generator=generator, device=self.device)
        given = (random_N < self.config.category_given_p) & self.net.has_parts_C[batch.category_N]
        given_N = torch.where(given, batch.category_N, -1)
        with self.autocast():
            parts_SQ, categories_NC = self.net(StrokeFeatures(batch), given_N)
        return self._loss(batch, parts_SQ.float(), categories_NC, given_N)

    def _loss(
        self, batch: Batch, parts_SQ: Tensor, categories_NC: Tensor | None, given_N: Tensor
    ) -> Tensor:
        # Masked as at inference: parts of different categories never compete there.
        allowed_SQ = self.net.allowed_CQ[batch.category_N][batch.sketch_of_S]
        if not self.config.model.sketch_token:  # the published model has no categories
            allowed_SQ = torch.ones_like(allowed_SQ)
        loss = part_loss(
            parts_SQ, allowed_SQ, batch.part_S, self.weights_Q, self.config.label_smoothing
        )
        if categories_NC is None:
            return loss
        hidden_N = given_N < 0
        # A sum, because DDP needs a gradient of every parameter: an empty sum has one, of zero.
        category_loss = F.cross_entropy(
            categories_NC.float()[hidden_N], batch.category_N[hidden_N], reduction="sum"
        )
        return loss + self.config.category_loss * category_loss / hidden_N.sum().clamp(min=1)

    def measure(self, batches: Iterable[Batch]) -> PartTally:
        """Count right and wrong parts of labelled batches, their categories by `select_untold`."""
        with self.autocast():
            return evaluate(self.mean, batches, self.taxonomy, given=not self.config.select_untold)

    def label_table(self, table: pa.Table) -> pa.Table:
        """Return rows of a result with predicted parts, with categories as `select_untold` says."""
        with self.autocast():
            return Segmenter(self.mean, self.taxonomy).label_table(
                table, given_category=not self.config.select_untold
            )


def part_loss(
    parts_SQ: Tensor,
    allowed_SQ: Tensor,
    part_S: Tensor,
    weights_Q: Tensor | None,
    smoothing: float,
) -> Tensor:
    """Return the mean cross-entropy of strokes of known part.

    Args:
        parts_SQ: logits.
        allowed_SQ: parts of the stroke's category; probabilities and smoothing are among these.
        part_S: the true part, -1 where it isn't known.
        weights_Q: the weight of each part; None: all weigh alike.
        smoothing: label smoothing (Szegedy et al. 2016).
    """
    known_S = part_S >= 0
    if not bool(known_S.any()):
        return parts_SQ.sum() * 0  # not a constant, for DDP's sake
    parts_SQ, allowed_SQ, part_S = parts_SQ[known_S], allowed_SQ[known_S], part_S[known_S]
    log_SQ = parts_SQ.masked_fill(~allowed_SQ, float("-inf")).log_softmax(1)
    right_S = log_SQ.gather(1, part_S[:, None])[:, 0]
    # Parts of other categories have -inf, which would make every mean infinite.
    spread_S = log_SQ.masked_fill(~allowed_SQ, 0).sum(1) / allowed_SQ.sum(1)
    loss_S = -(1 - smoothing) * right_S - smoothing * spread_S
    if weights_Q is None:
        return loss_S.mean()
    return (loss_S * weights_Q[part_S]).sum() / weights_Q[part_S].sum()


def class_weights(part_counts: Sequence[int]) -> Tensor:
    """Return sqrt(median frequency / frequency) of each part, (Q,), normalised to mean 1.

    Parts that don't occur weigh 1 before that.
    """
    counts_Q = torch.tensor(part_counts, dtype=torch.float32)
    seen_Q = counts_Q > 0
    weights_Q = torch.ones_like(counts_Q)
    weights_Q[seen_Q] = (counts_Q[seen_Q].median() / counts_Q[seen_Q]).sqrt()
    return weights_Q / weights_Q.mean()


def evaluate(
    net: SegmenterNet, batches: Iterable[Batch], taxonomy: Taxonomy, *, given: bool
) -> PartTally:
    """Count right and wrong parts of labelled batches, with categories given or predicted."""
    net.eval()
    tally = PartTally.empty(taxonomy.part_names, taxonomy.category_names)
    for batch in batches:
        given_N = batch.category_N if given else torch.full_like(batch.category_N, -1)
        parts_SQ, category_N, _ = predict(net, StrokeFeatures.of(batch), given_N)
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
