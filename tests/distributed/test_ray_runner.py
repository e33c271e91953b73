import re
from collections.abc import Callable
from pathlib import Path

import pytest

from instancesketch.batch import shards, synthesize
from instancesketch.batch.config import DrawingsConfig, IngestConfig, ScenesConfig, SegmentConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.ingest import ingest
from instancesketch.batch.job import Summary
from instancesketch.batch.output import Output
from instancesketch.batch.runner import Runner, run_job
from instancesketch.batch.segment import segment, segment_job
from instancesketch.batch.stages import JobRun, unpack
from instancesketch.batch.synthesize import synth_drawings, synth_scenes
from instancesketch.core.errors import UserError
from instancesketch.distributed.cluster import connect, current_node
from instancesketch.distributed.ray_runner import RayRunner, stream_shards
from tests.batch.test_ingest import visible
from tests.batch.test_runner import job
from tests.drawings import corpus, drawn
from tests.formats.broken import write_broken

Command = Callable[[Path, Runner], Summary]  # writes to the folder


@pytest.mark.ray
def test_user_error_in_a_worker_ends_the_job_with_its_message(
    ray_cluster: None, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"^no room for part-1$"):
        run_job(job(tmp_path / "out", "part-1"), RayRunner())


def compare_runners(folder: Path, command: Command, stages: list[str]) -> None:
    """Assert that Ray and this process write the same bytes and count the same."""
    by_ray, here = (
        command(folder / "ray", RayRunner()).counts,
        command(folder / "here", InProcessRunner()).counts,
    )
    assert visible(folder / "ray") == visible(folder / "here")
    assert len(visible(folder / "ray")) > 1
    assert list(by_ray["stages"]) == list(here["stages"]) == stages
    measured = {"speed", "stages", "peak_memory_mb"}
    assert {k: v for k, v in by_ray.items() if k not in measured} == {
        k: v for k, v in here.items() if k not in measured
    }


@pytest.mark.ray
@pytest.mark.parametrize("workers", [None, 1])
def test_ray_and_in_process_runners_ingest_alike(
    ray_cluster: None, tmp_path: Path, workers: int | None
) -> None:
    write_broken(tmp_path / "in", big=False)

    def command(out: Path, runner: Runner) -> Summary:
        sources = (str(tmp_path / "in"),)
        config = IngestConfig(sources=sources, out=str(out), workers=workers, quiet=True)
        return ingest(config, runner)

    compare_runners(tmp_path, command, ["reading", "writing"])


@pytest.mark.ray
def test_ray_and_in_process_runners_segment_alike(
    ray_cluster: None, tmp_path: Path, parts_alone: Path
) -> None:
    source = corpus(tmp_path / "in", drawn(60), rows_per_group=10, files=2)

    def command(out: Path, runner: Runner) -> Summary:
        weights = (str(parts_alone),)
        config = SegmentConfig(sources=(source,), out=str(out), weights=weights, workers=1)
        return segment(config, runner)

    compare_runners(tmp_path, command, ["reading", "labelling", "writing"])


@pytest.mark.ray
def test_ray_counts_the_drawings_of_a_job_in_shards_that_it_leaves_whole(
    ray_cluster: None, tmp_path: Path, parts_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ray.data import DataContext

    monkeypatch.setattr(shards, "MIN_BYTES", 1)  # a shard for each row group
    # Ray Data would cut what is larger.
    monkeypatch.setattr(DataContext.get_current(), "target_max_block_size", 1000)
    source = corpus(tmp_path / "in", drawn(60), rows_per_group=20)
    weights = (str(parts_alone),)
    job = segment_job(SegmentConfig(sources=(source,), out=str(tmp_path / "out"), weights=weights))
    output = Output(job.out, job.config)
    # A node to keep off is used all the same where there is no other.
    run = JobRun(output=output, id="1", avoid=frozenset({current_node()}))
    dataset = stream_shards(job, job.shards, run, connect())
    done = [
        unpack(table) for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow")
    ]
    assert sum(state.written for state in done) == 60
    # As the dashboard shows them: the shards, then what was read, labelled and written.
    of_stages = re.findall(r"Output num rows per block: .*, (\d+) total", dataset.stats())
    assert of_stages == ["3", "60", "60", "60"]


@pytest.mark.ray
def test_ray_and_in_process_runners_draw_alike(
    ray_cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesize, "DRAWINGS_PER_SHARD", 20)

    def command(out: Path, runner: Runner) -> Summary:
        return synth_drawings(
            DrawingsConfig(number=70, seed=5, out=str(out), workers=3, quiet=True), runner
        )

    compare_runners(tmp_path, command, ["drawing", "writing"])


@pytest.mark.ray
def test_ray_and_in_process_runners_compose_alike(
    ray_cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesize, "SCENES_PER_SHARD", 10)
    source = corpus(tmp_path / "in", drawn(60), files=2)

    def command(out: Path, runner: Runner) -> Summary:
        return synth_scenes(
            ScenesConfig(number=30, seed=5, sources=(source,), out=str(out), quiet=True), runner
        )

    compare_runners(tmp_path, command, ["composing", "writing"])
