"""Batch norms that measure what all workers of a step have, on any backend of torch.distributed.

Torch's own, `SyncBatchNorm`, needs GPUs, and every worker to have something. Here those without
drawings take part with a count of zero. Shape letters: M values of each of C channels.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F


class SharedNorms:
    """The batch norms of a network, replaced by norms that share their statistics.

    All workers must use them in the order of the network's modules, and backward in the reverse
    order: messages have no names, so that one worker would get what is meant for another norm.

    Args:
        net: the network; its parameters and buffers stay, under the same names.
    """

    def __init__(self, net: nn.Module) -> None:
        # Apart from the gradients, which a worker without drawings sends at other times.
        self._group = cast(dist.ProcessGroup, dist.new_group())
        self._norms: list[SharedNorm] = []
        self._ties: list[Tensor] = []  # of the norms that were used in this step
        self._left = 0  # norms whose backward pass is to come
        self._replace(net)

    def _replace(self, module: nn.Module) -> None:
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                self._norms.append(SharedNorm(child, self, len(self._norms)))
                setattr(module, name, self._norms[-1])
            else:
                self._replace(child)

    def take_part(self) -> Tensor | float:
        """Return a zero to add to the loss of a step, whether or not the network was called in it.

        By it the backward pass reaches every norm on every worker, whatever the loss depends on.

        Raises:
            RuntimeError: the network has used some of the norms, and not others.
        """
        if not self._ties:  # this worker has nothing to learn from
            for norm in self._norms:
                norm(norm.weight.new_zeros(0, norm.num_features))
        if len(self._ties) != len(self._norms):
            raise RuntimeError(f"{len(self._ties)} of {len(self._norms)} batch norms were used")
        ties, self._ties, self._left = self._ties, [], len(self._norms)
        # Autograd visits of those that are ready the youngest first: without a network, too, the
        # last norm.
        return torch.stack(ties).sum() if ties else 0.0

    def add(self, number: int, tie: Tensor) -> None:
        """Add a zero that depends on a norm's output.

        Raises:
            RuntimeError: it is not this norm's turn.
        """
        if number != len(self._ties):
            raise RuntimeError(f"batch norm {number} was used before {len(self._ties)}")
        self._ties.append(tie)

    def begin_backward(self, number: int) -> None:
        """Note that the backward pass has come to a norm.

        Raises:
            RuntimeError: it is not this norm's turn.
        """
        self._left -= 1
        if number != self._left:
            raise RuntimeError(f"batch norm {number} has its gradients before {self._left}")

    def sum(self, values: Tensor) -> Tensor:
        """Replace values by the sums of those of all workers, and return them."""
        dist.all_reduce(values, group=self._group)
        return values


class SharedNorm(nn.BatchNorm1d):
    """A batch norm, over whatever follows the channels, that measures the values of all workers."""

    def __init__(
        self, norm: nn.BatchNorm1d | nn.BatchNorm2d, shared: SharedNorms, number: int
    ) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        # The same tensors: the optimiser holds them.
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.num_batches_tracked = norm.num_batches_tracked
        self.shared, self.number = shared, number

    def forward(self, input: Tensor) -> Tensor:
        """Normalise values of shape (M, C, ...)."""
        if not self.training:
            return _normalise(input, self.running_mean, self.running_var, self)
        count, mean_C, var_C = _moments(self.shared.sum(_sums(input.detach())))
        self._update(count, mean_C, var_C)
        output, tie = cast(
            tuple[Tensor, Tensor],
            _Normalise.apply(input, self.weight, self.bias, self, count, mean_C, var_C),
        )
        self.shared.add(self.number, tie)
        return output

    @torch.no_grad()
    def _update(self, count: Tensor, mean_C: Tensor, var_C: Tensor) -> None:
        """Move the running statistics as torch does, unless no worker has anything."""
        running_mean_C, running_var_C = self.running_mean, self.running_var
        assert running_mean_C is not None
        assert running_var_C is not None
        assert self.momentum is not None
        is_some = count > 0  # as a tensor: to read it is to wait for a GPU
        unbiased_C = var_C * (count / (count - 1).clamp(min=1))
        for running_C, new_C in ((running_mean_C, mean_C), (running_var_C, unbiased_C)):
            running_C.lerp_(new_C.to(running_C), (self.momentum * is_some).to(running_C))
        self.num_batches_tracked += is_some  # type: ignore[operator]


class _Normalise(torch.autograd.Function):
    """Normalisation by moments of all workers' values, and a zero that depends on it."""

    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        weight_C: Tensor,
        bias_C: Tensor,
        norm: SharedNorm,
        count: Tensor,
        mean_C: Tensor,
        var_C: Tensor,
    ) -> tuple[Tensor, Tensor]:
        mean_C, var_C = mean_C.to(weight_C), var_C.to(weight_C)
        ctx.save_for_backward(input, weight_C, count.to(weight_C), mean_C, var_C)
        ctx.norm = norm
        return _normalise(input, mean_C, var_C, norm), bias_C.new_zeros(())

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        input, weight_C, count, mean_C, var_C = ctx.saved_tensors
        norm: SharedNorm = ctx.norm
        norm.shared.begin_backward(norm.number)
        dims, grad_own = _other_dims(input), grad.to(weight_C)
        centred = input.to(weight_C) - _along(mean_C, input)
        bias_grad_C = grad_own.sum(dims)
        slope_C = (grad_own * centred).sum(dims)
        # Each value has moved the moments by which those of all workers were normalised. Losses
        # come weighted by the workers' drawings, and so do their gradients.
        of_all_2C = norm.shared.sum(torch.stack([bias_grad_C, slope_C])) / count.clamp(min=1)
        inverse_C = (var_C + norm.eps).reciprocal()
        scale_C = inverse_C.sqrt()
        moved = torch.addcmul(
            grad_own - _along(of_all_2C[0], input),
            centred,
            _along(of_all_2C[1] * inverse_C, input),
            value=-1,
        )
        input_grad = moved.mul_(_along(weight_C * scale_C, input)).to(input)
        weight_grad_C = slope_C * scale_C
        return input_grad, weight_grad_C, bias_grad_C, None, None, None, None


def _normalise(
    input: Tensor, mean_C: Tensor | None, var_C: Tensor | None, norm: SharedNorm
) -> Tensor:
    return F.batch_norm(input, mean_C, var_C, norm.weight, norm.bias, eps=norm.eps)


def _sums(input: Tensor) -> Tensor:
    """Return the number of values of each channel, their sums and those of their squares."""
    channels, dims = input.shape[1], _other_dims(input)
    if not input.numel():
        return input.new_zeros(1 + 2 * channels, dtype=torch.float64)
    values = input if input.dtype == torch.float64 else input.float()
    mean_C = values.mean(dims)
    # Not by `var_mean`, which takes ten times as long on CPUs.
    spread_C = (values - _along(mean_C, values)).square_().sum(dims).double()
    # In double precision, in which the difference of two large numbers is still exact.
    number, mean_C = input.numel() // channels, mean_C.double()
    count = mean_C.new_full((1,), number)
    return torch.cat([count, mean_C * number, spread_C + mean_C.square() * number])


def _moments(sums: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the number of values of each channel, their mean and their variance."""
    count, rest = sums[0], sums[1:] / sums[0].clamp(min=1)
    mean_C, square_C = rest.chunk(2)
    return count, mean_C, (square_C - mean_C.square()).clamp(min=0)


def _other_dims(values: Tensor) -> list[int]:
    return [0, *range(2, values.dim())]


def _along(values_C: Tensor, like: Tensor) -> Tensor:
    """Return a value per channel in the shape of values (M, C, ...)."""
    return values_C.view(-1, *[1] * (like.dim() - 2))
