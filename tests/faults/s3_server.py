"""A local S3 server, whose buckets are lost when it ends."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request


class S3Server:
    """A server process of moto, with a port of its own, which fails where it is asked to."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_REGION": "us-east-1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "tests.faults.failing_s3", str(self.port)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.1)
        raise RuntimeError("the server has ended")

    def stop(self) -> None:
        """Kill the server, if it runs."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def check_access_after(self, number: int) -> None:
        """Allow `number` more requests, then refuse those without access rights."""
        request = urllib.request.Request(
            f"{self.url}/moto-api/reset-auth",
            data=str(number).encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()

    def fail(self, **faults: object) -> dict[str, int]:
        """Have the server fail from now on as `failing_s3.Faults` says; without any, no more.

        Returns:
            How many requests failed and stalled before.
        """
        request = urllib.request.Request(f"{self.url}/faults", data=json.dumps(faults).encode())
        with urllib.request.urlopen(request) as answer:
            found: dict[str, int] = json.load(answer)
        return found
