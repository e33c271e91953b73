from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from instancesketch.distributed.train.data_parallel import (
    average_gradients,
    broadcast_buffers,
)
from instancesketch.training.config import RefinerFitConfig
from instancesketch.training.dataloader import batch_share
from instancesketch.training.fit_refiner import RefinerFit
from tests.drawings import DOODLE7, TINY_REFINER, drawn, packed


def buffers_of_a_rank(rank: int, folder: str) -> None:
    """Fill a batch norm with the rank's values, broadcast the buffers, and save them."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    net = torch.nn.BatchNorm1d(3)
    for buffer in net.buffers():
        buffer.fill_(rank + 1)
    broadcast_buffers(net, 2)
    torch.save(list(net.buffers()), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_broadcast_gives_all_workers_the_batch_norms_of_the_first(tmp_path: Path) -> None:
    mp.spawn(buffers_of_a_rank, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert len(first) == 3
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all((buffer == 1).all() for buffer in second)


def refiner_of_a_rank(rank: int, folder: str) -> None:
    """Train a refiner, in the second step on clouds on one rank, and save its parameters."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    recipe = RefinerFitConfig(model=TINY_REFINER)
    fit = RefinerFit(recipe, DOODLE7, steps_per_epoch=3, device=torch.device("cpu"))
    average_gradients(fit, 2, weight=1.0)
    categories = (None, "cloud" if rank else "2leg", None)
    batches = [packed(drawn(4, 2 * i + rank, name)) for i, name in enumerate(categories)]
    fit.train_epoch(batches, 0, rank)
    learned = {name: value.detach() for name, value in fit.net.named_parameters()}
    torch.save(learned, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_worker_without_a_training_signal_takes_part_in_the_step(tmp_path: Path) -> None:
    mp.spawn(refiner_of_a_rank, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_batch_shares_differ_by_at_most_one_row() -> None:
    for workers in range(1, 9):
        shares = [batch_share(64, worker, workers) for worker in range(workers)]
        assert sum(shares) == 64
        assert max(shares) - min(shares) <= 1


def line_of_places(seed: int) -> tuple[torch.nn.Linear, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    net = torch.nn.Linear(3, 1, bias=False)
    torch.nn.init.ones_(net.weight)
    return net, torch.randn(8, 3, generator=generator)


def gradient_of_a_rank(rank: int, folder: str) -> None:
    """Compute the loss of the rank's share of eight rows, and save the averaged gradient."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=3)
    net, rows_83 = line_of_places(0)
    shares = [batch_share(8, r, 3) for r in range(3)]
    mine = rows_83.split(shares)[rank]
    fit = SimpleNamespace(net=net, loss=lambda rows, _: (net(rows) ** 2).mean())
    own = float(fit.loss(mine, None))
    average_gradients(fit, 3, weight=shares[rank] * 3 / 8)
    loss = fit.loss(mine, None)
    loss.backward()
    assert float(loss) == pytest.approx(own)
    torch.save(net.weight.grad, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_uneven_shares_average_to_the_gradient_of_the_whole_batch(tmp_path: Path) -> None:
    mp.spawn(gradient_of_a_rank, (str(tmp_path),), nprocs=3)
    net, rows_83 = line_of_places(0)
    (net(rows_83) ** 2).mean().backward()
    for rank in range(3):
        shared = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(shared, net.weight.grad)
