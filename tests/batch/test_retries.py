"""Shards and steps that a store or a disk failed are done again, a mistake is not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from instancesketch.batch import runner
from instancesketch.batch.runner import retry_shards, retry_step
from instancesketch.batch.stages import Shard, ShardState
from instancesketch.core.errors import TransientError, UserError


@dataclass(frozen=True)
class Named:
    name: str


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that are waited for, which take no time here."""
    waited: list[float] = []
    monkeypatch.setattr(runner.time, "sleep", waited.append)
    return waited


class Failing:
    """A runner of shards that fail a number of times each."""

    def __init__(self, failures: dict[str, int], may_pass: bool = True) -> None:
        self.failures, self.may_pass, self.rounds = dict(failures), may_pass, []

    def __call__(self, shards: Sequence[Shard]) -> Iterator[ShardState]:
        self.rounds.append([shard.name for shard in shards])
        for shard in shards:
            state = ShardState(shard=shard)
            if self.failures.get(shard.name, 0):
                self.failures[shard.name] -= 1
                error = f"no answer for {shard.name}"
                state = ShardState(shard=shard, error=error, may_pass=self.may_pass)
            yield state


SHARDS = [Named(f"part-{i}") for i in range(12)]


def test_shards_that_fail_for_a_while_are_done_in_the_end(waits: list[float]) -> None:
    run = Failing({"part-1": 5, "part-3": 1})
    done = [state.shard.name for state in retry_shards(run, SHARDS, 5)]
    assert sorted(done) == sorted(shard.name for shard in SHARDS)
    assert run.rounds[1:] == [["part-1", "part-3"], *[["part-1"]] * 4]
    assert waits == [2, 4, 8, 16, 32]


def test_shard_that_fails_too_often_ends_the_job() -> None:
    run = Failing({"part-1": 6})
    with pytest.raises(UserError, match="no answer for part-1"):
        list(retry_shards(run, SHARDS, 5))
    assert len(run.rounds) == 6


def test_many_failures_in_a_row_end_the_job_in_the_first_round(waits: list[float]) -> None:
    run = Failing({f"part-{i}": 1 for i in range(6, 12)})
    done = []
    with pytest.raises(UserError, match="no answer for part-10"):
        done.extend(state.shard.name for state in retry_shards(run, SHARDS, 5))
    assert len(run.rounds) == 1
    assert waits == []


def test_a_mistake_is_not_tried_again(waits: list[float]) -> None:
    run = Failing({"part-4": 1}, may_pass=False)
    with pytest.raises(UserError, match="no answer for part-4"):
        list(retry_shards(run, SHARDS, 5))
    assert (len(run.rounds), waits) == (1, [])


def test_a_step_is_repeated_until_it_succeeds(waits: list[float]) -> None:
    errors = [TransientError("503"), TransientError("503")]

    def publish() -> int:
        if errors:
            raise errors.pop()
        return 7

    assert retry_step(publish, 5) == 7
    assert waits == [2, 4]


def test_a_step_that_fails_for_good_is_not_repeated(waits: list[float]) -> None:
    def refuse() -> None:
        raise UserError("another config")

    with pytest.raises(UserError, match="another config"):
        retry_step(refuse, 5)
    assert waits == []
