"""ClearML's task of a run in an actor: a run never waits for it without a limit."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from instancesketch.tracking import Track
from instancesketch.tracking.clearml import ClearMLTask
from instancesketch.tracking.pictures import Pictures
from instancesketch.tracking.reporter import Tracker

if TYPE_CHECKING:
    from ray.actor import ActorHandle

_log = logging.getLogger(__name__)

# Beyond these a server counts as gone: training doesn't depend on it.
SECONDS_TO_START = 20.0
SECONDS_TO_CLOSE = 90.0  # the rest of the uploads


class ClearMLActor:
    """A tracker that sends epochs to a `ClearMLTask` in another process, without waiting."""

    def __init__(self, actor: ActorHandle) -> None:
        self.actor = actor

    def start(self, settings: Mapping[str, Any]) -> None:
        """Send the settings."""
        # The reference is dropped: what fails over there must not reach the run.
        self.actor.start.remote(settings)

    def log(self, metrics: Mapping[str, Any], pictures: Pictures | None) -> None:
        """Send an epoch's metrics and pictures."""
        self.actor.log.remote(metrics, pictures)

    def close(self, failed: bool) -> None:
        """Wait for the uploads, up to `SECONDS_TO_CLOSE`, and end the process."""
        import ray

        try:
            ray.get(self.actor.close.remote(failed), timeout=SECONDS_TO_CLOSE)
        except ray.exceptions.RayError as error:
            # The run is complete without it, in its own folder.
            _log.warning("ClearML may lack the end of the run: %s", type(error).__name__)
        ray.kill(self.actor)


def remote_trackers(track: Track | None, run: str, name: str) -> list[Tracker]:
    """Return the trackers that need a process of their own, of those that `track` names.

    A server that isn't configured or doesn't answer is a warning, and leaves its tracker out.

    Args:
        track: what a run is sent to besides its folder.
        run: the run's folder.
        name: of the run.
    """
    actor = _start(run, name) if track == "clearml" else None
    return [ClearMLActor(actor)] if actor else []


def _start(run: str, name: str) -> ActorHandle | None:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # On this machine and with this process's variables: they configure the server.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    # Uploads hardly compute, so they take no CPU from the workers.
    actor = ray.remote(ClearMLTask).options(num_cpus=0, scheduling_strategy=here).remote()
    variables = {k: v for k, v in os.environ.items() if k.startswith("CLEARML_")}
    try:
        reason = ray.get(actor.open.remote(run, name, variables), timeout=SECONDS_TO_START)
    except ray.exceptions.GetTimeoutError:
        reason = "its server doesn't answer"
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())
    if reason is None:
        return actor
    # It may still be trying to reach the server.
    ray.kill(actor)
    _log.warning("nothing goes to ClearML: %s; the run goes on", reason)
    return None
