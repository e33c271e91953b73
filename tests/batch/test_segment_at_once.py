"""Two commands on a Ray cluster that are started at the same moment on one output folder."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from instancesketch.core import storage
from tests.batch.test_segment import write_drawings

ROWS = 40


@pytest.mark.ray
def test_of_two_segment_commands_at_once_with_other_configs_one_is_refused(
    ray_cluster: None, parts_alone: Path, tmp_path: Path
) -> None:
    import ray

    write_drawings(tmp_path / "in", [f"k{i}" for i in range(ROWS)], files=4)
    command = [sys.executable, "-m", "instancesketch", "segment", str(tmp_path / "in"), "--quiet"]
    command += ["--weights", str(parts_alone), "--workers", "1", "--out", str(tmp_path / "out")]
    seeds = ("1", "2")
    address = ray.get_runtime_context().gcs_address
    processes = [
        subprocess.Popen(
            [*command, "--shuffle-strokes", seed],
            env=os.environ | {"RAY_ADDRESS": address}, stderr=subprocess.PIPE, text=True,
        )
        for seed in seeds
    ]  # fmt: skip
    errors = [process.communicate()[1] for process in processes]
    statuses = [process.returncode for process in processes]
    assert sorted(statuses) == [0, 2], errors
    winner = statuses.index(0)
    assert f"(shuffle_strokes was {seeds[winner]}, is {seeds[1 - winner]})" in errors[1 - winner]
    settings = storage.read_json(str(tmp_path / "out" / "_state" / "settings.json"))
    assert str(settings["shuffle_strokes"]) == seeds[winner]
    rows = pq.read_table(sorted((tmp_path / "out").glob("part-*.parquet")))
    assert len(rows) == storage.read_json(str(tmp_path / "out" / "summary.json"))["rows"] == ROWS
    log = (tmp_path / "out" / "_log.txt").read_text()
    assert (log.count("segment begun"), log.count("segment continued")) == (1, 0)
