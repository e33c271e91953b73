from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from instancesketch.fit import RefinerFit, RefinerFitConfig
from instancesketch.worker import _share_buffers, _share_gradients
from tests.drawings import DOODLE7, TINY_REFINER, drawn, packed


def buffers_of_a_rank(rank: int, folder: str) -> None:
    """Gives a batch norm its rank's statistics, shares them, and leaves them in the folder."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    net = torch.nn.BatchNorm1d(3)
    for buffer in net.buffers():
        buffer.fill_(rank + 1)
    _share_buffers(net, 2)
    torch.save(list(net.buffers()), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_workers_select_with_the_batch_norms_of_the_first(tmp_path: Path) -> None:
    mp.spawn(buffers_of_a_rank, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert len(first) == 3
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all((buffer == 1).all() for buffer in second)


def refiner_of_a_rank(rank: int, folder: str) -> None:
    """Trains a refiner, in the second step on clouds on one rank, and leaves what it learned."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    recipe = RefinerFitConfig(model=TINY_REFINER)
    fit = RefinerFit(recipe, DOODLE7, steps_per_epoch=3, device=torch.device("cpu"))
    _share_gradients(fit, 2)
    categories = (None, "cloud" if rank else "2leg", None)
    batches = [packed(drawn(4, 2 * i + rank, name)) for i, name in enumerate(categories)]
    fit.train_epoch(batches, 0, rank)
    learned = {name: value.detach() for name, value in fit.net.named_parameters()}
    torch.save(learned, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_a_worker_with_nothing_to_learn_from_takes_part_in_the_step(tmp_path: Path) -> None:
    mp.spawn(refiner_of_a_rank, (str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
