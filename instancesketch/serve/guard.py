"""Take requests of the page itself alone: of its own host name and origin, and not too many.

Any site that a person visits can send requests to an address of their machine, and can give a name
of its own to that address. So a request must name this server in `Host`, and an `Origin` that it
carries must be this server's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # A newer version of this package has other files under the same names.
    "cache-control": "no-cache",
}


@dataclass(frozen=True, kw_only=True)
class Access:
    """The hosts that are answered, and limits on how much at a time."""

    hosts: frozenset[str]  # with their ports, as browsers name them
    schemes: tuple[str, ...] = ("http",)
    # A pen-up a second is fast; a burst is somebody who scribbles, or a page that is opened again.
    per_second: float = 30.0
    burst: float = 120.0
    at_once: int = 1  # requests that the models work on
    waiting: int = 8  # of them and of those that wait; the page has one on its way

    @classmethod
    def of_this_machine(cls, port: int) -> Access:
        """Return the access of a server at a port of a loopback address, for one person."""
        # Browsers leave out the port of HTTP itself.
        hosts = {f"{host}:{port}" for host in LOOPBACK} | (set(LOOPBACK) if port == 80 else set())
        return cls(hosts=frozenset(hosts))


class Guard:
    """The middleware before everything else."""

    def __init__(
        self, app: ASGIApp, access: Access, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Wrap an app.

        Args:
            app: the app.
            access: who is answered.
            clock: returns seconds.
        """
        self._app, self._access = app, access
        self._rate = TokenBucket(access.per_second, access.burst, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":  # there are no WebSockets here
            return await send({"type": "websocket.close", "code": 1008})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refused = self._refusal(scope)
        return await (refused or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers, is_api = Headers(scope=scope), scope["path"].startswith("/api/")
        host, origin = headers.get("host", ""), headers.get("origin")
        if host.lower() not in self._access.hosts:
            names = " or ".join(sorted(self._access.hosts))
            return _refuse(403, f"this server answers to its own name alone: {names}")
        own = [f"{scheme}://{host.lower()}" for scheme in self._access.schemes]
        if origin is not None and origin.lower() not in own:
            return _refuse(403, "requests of other sites are refused")
        # What browsers say by themselves, also where they send no origin.
        site = headers.get("sec-fetch-site", "same-origin")
        if is_api and site not in ("same-origin", "none"):
            return _refuse(403, "requests of other sites are refused")
        if is_api and not self._rate.take():
            return _refuse(429, "too many requests at once; wait a second", {"retry-after": "1"})
        return None


class TokenBucket:
    """Lets so many things a second pass, and some more at once after a pause."""

    def __init__(self, per_second: float, most: float, clock: Callable[[], float]) -> None:
        self._per_second, self._most, self._clock = per_second, most, clock
        self._left, self._at = most, clock()

    def take(self) -> bool:
        """Return whether one more may pass now."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _refuse(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status, headers)
