"""Batch jobs that are killed and continue on other machines."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instancesketch.batch import shards
from instancesketch.cli.main import main
from instancesketch.core.storage import read_json
from tests.batch.test_ingest import visible
from tests.batch.test_segment import write_drawings
from tests.batch.test_segment_scenes import write_scenes
from tests.faults.killing import kill_once_staged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TARGET = 8  # shards


def test_killed_job_continues_on_two_machines_with_the_same_rows(
    own_cluster: Any, data_dir: Path, scene_weights: Path,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(shards, "MIN_BYTES", 1)
    monkeypatch.setattr(shards, "TARGET_SHARDS", TARGET)
    write_drawings(tmp_path / "drawings", [f"k{i}" for i in range(400)], files=1)
    write_scenes(data_dir, tmp_path / "scenes.ndjson", 40)
    scenes = ["segment", str(tmp_path / "scenes.ndjson"), "--scenes"]
    scenes += ["--weights", str(scene_weights), "--workers"]
    asked = [["ingest", str(tmp_path / "drawings"), "--workers"], scenes]
    for ask in asked:
        assert main([*ask, "1", "--quiet", "--out", str(tmp_path / "whole" / ask[0])]) == 0
    own_cluster.add_node(num_cpus=4, object_store_memory=100 * 2**20)
    own_cluster.wait_for_nodes()
    for ask in asked:
        out = tmp_path / "killed" / ask[0]
        staged = kill_once_staged(
            [*ask, "1", "--quiet", "--out", str(out)],
            own_cluster.address, 2, min_bytes=1, target=TARGET,
        )  # fmt: skip
        killed = time.monotonic()
        assert main([*ask, "2", "--quiet", "--out", str(out)]) == 0
        record_property(f"{ask[0]} killed: shards kept", staged)
        record_property(f"{ask[0]} killed: s to do the others", time.monotonic() - killed)
        assert visible(out) == visible(tmp_path / "whole" / ask[0])
        stages = read_json(str(out / "summary.json"))["stages"]
        assert max(stage["nodes"] for stage in stages.values()) == 2, stages
