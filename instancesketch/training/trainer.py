"""Training, whatever the model: the schedule, a step, an epoch, what is kept between epochs.

Runs in a plain process, and under Ray. Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import pyarrow as pa
import torch
from torch import Tensor, nn

from instancesketch.core.errors import UserError
from instancesketch.core.hashing import derive_seed
from instancesketch.core.model_kinds import MODEL_KINDS, resolve
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.packing import Batch
from instancesketch.training.augment import augment
from instancesketch.training.config import FitConfig


class Counts(Protocol):
    """Counts of right and wrong, which add up over workers."""

    def figures(self) -> dict[str, Any]:
        """The figures that they come to, in percent."""


def create_fit(config: FitConfig, taxonomy: Taxonomy, **values: Any) -> Fit:
    """Return a model of the recipe's kind before its first epoch; for `values` see `Fit`."""
    fit: Fit = resolve(MODEL_KINDS[config.model_kind].fit)(config, taxonomy, **values)
    return fit


class Fit(ABC):
    """A model in training: its optimiser, its running mean and where in the schedule it is."""

    shown_by: ClassVar[str]  # what strokes are coloured by where its drawings are shown

    def __init__(
        self,
        config: FitConfig,
        taxonomy: Taxonomy,
        *,
        steps_per_epoch: int,
        part_counts: Sequence[int] = (),
        device: torch.device,
    ) -> None:
        """Build the network.

        Args:
            config: the recipe.
            taxonomy: the categories and parts to learn.
            steps_per_epoch: of every epoch; the schedule needs it.
            part_counts: (Q,) strokes of each part in the data, for class weights.
            device: where to compute.
        """
        torch.manual_seed(config.seed)
        self.kind = MODEL_KINDS[config.model_kind]
        self.config, self.taxonomy, self.device = config, taxonomy, device
        self.part_counts = part_counts
        self.steps_per_epoch, self.step = steps_per_epoch, 0
        network = resolve(self.kind.network)
        self.net = network(config.model, taxonomy).to(device)
        self.mean = copy.deepcopy(self.net).requires_grad_(False).eval()
        self.optimizer = self._optimizer()

    @abstractmethod
    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """The loss of an augmented batch."""

    @abstractmethod
    def measure(self, batches: Iterable[Batch]) -> Any:
        """`Counts` of how the running mean of the weights does on labelled batches."""

    @abstractmethod
    def label_table(self, table: pa.Table) -> pa.Table:
        """Rows of a result: labelled rows as the running mean labels them when it is measured."""

    def score(self, figures: Mapping[str, Any]) -> float | None:
        """Return what chooses the epoch, the higher the better; None if nothing was measured."""
        score: float | None = figures[self.kind.score]
        return score

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
        """Takes one step per batch; returns the mean loss, the learning rate and the drawings.

        Raises:
            UserError: the loss, or what was learned, is no number any more.
        """
        generator = torch.Generator(self.device)
        generator.manual_seed(derive_seed(self.config.seed, epoch, worker, 0))
        torch.manual_seed(derive_seed(self.config.seed, epoch, worker, 1))  # for dropout
        self.net.train()
        total = torch.zeros((), device=self.device)
        steps = drawings = 0
        for batch in batches:
            total += self._step(batch.to(self.device), generator)
            steps += 1
            drawings += len(batch)
        # What was learned is looked at, too: the last step may have spoilt it, and where gradients
        # are shared, it is spoilt for all workers by the loss of one.
        learned = (parameter.isfinite().all() for parameter in self.net.parameters())
        if not (total.isfinite() and all(learned)):
            raise diverged(f"the {self.kind.name}", epoch + 1)
        return {
            "loss": float(total) / max(1, steps),
            "learning_rate": self.learning_rate(),
            "drawings": drawings,
        }

    def _step(self, batch: Batch, generator: torch.Generator) -> Tensor:
        batch = augment(batch, self.config.augment, generator)
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        loss = self.loss(batch, generator)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.config.clip:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return loss.detach()

    def autocast(self) -> torch.autocast:
        """Half-precision arithmetic where the device is made for it, or it is asked for."""
        half = self.device.type == "cuda" or self.config.bfloat16
        return torch.autocast(self.device.type, torch.bfloat16, half)

    def _follow(self) -> None:
        """Moves the running mean of the weights on (Polyak averaging), faster at first."""
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        mean, now = self.mean.state_dict(), self.net.state_dict()
        for name, value in now.items():
            if value.is_floating_point() and self.config.average:
                mean[name].lerp_(value, 1 - keep)
            else:
                mean[name].copy_(value)

    def start_from(self, tensors: Mapping[str, Tensor]) -> None:
        """Begins with the weights of another network of the same shape."""
        self.net.load_state_dict(tensors)
        self.mean.load_state_dict(tensors)

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


def diverged(what: str, epoch: int) -> UserError:
    """What ends a training that has learned nothing but numbers that are none, in that epoch."""
    return UserError(f"{what}'s loss is no number in epoch {epoch}; lower learning_rate")
