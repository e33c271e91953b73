"""Batch jobs that lose a process or a machine."""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from instancesketch.batch import shards
from instancesketch.batch.config import SegmentConfig
from instancesketch.batch.segment import segment
from instancesketch.batch.stages import Labelling, LabelRows, ModelStage
from instancesketch.core.schema import build_result_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.ray_runner import RayRunner
from tests.batch.test_ingest import visible
from tests.batch.test_segment import write_drawings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SHARDS, ROWS = 16, 5
FREE = 4  # shards that are labelled before any loss


@pytest.fixture
def by_value(own_cluster: Any) -> Iterator[None]:
    """Pickle this module by value, as workers can't import it."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def label_and_wait(rows: pa.Table, worked: str) -> pa.Table:
    """Write a file that names row, process and node, wait for `go`, and label as sun."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    first = rows["sketch_id"][0].as_py()
    Path(worked, f"{first} {os.getpid()} {node} {time.time_ns()}").touch()
    while len(list(Path(worked).glob("* *"))) > FREE and not Path(worked, "go").exists():
        time.sleep(0.01)
    return build_result_table(rows, {"category": pa.array(["sun"] * len(rows))})


def load_label(worked: str, device: str) -> LabelRows:
    return partial(label_and_wait, worked=worked)


def label(folder: Path, out: str, worked: Path) -> None:
    """Label the drawings of a folder, in as many shards as it has files."""
    stage = ModelStage(name="labelling", load=partial(load_label, str(worked)))
    labelling = Labelling(taxonomy=Taxonomy.load("doodle7"), stages=(stage,))
    config = SegmentConfig(
        sources=(str(folder / "in"),), out=str(folder / out), weights=(), quiet=True
    )
    summary = segment(config, RayRunner(), labelling)
    assert (summary.rows, summary.failed, summary.rejected) == (SHARDS * ROWS, 0, 0)


def begun(worked: Path) -> list[list[str]]:
    """Return first row, process, node and time of each shard that was begun, in order."""
    return sorted((f.name.split() for f in worked.glob("* *")), key=lambda b: int(b[3]))


@pytest.mark.parametrize("lost", ["an actor", "a node"])
def test_loss_repeats_only_the_shards_in_progress(
    by_value: None, own_cluster: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, lost: str, record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    import ray

    if not own_cluster.worker_nodes:
        own_cluster.add_node(num_cpus=4, object_store_memory=100 * 2**20)
        own_cluster.wait_for_nodes()
    (node,) = own_cluster.worker_nodes
    head = ray.get_runtime_context().get_node_id()
    write_drawings(tmp_path / "in", [f"k{i:03}" for i in range(SHARDS * ROWS)], files=SHARDS)
    sizes = {file.stat().st_size for file in (tmp_path / "in").iterdir()}
    monkeypatch.setattr(shards, "MIN_BYTES", max(sizes))
    whole, worked = tmp_path / "whole-worked", tmp_path / "broken-worked"
    for folder in (whole, worked):
        folder.mkdir()
    (whole / "go").touch()
    began = time.monotonic()
    label(tmp_path, "whole", whole)
    unbroken = time.monotonic() - began
    being_labelled: list[str] = []

    def lose() -> None:
        while not (waiting := [b for b in begun(worked)[FREE:] if b[2] != head]):
            time.sleep(0.01)
        if lost == "an actor":
            being_labelled.append(waiting[0][0])
            os.kill(int(waiting[0][1]), signal.SIGKILL)
        else:
            being_labelled.extend(b[0] for b in waiting)
            own_cluster.remove_node(node, allow_graceful=False)
        (worked / "go").touch()

    thread = threading.Thread(target=lose, daemon=True)
    thread.start()
    began = time.monotonic()
    label(tmp_path, "broken", worked)
    broken = time.monotonic() - began
    assert visible(tmp_path / "broken") == visible(tmp_path / "whole")
    times = Counter(b[0] for b in begun(worked))
    again = {name for name, number in times.items() if number > 1}
    assert len(times) == SHARDS
    assert set(being_labelled) <= again
    # Shards that were labelled there but not yet written are repeated as well.
    assert len(again) <= len(being_labelled) + (1 if lost == "an actor" else 4 + FREE)
    record_property(f"{lost} lost: shards of {SHARDS} labelled again", len(again))
    record_property(f"{lost} lost: s more than without", broken - unbroken)
