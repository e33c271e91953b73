import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.batch import quarantine
from instancesketch.batch.quarantine import Marker

FORK = multiprocessing.get_context("fork")


def marker(folder: Path, run: str = "run") -> Marker:
    return Marker(location=str(folder / "marker.json"), run=run)


def covered(start: int, stop: int) -> list[str]:
    return [f"done {i}" for i in range(start, stop)]


def flat(parts: list[list[str]]) -> list[str]:
    return [entry for part in parts for entry in part]


def test_elements_without_faults_are_processed_as_one_range(tmp_path: Path) -> None:
    calls = []

    def work(start: int, stop: int) -> list[str]:
        calls.append((start, stop))
        return covered(start, stop)

    assert flat(quarantine.run(100, work, lambda i, e: [], marker(tmp_path))) == covered(0, 100)
    assert calls == [(0, 100)]
    assert not (tmp_path / "marker.json").exists()


def test_no_elements_give_an_empty_result(tmp_path: Path) -> None:
    assert quarantine.run(0, covered, lambda i, e: [], marker(tmp_path)) == []


@given(count=st.integers(1, 60), bad=st.sets(st.integers(0, 59)))
def test_only_elements_that_raise_are_skipped(
    tmp_path_factory: pytest.TempPathFactory, count: int, bad: set[int]
) -> None:
    def work(start: int, stop: int) -> list[str]:
        if wrong := [i for i in range(start, stop) if i in bad]:
            raise RuntimeError(f"element {wrong[0]}")
        return covered(start, stop)

    result = flat(
        quarantine.run(
            count, work, lambda i, e: [f"{i}: {e}"], marker(tmp_path_factory.mktemp("m"))
        )
    )
    assert result == [f"{i}: element {i}" if i in bad else f"done {i}" for i in range(count)]


def in_processes(folder: Path, count: int, killers: set[int], run: str, most: int) -> int:
    """Try again in a new process whenever one dies, as Ray does; return the number of deaths."""

    def attempt() -> None:
        def work(start: int, stop: int) -> list[str]:
            if killers & set(range(start, stop)):
                os.kill(os.getpid(), signal.SIGKILL)
            return covered(start, stop)

        result = quarantine.run(count, work, lambda i, e: [f"lost {i} {e}"], marker(folder, run))
        (folder / "result").write_text("\n".join(flat(result)))

    for deaths in range(most + 1):
        process = FORK.Process(target=attempt)
        process.start()
        process.join()
        if process.exitcode == 0:
            return deaths
    return most + 1


@pytest.mark.parametrize("killers", [{0}, {17}, {999}, {3, 500}])
def test_only_elements_that_kill_the_process_are_lost(tmp_path: Path, killers: set[int]) -> None:
    deaths = in_processes(tmp_path, 1_000, killers, "run", most=40)
    assert deaths <= 8 * len(killers)
    expected = [f"lost {i} None" if i in killers else f"done {i}" for i in range(1_000)]
    assert (tmp_path / "result").read_text().split("\n") == expected


def test_deaths_in_different_runs_skip_no_element(tmp_path: Path) -> None:
    for run in ("first", "second", "third"):
        assert in_processes(tmp_path, 10, {4}, run, most=0) == 1
    assert in_processes(tmp_path, 10, set(), "last", most=0) == 0
    assert (tmp_path / "result").read_text().split("\n") == covered(0, 10)


def test_a_single_death_skips_no_element(tmp_path: Path) -> None:
    assert in_processes(tmp_path, 10, {4}, "run", most=0) == 1
    assert in_processes(tmp_path, 10, set(), "run", most=0) == 0
    assert (tmp_path / "result").read_text().split("\n") == covered(0, 10)
