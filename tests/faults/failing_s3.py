"""An S3 server (moto) that fails and stalls: python -m tests.faults.failing_s3 PORT."""

import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

_BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass(kw_only=True)
class Faults:
    """The requests that fail.

    Attributes:
        share: of all requests, with 503.
        seed: of the choice.
        path: requests whose path has this text fail as well, `times` times.
        times: see `path`.
        stall_path: the first request whose path has this text is answered after `stall` seconds.
        stall: see `stall_path`.
    """

    share: float = 0.0
    seed: int = 0
    path: str = ""
    times: int = 0
    stall_path: str = ""
    stall: float = 0.0


class Failing:
    """A WSGI application in front of another."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app, self.lock = app, threading.Lock()
        self.faults, self.random = Faults(), random.Random(0)
        self.counts = {"failed": 0, "stalled": 0}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/faults":
            return self.set_faults(environ, start)
        fails, stalls = self.choose(path)
        if stalls:
            time.sleep(stalls)
        if not fails:
            return self.app(environ, start)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start("503 Service Unavailable", [("Content-Type", "application/xml")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [_BUSY]

    def set_faults(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Take the faults of a request's JSON, and answer with the counts before."""
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        with self.lock:
            self.faults = Faults(**json.loads(body))
            self.random = random.Random(self.faults.seed)
            answer, self.counts = self.counts, {"failed": 0, "stalled": 0}
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def choose(self, path: str) -> tuple[bool, float]:
        """Return whether a request fails, and the seconds that it stalls."""
        with self.lock:
            faults = self.faults
            fails = self.random.random() < faults.share
            if faults.path and faults.path in path and faults.times > 0:
                faults.times -= 1
                fails = True
            stall = faults.stall if faults.stall_path and faults.stall_path in path else 0.0
            if stall:
                faults.stall_path = ""
                self.counts["stalled"] += 1
            self.counts["failed"] += fails
            return fails, stall


def main() -> None:
    """Serve until killed."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    app = Failing(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True)


if __name__ == "__main__":
    main()
