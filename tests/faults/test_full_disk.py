"""A job on a disk that is full."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from instancesketch.batch import shards
from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.runner import Runner
from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.formats import write
from tests.batch.test_ingest import visible
from tests.drawings import drawn
from tests.faults.killing import staged_shards


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 64 kB; skip where mounting isn't permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small disk: mounting isn't permitted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize(
    "with_ray",
    [
        pytest.param(False, id="this process"),
        pytest.param(
            True, id="Ray", marks=[pytest.mark.nightly, pytest.mark.xdist_group("faults")]
        ),
    ],
)
def test_full_disk_ends_a_job_with_one_line_and_more_room_continues_it(
    with_ray: bool, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    monkeypatch.setattr(shards, "MIN_BYTES", 20_000)
    write(drawn(120), "quickdraw", str(tmp_path / "drawings"))

    def run(out: Path, runner: Runner) -> None:
        config = IngestConfig(sources=(str(tmp_path / "drawings"),), out=str(out), quiet=True)
        ingest(config, runner)

    run(tmp_path / "whole", InProcessRunner())
    out, runner = small_disk / "corpus", _runner(with_ray, request)
    for _ in range(2):  # running again without more room fails in the same way
        with pytest.raises(UserError, match="can't be written: No space left on device") as error:
            run(out, runner)
        assert "\n" not in str(error.value)
        assert not list(out.glob("*.parquet")) + list(out.glob("summary.json"))
    staged = staged_shards(str(out))
    assert staged
    for file in staged:
        manifest = parquet.read_table(file.replace(".parquet", ".log.parquet"))
        assert parquet.count_rows(file) == len(manifest)
    grow = ["mount", "-o", "remount,size=16m", str(small_disk)]
    subprocess.run(grow, check=True)
    run(out, runner)
    assert visible(out) == visible(tmp_path / "whole")


def _runner(with_ray: bool, request: pytest.FixtureRequest) -> Runner:
    if not with_ray:
        return InProcessRunner()
    from instancesketch.distributed.ray_runner import RayRunner

    request.getfixturevalue("joined").have_node(cpus=2)
    return RayRunner()
