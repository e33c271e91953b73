"""Steps and sums that all workers of a training share, by torch.distributed."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from instancesketch.models.packing import Batch
from instancesketch.training.trainer import Counts, Fit


def average_gradients(fit: Fit, workers: int, weight: float) -> None:
    """Make every step average the gradients of all workers.

    Args:
        fit: the model in training; its `loss` is replaced.
        workers: how many there are.
        weight: of this worker's gradients; 1 if all have equal shares of a batch.
    """
    if workers > 1:
        # The loss is wrapped, not the network: all workers must take part in every step, and for a
        # batch without anything to learn from, such as clouds for a refiner, no network is called.
        shared = torch.nn.parallel.DistributedDataParallel(_Loss(fit, weight))
        fit.loss = shared  # type: ignore[method-assign]


class _Loss(torch.nn.Module):
    """The loss of a model as a module with its parameters; multiplies gradients by a weight."""

    def __init__(self, fit: Fit, weight: float) -> None:
        super().__init__()
        self.net, self.loss, self.weight = fit.net, fit.loss, weight

    def forward(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        loss = self.loss(batch, generator)
        # The value stays that of the loss, because it is logged.
        return loss if self.weight == 1 else loss * self.weight + loss.detach() * (1 - self.weight)


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
