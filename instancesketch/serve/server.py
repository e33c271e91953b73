"""Serve the page on this machine, and open it in a browser."""

from __future__ import annotations

import socket
import threading
import webbrowser
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette

from instancesketch.core.errors import UserError
from instancesketch.core.progress import doing, end_activity
from instancesketch.serve.app import create_app
from instancesketch.serve.config import DEFAULT_PORT, DrawConfig
from instancesketch.serve.guard import Access
from instancesketch.serve.labelling import Labeller
from instancesketch.serve.requests import to_label_request

_HOSTS = {"127.0.0.1": socket.AF_INET, "localhost": socket.AF_INET, "::1": socket.AF_INET6}
_CONNECTIONS = 64
_WARM_UP = {"strokes": [[[0, 9, 9, 0], [0, 0, 9, 9]], [[4], [4]]]}


def serve(config: DrawConfig) -> None:
    """Serve the page until the process is interrupted.

    Raises:
        UserError: the address is not this machine's own, the port is taken, or weights can't be
            loaded.
    """
    # Before the weights, which take a second.
    listener = listen(config.host, config.port)
    with listener:
        doing("loading the model")
        labeller = Labeller.load(config.weights)
        # The first drawing would otherwise wait for what is set up once.
        labeller.label(to_label_request(_WARM_UP))
        port = listener.getsockname()[1]
        app = create_app(labeller, Access.of_this_machine(port), config.corpus)
        PageServer(app, page_address(config.host, port), not config.no_open).run([listener])


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens at a port of this machine; None: the usual, or any free one.

    Raises:
        UserError: the address is not a loopback one, or the port can't be had.
    """
    if host not in _HOSTS:
        raise UserError(
            f"--host {host}: the page is for this machine alone: 127.0.0.1, ::1 or localhost"
        )
    if port is not None and not 0 <= port <= 65_535:
        raise UserError(f"--port {port} is not a port: 0 to 65535")
    if port is None:
        with suppress(OSError):
            return _bind(host, DEFAULT_PORT)
    try:
        return _bind(host, port or 0)
    except OSError as error:
        raise UserError(f"--port {port}: {error.strerror or error}; try another one") from None


def _bind(host: str, port: int) -> socket.socket:
    address = "127.0.0.1" if host == "localhost" else host
    return socket.create_server((address, port), family=_HOSTS[host], backlog=_CONNECTIONS)


def page_address(host: str, port: int) -> str:
    """Return the URL of the page."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class PageServer(uvicorn.Server):
    """A server that says where the page is, and opens it, once it answers."""

    def __init__(self, app: Starlette, address: str, opens: bool) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,  # warnings go where those of the command go
                access_log=False,
                server_header=False,
                limit_concurrency=_CONNECTIONS,
                timeout_graceful_shutdown=2,
                ws="none",
            )
        )
        self._address, self._opens = address, opens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        end_activity()
        print(f"draw: open {self._address} in a browser; Ctrl-C ends it", flush=True)
        if self._opens:
            # Some browsers are run, not asked: their call returns when they are closed.
            threading.Thread(target=webbrowser.open, args=[self._address], daemon=True).start()
