"""Folders that two commands claim at the same moment."""

import errno
import os
import posixpath
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core import run_folder, storage, write_once
from instancesketch.core.lease import Lease
from instancesketch.core.run_folder import JOB, RUN, Layout
from tests.racing import ROUNDS, Race, racing


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with racing(3) as race:
        yield race


def claim(folder: str, layout: Layout, round: int, number: int) -> None:
    assert run_folder.claim(f"{folder}/{round}", {"seed": number}, layout) is None


def claim_without_links(folder: str, round: int, number: int) -> None:
    """Claim a folder as on a disk that has no hard links."""

    def link(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "link", link)
        claim(folder, JOB, round, number)


def assert_one_claimed(folder: str, config_file: str, results: list[tuple[Any, ...]]) -> None:
    """Assert that in each round one claimed the folder, and the others name the difference."""
    for round, result in enumerate(results):
        (winner,) = (number for number, error in enumerate(result) if error is None)
        place, name = posixpath.split(f"{folder}/{round}/{config_file}")
        assert storage.read_json(f"{place}/{name}") == {"seed": winner}
        for number, error in enumerate(result):
            expected = f"made with another config (seed was {winner}, is {number})"
            assert number == winner or expected in error
        assert storage.list_names(place) == [name]


@pytest.mark.parametrize("layout", [JOB, RUN], ids=["job", "run"])
def test_one_of_several_configs_at_once_claims_a_folder(
    race: Race, layout: Layout, tmp_path: Path
) -> None:
    results = race(partial(claim, str(tmp_path), layout))
    assert_one_claimed(str(tmp_path), layout.config_file, results)


def test_one_config_claims_a_folder_on_a_disk_without_links(race: Race, tmp_path: Path) -> None:
    results = race(partial(claim_without_links, str(tmp_path)))
    assert_one_claimed(str(tmp_path), JOB.config_file, results)


def claim_alike(folder: str, round: int, number: int) -> None:
    claim_without_links(folder, round, 0) if number else claim(folder, JOB, round, 0)


def test_equal_configs_at_once_share_a_folder(race: Race, tmp_path: Path) -> None:
    assert race(partial(claim_alike, str(tmp_path))) == [(None, None, None)] * ROUNDS


def finish_run(folder: str, round: int, number: int) -> dict[str, Any]:
    place = f"{folder}/{round}"

    def work(held: Lease) -> dict[str, Any]:
        storage.write_json(f"{place}/summary.json", {"by": number})
        return {"by": number}

    return run_folder.finish_run(place, {"seed": 0}, work)


def test_of_equal_runs_at_once_one_works_and_all_have_its_summary(
    race: Race, tmp_path: Path
) -> None:
    for summaries in race(partial(finish_run, str(tmp_path))):
        (winner,) = (i for i, summary in enumerate(summaries) if "finished_before" not in summary)
        assert [summary["by"] for summary in summaries] == [winner] * 3


def test_the_config_of_a_process_killed_while_it_claimed_is_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    def link(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(write_once, "PATIENCE", 0.1)
    file = str(tmp_path / "config.json")
    with monkeypatch.context() as patched:
        patched.setattr(storage, "list_names", stop)
        patched.setattr(storage, "remove", stop)
        with pytest.raises(KeyboardInterrupt):
            write_once.write_once(file, b"1")
    # Its process may only sleep, so its claim stands; the same command continues.
    assert write_once.write_once(file, b"2") == b"1"
    assert not Path(file).exists()
    assert write_once.write_once(file, b"1") == b"1"
    assert Path(file).read_bytes() == b"1"
    assert write_once.write_once(file, b"2") == b"1"
