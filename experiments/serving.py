"""Load on the page's API: one process beside Ray Serve with two replicas of the models.

  python -m experiments.serving --seconds 20 --clients 16

Clients on this machine each send drawings of the generator one after another. Prints the answers
per second, the median and the 99th percentile of their times, and what was turned away.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np

from instancesketch.serve.guard import Access
from instancesketch.synth.draw import draw

DRAWINGS = 64
_ONE = """
import socket, sys, uvicorn, torch
torch.set_num_threads(1)
from experiments.serving import access
from instancesketch.serve.app import create_app
from instancesketch.serve.labelling import Labeller
port = int(sys.argv[1])
app = create_app(Labeller.load(["default"]), access(port))
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
"""


def access(port: int) -> Access:
    """Return an access without a limit on the rate."""
    hosts = frozenset({f"127.0.0.1:{port}"})
    return Access(hosts=hosts, per_second=1e6, burst=1e6, at_once=64, waiting=64)


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def one_process(port: int) -> Iterator[None]:
    """Serve the app in a process of its own."""
    server = subprocess.Popen([sys.executable, "-c", _ONE, str(port)])
    try:
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def two_replicas(port: int) -> Iterator[None]:
    """Serve the app by Ray Serve."""
    import ray
    from ray import serve

    from instancesketch.distributed import serving

    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False)
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        models = serving.Models.options(  # type: ignore[attr-defined]
            autoscaling_config=None, num_replicas=2
        ).bind(["default"])
        page = serving.Page.options(  # type: ignore[attr-defined]
            autoscaling_config=None, num_replicas=1
        ).bind(models, access(port))
        serve.run(page)
        yield
    finally:
        serve.shutdown()
        ray.shutdown()


def load(port: int, clients: int, seconds: float) -> str:
    """Send drawings for some seconds, and return a line about the answers."""
    bodies = [
        {"strokes": [stroke.T.tolist() for stroke in draw(31, i).to_strokes()]}
        for i in range(DRAWINGS)
    ]
    address = f"http://127.0.0.1:{port}"
    _wait_for(address)
    times: list[float] = []
    statuses: Counter[int] = Counter()
    ends = time.monotonic() + seconds

    def ask(client_number: int) -> None:
        with httpx.Client(base_url=address, timeout=60.0) as client:
            number = client_number
            while time.monotonic() < ends:
                began = time.perf_counter()
                answer = client.post("/api/label", json=bodies[number % DRAWINGS])
                statuses[answer.status_code] += 1
                if answer.status_code == 200:
                    times.append(time.perf_counter() - began)
                number += clients

    threads = [threading.Thread(target=ask, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    middle, late = np.percentile(times, [50, 99]) * 1_000
    others = {status: number for status, number in statuses.items() if status != 200}
    return (
        f"{len(times) / seconds:.0f} answers/s, median {middle:.0f} ms, 99th percentile "
        f"{late:.0f} ms{f', others {others}' if others else ''}"
    )


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{address}/api/model", timeout=5.0)
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"{address} doesn't answer")


def main() -> None:
    """Print a line for each, twice, so that a change of the machine's own load shows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S")
    parser.add_argument("--clients", type=int, default=16, metavar="N")
    args = parser.parse_args()
    for _ in range(2):
        for name, server in (("one process", one_process), ("two replicas", two_replicas)):
            port = free_port()
            with server(port):
                print(f"{name}: {load(port, args.clients, args.seconds)}", flush=True)


if __name__ == "__main__":
    main()
