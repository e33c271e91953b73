"""Steps and sums that all workers of a training share, by torch.distributed."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from instancesketch.distributed.train.shared_norms import SharedNorms
from instancesketch.models.packing import Batch
from instancesketch.training.sampling import Shares
from instancesketch.training.trainer import Counts, Fit


def average_gradients(fit: Fit, shares: Shares, *, share_norms: bool) -> None:
    """Make every step average the gradients of all workers, weighted by their drawings in it.

    Args:
        fit: the model in training; its `loss` is replaced, and with shared norms its batch norms.
        shares: of the steps of each epoch.
        share_norms: batch norms measure the drawings of all workers, not each worker's own.
    """
    if shares.workers > 1:
        # The loss is wrapped, not the network: all workers must take part in every step, and for a
        # batch without anything to learn from, such as clouds for a refiner, no network is called.
        loss = _Loss(fit, shares, SharedNorms(fit.net) if share_norms else None)
        shared = torch.nn.parallel.DistributedDataParallel(loss)
        fit.loss = shared  # type: ignore[method-assign]


class _Loss(torch.nn.Module):
    """The loss of a model as a module with its parameters; weighs the gradients of every step."""

    def __init__(self, fit: Fit, shares: Shares, norms: SharedNorms | None) -> None:
        super().__init__()
        self.net, self.loss, self.fit, self.shares = fit.net, fit.loss, fit, shares
        self.norms = norms

    def forward(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        # Norms take part after the network was called, and where it isn't, before the gradients
        # of zero: in the backward pass those of other layers are then the first to be sent.
        if not len(batch):
            tie = self.norms.take_part() if self.norms else 0.0
            return torch.stack([p.sum() * 0 for p in self.net.parameters()]).sum() + tie
        loss: torch.Tensor = self.loss(batch, generator)
        # All workers together have a mean over the drawings of the step; DDP's is over workers.
        of_step = self.shares.of_step(self.fit.step % self.shares.steps)
        weight = len(batch) * self.shares.workers / of_step
        # The value stays that of the loss, because it is logged.
        weighted = loss if weight == 1 else loss * weight + loss.detach() * (1 - weight)
        return weighted + self.norms.take_part() if self.norms else weighted


def broadcast_buffers(net: torch.nn.Module, workers: int) -> None:
    """Give every worker the batch norm statistics of worker 0, so that all select by one model."""
    if workers > 1:
        # Each worker's batch norms have seen its own drawings; DDP averages gradients alone.
        for buffer in net.buffers():
            dist.broadcast(buffer, 0)


def sum_counts(counts: Counts, workers: int) -> Any:
    """Return the sum of the `Counts` of all workers."""
    gathered = gather(counts, workers)
    return sum(gathered[1:], gathered[0])


def gather(value: Any, workers: int) -> list[Any]:
    """Return the values of all workers, by rank."""
    gathered = [value] * workers
    if workers > 1:
        dist.all_gather_object(gathered, value)
    return gathered


def broadcast(value: Any, workers: int) -> Any:
    """Return the value of worker 0."""
    box = [value]
    if workers > 1:
        dist.broadcast_object_list(box, 0)
    return box[0]
