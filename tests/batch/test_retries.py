"""Shards and steps that a store or a disk failed are done again, a mistake is not."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from instancesketch.batch import runner
from instancesketch.batch.output import Output
from instancesketch.batch.runner import retry_shards, retry_step
from instancesketch.batch.stages import JobRun, Shard, ShardState, StageUsage
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

    def __call__(self, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        self.rounds.append([shard.name for shard in shards])
        for shard in shards:
            state = ShardState(shard=shard)
            if self.failures.get(shard.name, 0):
                self.failures[shard.name] -= 1
                error = f"no answer for {shard.name}"
                state = ShardState(shard=shard, error=error, may_pass=self.may_pass)
            yield state


RUN = JobRun(output=Output("/nowhere", {}), id="1")
SHARDS = [Named(f"part-{i}") for i in range(12)]


def test_shards_that_fail_for_a_while_are_done_in_the_end(waits: list[float]) -> None:
    run = Failing({"part-1": 5, "part-3": 1})
    done = [state.shard.name for state in retry_shards(run, SHARDS, RUN, 5)]
    assert sorted(done) == sorted(shard.name for shard in SHARDS)
    assert run.rounds[1:] == [["part-1", "part-3"], *[["part-1"]] * 4]
    assert waits == [2, 4, 8, 16, 32]


def test_shard_that_fails_too_often_ends_the_job() -> None:
    run = Failing({"part-1": 6})
    with pytest.raises(UserError, match="no answer for part-1"):
        list(retry_shards(run, SHARDS, RUN, 5))
    assert len(run.rounds) == 6


def test_many_failures_in_a_row_end_the_job_in_the_first_round(waits: list[float]) -> None:
    run = Failing({f"part-{i}": 1 for i in range(6, 12)})
    done = []
    with pytest.raises(UserError, match="no answer for part-10"):
        done.extend(state.shard.name for state in retry_shards(run, SHARDS, RUN, 5))
    assert len(run.rounds) == 1
    assert waits == []


class Nodes:
    """A runner on nodes that take turns, of which some always fail."""

    def __init__(self, nodes: str, full: str) -> None:
        self.nodes, self.full, self.rounds = nodes, full, []

    def __call__(self, shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        allowed = [node for node in self.nodes if node not in run.avoid] or list(self.nodes)
        self.rounds.append("".join(allowed))
        for i, shard in enumerate(shards):
            node = allowed[i % len(allowed)]
            if node in self.full:
                yield ShardState(
                    shard=shard, error=f"{node} is full", may_pass=True, failed_on=node
                )
            else:
                usage = StageUsage(seconds=1.0, memory_mb=1.0, node=node)
                yield ShardState(shard=shard, usage={"reading": usage})

    def has_others(self, some: Collection[str]) -> bool:
        return bool(set(self.nodes) - set(some))


def test_a_shard_that_failed_on_a_node_is_done_on_another(waits: list[float]) -> None:
    do = Nodes("abc", full="b")
    done = list(retry_shards(do, SHARDS, RUN, 5, do.has_others))
    assert {state.shard.name for state in done} == {shard.name for shard in SHARDS}
    assert do.rounds == ["abc", "ac"]
    assert waits == [2]


def test_many_failures_in_a_row_on_a_single_node_end_no_job_of_several() -> None:
    do = Nodes("ab", full="a")

    def one_first(shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        # All of the first round on the node that fails.
        return do(shards, run if run.avoid else replace(run, avoid=frozenset("b")))

    assert len(list(retry_shards(one_first, SHARDS, RUN, 5, do.has_others))) == len(SHARDS)
    assert do.rounds == ["a", "b"]


def test_many_failures_in_a_row_on_all_nodes_end_the_job() -> None:
    do = Nodes("ab", full="ab")
    with pytest.raises(UserError, match="a is full"):
        list(retry_shards(do, SHARDS, RUN, 5, do.has_others))
    assert do.rounds == ["ab"]


def test_a_node_on_which_a_shard_was_done_since_is_used_again() -> None:
    used: list[frozenset[str]] = []

    def do(shards: Sequence[Shard], run: JobRun) -> Iterator[ShardState]:
        used.append(run.avoid)
        for i, shard in enumerate(shards):
            usage = StageUsage(seconds=1.0, memory_mb=1.0, node="a")
            done = ShardState(shard=shard, usage={"reading": usage})
            is_first = i == 0 and len(shards) > 1
            yield replace(done, error="503", may_pass=True, failed_on="a") if is_first else done

    assert len(list(retry_shards(do, SHARDS, RUN, 5))) == len(SHARDS)
    assert used == [frozenset(), frozenset()]


def test_a_mistake_is_not_tried_again(waits: list[float]) -> None:
    run = Failing({"part-4": 1}, may_pass=False)
    with pytest.raises(UserError, match="no answer for part-4"):
        list(retry_shards(run, SHARDS, RUN, 5))
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
