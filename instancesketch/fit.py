"""Training: the recipe, a step, an epoch, an evaluation. Runs in a plain process, and under Ray.

Shape letters: see `instancesketch.ragged`; C categories, Q parts.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.augment import PUBLISHED, AugmentConfig, augment
from instancesketch.batch import Batch
from instancesketch.metrics import Tally, stroke_weights
from instancesketch.models.segmenter import SEED, SegmenterConfig, SegmenterNet
from instancesketch.rows import seed_of
from instancesketch.segmenter import predict
from instancesketch.taxonomy import Taxonomy


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """A recipe. The defaults are the best measured one; `seed_recipe` is the published one."""

    model: SegmenterConfig = field(default_factory=SegmenterConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    epochs: int = 20
    batch_size: int = 64  # drawings per step, over all workers
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    optimizer: Literal["adamw", "adam"] = "adamw"
    schedule: Literal["cosine", "warm-restarts"] = "cosine"
    warmup: float = 0.05  # of all steps, for `cosine`
    restart_epochs: int = 100  # for `warm-restarts`
    passes: int = 1  # times the data is gone through per epoch
    oversample: Mapping[str, int] = field(default_factory=dict)  # category -> times
    class_weights: bool = False  # sqrt(median frequency / frequency), of mean 1
    label_smoothing: float = 0.05
    category_loss: float = 0.2  # weight of the category's cross-entropy
    category_given_p: float = 0.7  # how often the model is told the category while training
    clip: float = 1.0  # largest norm of the gradients; 0: any
    average: float = 0.998  # decay of the weights' running mean; 0: none
    seed: int = 0


def seed_recipe() -> FitConfig:
    """The recipe of the published system."""
    return FitConfig(
        model=SEED,
        augment=PUBLISHED,
        epochs=150,
        batch_size=128,
        learning_rate=3e-4,
        weight_decay=1e-4,
        optimizer="adam",
        schedule="warm-restarts",
        passes=3,
        oversample={"cloud": 6, "flower": 3, "2leg": 4},
        class_weights=True,
        label_smoothing=0.0,
        category_loss=0.0,
        clip=0.0,
        average=0.0,
    )


class Fit:
    """A model in training: its optimiser, its running mean and where in the schedule it is."""

    def __init__(
        self,
        config: FitConfig,
        taxonomy: Taxonomy,
        *,
        steps_per_epoch: int,
        part_counts: Sequence[int],
        device: torch.device,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.taxonomy, self.device = config, taxonomy, device
        self.steps_per_epoch, self.step = steps_per_epoch, 0
        self.net = SegmenterNet(config.model, taxonomy).to(device)
        self.mean = copy.deepcopy(self.net).requires_grad_(False).eval()
        self.train_net: nn.Module = self.net  # what a step calls; the same, wrapped, under DDP
        self.optimizer = self._optimizer()
        weights_Q = class_weights(part_counts) if config.class_weights else None
        self.weights_Q = None if weights_Q is None else weights_Q.to(device)

    def _optimizer(self) -> torch.optim.Optimizer:
        kind = torch.optim.AdamW if self.config.optimizer == "adamw" else torch.optim.Adam
        decayed = [p for p in self.net.parameters() if p.dim() > 1]
        others = [p for p in self.net.parameters() if p.dim() <= 1]
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": others}]
        if self.config.optimizer == "adamw":  # norms and biases are not pulled to zero
            groups[1]["weight_decay"] = 0.0
        return kind(groups, lr=self.config.learning_rate, weight_decay=self.config.weight_decay)

    def learning_rate(self) -> float:
        """The learning rate of the present step, by the schedule (Loshchilov & Hutter 2017)."""
        config = self.config
        if config.schedule == "warm-restarts":
            epoch = self.step / self.steps_per_epoch
            done = epoch % config.restart_epochs / config.restart_epochs
        else:
            share = self.step / max(1, config.epochs * self.steps_per_epoch)
            if share < config.warmup:
                return config.learning_rate * (share + 1e-3) / config.warmup
            done = (share - config.warmup) / (1 - config.warmup)
        return config.learning_rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2

    def train_epoch(
        self, batches: Iterable[Batch], epoch: int, worker: int = 0
    ) -> dict[str, float]:
        """Takes one step per batch; returns the mean loss, the learning rate and the drawings."""
        generator = torch.Generator(self.device)
        generator.manual_seed(seed_of(self.config.seed, epoch, worker, 0))
        torch.manual_seed(seed_of(self.config.seed, epoch, worker, 1))  # for dropout
        self.net.train()
        total = torch.zeros((), device=self.device)
        steps = drawings = 0
        for batch in batches:
            total += self._step(batch.to(self.device), generator)
            steps += 1
            drawings += len(batch)
        return {
            "loss": float(total) / max(1, steps),
            "learning_rate": self.learning_rate(),
            "drawings": drawings,
        }

    def _step(self, batch: Batch, generator: torch.Generator) -> Tensor:
        batch = augment(batch, self.config.augment, generator)
        told_N = torch.rand(len(batch), generator=generator, device=self.device)
        given_N = torch.where(told_N < self.config.category_given_p, batch.category_N, -1)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        with self.autocast():
            parts_SQ, categories_NC = self.train_net(batch, given_N)
        loss = self._loss(batch, parts_SQ.float(), categories_NC, given_N)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.config.clip:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return loss.detach()

    def autocast(self) -> torch.autocast:
        """Half-precision arithmetic where the device is made for it."""
        return torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda")

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

    def _follow(self) -> None:
        """Moves the running mean of the weights on (Polyak averaging), faster at first."""
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        mean, now = self.mean.state_dict(), self.net.state_dict()
        for name, value in now.items():
            if value.is_floating_point() and self.config.average:
                mean[name].lerp_(value, 1 - keep)
            else:
                mean[name].copy_(value)

    def start_from(self, net: SegmenterNet) -> None:
        """Begins with the weights of another network of the same shape."""
        self.net.load_state_dict(net.state_dict())
        self.mean.load_state_dict(net.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """All that continuing at an epoch's end needs, as tensors and plain numbers."""
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state_dict` gave."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


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
