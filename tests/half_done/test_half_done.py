"""Work left half done by version 0.1.0 is finished, and its finished parts are not repeated.

Each archive holds the folder of a command that was killed, with its sources; `synth` drew these.
`@PLACE@` stands for the folder that the archive is unpacked to:

- ingest, segment: a file of 40 lines, two of which can't be read, padded so that it is cut into
  four shards; killed once the first two were staged.
- train: a tiny segmenter, killed in the second of three epochs.
- tune: two epochs for each of three trials, killed in the second epoch of the second. The pickles
  of Ray Tune were left out: a sweep that is continued begins by removing them.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from instancesketch.__main__ import main

ARCHIVES = Path(__file__).parent
LONG_AGO = 1_600_000_000  # seconds since 1970, older than any file that a test writes
TINY = [
    "model.encoder=points", "model.width=16", "model.heads=2", "model.layers=1",
    "model.feedforward=32", "model.samples=8", "model.channels=[8, 8]",
]  # fmt: skip
SETS = [word for change in TINY for word in ("--set", change)]


def unpack(name: str, folder: Path) -> Path:
    """Unpack an archive as if it had been made in the folder, with old modification times."""
    with tarfile.open(ARCHIVES / f"{name}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    for file in (f for f in folder.rglob("*") if f.is_file()):
        if file.suffix in (".json", ".jsonl", ".txt"):
            file.write_text(file.read_text().replace("@PLACE@", str(folder)))
        os.utime(file, (LONG_AGO, LONG_AGO))
    return folder


def describe_sources(out: Path) -> None:
    """Set the digest in a job's stored config to that of its sources here."""
    stored = out / "_state" / "settings.json"
    settings = json.loads(stored.read_text())
    for source in settings["sources"]:
        digest = hashlib.blake2b(digest_size=16)
        for file in sorted(Path(source["source"]).rglob("*")):
            found = file.stat()
            digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
        source["digest"] = digest.hexdigest()
    stored.write_text(json.dumps(settings))


def is_untouched(file: Path) -> bool:
    """Return whether a file is the one that was unpacked, perhaps under another name."""
    return file.stat().st_mtime == LONG_AGO


def read_lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def finish_job(out: Path, command: list[str]) -> dict[str, Any]:
    """Finish a job of four shards, two of which are staged; return its summary."""
    describe_sources(out)
    staged = {n: (out / "_state/slices" / f"part-00000{n}.parquet").read_bytes() for n in (0, 1)}
    assert main(command) == 0
    for number, content in staged.items():
        file = out / f"part-00000{number}.parquet"
        assert is_untouched(file)
        assert file.read_bytes() == content
    assert not is_untouched(out / "part-000002.parquet")
    files = sorted(out.glob("part-*.parquet"))
    assert [file.name for file in files] == [f"part-00000{n}.parquet" for n in range(4)]
    rows = [pq.read_metadata(file).num_rows for file in files]
    assert sum(rows) == 38
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["rows"], summary["rejected"], summary["failed"]) == (38, 2, 0)
    assert summary["speed"]["sketches"] == sum(rows[2:])
    rejected = pq.read_table(out / "_rejected.parquet")["position"].to_pylist()
    assert rejected == ["line 4", "byte 3774852"]
    left = {path.name for path in (out / "_state").iterdir()}
    # Earlier versions didn't count what they staged.
    assert left - {"groups.parquet"} == {"settings.json"}
    return summary


@pytest.mark.ray
def test_ingest_continues_from_staged_shards(ray_cluster: None, tmp_path: Path) -> None:
    folder = unpack("ingest", tmp_path)
    out = folder / "corpus"
    finish_job(
        out,
        ["ingest", str(folder / "drawings"), "--out", str(out), "--taxonomy", "doodle7", "--quiet"],
    )
    assert pq.read_table(list(out.glob("part-*.parquet")))["part"].null_count == 0


@pytest.mark.ray
def test_segment_continues_from_staged_shards(ray_cluster: None, tmp_path: Path) -> None:
    folder = unpack("segment", tmp_path)
    out = folder / "result"
    command = ["segment", str(folder / "drawings"), "--out", str(out), "--quiet"]
    command += ["--weights", str(folder / "weights"), "--precision", "float32", "--workers", "1"]
    finish_job(out, command)
    rows = pq.read_table(list(out.glob("part-*.parquet")))
    assert rows["error"].null_count == 38
    assert rows["part"].null_count == rows["instance"].null_count == 0


@pytest.mark.ray
def test_train_continues_after_the_last_finished_epoch(ray_cluster: None, tmp_path: Path) -> None:
    folder = unpack("train", tmp_path)
    run = folder / "runs" / "half"
    (before,) = read_lines(run)
    command = ["train", "segmenter", "--data", str(folder / "corpus"), "--taxonomy", "doodle7"]
    command += ["--run", "half", "--storage", str(folder / "runs"), "--epochs", "3", "--seed", "2"]
    assert main([*command, "--set", "passes=40", *SETS, "--quiet"]) == 0
    lines = read_lines(run)
    assert lines[0] == before
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    summary = json.loads((run / "summary.json").read_text())
    assert [start["epoch"] for start in summary["starts"]] == [0, 1]
    assert summary["epochs"] == 3
    assert (run / "segmenter" / "model.safetensors").exists()


@pytest.mark.nightly
def test_tune_continues_unfinished_trials(ray_cluster: None, tmp_path: Path) -> None:
    folder = unpack("tune", tmp_path)
    sweep = folder / "runs" / "half"
    first, (before,) = read_lines(sweep / "trial-01"), read_lines(sweep / "trial-02")
    command = ["tune", "segmenter", "--data", str(folder / "corpus"), "--taxonomy", "doodle7"]
    command += ["--run", "half", "--storage", str(folder / "runs"), "--trials", "3"]
    command += ["--concurrent", "1", "--space", str(folder / "space.toml"), "--epochs", "2"]
    command += ["--grace", "2", "--seed", "2", "--set", "passes=20", *SETS, "--quiet"]
    assert main(command) == 0
    for name in ("metrics.jsonl", "summary.json", "segmenter/model.safetensors"):
        assert is_untouched(sweep / "trial-01" / name)
    assert read_lines(sweep / "trial-01") == first
    lines = read_lines(sweep / "trial-02")
    assert lines[0] == before
    assert [line["epoch"] for line in lines] == [1, 2]
    summary = json.loads((sweep / "summary.json").read_text())
    assert (summary["trials"], summary["finished"], summary["failed"]) == (3, 3, 0)
    assert len(read_lines(sweep / "trial-03")) == 2
    assert {trial["trial"] for trial in json.loads((sweep / "trials.json").read_text())} == {
        "trial-01", "trial-02", "trial-03",
    }  # fmt: skip
