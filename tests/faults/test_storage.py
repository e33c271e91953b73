"""Rows on object stores that fail, on full disks and in damaged files."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.fs as fs
import pytest

from instancesketch.batch import shards
from instancesketch.cli.main import main
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.formats import FileRange, read, write
from tests.batch.test_ingest import visible
from tests.drawings import drawn
from tests.faults.killing import kill_once_staged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SMALL = 20_000  # bytes of a shard, so that few drawings fill several
DRAWINGS = 120
TINY = ["--set", "model.width=32", "--set", "model.layers=1", "--set", "model.heads=2"]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MIN_BYTES", SMALL)


class Server:
    """A local S3 server process; its buckets are lost when it ends."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.1)
        raise RuntimeError("the server has ended")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def check_access_after(self, number: int) -> None:
        """Allow `number` more requests, then refuse those without access rights."""
        request = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth",
            data=str(number).encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("moto", reason="an S3 server: pip install 'moto[server]'")
    server = Server()
    server.start()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", server.url)
        patched.setenv("AWS_ACCESS_KEY_ID", "anybody")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patched.setenv("AWS_REGION", "us-east-1")
        yield server
    server.stop()


@pytest.fixture(scope="module")
def cluster(server: Server, own_cluster: Any) -> Any:
    """Return a cluster whose workers reach the server, with an empty bucket."""
    fs.FileSystem.from_uri("s3://bucket?allow_bucket_creation=true")[0].create_dir("bucket")
    return own_cluster


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


def test_every_verb_reads_and_writes_s3(
    cluster: Any, drawings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do("ingest", drawings, "--out", tmp_path / "corpus", "--quiet")
    do("ingest", drawings, "--out", "corpus", "--storage", "s3://bucket", "--quiet")
    assert on_s3("s3://bucket/corpus") == visible(tmp_path / "corpus")
    assert storage.list_names("s3://bucket/corpus/_state") == ["settings.json"]
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
    kill_once_staged(segment, cluster.address, 2, min_bytes=SMALL)
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


def test_failing_object_store_is_reported_in_one_line(
    cluster: Any, server: Server, drawings: Path, tmp_path: Path,
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
    server.check_access_after(0)
    try:
        assert "AWS Error ACCESS_DENIED" in error_of("info", "s3://bucket/given")
        assert "can't be" in error_of("ingest", drawings, "--out", "s3://bucket/x")
    finally:
        server.check_access_after(10**9)
    file = FileRange(path="bucket/given/sketches.ndjson", format="quickdraw")
    filesystem = fs.FileSystem.from_uri("s3://bucket")[0]
    assert len(list(read(file, filesystem))) == 3
    server.stop()
    assert "NETWORK_CONNECTION" in error_of("info", "s3://bucket/given")
    # An unreachable store must not reject the file: a later run may read it.
    with pytest.raises(UserError, match=r"sketches\.ndjson can't be read: .*NETWORK_CONNECTION"):
        list(read(file, filesystem))


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


def test_full_disk_ends_a_job_with_one_line_and_more_room_continues_it(
    cluster: Any, drawings: Path, small_disk: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    do("ingest", drawings, "--out", tmp_path / "whole", "--quiet")
    out = small_disk / "corpus"
    ask = ["ingest", str(drawings), "--out", str(out), "--quiet"]
    for _ in range(2):  # running again without more room fails in the same way
        capsys.readouterr()
        assert main(ask) == 2
        error = capsys.readouterr().err
        assert "can't be written: No space left on device" in error
        assert error.count("\n") == 1
        assert not list(out.glob("*.parquet")) + list(out.glob("summary.json"))
    staged = [f for f in (out / "_state" / "slices").glob("*.parquet") if ".log." not in f.name]
    for file in staged:
        manifest = parquet.read_table(str(file.with_suffix("")) + ".log.parquet")
        assert parquet.count_rows(str(file)) == len(manifest)
    grow = ["mount", "-o", "remount,size=16m", str(small_disk)]
    subprocess.run(grow, check=True)
    kept = {file.name: file.stat().st_mtime_ns for file in staged}
    assert main(ask) == 0
    assert visible(out) == visible(tmp_path / "whole")
    record_property("disk full: shards kept", len(kept))


def flip(file: Path, at: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1
    file.write_bytes(content)


def cut(file: Path, at: float) -> None:
    file.write_bytes(file.read_bytes()[: int(at * file.stat().st_size)])


@pytest.mark.parametrize("damage", [flip, cut])
def test_damaged_file_is_rejected_and_the_others_are_read(
    cluster: Any, drawings: Path, tmp_path: Path, damage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "corpus"
    do("ingest", drawings, "--out", corpus, "--quiet")
    files = sorted(corpus.glob("part-*"))
    bad = files[1]
    ids = {f: parquet.read_table(str(f), ["sketch_id"])["sketch_id"].to_pylist() for f in files}
    damage(bad, 0.3)
    good = [i for f in files if f != bad for i in ids[f]]
    for verb in ("ingest", "segment"):
        out = tmp_path / verb
        do(verb, corpus, "--out", out, "--quiet")
        tables = parquet.read_batches(str(out), ["sketch_id"])
        assert [i for t in tables for i in t["sketch_id"].to_pylist()] == good
        (rejected,) = parquet.read_table(str(out / "_rejected.parquet")).to_pylist()
        assert rejected["file"] == str(bad)
        assert rejected["position"] == ("" if damage is cut else f"rows 0 to {len(ids[bad]) - 1}")
        assert json.loads((out / "summary.json").read_text())["rejected"] == 1
    capsys.readouterr()
    train = ["train", "segmenter", "--data", str(corpus), "--run", "r", "--epochs", "1", *TINY]
    train += ["--storage", str(tmp_path), "--quiet", "--taxonomy", "doodle7"]
    assert main(train) == 2
    error = capsys.readouterr().err
    assert f"{bad} can't be read: " in error
    assert error.count("\n") == 1
