"""Norms that share their statistics: as of one process that has the drawings of all workers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from instancesketch.distributed.train.data_parallel import average_gradients
from instancesketch.distributed.train.shared_norms import SharedNorm, SharedNorms
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch, join
from instancesketch.training.config import RefinerFitConfig, SegmenterFitConfig
from instancesketch.training.ranks import empty_batch
from instancesketch.training.sampling import Shares
from instancesketch.training.trainer import Fit, create_fit
from tests.drawings import DOODLE7, TINY_IMAGE, TINY_REFINER, drawn, packed, sketch_of

WORKERS, RATE = 2, 0.1
# Three and four drawings, and a last step in which one worker has none.
SHARES = Shares(drawings=9, batch_size=7, workers=WORKERS)
# Norms of patches and of the sketch's image; and of points and two kinds of strokes' images.
NETWORKS = {
    "patches": replace(TINY_IMAGE, encoder="patches", channels=(16, 16), dropout=0.0),
    "both": replace(TINY_IMAGE, encoder="both", dropout=0.0),
}


def fit_of(network: str) -> Fit:
    # Categories are never given, so that no loss depends on random numbers.
    recipe = SegmenterFitConfig(model=NETWORKS[network], category_given_p=0.0)
    return create_fit(recipe, DOODLE7, steps_per_epoch=2, device=torch.device("cpu"))


def batch_of(rank: int, step: int) -> Batch:
    """Return the drawings of a worker in a step, which are no other's."""
    size = SHARES.of_worker(rank, step)
    return packed(drawn(size, 10 * step + rank)).normalised() if size else empty_batch()


def state_of(fit: Fit) -> dict[str, Any]:
    grads = {f"grad of {n}": p.grad.clone() for n, p in fit.net.named_parameters()}
    return grads | {name: value.clone() for name, value in fit.net.state_dict().items()}


def descend(fit: Fit) -> None:
    with torch.no_grad():
        for parameter in fit.net.parameters():
            parameter -= RATE * parameter.grad


def train_a_rank(rank: int, folder: str) -> None:
    meet = f"file://{folder}/meet"
    dist.init_process_group("gloo", init_method=meet, rank=rank, world_size=WORKERS)
    found: dict[str, Any] = {}
    for network in NETWORKS:
        fit = fit_of(network)
        average_gradients(fit, SHARES, share_norms=True)
        found[network] = []
        for fit.step in range(SHARES.steps):
            fit.net.train().zero_grad()
            fit.loss(batch_of(rank, fit.step), torch.Generator()).backward()
            found[network].append(state_of(fit))
            descend(fit)
    found["groups"] = train_with_groups_of_one_worker(rank)
    torch.save(found, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


def train_with_groups_of_one_worker(rank: int) -> dict[str, Any]:
    """Train a refiner whose loss on one of the workers depends on nothing that it computes."""
    recipe = RefinerFitConfig(model=TINY_REFINER, several_loss=0.0)
    fit = create_fit(recipe, DOODLE7, steps_per_epoch=1, device=torch.device("cpu"))
    average_gradients(fit, Shares(drawings=4, batch_size=4, workers=WORKERS), share_norms=True)
    petal = sketch_of([[0, 0], [3, 1]], category="flower", part=["petal"], instance=[1])
    fit.train_epoch([packed([petal, petal] if rank else drawn(2, 1, "2leg"))], 0, rank)
    return fit.state_dict()["net"]


def train_in_one_process(network: str) -> list[dict[str, Any]]:
    """Return the states after each step of a network that has all drawings at once."""
    fit, states = fit_of(network), []
    for step in range(SHARES.steps):
        fit.net.train().zero_grad()
        every = [batch_of(rank, step) for rank in range(WORKERS)]
        batches = [batch for batch in every if len(batch)]
        whole = join(batches)
        parts_SQ, categories_NC = type(fit.net).forward(
            fit.net, StrokeFeatures(whole), torch.full((len(whole),), -1)
        )
        outputs = zip(
            parts_SQ.split([len(b.stroke_len_S) for b in batches]),
            categories_NC.split([len(b) for b in batches]),
            strict=True,
        )
        # Losses are means over strokes, and weigh by drawings: each worker's is taken by itself.
        fit.net.forward = lambda *_, outputs=outputs: next(outputs)
        losses = [fit.loss(b, torch.Generator()) * len(b) / len(whole) for b in batches]
        torch.stack(losses).sum().backward()
        states.append(state_of(fit))
        descend(fit)
    return states


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(train_a_rank, (str(folder),), nprocs=WORKERS)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(WORKERS)]


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_workers_learn_as_one_process_with_all_drawings(
    ranks: list[dict[str, Any]], network: str
) -> None:
    sizes = [[SHARES.of_worker(rank, step) for rank in (0, 1)] for step in (0, 1)]
    assert sizes == [[3, 4], [2, 0]]
    wanted = train_in_one_process(network)
    for rank in ranks:
        for found, whole in zip(rank[network], wanted, strict=True):
            assert found.keys() == whole.keys()
            for name, value in whole.items():
                torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.slow
def test_worker_whose_loss_needs_no_norm_takes_part(ranks: list[dict[str, Any]]) -> None:
    first, second = (found["groups"] for found in ranks)
    assert first["encoder.norms.0.num_batches_tracked"] == 1
    assert all(torch.equal(first[name], second[name]) for name in first.keys() | second.keys())


class Net(nn.Module):
    """A network with norms over one, two and three dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.lines, self.images = nn.BatchNorm1d(4), nn.BatchNorm2d(4)

    def forward(self, rows_M3: torch.Tensor) -> torch.Tensor:
        lines_M42 = self.lines(torch.stack([v := self.vectors(rows_M3), v.square()], 2))
        return self.images(lines_M42[..., None] * torch.tensor([1.0, 2.0]))


@pytest.mark.parametrize("rows", [2, 7])
def test_norms_of_a_worker_alone_are_torchs(alone: None, rows: int) -> None:
    torch.manual_seed(0)
    plain, found = Net(), []
    shared = Net()
    shared.load_state_dict(plain.state_dict())
    norms = SharedNorms(shared)
    assert sum(isinstance(module, SharedNorm) for module in shared.modules()) == 3
    for net in (plain, shared):
        rows_M3 = torch.randn(rows, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
        output = net(rows_M3)
        tie = norms.take_part() if net is shared else 0
        (output.exp().sum() + tie).backward()
        evaluated = net.eval()(rows_M3.detach())
        gradients = [parameter.grad for parameter in net.parameters()]
        found.append([output, evaluated, rows_M3.grad, *gradients, *net.state_dict().values()])
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)
    assert shared.state_dict().keys() == plain.state_dict().keys()


def test_norms_compute_in_single_precision_what_comes_in_half(alone: None) -> None:
    values = (torch.randn(300, 4, generator=torch.Generator().manual_seed(0)) + 20).bfloat16()
    net = nn.Sequential(nn.BatchNorm1d(4))
    norms = SharedNorms(net)
    values.requires_grad_()
    output = net(values)
    (output.float().square().sum() + norms.take_part()).backward()
    assert output.dtype == values.grad.dtype == torch.bfloat16
    torch.testing.assert_close(net[0].running_mean, values.detach().float().mean(0) / 10)


def test_step_without_any_values_changes_no_statistics(alone: None) -> None:
    net = Net()
    norms = SharedNorms(net)
    before = {name: buffer.clone() for name, buffer in net.named_buffers()}
    norms.take_part().backward()
    assert all(torch.equal(buffer, before[name]) for name, buffer in net.named_buffers())
    assert not net.vectors[1].weight.grad.any()


def test_norms_refuse_to_be_used_in_another_order(alone: None) -> None:
    net = Net()
    norms = SharedNorms(net)
    with pytest.raises(RuntimeError, match="batch norm 1 was used before 0"):
        net.lines(torch.ones(3, 4, 2))
    net.vectors(torch.ones(3, 3))
    with pytest.raises(RuntimeError, match="1 of 3 batch norms were used"):
        norms.take_part()
