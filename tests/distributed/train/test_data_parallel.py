"""Steps that workers share: gradients as of one batch, also where a worker has no drawings."""

import math
from collections.abc import Callable
from copy import deepcopy
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from instancesketch.distributed.train.data_parallel import (
    average_gradients,
    broadcast,
    broadcast_buffers,
    sum_counts,
)
from instancesketch.distributed.train.train_loop import _Ranks
from instancesketch.metrics.formatting import PERCENT
from instancesketch.training import ranks
from instancesketch.training.config import GrouperFitConfig, RefinerFitConfig, SegmenterFitConfig
from instancesketch.training.loop import LoopConfig, prepare_fit, train_epochs
from instancesketch.training.ranks import empty_batch
from instancesketch.training.sampling import Shares
from instancesketch.training.trainer import Counts, Fit, create_fit
from tests.drawings import (
    DOODLE7,
    TINY,
    TINY_GROUPER,
    TINY_REFINER,
    composed,
    corpus,
    count_corpus,
    drawn,
    packed,
    packed_scenes,
)

RECIPES = {
    "segmenter": SegmenterFitConfig(model=TINY),
    "refiner": RefinerFitConfig(model=TINY_REFINER),
    "grouper": GrouperFitConfig(model=TINY_GROUPER),
}


def some_batch(kind: str, seed: int = 0) -> Any:
    if kind == "grouper":
        return packed_scenes(composed(4, 3 + seed))
    return packed(drawn(4, seed, "2leg"))


def measured(counts: Counts) -> dict[str, float]:
    figures = counts.figures()
    return {name: float(figures[name]) for name in PERCENT if name in figures}


def fit_of(kind: str) -> Fit:
    return create_fit(RECIPES[kind], DOODLE7, steps_per_epoch=2, device=torch.device("cpu"))


def linear() -> torch.nn.Linear:
    net = torch.nn.Linear(3, 1, bias=False)
    torch.nn.init.ones_(net.weight)
    return net


def square_loss(net: torch.nn.Module) -> Callable[[Any, Any], torch.Tensor]:
    return lambda rows, _: (net(rows) ** 2).mean()


@pytest.mark.parametrize("workers", [2, 3, 5, 8])
def test_workers_average_to_the_gradient_of_the_whole_batch(alone: None, workers: int) -> None:
    shares = Shares(drawings=17, batch_size=7, workers=workers)
    rows_173 = torch.randn(17, 3, generator=torch.Generator().manual_seed(0))
    for step, rows in enumerate(rows_173.split(7)):
        whole = linear()
        square_loss(whole)(rows, None).backward()
        shared = []
        parts = rows.split([shares.of_worker(rank, step) for rank in range(workers)])
        for own in parts:
            net = linear()
            fit = SimpleNamespace(net=net, loss=square_loss(net), step=3 + step)  # second epoch
            average_gradients(fit, shares, share_norms=False)
            loss = fit.loss(own, None)
            loss.backward()
            shared.append(net.weight.grad)
            # The value is logged, so it isn't weighted.
            assert float(loss.detach()) == pytest.approx(
                float((own.sum(1) ** 2).mean()) if len(own) else 0
            )
        torch.testing.assert_close(torch.stack(shared).mean(0), whole.weight.grad)
    assert not len(parts[-1])  # in the last step, one worker had nothing


@pytest.mark.parametrize("kind", RECIPES)
def test_step_without_drawings_changes_neither_batch_norms_nor_the_loss(
    alone: None, kind: str
) -> None:
    once, twice = fit_of(kind), fit_of(kind)
    batch = some_batch(kind)
    for fit in (once, twice):
        average_gradients(fit, Shares(drawings=16, batch_size=8, workers=2), share_norms=False)
    wanted = once.train_epoch([batch], 0)
    figures = twice.train_epoch([batch, empty_batch()], 0)
    assert figures["loss"] == wanted["loss"]
    assert figures["drawings"] == wanted["drawings"] == 4
    assert twice.step == 2
    before, after = dict(once.net.named_buffers()), dict(twice.net.named_buffers())
    assert before
    assert all(torch.equal(after[name], value) for name, value in before.items())


def train_a_rank(rank: int, folder: str) -> None:
    """Take part as one of two workers, and save what this one has learned of each question."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    found: dict[str, Any] = {}
    norm = torch.nn.BatchNorm1d(3)
    for buffer in norm.buffers():
        buffer.fill_(rank + 1)
    broadcast_buffers(norm, 2)
    found["buffers"] = list(norm.buffers())
    # In the second step, one rank's refiner has clouds alone; in the third, one has no drawings.
    shares = Shares(drawings=9, batch_size=4, workers=2)
    for kind, share_norms in product(RECIPES, (False, True)):
        fit = fit_of(kind)
        average_gradients(fit, shares, share_norms=share_norms)
        batches = [
            empty_batch() if not size else some_batch(kind).select(torch.arange(size))
            for size in shares.of_steps(rank)
        ]
        if kind == "refiner" and rank == 1:
            batches[1] = packed(drawn(2, 3, "cloud"))
        fit.train_epoch(batches, 0, rank)
        found[f"{kind} {share_norms}"] = fit.net.state_dict()
        broadcast_buffers(fit.mean, 2)
        counts = sum_counts(fit.measure([some_batch(kind, seed=rank)]), 2)
        found[f"{kind} measured"] = measured(counts)
        found[f"{kind} alone"] = measured(fit.measure([some_batch(kind, seed=i) for i in (0, 1)]))
    torch.save(found, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


def train_and_continue(rank: int, folder: str, corpus: str) -> None:
    """Take part as one of two workers; train, then continue from a checkpoint within an epoch."""
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    ranks.STEPS_BETWEEN_LOOKS = 1
    recipe = RefinerFitConfig(model=TINY_REFINER, batch_size=5, epochs=2)
    train = [g for g in count_corpus(corpus, "train", "none") if g.rows]
    loop = LoopConfig(recipe=recipe, taxonomy=DOODLE7, train=train)
    found: list[Any] = []
    saved: list[Any] = []
    for seconds in (0.0, math.inf):
        fit = prepare_fit(loop, torch.device("cpu"), 2)
        train_epochs(
            loop,
            fit,
            state=deepcopy(saved[4]) if saved else None,
            workers=_Ranks(rank=rank, number=2),
            save_within=lambda state: saved.append(deepcopy(state)),
            seconds_between=seconds,
        )
        found.append(fit.mean.state_dict())
        if rank:  # as the others get it
            saved[:] = [None] * 5
        saved[4] = broadcast(saved[4], 2)
    within = saved[4]["within"]
    place = (saved[4]["epoch"], within["steps"], len(within["ranks"]))
    torch.save({"weights": found, "place": place}, Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_workers_continue_within_an_epoch_with_the_same_weights(tmp_path: Path) -> None:
    rows = [s.replace(split="train") for s in drawn(17, 3)]
    location = corpus(tmp_path / "corpus", rows, rows_per_group=3)
    count_corpus(location, "train", "none")  # counted once, not by both
    mp.spawn(train_and_continue, (str(tmp_path), location), nprocs=2)
    for rank in (0, 1):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        # Four steps an epoch, of which the last has no checkpoint within.
        assert found["place"] == (1, 2, 2)
        whole, continued = found["weights"]
        # The buffers are each worker's own, and of the first alone where a run is continued.
        buffers = {n for n, _ in fit_of("refiner").net.named_buffers()} if rank else set()
        assert all(torch.equal(continued[n], whole[n]) for n in whole.keys() - buffers)


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ranks")
    mp.spawn(train_a_rank, (str(folder),), nprocs=2)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in (0, 1)]


@pytest.mark.slow
def test_broadcast_gives_all_workers_the_batch_norms_of_the_first(
    two_ranks: list[dict[str, Any]],
) -> None:
    first, second = (found["buffers"] for found in two_ranks)
    assert len(first) == 3
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all((buffer == 1).all() for buffer in second)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
@pytest.mark.parametrize("share_norms", [False, True])
def test_worker_without_drawings_or_a_training_signal_takes_part_in_the_step(
    two_ranks: list[dict[str, Any]], kind: str, share_norms: bool
) -> None:
    first, second = (found[f"{kind} {share_norms}"] for found in two_ranks)
    net = fit_of(kind).net
    assert any(not torch.equal(first[name], value) for name, value in net.named_parameters())
    # Statistics are the same where they are shared.
    same = net.state_dict().keys() - (() if share_norms else dict(net.named_buffers()).keys())
    assert all(torch.equal(first[name], second[name]) for name in same)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
def test_counts_of_two_workers_are_those_of_one_that_has_all_drawings(
    two_ranks: list[dict[str, Any]], kind: str
) -> None:
    first, second = two_ranks
    assert first[f"{kind} measured"] == second[f"{kind} measured"] == first[f"{kind} alone"]
    assert first[f"{kind} measured"]
