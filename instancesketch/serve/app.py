"""The app: the files of the page, and answers about what is drawn on it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from importlib import resources
from typing import Any, Protocol

import anyio
from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from instancesketch.core.errors import UserError, last_line
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.serve import collection
from instancesketch.serve.dropped_file import read_dropped
from instancesketch.serve.guard import Access, Guard
from instancesketch.serve.openapi import describe_api
from instancesketch.serve.page_files import media_type, page_files
from instancesketch.serve.requests import (
    MOST_FILE_BYTES,
    LabelRequest,
    RequestError,
    read_body,
    read_json,
    to_label_request,
)

_log = logging.getLogger(__name__)


class Models(Protocol):
    """Labels drawings and scenes as `Labeller` does, here or in other processes."""

    @property
    def taxonomy(self) -> Taxonomy: ...

    def describe(self) -> dict[str, Any]: ...

    def label(self, request: LabelRequest) -> dict[str, Any]: ...

    def label_scene(self, request: LabelRequest) -> dict[str, Any]: ...

    def example(self, category: str | None) -> dict[str, Any]: ...


def create_app(labeller: Models, access: Access, corpus: str | None = None) -> Starlette:
    """Return the app.

    Args:
        labeller: the models.
        access: who is answered, and how much at a time.
        corpus: the folder for drawings that are added to the corpus; None: none are.
    """
    work, table = _Work(access), labeller.describe() | {"opens": True, "corpus": corpus}

    async def model(request: Request) -> Response:
        return JSONResponse(table)

    async def label(request: Request) -> Response:
        asked = to_label_request(await read_json(request))
        return JSONResponse(await work.do(partial(labeller.label, asked)))

    async def scene(request: Request) -> Response:
        asked = to_label_request(await read_json(request))
        return JSONResponse(await work.do(partial(labeller.label_scene, asked)))

    async def example(request: Request) -> Response:
        category = request.query_params.get("category")
        return JSONResponse(await work.do(partial(labeller.example, category)))

    async def open_file(request: Request) -> Response:
        name, data = request.query_params.get("name", ""), await read_body(request, MOST_FILE_BYTES)
        read = partial(read_dropped, name, data, labeller.taxonomy)
        return JSONResponse(await work.do(read))

    async def add(request: Request) -> Response:
        if corpus is None:
            raise RequestError(404, "there is no folder to add to: start with --corpus DIR")
        sketch = collection.to_labelled(await read_json(request), labeller.taxonomy)
        location = await work.do(partial(collection.keep, sketch, corpus))
        return JSONResponse({"location": location})

    async def openapi(request: Request) -> Response:
        return JSONResponse(describe_api())

    api = {
        "openapi.json": (openapi, "GET"),
        "label": (label, "POST"),
        "scene": (scene, "POST"),
        "open": (open_file, "POST"),
        "corpus": (add, "POST"),
        "model": (model, "GET"),
        "example": (example, "GET"),
    }
    return Starlette(
        routes=[
            *(Route(f"/api/{n}", answer, methods=[method]) for n, (answer, method) in api.items()),
            *_file_routes(),
        ],
        middleware=[Middleware(Guard, access=access)],
        exception_handlers={
            RequestError: _refuse,
            UserError: _fail_for_a_reason,
            HTTPException: _refuse_http,
            Exception: _fail,
        },
    )


class _Work:
    """Calls that take a thread for long: so many at a time, and only so many that wait."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._limiter: anyio.CapacityLimiter | None = None
        self._waiting = 0

    async def do(self, call: Callable[[], Any]) -> Any:
        """Return the result of a call.

        Raises:
            RequestError: too many others wait.
        """
        if self._waiting >= self._access.waiting:
            raise RequestError(503, "busy with other drawings; try again", {"retry-after": "1"})
        # Made here, since it belongs to the loop that is running.
        self._limiter = self._limiter or anyio.CapacityLimiter(self._access.at_once)
        self._waiting += 1
        try:
            return await to_thread.run_sync(call, limiter=self._limiter)
        finally:
            self._waiting -= 1


def _file_routes() -> list[Route]:
    backend = resources.files("instancesketch.serve") / "server_backend.js"
    files = page_files() | {"backend.js": backend.read_bytes()}
    routes = [_file_route(f"/{name}", name, data) for name, data in files.items()]
    return [_file_route("/", "index.html", files["index.html"]), *routes]


def _file_route(path: str, name: str, data: bytes) -> Route:
    async def send(request: Request) -> Response:
        return Response(data, media_type=media_type(name))

    return Route(path, send, methods=["GET"])


def _answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": " ".join(message.split())}, status, headers)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _answer(error.status, str(error), error.headers)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(error.status_code, error.detail, error.headers)


async def _fail_for_a_reason(request: Request, error: Exception) -> Response:
    return _answer(422, last_line(error))


async def _fail(request: Request, error: Exception) -> Response:
    _log.error("%s: %s", request.url.path, error, exc_info=error)
    return _answer(500, "the server failed; its terminal says where")
