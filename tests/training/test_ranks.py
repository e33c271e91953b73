"""The steps of a worker: a batch for each, of the drawings that it has in it."""

import itertools

import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.training.ranks import StepIterator
from tests.drawings import drawn, packed


def steps_of(sizes, read, on_step=lambda done: None):
    """Return steps of the given sizes over batches of as many drawings as were read for each."""
    batch = packed(drawn(3))
    return StepIterator((batch.select(torch.arange(n)) for n in read), sizes, on_step)


@pytest.mark.parametrize(
    ("sizes", "read"), [([2, 2, 1], [2, 2, 1]), ([2, 0], [2]), ([0, 0, 0], []), ([], [])]
)
def test_every_step_has_a_batch_of_its_size(sizes, read):
    done = []
    assert [len(batch) for batch in steps_of(sizes, read, done.append)] == sizes
    assert done == list(range(len(sizes) + 1)) * bool(sizes)


@pytest.mark.parametrize(
    ("sizes", "read"),
    [([2, 2], [2]), ([2, 2], [2, 1]), ([2, 1], [2, 2]), ([2], [2, 1]), ([0], [1]), ([], [1])],
)
def test_drawings_are_neither_left_out_nor_repeated_where_their_number_is_wrong(sizes, read):
    with pytest.raises(UserError, match="the corpora were changed during the training"):
        list(steps_of(sizes, read))


def test_only_waiting_for_batches_is_counted_as_waiting(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    steps = steps_of([1, 1, 1], [1, 1, 1])
    for _ in steps:
        next(clock)  # a second of training
    assert steps.waited == 4.0  # the last to see that there are no more
