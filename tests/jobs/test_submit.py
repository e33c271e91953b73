"""Jobs submitted by Ray's own command to a real job server, from a clean directory."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from instancesketch.core import parquet
from tests.distributed.dry_runs import TINY_MODEL
from tests.drawings import corpus, drawn
from tests.jobs.server import TOKEN, Server, run_server

ROOT = Path(__file__).parents[2]
# Differs from the installed version, to show that the submitted code is what runs.
VERSION = "0.0.0+submitted"
WORKING_DIRECTORY_MB = 20

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("jobs"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the files that git tracks, with large untracked data beside them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("a clean working directory is made of a checkout by git")
    folder = tmp_path_factory.mktemp("clone")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    init = folder / "instancesketch" / "__init__.py"
    init.write_text(f'"""Submitted."""\n\n__version__ = "{VERSION}"\n')
    # Large files that a user's clone may contain, and no job needs.
    (folder / "corpus").mkdir()
    (folder / "corpus" / "part-000000.parquet").write_bytes(bytes(30 * 2**20))
    (folder / "drawings.ndjson").write_bytes(bytes(30 * 2**20))
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with run_server() as started:
        yield started


class Submitter:
    """Submits jobs of the tree by the first line of their docstrings."""

    def __init__(self, server: Server, tree: Path, share: Path) -> None:
        self.server, self.tree, self.share = server, tree, share

    def __call__(self, job: str, *options: str, token: str | None = TOKEN) -> tuple[int, str]:
        """Submit a job with the given options; return the command's status and output.

        `@name` in options is a location that the nodes share.
        """
        line = (self.tree / "jobs" / f"{job}.py").read_text("utf-8").splitlines()[0]
        words = shlex.split(line.removeprefix('"""'))
        start = words[: words.index("--") + 3]
        assert [*start[:5], *start[-3:]] == [
            "ray", "job", "submit", "--working-dir", ".", "--", "python", f"jobs/{job}.py",
        ]  # fmt: skip
        given = [o.replace("@", f"{self.share}/", 1) if o[0] == "@" else o for o in options]
        process = self.server.ray(*start[1:], *given, token=token, cwd=self.tree)
        output, _ = process.communicate()
        return process.returncode, output


@pytest.fixture(scope="module")
def submit(server: Server, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Submitter:
    return Submitter(server, tree, tmp_path_factory.mktemp("share"))


@pytest.fixture(scope="module")
def results(submit: Submitter) -> Path:
    """Return the folder of a corpus, a run on it and its result: two jobs one after the other."""
    sketches = [
        s.replace(split="valid" if i % 4 == 0 else "train") for i, s in enumerate(drawn(40))
    ]
    corpus(submit.share / "corpus", sketches)
    for job in (
        ["train", "segmenter", "--data", "@corpus", "--run", "first", "--storage", "@runs",
         "--taxonomy", "doodle7", "--select", "valid", "--epochs", "1", *TINY_MODEL],
        ["segment", "@corpus", "--out", "@result", "--weights", "@runs/first", "--workers", "1"],
    ):  # fmt: skip
        status, output = submit(*job)
        assert status == 0, output
    return submit.share


@pytest.mark.parametrize("token", [None, "f" * 64], ids=["none", "wrong"])
def test_server_refuses_jobs_without_the_token(submit: Submitter, token: str | None) -> None:
    status, output = submit("info", "@corpus", token=token)
    assert status != 0
    assert "AuthenticationError" in output
    assert "submitted successfully" not in output


def test_failed_job_ends_with_its_error_line(submit: Submitter) -> None:
    """A relative location is in the working directory of the job, which ends with it."""
    status, output = submit("train", "segmenter", "--data", "@corpus", "--run", "a")
    assert status == 1
    assert "instancesketch: error: --storage runs would lie in" in output
    assert "Traceback" not in output


def test_jobs_write_their_results(results: Path) -> None:
    assert (results / "runs" / "first" / "segmenter" / "model.safetensors").is_file()
    assert sum(map(len, parquet.read_batches(str(results / "result")))) == 40


@pytest.mark.parametrize("folder", ["runs/first", "result"])
def test_log_shows_that_the_submitted_code_ran(results: Path, folder: str) -> None:
    log = (results / folder / "_log.txt").read_text("utf-8")
    assert f"instancesketch {VERSION}" in log
    assert "as job raysubmit_" in log
    assert log.endswith(" finished\n")


@pytest.mark.parametrize("folder", ["runs/first", "result"])
def test_summaries_have_speed_and_memory_by_stage(results: Path, folder: str) -> None:
    summary = json.loads((results / folder / "summary.json").read_text("utf-8"))
    assert summary["speed"]["seconds"] > 0
    assert {"driver"} < set(summary["peak_memory_mb"])
    assert summary["stages"]


def test_data_in_the_clone_is_not_uploaded(results: Path, server: Server) -> None:
    uploaded = server.working_directories()
    assert uploaded
    for folder in uploaded:
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert "train.py" in {file.name for file in files}
        assert sum(file.stat().st_size for file in files) < WORKING_DIRECTORY_MB * 2**20


def test_stages_have_names_in_the_dashboard(results: Path, server: Server) -> None:
    actors = {actor["class_name"] for actor in server.list_state("actors")}
    assert {"MapWorker(MapBatches(Label))", "RayTrainWorker", "TrainController"} <= actors
    tasks = {task["name"] for task in server.list_state("tasks")}
    assert {"MapBatches(Read)", "MapBatches(Write)", "MapBatches(read_drawings)"} <= tasks
