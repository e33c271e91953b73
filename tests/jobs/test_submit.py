"""Every job, submitted by Ray's own command to a real job server, from a clean directory."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core import parquet
from tests.jobs.server import TOKEN, Server, run_server

ROOT = Path(__file__).parents[2]
JOBS = sorted(path.stem for path in (ROOT / "jobs").glob("*.py"))
# Differs from the installed version, to show that the submitted code is what runs.
VERSION = "0.0.0+submitted"
WORKING_DIRECTORY_MB = 20
# Enough drawings to select on for a macro-F1, by which `tune` compares trials.
DRAWINGS = 240

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


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
        self.submitted: set[str] = set()

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
        self.submitted.add(job)
        return process.returncode, output

    def together(self, *jobs: Sequence[str]) -> list[str]:
        """Submit jobs at the same time, which must all succeed; return their outputs."""
        with ThreadPoolExecutor(len(jobs)) as pool:
            ended = list(pool.map(lambda job: self(*job), jobs))
        for status, output in ended:
            assert status == 0, output
        return [output for _, output in ended]


@pytest.fixture(scope="module")
def submit(server: Server, tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Submitter:
    return Submitter(server, tree, tmp_path_factory.mktemp("share"))


@pytest.fixture(scope="module")
def results(submit: Submitter) -> Path:
    """Return the folder of the results of all jobs but the demo; later jobs use earlier ones."""
    submit.together(["synth", "drawings", "--number", str(DRAWINGS), "--out", "@synth"])
    submit.together(["export", "@synth", "--format", "cvat", "--out", "@xml"])
    submit.together(["ingest", "@xml", "--out", "corpus", "--storage", "@."])
    small = ["--data", "@corpus", "--storage", "@runs", "--epochs", "1", "--set", "model.layers=1"]
    submit.together(
        ["train", "segmenter", "--run", "first", *small],
        ["tune", "segmenter", "--run", "sweep", "--trials", "1", *small],
    )
    submit.together(["segment", "@corpus", "--out", "@result", "--weights", "@runs/first"])
    submit.together(
        ["evaluate", "@result", "--truth", "@corpus", "--out", "@metrics.json"],
        ["report", "@result", "--truth", "@corpus", "--out", "@report.html"],
        ["info", "@result"],
        ["benchmark", "--data", "@corpus", "--number", "8", "--only", "one", "--out", "@speed"],
    )
    return submit.share


@pytest.mark.parametrize("token", [None, "f" * 64], ids=["none", "wrong"])
def test_server_refuses_jobs_without_the_token(submit: Submitter, token: str | None) -> None:
    status, output = submit("info", "@corpus", token=token)
    assert status != 0
    assert "AuthenticationError" in output
    assert "submitted successfully" not in output


def test_jobs_write_their_results(results: Path) -> None:
    for name in ("synth", "corpus", "result"):
        assert sum(map(len, parquet.read_batches(str(results / name)))) == DRAWINGS
    assert (results / "runs" / "first" / "segmenter" / "model.safetensors").is_file()
    assert (results / "runs" / "sweep" / "best.toml").is_file()
    figures = json.loads((results / "metrics.json").read_text("utf-8"))
    assert figures["sketches"] == DRAWINGS
    assert figures["failed"] == figures["missing"] == 0
    assert (results / "report.html").read_text("utf-8").startswith("<!doctype html>")
    rows = json.loads((results / "speed" / "speed.json").read_text("utf-8"))["rows"]
    assert {row["part"] for row in rows} == {"one"}


@pytest.mark.parametrize("folder", ["synth", "corpus", "runs/first", "runs/sweep", "result"])
def test_log_shows_that_the_submitted_code_ran(results: Path, folder: str) -> None:
    log = (results / folder / "_log.txt").read_text("utf-8")
    assert f"instancesketch {VERSION}" in log
    assert "as job raysubmit_" in log
    assert log.endswith(" finished\n")


@pytest.mark.parametrize("folder", ["synth", "corpus", "runs/first", "result"])
def test_summaries_have_speed_and_memory_by_stage(results: Path, folder: str) -> None:
    summary = json.loads((results / folder / "summary.json").read_text("utf-8"))
    assert summary["speed"]["seconds"] > 0
    assert {"driver"} < set(summary["peak_memory_mb"])
    assert summary["stages"]


def test_data_in_the_clone_is_not_uploaded(results: Path, server: Server, tree: Path) -> None:
    from ray._private.runtime_env.packaging import create_package

    target = results / "package.zip"
    create_package(str(tree), target, include_gitignore=True, include_parent_dir=False, excludes=[])
    assert target.stat().st_size < WORKING_DIRECTORY_MB * 2**20


def test_stages_have_names_in_the_dashboard(results: Path, server: Server) -> None:
    def list_state(kind: str, *options: str) -> list[dict[str, Any]]:
        output, _ = server.ray(
            "list", kind, "--address", server.address, "--format", "json", "--limit", "5000",
            *options,
        ).communicate()  # fmt: skip
        return json.loads(output[output.index("[") :])

    actors = {actor["class_name"] for actor in list_state("actors")}
    assert {"MapWorker(Map(Label))", "RayTrainWorker", "TrainController"} <= actors
    tasks = {task["name"] for task in list_state("tasks")}
    named = {"Map(Draw+Write)", "Map(Read+Write)", "Map(Read)", "Map(Write)"}
    assert named | {"MapBatches(read_drawings)"} <= tasks


@pytest.mark.parametrize(
    ("job", "options", "error"),
    [
        ("info", ["@nowhere"], "nowhere is not a corpus"),
        ("train", ["segmenter", "--data", "@corpus", "--run", "a"], "--storage runs would lie in"),
    ],
)
def test_failed_job_ends_with_its_error_line(
    submit: Submitter, job: str, options: list[str], error: str
) -> None:
    status, output = submit(job, *options)
    assert status == 1
    assert "instancesketch: error: " in output
    assert error in output
    assert "Traceback" not in output


def test_demo_writes_its_pages(submit: Submitter) -> None:
    (output,) = submit.together(
        ["demo", "--number", "120", "--epochs", "1", "--out", "@demo", "--quiet"]
    )
    assert "demo: all done" in output
    for page in ("shipped", "trained"):
        assert (submit.share / "demo" / f"{page}.html").is_file()


def test_every_job_was_submitted(results: Path, submit: Submitter) -> None:
    assert {*submit.submitted, "demo"} == set(JOBS)
