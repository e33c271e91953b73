"""The plan of a job, made without Ray and without writing anything."""

import json
from pathlib import Path

import pytest

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.ingest import ingest_job
from instancesketch.batch.output import Output
from instancesketch.cli.main import main
from instancesketch.core.parquet import write_table
from instancesketch.core.schema import to_table
from instancesketch.distributed.dry_run import plan_job
from instancesketch.distributed.placement import is_cluster_asked_for
from tests.drawings import drawn


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return the folder of a corpus of two files."""
    for name, count in (("a", 7), ("b", 5)):
        write_table(str(tmp_path / "in" / f"{name}.parquet"), to_table(drawn(count)))
    return tmp_path / "in"


def test_plan_of_a_new_job_counts_files_rows_and_shards(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    out = tmp_path / "out"
    ask = ["segment", str(source), "--out", str(out), "--dry-run"]
    assert main([*ask, "--json", "--workers", "1"]) == 0
    plan = json.loads(capsys.readouterr().out)
    size = sum(p.stat().st_size for p in source.iterdir())
    expected = {"files": 2, "hidden_files": 0, "bytes": size, "rows": 12, "workers": 1}
    assert plan.items() >= {"out": str(out), "finished": False, **expected}.items()
    assert plan["slices_to_do"] == plan["slices"] >= 1
    assert not plan["in_process"]
    assert main(ask) == 0
    printed = capsys.readouterr().out
    # Without a number of workers: other tests of this process may have joined a cluster.
    here = "workers: this process, without Ray, with one shard in memory\n"
    assert (here in printed) == (not is_cluster_asked_for())
    assert "2 files of 0.0 MB, 12 rows" in printed
    assert printed.endswith("segment: dry run, nothing was done\n")
    assert not out.exists()
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert main(ask) == 0
    assert "workers: as many as the cluster has" in capsys.readouterr().out


def test_plan_of_a_stopped_job_counts_the_missing_shards(source: Path, tmp_path: Path) -> None:
    job = ingest_job(IngestConfig(sources=(str(source),), out=str(tmp_path / "out")))
    output = Output(str(tmp_path / "out"), job.config)
    output.claim()
    first = job.shards[0].name
    write_table(output.staged_file(first), to_table([]))
    plan = plan_job(job)
    assert plan["slices"] - plan["slices_to_do"] == 1


def test_plan_does_not_count_rows_of_drawing_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text('{"key_id": "a", "drawing": [[[0, 5], [0, 5]]]}\n')
    job = ingest_job(IngestConfig(sources=(str(tmp_path / "in"),), out=str(tmp_path / "out")))
    assert plan_job(job)["rows"] is None


def test_dry_run_refuses_a_folder_with_other_files(source: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    assert main(["ingest", str(source), "--out", str(tmp_path / "out"), "--dry-run"]) == 2
    assert "already holds 'thesis.txt'" in capsys.readouterr().err
