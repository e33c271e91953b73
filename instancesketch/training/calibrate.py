"""Calibration of a trained segmenter: a temperature for each head, folded into its weights.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts, R classes, T labelled
strokes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.segmenter import SegmenterNet

# Without a mistake among the labels the best temperature would be 0.
_COLDEST, _HOTTEST = 0.05, 20.0


def calibrate(net: SegmenterNet, batches: Iterable[Batch]) -> tuple[float, float]:
    """Divide the logits of both heads by the temperatures that fit held-out drawings best.

    Temperature scaling (Guo et al. 2017): no class becomes likelier than another, so that labels
    stay, and scores become the shares of what is right. The heads' own weights are changed:
    inference and exports need nothing more.

    Args:
        net: the trained network, as it is before `optimize`; changed in place.
        batches: labelled drawings that it wasn't trained on.

    Returns:
        The temperatures of categories and of parts; 1 where there is nothing to fit them to.
    """
    category, part = fit_temperatures(net, batches)
    heads = {"part_head": part} | ({"category_head": category} if net.predicts_category else {})
    with torch.no_grad():
        for name, temperature in heads.items():
            head: nn.Linear = getattr(net, name)
            head.weight.div_(temperature)
            head.bias.div_(temperature)
    return category, part


def fit_temperatures(net: SegmenterNet, batches: Iterable[Batch]) -> tuple[float, float]:
    """Return the temperatures of categories and of parts that fit drawings best.

    Parts are those of the true category, in drawings whose category the network isn't told.
    """
    device = net.allowed_CQ.device
    was_training = net.training
    net.eval()
    categories: list[tuple[Tensor, Tensor]] = []  # logits and truth
    parts: list[tuple[Tensor, Tensor]] = []
    for batch in batches:
        parts_SQ, categories_NC = _logits(net, batch.to(device))
        known_N = (batch.category_N >= 0).cpu()
        if categories_NC is not None:
            categories.append((categories_NC[known_N], batch.category_N.cpu()[known_N]))
        part_S = batch.part_S.cpu()
        # A part that the category doesn't have has the probability 0 at every temperature.
        reachable_S = parts_SQ.gather(1, part_S.clamp(min=0)[:, None])[:, 0].isfinite()
        of_known_S = batch.layout.per_stroke(batch.category_N).cpu() >= 0
        used_S = (part_S >= 0) & reachable_S & (of_known_S | (not net.predicts_category))
        parts.append((parts_SQ[used_S], part_S[used_S]))
    net.train(was_training)
    return _fit(categories), _fit(parts)


@torch.inference_mode()
def _logits(net: SegmenterNet, batch: Batch) -> tuple[Tensor, Tensor | None]:
    """Return logits of parts, masked by the true categories, and of categories, on the CPU."""
    untold_N = torch.full_like(batch.category_N, -1)
    parts_SQ, categories_NC = net(StrokeFeatures.of(batch), untold_N)
    masked_SQ = net.mask_parts(parts_SQ.float(), batch.category_N, batch)
    return masked_SQ.cpu(), None if categories_NC is None else categories_NC.float().cpu()


def _fit(pairs: list[tuple[Tensor, Tensor]]) -> float:
    if not pairs:
        return 1.0
    logits, truth = (torch.cat(each) for each in zip(*pairs, strict=True))
    return fit_temperature(logits, truth)


def fit_temperature(logits_TR: Tensor, truth_T: Tensor) -> float:
    """Return the temperature at which the truth is likeliest, from 0.05 to 20; 1 without any.

    Args:
        logits_TR: of classes; -inf for those that can't be.
        truth_T: the true class of each.
    """
    if not len(truth_T):
        return 1.0
    # The gradient of -inf over a temperature is no number.
    logits_TR = logits_TR.double().clone().clamp(min=-1e9)
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [log_temperature], max_iter=100, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits_TR / log_temperature.exp(), truth_T)
        loss.backward()
        return loss

    optimizer.step(closure)
    found = float(log_temperature.detach().exp())
    return min(max(found, _COLDEST), _HOTTEST) if math.isfinite(found) else _COLDEST
