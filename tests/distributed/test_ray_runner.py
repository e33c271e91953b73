from pathlib import Path

import pytest

from instancesketch.batch.config import IngestConfig
from instancesketch.batch.ingest import ingest
from instancesketch.batch.runner import run_job
from instancesketch.core.errors import UserError
from instancesketch.distributed.ray_runner import RayRunner
from tests.batch.in_process import InProcessRunner
from tests.batch.test_ingest import visible
from tests.batch.test_runner import job
from tests.formats.broken import write_broken


@pytest.mark.ray
def test_user_error_in_a_worker_ends_the_job_with_its_message(
    ray_cluster: None, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"^no room for part-1$"):
        run_job(job(tmp_path / "out", "part-1"), RayRunner())


@pytest.mark.ray
@pytest.mark.parametrize("workers", [None, 1])
def test_ray_and_in_process_runners_write_the_same_result(
    ray_cluster: None, tmp_path: Path, workers: int | None
) -> None:
    write_broken(tmp_path / "in", big=False)
    summaries = [
        ingest(
            IngestConfig(
                sources=(str(tmp_path / "in"),),
                out=str(tmp_path / name),
                workers=workers,
                quiet=True,
            ),
            runner,
        )
        for name, runner in (("ray", RayRunner()), ("here", InProcessRunner()))
    ]
    assert visible(tmp_path / "ray") == visible(tmp_path / "here")
    ray, here = (
        {k: v for k, v in s.counts.items() if k not in ("speed", "stages", "peak_memory_mb")}
        for s in summaries
    )
    assert ray == here
    assert list(summaries[0].counts["stages"]) == ["reading", "writing"]
