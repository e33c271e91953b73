"""Labels through a real Label Studio: imported, corrected through its API, exported, and read."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import write
from tests.drawings import composed, drawn
from tests.formats.conftest import read_file

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3_600)]

TOKEN = "0123456789abcdef0123456789abcdef01234567"
PATIENCE = 1_500  # seconds, for its database is made on the first start
QUIET = {"LATEST_VERSION_CHECK": "false", "COLLECT_ANALYTICS": "false", "SENTRY_DSN": ""}


def installed(folder: Path) -> Path:
    """Return the command of a Label Studio, installed in an environment of its own.

    Its requirements would fight with the package's. `LABEL_STUDIO` may name a command that is
    there already.
    """
    if given := os.environ.get("LABEL_STUDIO"):
        return Path(given)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    done = subprocess.run(
        [folder / "bin" / "pip", "install", "--quiet", "label-studio"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"pip can't install label-studio here: {done.stderr.strip()[-200:]}")
    return folder / "bin" / "label-studio"


class Server:
    """A Label Studio that runs, by its API."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    def ask(self, path: str, value: Any = None) -> Any:
        """Return the answer to a request; with a value it is sent as JSON."""
        request = urllib.request.Request(
            f"{self._address}/{path}",
            data=None if value is None else json.dumps(value).encode(),
            headers={"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as response:
            return json.load(response)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a Label Studio, and end it after the tests."""
    command = installed(tmp_path_factory.mktemp("environment"))
    data = tmp_path_factory.mktemp("data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "--port": port, "--internal-host": "127.0.0.1", "--data-dir": data,
        "--username": "a@example.org", "--password": "a-long-secret-1", "--user-token": TOKEN,
    }  # fmt: skip
    arguments = [str(each) for pair in options.items() for each in pair]
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [command, "start", "--no-browser", "--enable-legacy-api-token", *arguments],
            cwd=data,
            env=os.environ | QUIET,
            stdout=log,
            stderr=log,
        )
        try:
            started = Server(port)
            wait_for(started, process, data / "server.log")
            yield started
        finally:
            process.terminate()
            process.wait(60)


def wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers; fail with its log if it ends instead."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text("utf-8", "replace")[-2_000:]
        try:
            server.ask("api/projects")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(1)
        else:
            return
    raise AssertionError(log.read_text("utf-8", "replace")[-2_000:])


def imported(server: Server, folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """Make a project of what was exported, and return its number and its tasks."""
    interface = (folder / "label-studio.xml").read_text("utf-8")
    project = server.ask("api/projects", {"title": "test", "label_config": interface})["id"]
    tasks = json.loads((folder / "tasks.json").read_text("utf-8"))
    answer = server.ask(f"api/projects/{project}/import", tasks)
    assert answer["task_count"] == answer["prediction_count"] == len(tasks)
    listed = server.ask(f"api/tasks?project={project}&fields=all&page_size=100")
    return project, listed["tasks"]


def exported(server: Server, project: int, path: Path) -> dict[str, Any]:
    """Export a project as JSON, and return the drawings that are read from it by their id."""
    tasks = server.ask(f"api/projects/{project}/export?exportType=JSON&download_all_tasks=true")
    path.write_text(json.dumps(tasks), "utf-8")
    return {record.sketch.sketch_id: record.sketch for record in read_file(path)}


def test_labels_survive_a_real_label_studio(server: Server, tmp_path: Path) -> None:
    taxonomy = Taxonomy.load("doodle7")
    (scene,) = composed(1)
    # Reading keeps the categories of the taxonomy alone.
    categories = tuple(map(taxonomy.category_of, scene.object_category or ()))
    sketches = [*drawn(4, seed=3), scene.replace(object_category=categories)]
    write(sketches, "labelstudio", str(tmp_path), taxonomy=taxonomy)
    project, tasks = imported(server, tmp_path)
    for task in tasks:
        (prediction,) = task["predictions"]
        # As a person does who accepts what is there.
        server.ask(f"api/tasks/{task['id']}/annotations/", {"result": prediction["result"]})
    back = exported(server, project, tmp_path / "export.json")
    assert back.keys() == {sketch.sketch_id for sketch in sketches}
    for sketch in sketches:
        assert back[sketch.sketch_id] == sketch


def test_corrections_in_a_real_label_studio_are_read(server: Server, tmp_path: Path) -> None:
    (sketch,) = drawn(1, seed=5, category="4leg")
    write([sketch], "labelstudio", str(tmp_path), taxonomy=Taxonomy.load("doodle7"))
    project, (task,) = imported(server, tmp_path)
    result = task["predictions"][0]["result"]
    first = next(entry for entry in result if entry["type"] == "vectorlabels")
    first["value"]["vectorlabels"] = ["tail"]
    result = [e for e in result if e["id"] != first["id"] or e["type"] == "vectorlabels"]
    next(e for e in result if e["type"] == "choices")["value"]["choices"] = ["2leg"]
    server.ask(f"api/tasks/{task['id']}/annotations/", {"result": result})
    corrected = exported(server, project, tmp_path / "export.json")[sketch.sketch_id]
    assert corrected.category == "2leg"
    assert corrected.part is not None
    assert corrected.part[0] == "tail"
    assert corrected.part[1:] == (sketch.part or ())[1:]
