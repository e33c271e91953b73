"""A real job server on this machine: `ray start --head` with ports and a folder of its own.

It accepts only requests with its token.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
TOKEN = "0123456789abcdef" * 4
_PORTS = (
    "port",
    "ray-client-server-port",
    "dashboard-port",
    "dashboard-agent-listen-port",
    "dashboard-agent-grpc-port",
    "runtime-env-agent-port",
    "metrics-export-port",
)


@dataclass(frozen=True, kw_only=True)
class Server:
    """The server's address, and the environment of processes that may use it."""

    address: str
    environment: Mapping[str, str]
    folder: Path

    def ray(self, *command: str, token: str | None = TOKEN, **options: object) -> subprocess.Popen:
        """Start a command of Ray's own command line, with a token or without."""
        environment = {**self.environment, "RAY_API_SERVER_ADDRESS": self.address}
        del environment["RAY_AUTH_TOKEN"]
        if token is not None:
            environment["RAY_AUTH_TOKEN"] = token
        return subprocess.Popen(
            [BIN / "ray", *command], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
        )  # fmt: skip

    def list_state(self, kind: str) -> list[dict[str, Any]]:
        """Return all tasks or actors, as the dashboard shows them."""
        with urllib.request.urlopen(_request(f"{self.address}/api/v0/{kind}?limit=5000")) as answer:
            return json.load(answer)["data"]["result"]["result"]

    def working_directories(self) -> list[Path]:
        """Return the directories of the jobs so far, as they were uploaded."""
        resources = self.folder / "r" / "session_latest" / "runtime_resources"
        return list((resources / "working_dir_files").glob("_ray_pkg_*/"))


@contextmanager
def run_server(cpus: int = 4) -> Iterator[Server]:
    """Start a server, wait until it answers, and in the end end all its processes."""
    # A short path: Linux limits the paths of sockets to 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    ports = _free_ports(len(_PORTS))
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "PYTHON"))},
        "HOME": str(folder),  # Ray reads the token of the user from there
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        BIN / "ray", "start", "--head", "--block", "--include-dashboard=true",
        "--node-ip-address=127.0.0.1", f"--num-cpus={cpus}", f"--temp-dir={folder / 'r'}",
        f"--object-store-memory={200 * 2**20}",
        *(f"--{name}={port}" for name, port in zip(_PORTS, ports, strict=True)),
    ]  # fmt: skip
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{ports[_PORTS.index('dashboard-port')]}"
        _wait(address, process, folder / "log")
        yield Server(address=address, environment=environment, folder=folder)
    finally:
        _end(process, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait(address: str, process: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(_request(f"{address}/api/jobs/"), timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise RuntimeError(f"no job server at {address}: {log.read_text('utf-8')[-2000:]}")


def _request(url: str) -> urllib.request.Request:
    return urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})


def _end(process: subprocess.Popen, folder: Path, seconds: float = 30) -> None:
    """End all processes of the server, and of the jobs that it runs, by their ids."""
    process.kill()
    process.wait()
    until = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < until:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
    assert not left, f"processes that don't end: {left}"


def processes_of(folder: Path) -> list[int]:
    """Return the processes that were started with a folder as their HOME."""
    pids, mark = [], f"HOME={folder}\0".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes():
                pids.append(int(path.parent.name))
        except OSError:  # it has ended, or belongs to another user
            continue
    return pids
