"""A job on a disk that is full."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from instancesketch.batch import shards
from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.runner import Runner
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.distributed.ray_runner import RayRunner
from instancesketch.formats import write
from tests.batch.test_ingest import visible
from tests.drawings import drawn
from tests.faults.killing import staged_shards
from tests.faults.s3_server import S3Server
from tests.faults.test_object_store import on_s3
from tests.faults.two_nodes import TwoNodes


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Mount a file system of 64 kB, or of another size; skip where mounting isn't permitted."""
    place, size = tmp_path / "disk", getattr(request, "param", "64k")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
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


@pytest.mark.nightly
@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("small_disk", ["4k"], indirect=True)
def test_shards_that_fail_for_the_full_disk_of_a_node_are_done_on_another(
    joined: TwoNodes, bucket: S3Server, small_disk: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(shards, "MIN_BYTES", 20_000)
    write(drawn(120), "quickdraw", str(tmp_path / "drawings"))
    config = IngestConfig(sources=(str(tmp_path / "drawings"),), out="", quiet=True)
    ingest(replace(config, out=str(tmp_path / "here")), InProcessRunner())
    joined.lose_node()
    # What goes to an object store is written to a temporary file before.
    joined.add_node(cpus=3, TMPDIR=str(small_disk))
    full = joined.nodes()[0]
    try:
        out = "s3://bucket/beside-a-full-disk"
        ingest(replace(config, out=out), RayRunner())
    finally:
        joined.lose_node()
    assert on_s3(out) == visible(tmp_path / "here")
    log = storage.read_bytes(f"{out}/_log.txt").decode()
    failed = re.findall(r"part-\d+ failed on node (\w+), and is done again: .*No space left", log)
    assert failed
    assert set(failed) == {full[:8]}
    # Once is enough, because none is done on that node again.
    assert log.count("and is done again") == len(failed)


def _runner(with_ray: bool, request: pytest.FixtureRequest) -> Runner:
    if not with_ray:
        return InProcessRunner()
    request.getfixturevalue("joined").have_node(cpus=2)
    return RayRunner()
