"""Training of any model kind: the optimiser, the learning rate, a step, an epoch.

Runs in a plain process as well as under Ray. Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from instancesketch.core.errors import UserError
from instancesketch.core.hashing import derive_seed
from instancesketch.core.model_kinds import MODEL_KINDS, resolve
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models.packing import Batch
from instancesketch.training.augment import augment
from instancesketch.training.config import FitConfig

_OPTIMIZERS = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}


class Counts(Protocol):
    """Counts of right and wrong labels; those of several workers can be added."""

    def figures(self) -> dict[str, Any]:
        """Return the metrics, in percent."""


@dataclass(frozen=True, kw_only=True)
class LossSum:
    """The sum of the losses of drawings; those of several workers can be added."""

    total: float
    drawings: int

    def __add__(self, other: LossSum) -> LossSum:
        return LossSum(total=self.total + other.total, drawings=self.drawings + other.drawings)

    def figures(self) -> dict[str, Any]:
        """Return the mean `loss`, and the number of `all_drawings`."""
        return {"loss": self.total / max(1, self.drawings), "all_drawings": self.drawings}


def create_fit(config: FitConfig, taxonomy: Taxonomy, **values: Any) -> Fit:
    """Return a model of the recipe's kind before its first epoch.

    Args:
        config: the recipe.
        taxonomy: the categories and parts to learn.
        values: keyword arguments of `Fit`.
    """
    fit: Fit = resolve(MODEL_KINDS[config.model_kind].fit)(config, taxonomy, **values)
    return fit


class Fit(ABC):
    """A model in training: its network, the running mean of its weights, optimiser and steps."""

    # The label that colours strokes in pictures of its drawings.
    shown_by: ClassVar[Literal["part", "instance", "object"]]

    def __init__(
        self,
        config: FitConfig,
        taxonomy: Taxonomy,
        *,
        steps_per_epoch: int,
        step_drawings: int = 0,
        part_counts: Sequence[int] = (),
        device: torch.device,
    ) -> None:
        """Build the network.

        Args:
            config: the recipe.
            taxonomy: the categories and parts to learn.
            steps_per_epoch: of every epoch; the schedule needs it.
            step_drawings: drawings per step over all workers; 0: as many as the learning rate is
                for.
            part_counts: (Q,) strokes of each part in the data, for class weights.
            device: where to compute.
        """
        # The first weights come from torch's global generator.
        torch.manual_seed(config.seed)
        self.kind = MODEL_KINDS[config.model_kind]
        self.config, self.taxonomy, self.device = config, taxonomy, device
        self.part_counts = part_counts
        self.steps_per_epoch, self.step = steps_per_epoch, 0
        self.rate_factor = 1.0
        if config.rate_batch and step_drawings:
            self.rate_factor = math.sqrt(step_drawings / config.rate_batch)
        network = resolve(self.kind.network)
        self.net = network(config.model, taxonomy).to(device)
        self.mean = copy.deepcopy(self.net).requires_grad_(False).eval()
        self.optimizer = self._optimizer()

    @abstractmethod
    def loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return the loss of an augmented batch."""

    @abstractmethod
    def measure(self, batches: Iterable[Batch]) -> Any:
        """Return `Counts` of the labels that the running mean predicts for labelled batches."""

    @abstractmethod
    def label_table(self, table: pa.Table) -> pa.Table:
        """Return labelled rows as rows of a result, with the labels that `measure` counts."""

    @torch.no_grad()
    def selection_loss(self, buffer: Batch) -> LossSum:
        """Return the losses of the running mean on labelled drawings, neither augmented nor thinned
        by dropout.
        """
        # The same random numbers after every epoch, so that two epochs can be compared.
        generator = torch.Generator(self.device).manual_seed(self.config.seed)
        net, self.net = self.net, self.mean
        total = torch.zeros((), device=self.device)
        try:
            # Drawings of like size together, which spares padding.
            for some in buffer.strokes_N.argsort(stable=True).split(self.config.batch_size):
                total += self.loss(buffer.select(some).to(self.device), generator) * len(some)
        finally:
            self.net = net
        return LossSum(total=float(total), drawings=len(buffer))

    def score(self, figures: Mapping[str, Any]) -> float | None:
        """Return the score that chooses the epoch, the higher the better; None if unmeasured."""
        score: float | None = figures[self.kind.score]
        return score

    def _optimizer(self) -> torch.optim.Optimizer:
        create = _OPTIMIZERS[self.config.optimizer]
        decayed = [p for p in self.net.parameters() if p.dim() > 1]
        others = [p for p in self.net.parameters() if p.dim() <= 1]
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": others}]
        if create is torch.optim.AdamW:  # norms and biases shouldn't be pulled towards zero
            groups[1]["weight_decay"] = 0.0
        return create(
            groups,
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
            # One kernel for all parameters, of which there are a hundred small ones.
            fused=True,
        )

    def learning_rate(self) -> float:
        """Return the learning rate of the next step (SGDR, Loshchilov & Hutter 2017)."""
        config, highest = self.config, self.config.learning_rate * self.rate_factor
        if config.schedule == "warm-restarts":
            epoch = self.step / self.steps_per_epoch
            done = epoch % config.restart_epochs / config.restart_epochs
        else:
            share = self.step / max(1, config.epochs * self.steps_per_epoch)
            if share < config.warmup:
                # Not from 0, or the first step would change nothing.
                return highest * (share + 1e-3) / config.warmup
            done = (share - config.warmup) / (1 - config.warmup)
        return highest * (1 + math.cos(math.pi * min(done, 1.0))) / 2

    def train_epoch(
        self,
        batches: Iterable[Batch],
        epoch: int,
        worker: int = 0,
        *,
        within: Mapping[str, Any] | None = None,
        after_step: Callable[[Callable[[], dict[str, Any]]], object] = lambda _: None,
    ) -> dict[str, Any]:
        """Take one step per batch.

        Args:
            batches: of this worker; it may have none of the drawings of a step.
            epoch: from 0.
            worker: its rank.
            within: what `after_step` has returned of an earlier start of the epoch; the batches are
                those after it.
            after_step: called after each step with a function that returns this worker's state
                within the epoch: its sums and random numbers.

        Returns:
            The mean `loss` of a drawing, the `learning_rate` of the next step, and the number of
            `drawings`.

        Raises:
            UserError: the loss or a parameter became NaN or infinite.
        """
        # Seeded by epoch, so that a continued run draws the numbers that it would have drawn.
        generator = torch.Generator(self.device)
        generator.manual_seed(derive_seed(self.config.seed, epoch, worker, 0))
        torch.manual_seed(derive_seed(self.config.seed, epoch, worker, 1))  # for dropout
        self.net.train()
        total = torch.zeros((), device=self.device)
        drawings = 0
        if within is not None:
            total, drawings = within["total"].to(self.device), within["drawings"]
            generator.set_state(within["generator"])
            self._set_random_state(within)

        def state() -> dict[str, Any]:
            sums = {"total": total.cpu(), "drawings": drawings}
            return {**sums, "generator": generator.get_state(), **self._random_state()}

        for batch in batches:
            # Added up on the device: to read the loss is to wait for the GPU.
            total = total + self._step(batch.to(self.device), generator) * len(batch)
            drawings += len(batch)
            after_step(state)
        # Parameters as well: the last step comes after its loss, and averaged gradients carry the
        # NaN of one worker to all. Checked once an epoch, because a check waits for the GPU.
        finite = (parameter.isfinite().all() for parameter in self.net.parameters())
        if not (total.isfinite() and all(finite)):
            raise diverged(f"the {self.kind.name}", epoch + 1)
        return {
            "loss": float(total) / max(1, drawings),
            "learning_rate": self.learning_rate(),
            "drawings": drawings,
        }

    def _random_state(self) -> dict[str, Any]:
        """Return the states of torch's own generators, for dropout."""
        states = {"random": torch.get_rng_state()}
        if self.device.type == "cuda":
            states["random_cuda"] = torch.cuda.get_rng_state(self.device)
        return states

    def _set_random_state(self, states: Mapping[str, Any]) -> None:
        torch.set_rng_state(states["random"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(states["random_cuda"], self.device)

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
        self._update_mean()
        return loss.detach()

    def autocast(self) -> torch.autocast:
        """Return a context that computes in bfloat16, on GPUs or if the recipe has it."""
        half = self.device.type == "cuda" or self.config.bfloat16
        return torch.autocast(self.device.type, torch.bfloat16, half)

    def _update_mean(self) -> None:
        """Move the running mean towards the weights (Polyak averaging)."""
        # With less memory at first, so that it forgets the untrained weights.
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        mean, net = self.mean.state_dict(), self.net.state_dict()
        averaged = [n for n, v in net.items() if v.is_floating_point() and self.config.average]
        if averaged:
            # All tensors at once: there are a hundred small ones.
            update = get_ema_multi_avg_fn(keep)
            update([mean[n] for n in averaged], [net[n] for n in averaged], self.step)
        # Integers, such as the step counts of batch norms, have no mean.
        for name in net.keys() - set(averaged):
            mean[name].copy_(net[name])

    def initialize_from(self, tensors: Mapping[str, Tensor]) -> None:
        """Replace the weights by those of another network of the same shape."""
        self.net.load_state_dict(tensors)
        self.mean.load_state_dict(tensors)

    def state_dict(self) -> dict[str, Any]:
        """Return the state to continue from after an epoch, as tensors and plain numbers."""
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(self._optimizer_state(state))
        self.step = state["step"]

    def _optimizer_state(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the optimizer's part of a state, in the order that parameters have now.

        It knows them by their place, which is another where an earlier version built the network.
        """
        now = self._optimized(name for name, _ in self.net.named_parameters())
        before = {name: at for at, name in enumerate(self._optimized(state["net"]))}
        of_place = state["optimizer"]["state"]
        moved = {
            at: of_place[before[name]] for at, name in enumerate(now) if before[name] in of_place
        }
        return {**state["optimizer"], "state": moved}

    def _optimized(self, names: Iterable[str]) -> list[str]:
        """Return the names of parameters in the order of the optimizer's two groups."""
        parameters = dict(self.net.named_parameters())
        known = [name for name in names if name in parameters]
        return sorted(known, key=lambda name: parameters[name].dim() <= 1)


def diverged(model: str, epoch: int) -> UserError:
    """Return the error for a loss that became NaN or infinite, in an epoch from 1."""
    return UserError(f"{model}'s loss became NaN or infinite in epoch {epoch}; lower learning_rate")
