"""A run's course in ClearML, from a process of its own.

ClearML hooks the process that it runs in (forks, signals, the exit) and tries a server that isn't
there for hours. Neither is to happen to a run, so that process is an actor that the run never waits
for without a limit.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.tracking import pictures
from instancesketch.tracking.metrics_log import scalars
from instancesketch.tracking.pictures import Shown

if TYPE_CHECKING:
    from ray.actor import ActorHandle

_log = logging.getLogger(__name__)

PROJECT = "InstanceSketch"
SECONDS_TO_START = 20.0
SECONDS_TO_CLOSE = 90.0  # uploads what is left
_HOOKS = (
    "catboost", "detect_repository", "fastai", "gradio", "hydra", "joblib", "lightgbm",
    "matplotlib", "megengine", "pytorch", "scikit", "tensorboard", "tensorflow", "tfdefines",
    "xgboost",
)  # fmt: skip


def check() -> None:
    """Raises a UserError where ClearML isn't installed."""
    if importlib.util.find_spec("clearml") is None:
        raise UserError("--track clearml needs ClearML: pip install 'instancesketch[clearml]'")


def begin(run: str, name: str) -> ClearML | None:
    """A task of the run's name in ClearML, or that which the run has had before it was stopped.

    None, and a line of warning, where no server is configured or it doesn't answer.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # On this machine, and with this process's variables: they say where the server is.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    actor = ray.remote(ClearMLTask).options(num_cpus=0, scheduling_strategy=here).remote()
    variables = {k: v for k, v in os.environ.items() if k.startswith("CLEARML_")}
    try:
        reason = ray.get(actor.open.remote(run, name, variables), timeout=SECONDS_TO_START)
    except ray.exceptions.GetTimeoutError:
        reason = "its server doesn't answer"
    except ray.exceptions.RayError as error:
        reason = " ".join(str(error).split())
    if reason is None:
        return ClearML(actor)
    ray.kill(actor)
    _log.warning("nothing goes to ClearML, for %s; the run goes on", reason)
    return None


class ClearML:
    """Tells a `ClearMLTask` in its own process, and goes on at once."""

    def __init__(self, actor: ActorHandle) -> None:
        self.actor = actor

    def start(self, settings: Mapping[str, Any]) -> None:
        """Sends the settings."""
        self.actor.start.remote(settings)

    def log(self, figures: Mapping[str, Any], shown: Shown | None) -> None:
        """Sends an epoch's figures, the matrix and the pictures."""
        if shown:
            _ = shown.pictures  # drawn once, here
        self.actor.log.remote(figures, shown)

    def close(self, failed: bool) -> None:
        """Waits until all has been sent, but not for long."""
        import ray

        try:
            ray.get(self.actor.close.remote(failed), timeout=SECONDS_TO_CLOSE)
        except ray.exceptions.RayError as error:
            _log.warning("ClearML may lack the end of the run: %s", type(error).__name__)
        ray.kill(self.actor)


class ClearMLTask:
    """ClearML's task of a run, in a process that is there for nothing else."""

    def open(self, run: str, name: str, variables: Mapping[str, str]) -> str | None:
        """Begins the task, or goes on with it; returns what is in the way of that."""
        os.environ.update(variables)
        import clearml

        self.run, self.folder = run, tempfile.mkdtemp()
        clearml.Task._report_subprocess_enabled = False  # it would be a fork of this process
        kept = storage.read_json(self._kept())
        try:
            self.task = self._begin(clearml, name, kept["task"] if kept else None)
        except clearml.backend_api.session.defs.MissingConfigError:
            return "no ClearML server is configured here (`clearml-init` does that)"
        except (ValueError, OSError, clearml.backend_api.session.session.LoginError) as error:
            return " ".join(str(error).split())
        storage.write_json(self._kept(), {"task": self.task.id})
        return None

    def _kept(self) -> str:
        return storage.join(self.run, "_state", "clearml.json")

    def _begin(self, clearml: Any, name: str, before: str | None) -> Any:
        options = {
            "project_name": PROJECT,
            "task_name": name,
            "auto_connect_arg_parser": False,
            "auto_connect_frameworks": dict.fromkeys(_HOOKS, False),
            "auto_resource_monitoring": False,
            "auto_connect_streams": False,
        }
        # A session that was kept offline is whole in itself.
        if before and not before.startswith("offline-") and clearml.Task.get_task(before):
            # Epochs keep their numbers: 0 is added to them.
            return clearml.Task.init(**options, reuse_last_task_id=before, continue_last_task=0)
        return clearml.Task.init(**options, reuse_last_task_id=False)

    def start(self, settings: Mapping[str, Any]) -> None:
        """Keeps the settings: whole as a configuration, all but the taxonomy as parameters."""
        self.task.connect_configuration(dict(settings), name="settings")
        self.task.connect(
            {key: value for key, value in settings.items() if key != "taxonomy"}, name="settings"
        )
        self.task.set_comment(f"weights: {storage.join(self.run, settings['kind'])}")

    def log(self, figures: Mapping[str, Any], shown: Shown | None) -> None:
        """Reports an epoch."""
        logger, epoch = self.task.get_logger(), figures["epoch"]
        for panel, name, value in scalars(figures):
            logger.report_scalar(panel, name, value=value, iteration=epoch)
        if shown is None:
            return
        if shown.confusion is not None:
            logger.report_confusion_matrix(
                "confusion",
                "strokes",
                matrix=np.array(shown.confusion["counts"]),
                iteration=epoch,
                xlabels=[*shown.confusion["parts"], "none"],
                ylabels=list(shown.confusion["parts"]),
                xaxis="predicted",
                yaxis="true",
                yaxis_reversed=True,
            )
        for name, picture in shown.pictures.items():
            path = storage.join(self.folder, f"{name}-{epoch}.png")
            pictures.write(picture, path)
            logger.report_image(
                name, "selection", iteration=epoch, local_path=path, delete_after_upload=True
            )

    def close(self, failed: bool) -> None:
        """Sends what is left."""
        if failed:
            self.task.mark_failed(force=True)
        self.task.close()
