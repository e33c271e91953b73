"""The page as an application of Ray Serve: the same answers, and a killed replica under load."""

import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import psutil
import pytest

from instancesketch.core.errors import UserError
from instancesketch.serve.guard import Access
from instancesketch.serve.labelling import Labeller
from instancesketch.serve.requests import to_label_request
from tests.drawings import drawn

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serve"), pytest.mark.timeout(600)]

PATIENCE = 120.0


def body_of(sketch) -> dict[str, list[list[list[float]]]]:
    return {"strokes": [stroke.T.tolist() for stroke in sketch.to_strokes()]}


@pytest.fixture(scope="module")
def address(ray_cluster: None) -> Iterator[str]:
    """Serve the application with two replicas of the models, and yield its address."""
    serve = pytest.importorskip("ray.serve", reason="the extra serve")
    from instancesketch.distributed import serving

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    models = serving.Models.options(autoscaling_config=None, num_replicas=2).bind(["default"])
    access = Access(hosts=frozenset({f"127.0.0.1:{port}"}), per_second=1e6, burst=1e6, waiting=64)
    page = serving.Page.options(autoscaling_config=None, num_replicas=1).bind(models, access)
    serve.run(page, name="instancesketch")
    yield f"http://127.0.0.1:{port}"
    serve.shutdown()


def test_answers_are_those_of_one_process(address: str) -> None:
    labeller = Labeller.load(["default"])
    bodies = [body_of(sketch) for sketch in drawn(12)]
    asked = [*bodies, bodies[0] | {"category": "car"}, bodies[1] | {"categories": ["sun", "tree"]}]
    with httpx.Client(base_url=address, timeout=PATIENCE) as client:
        for body in asked:
            answer = client.post("/api/label", json=body)
            want = labeller.label(to_label_request(body))
            assert answer.status_code == 200
            found = answer.json()
            assert found["category"] == want["category"]
            names = ("part", "label", "instance")
            assert [[s[n] for n in names] for s in found["strokes"]] == [
                [s[n] for n in names] for s in want["strokes"]
            ]
        assert client.get("/api/model").json()["scenes"]
        assert client.get("/").headers["content-security-policy"].startswith("default-src 'none'")
        refused = client.post("/api/label", json=bodies[0] | {"category": "teapot"})
        assert refused.status_code == 422
        assert "teapot" in refused.json()["error"]
        assert client.get("/", headers={"host": "evil.example"}).status_code == 403


def test_requests_are_answered_while_a_replica_is_killed(address: str) -> None:
    bodies = [body_of(sketch) for sketch in drawn(8)]
    found: list[tuple[int, str | None]] = []
    ends = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            while not ends.is_set():
                answer = client.post("/api/label", json=bodies[number])
                found.append((answer.status_code, answer.headers.get("retry-after")))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(found) < 40:
        time.sleep(0.1)
    replicas = _replicas()
    assert len(replicas) == 2
    os.kill(replicas[0], signal.SIGKILL)
    before = len(found)
    while len(found) < before + 80:
        time.sleep(0.1)
    ends.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    counts = Counter(status for status, _ in found)
    assert set(counts) <= {200, 503}
    assert all(retry == "1" for status, retry in found if status == 503)
    # The other replica went on.
    assert counts[200] > 100


def test_an_application_without_a_host_is_refused() -> None:
    pytest.importorskip("ray.serve", reason="the extra serve")
    from instancesketch.distributed import serving

    with pytest.raises(UserError, match="hosts=NAME"):
        serving.app({})
    with pytest.raises(UserError, match="unknown arguments"):
        serving.app({"hosts": "a.example", "port": "80"})


def _replicas() -> list[int]:
    """Return the processes of the replicas of models."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        title = " ".join(process.info["cmdline"] or [])
        if "ServeReplica:instancesketch:models" in title:
            found.append(process.pid)
    return found
