"""Rows and runs on an object store, and one that fails."""

import re
from dataclasses import replace
from pathlib import Path

import pyarrow.fs as fs
import pytest

from instancesketch.batch import shards
from instancesketch.batch.config import IngestConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.cli.main import main
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.formats import FileRange, read, write
from tests.batch.test_ingest import visible
from tests.drawings import drawn
from tests.faults.killing import kill_once_staged
from tests.faults.s3_server import S3Server
from tests.faults.two_nodes import TwoNodes

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]

SMALL = 20_000  # bytes of a shard, so that few drawings fill several
DRAWINGS = 120
TINY = ["--set", "model.width=32", "--set", "model.layers=1", "--set", "model.heads=2"]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MIN_BYTES", SMALL)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a file of labelled drawings that fills several shards."""
    folder = tmp_path_factory.mktemp("drawings")
    write(drawn(DRAWINGS), "quickdraw", str(folder))
    return folder


def on_s3(location: str) -> dict[str, bytes]:
    """Return the files of all rows and rejections, as `visible` does for a local folder."""
    names = [name for name in storage.list_names(location) if name.endswith(".parquet")]
    return {name: storage.read_bytes(storage.join(location, name)) for name in names}


def do(*command: object) -> None:
    assert main([str(word) for word in command]) == 0, command


@pytest.mark.slow
def test_killed_ingest_from_s3_to_s3_continues_with_the_rows_of_a_local_one(
    joined: TwoNodes, bucket: S3Server, drawings: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    local = IngestConfig(sources=(str(drawings),), out=str(tmp_path / "corpus"), quiet=True)
    ingest(local, InProcessRunner())
    (file,) = drawings.iterdir()
    storage.write_bytes("s3://bucket/given/sketches.ndjson", file.read_bytes())
    command = ["ingest", "s3://bucket/given", "--workers", "1", "--out", "s3://bucket/ingested"]
    kill_once_staged(command, joined.address, 2, min_bytes=SMALL)
    do(*command)
    assert on_s3("s3://bucket/ingested") == visible(tmp_path / "corpus")
    assert storage.list_names("s3://bucket/ingested/_state") == ["groups.parquet", "settings.json"]
    capsys.readouterr()
    do(*command)
    assert "finished before" in capsys.readouterr().out
    do("info", "s3://bucket/ingested")
    assert f"info: {DRAWINGS} sketches" in capsys.readouterr().out


@pytest.mark.nightly
def test_store_that_fails_for_a_while_changes_no_row(
    joined: TwoNodes, bucket: S3Server, drawings: Path, tmp_path: Path
) -> None:
    from instancesketch.distributed.ray_runner import RayRunner

    local = IngestConfig(sources=(str(drawings),), out=str(tmp_path / "corpus"), quiet=True)
    ingest(local, InProcessRunner())
    whole = visible(tmp_path / "corpus")
    second = sorted(whole)[1].removesuffix(".parquet")
    # One request in a hundred; a shard for longer than the six seconds that the client tries;
    # and a minute without an answer to another.
    bucket.fail(share=0.01, path=f"/slices/{second}.", times=40, stall_path="/slices/", stall=60.0)
    try:
        there = replace(local, out="s3://bucket/failing")
        ingest(there, RayRunner())
    finally:
        counts = bucket.fail()
    assert counts["failed"] >= 40
    assert counts["stalled"] == 1
    assert on_s3("s3://bucket/failing") == whole
    log = storage.read_bytes("s3://bucket/failing/_log.txt").decode()
    again = rf"{second} failed on node \w+, and is done again: s3://bucket/failing/_state/slices"
    assert re.search(again, log)


@pytest.mark.nightly
def test_every_verb_reads_and_writes_s3(
    joined: TwoNodes,
    bucket: S3Server,
    drawings: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    do("ingest", drawings, "--out", tmp_path / "corpus", "--quiet")
    do("ingest", drawings, "--out", "corpus", "--storage", "s3://bucket", "--quiet")
    assert on_s3("s3://bucket/corpus") == visible(tmp_path / "corpus")
    assert storage.list_names("s3://bucket/corpus/_state") == ["groups.parquet", "settings.json"]
    data = [
        "--data",
        "s3://bucket/corpus",
        "--taxonomy",
        "doodle7",
        "--storage",
        "s3://bucket/runs",
    ]
    do("train", "segmenter", *data, "--run", "r", "--epochs", 1, *TINY, "--quiet")
    assert "epoch" in storage.read_bytes("s3://bucket/runs/r/metrics.jsonl").decode()
    weights = ["--weights", "s3://bucket/runs/r", "--quiet"]
    segment = ["segment", "s3://bucket/corpus", *weights, "--out", "s3://bucket/result"]
    kill_once_staged(segment, joined.address, 2, min_bytes=SMALL)
    do("segment", "s3://bucket/corpus", *weights, "--out", "s3://bucket/result")
    do("segment", tmp_path / "corpus", *weights, "--out", tmp_path / "result")
    assert on_s3("s3://bucket/result") == visible(tmp_path / "result")
    capsys.readouterr()
    do("segment", "s3://bucket/corpus", *weights, "--out", "s3://bucket/result")
    assert "finished before" in capsys.readouterr().out
    for out, result in (("s3://bucket/out", "s3://bucket/result"), (tmp_path, tmp_path / "result")):
        truth = ["--truth", "s3://bucket/corpus", "--out"]
        do("evaluate", result, *truth, f"{out}/metrics.json")
    assert storage.read_json("s3://bucket/out/metrics.json") == storage.read_json(
        str(tmp_path / "metrics.json")
    )
    do("report", "s3://bucket/result", *truth, "s3://bucket/out/report.html")
    assert storage.read_bytes("s3://bucket/out/report.html").startswith(b"<!doctype html>")
    do("export", "s3://bucket/result", "--format", "quickdraw", "--out", "s3://bucket/export")
    do("info", "s3://bucket/result")
    assert f"info: {DRAWINGS} sketches" in capsys.readouterr().out


@pytest.mark.slow
def test_failing_object_store_is_reported_in_one_line(
    bucket: S3Server, drawings: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def error_of(*command: object) -> str:
        capsys.readouterr()
        assert main([str(word) for word in command]) == 2
        error = capsys.readouterr().err
        assert error.startswith("instancesketch: error: ")
        assert error.count("\n") == 1
        return error

    write(drawn(3), "quickdraw", "bucket/given", fs.FileSystem.from_uri("s3://bucket")[0])
    assert "s3://nowhere/x isn't there" in error_of(
        "ingest", "s3://nowhere/x", "--out", tmp_path / "a"
    )
    error = error_of("ingest", drawings, "--out", "s3://nowhere/x", "--quiet")
    assert "Bucket 'nowhere' not found" in error
    bucket.check_access_after(0)
    try:
        assert "AWS Error ACCESS_DENIED" in error_of("info", "s3://bucket/given")
        assert "can't be" in error_of("ingest", drawings, "--out", "s3://bucket/x")
    finally:
        bucket.check_access_after(10**9)
    file = FileRange(path="bucket/given/sketches.ndjson", format="quickdraw")
    filesystem = fs.FileSystem.from_uri("s3://bucket")[0]
    assert len(list(read(file, filesystem))) == 3
    bucket.stop()
    assert "NETWORK_CONNECTION" in error_of("info", "s3://bucket/given")
    # An unreachable store must not reject the file: a later run may read it.
    with pytest.raises(UserError, match=r"sketches\.ndjson can't be read: .*NETWORK_CONNECTION"):
        list(read(file, filesystem))
