"""Two commands that are started at the same moment on one output folder."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from instancesketch.batch import shards
from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest as ingest_sources
from instancesketch.core import storage
from tests.batch.test_ingest import drawing, visible
from tests.racing import ROUNDS, Race, racing

DRAWINGS = 2  # each of which becomes a shard
# Of each process, since a process that reads takes longer to start than a round takes.
RUNNER = InProcessRunner(keep=True)


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with racing() as race:
        yield race
    RUNNER.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    lines = (
        drawing(str(i)).replace("[[0, 4]", "[[0, 4], [1, 1]], [[0, 8]") for i in range(DRAWINGS)
    )
    for number, line in enumerate(lines):
        (tmp_path / "in" / f"{number}.ndjson").write_text(line)
    return tmp_path / "in"


def ingest(out: str, source: Path, **options: Any) -> tuple[bool, int]:
    """Ingest a drawing a shard; return whether it was finished before, and the rows of a run."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shards, "MAX_FILES", 1)
        config = IngestConfig(sources=(str(source),), out=out, quiet=True, **options)
        summary = ingest_sources(config, RUNNER)
    return summary.finished_before, summary.counts["speed"]["sketches"]


def ingest_differently(out: str, source: Path, round: int, number: int) -> Any:
    return ingest(f"{out}/{round}", source, shuffle_strokes=number)


def ingest_with_each_seed(folder: Path, source: Path) -> list[dict[str, bytes]]:
    """Return the rows that `ingest_differently` makes in each of two processes."""
    expected = []
    for seed in (0, 1):
        ingest(f"{folder}/seed-{seed}", source, shuffle_strokes=seed)
        expected.append(visible(folder / f"seed-{seed}"))
    assert expected[0] != expected[1]
    return expected


def find_winner(results: Sequence[Any]) -> int:
    """Return which of two processes made the rows; check that the other was refused."""
    (winner,) = (i for i, result in enumerate(results) if result == (False, DRAWINGS))
    refusal = f"made with another config (shuffle_strokes was {winner}, is {1 - winner})"
    assert refusal in results[1 - winner]
    return winner


def ingest_alike(out: str, source: Path, round: int, number: int) -> Any:
    return ingest(f"{out}/{round}", source)


def test_of_two_configs_at_once_one_makes_the_rows_and_the_other_is_refused(
    race: Race, source: Path, tmp_path: Path
) -> None:
    expected = ingest_with_each_seed(tmp_path, source)
    for round, results in enumerate(race(partial(ingest_differently, str(tmp_path), source))):
        assert visible(tmp_path / str(round)) == expected[find_winner(results)]
        left = storage.list_names(str(tmp_path / str(round) / "_state"))
        assert left == ["groups.parquet", "settings.json"]


def test_of_two_equal_commands_at_once_one_works_and_both_have_the_result(
    race: Race, source: Path, tmp_path: Path
) -> None:
    ingest(f"{tmp_path}/whole", source)
    expected = visible(tmp_path / "whole")
    results = race(partial(ingest_alike, str(tmp_path), source))
    for both in results:
        assert sorted(both) == [(False, DRAWINGS), (True, DRAWINGS)]
    for round in range(ROUNDS):
        out = tmp_path / str(round)
        assert visible(out) == expected
        assert storage.list_names(str(out / "_state")) == ["groups.parquet", "settings.json"]
        log = (out / "_log.txt").read_text()
        assert [log.count(f"part-{i:06}: 1 rows") for i in range(DRAWINGS)] == [1] * DRAWINGS
        assert (log.count("ingest begun"), log.count("ingest finished")) == (1, 1)
