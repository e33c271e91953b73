"""The page to draw on for many users, as an application of Ray Serve.

  serve run instancesketch.distributed.serving:app hosts=127.0.0.1:8000
  serve deploy jobs/serve.yaml

Replicas of `Page` answer requests as the server of one person does; those of `Models` hold the
models and label drawings that come at about the same time together. Both grow with the load. What
can't be answered now, such as by a replica that is lost, gets 503 with `Retry-After`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray
from ray import serve
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponse
from starlette.applications import Starlette

from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.serve.app import create_app
from instancesketch.serve.guard import Access
from instancesketch.serve.labelling import Labeller
from instancesketch.serve.requests import LabelRequest, RequestError

# Drawings that are labelled together, and how long the first of them waits for others.
MOST_TOGETHER = 16
SECONDS_TOGETHER = 0.003
# Requests that a replica holds: more are turned away at once, rather than late.
MOST_OF_MODELS = 64
MOST_OF_PAGE = 128
# Seconds that a person waits for an answer, at most.
PATIENCE = 20.0

_GROWTH = {"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 8}
# An answer, or a refusal: its status and its reason. Errors would lose their status on the way.
_Outcome = tuple[int, Any]


def _outcome(answer: dict[str, Any] | RequestError) -> _Outcome:
    if isinstance(answer, RequestError):
        return answer.status, str(answer)
    return 200, answer


@serve.deployment(
    name="models",
    autoscaling_config=_GROWTH,
    max_ongoing_requests=MOST_OF_MODELS,
    ray_actor_options={"num_cpus": 1},
    health_check_period_s=2,
    health_check_timeout_s=10,
)
class Models:
    """Models in memory, one thread each."""

    def __init__(self, weights: Sequence[str]) -> None:
        import torch

        torch.set_num_threads(1)
        self._labeller = Labeller.load(weights)

    def describe(self) -> tuple[dict[str, Any], Taxonomy]:
        """Return what the page has to know, and the taxonomy."""
        return self._labeller.describe(), self._labeller.taxonomy

    @serve.batch(  # type: ignore[untyped-decorator]
        max_batch_size=MOST_TOGETHER, batch_wait_timeout_s=SECONDS_TOGETHER
    )
    async def label(self, requests: list[LabelRequest]) -> list[_Outcome]:
        """Label drawings."""
        return await asyncio.to_thread(self._label, requests)

    def _label(self, requests: Sequence[LabelRequest]) -> list[_Outcome]:
        try:
            return [_outcome(answer) for answer in self._labeller.label_all(requests)]
        except UserError as error:
            return [(422, str(error))] * len(requests)

    async def label_scene(self, request: LabelRequest) -> _Outcome:
        """Group and label a scene."""
        return await asyncio.to_thread(self._try, self._labeller.label_scene, request)

    async def example(self, category: str | None) -> _Outcome:
        """Return a drawing of the generator."""
        return await asyncio.to_thread(self._try, self._labeller.example, category)

    def _try(self, do: Callable[[Any], dict[str, Any]], value: Any) -> _Outcome:
        try:
            return 200, do(value)
        except RequestError as error:
            return error.status, str(error)
        except UserError as error:
            return 422, str(error)


class _Elsewhere:
    """Models in other processes, as `create_app` calls them: each call blocks its thread."""

    def __init__(self, handle: DeploymentHandle, table: dict[str, Any], taxonomy: Taxonomy) -> None:
        self._handle, self._table, self.taxonomy = handle, table, taxonomy

    def describe(self) -> dict[str, Any]:
        return self._table

    def label(self, request: LabelRequest) -> dict[str, Any]:
        return _wait(self._handle.label.remote(request))

    def label_scene(self, request: LabelRequest) -> dict[str, Any]:
        return _wait(self._handle.label_scene.remote(request))

    def example(self, category: str | None) -> dict[str, Any]:
        return _wait(self._handle.example.remote(category))


def _wait(response: DeploymentResponse) -> dict[str, Any]:
    """Return an answer.

    Raises:
        RequestError: the request is refused, or 503: there is none in time.
    """
    try:
        status, answer = response.result(timeout_s=PATIENCE)
    except (BackPressureError, RayServeException, ray.exceptions.RayError, TimeoutError):
        raise RequestError(503, "busy; try again", {"retry-after": "1"}) from None
    if status != 200:
        raise RequestError(status, answer)
    found: dict[str, Any] = answer
    return found


@serve.deployment(
    name="page",
    autoscaling_config=_GROWTH | {"target_ongoing_requests": 32},
    max_ongoing_requests=MOST_OF_PAGE,
    ray_actor_options={"num_cpus": 0.1},
)
@serve.ingress()
class Page:
    """The page and its API."""

    async def __init__(  # type: ignore[misc]
        self, models: DeploymentHandle, access: Access
    ) -> None:
        table, taxonomy = await models.describe.remote()
        self._models, self._access = _Elsewhere(models, table, taxonomy), access

    def __serve_build_asgi_app__(self) -> Starlette:
        return create_app(self._models, self._access)


def app(args: Mapping[str, str]) -> serve.Application:
    """Return the application.

    Args:
        args: `hosts`, the names by which browsers reach it, with ports unless these are 80 or 443,
            separated by commas; and `weights`, separated alike, `default` without them.

    Raises:
        UserError: there is an unknown argument, or no host.
    """
    unknown = set(args) - {"hosts", "weights"}
    if unknown:
        raise UserError(f"unknown arguments {sorted(unknown)}: there are hosts and weights")
    hosts = [host.strip().lower() for host in args.get("hosts", "").split(",") if host.strip()]
    if not hosts:
        raise UserError("hosts=NAME: give the name by which browsers reach the page, with its port")
    weights = [name.strip() for name in args.get("weights", "default").split(",")]
    access = Access(
        hosts=frozenset(hosts),
        schemes=("http", "https"),
        # Of all users together, for each replica of the page.
        per_second=2_000.0,
        burst=4_000.0,
        at_once=MOST_OF_PAGE,
        waiting=MOST_OF_PAGE,
    )
    models = Models.bind(weights)  # type: ignore[attr-defined]
    application: serve.Application = Page.bind(models, access)  # type: ignore[attr-defined]
    return application
