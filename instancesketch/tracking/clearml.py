"""A run's metrics and pictures in ClearML: the only module that imports it.

Checked on ClearML 2.1: `Task._report_subprocess_enabled` and the errors of `backend_api.session`
are not part of its public interface.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.tracking.metrics_log import scalars
from instancesketch.tracking.pictures import Pictures, write_png

PROJECT = "InstanceSketch"
# Frameworks whose saving and plotting ClearML would log by itself.
_HOOKS = (
    "catboost", "detect_repository", "fastai", "gradio", "hydra", "joblib", "lightgbm",
    "matplotlib", "megengine", "pytorch", "scikit", "tensorboard", "tensorflow", "tfdefines",
    "xgboost",
)  # fmt: skip


def check() -> None:
    """Raise a UserError where ClearML isn't installed."""
    if importlib.util.find_spec("clearml") is None:
        raise UserError("--track clearml needs ClearML: pip install 'instancesketch[clearml]'")


class ClearMLTask:
    """A run's task in ClearML.

    ClearML hooks the process that it runs in (forks, signals, the exit) and tries an unreachable
    server for hours: keep the task in a process of its own, and wait for it with a limit.
    """

    def open(self, run: str, name: str, variables: Mapping[str, str]) -> str | None:
        """Create the run's task, or reopen it where the run is continued.

        Args:
            run: the run's folder.
            name: of the task.
            variables: environment variables of ClearML.

        Returns:
            The reason why the task can't be opened; None if it is open.
        """
        os.environ.update(variables)
        import clearml

        # ClearML uploads images from files.
        self.run, self.folder = run, tempfile.mkdtemp()
        # Reports would go through a fork of this process.
        clearml.Task._report_subprocess_enabled = False
        earlier = storage.read_json(self._state_file())
        try:
            self.task = self._create(clearml, name, earlier["task"] if earlier else None)
        except clearml.backend_api.session.defs.MissingConfigError:
            return "no ClearML server is configured here (`clearml-init` does that)"
        except (ValueError, OSError, clearml.backend_api.session.session.LoginError) as error:
            return " ".join(str(error).split())
        storage.write_json(self._state_file(), {"task": self.task.id})
        return None

    def _state_file(self) -> str:
        return storage.join(self.run, "_state", "clearml.json")

    def _create(self, clearml: Any, name: str, earlier_id: str | None) -> Any:
        options = {
            "project_name": PROJECT,
            "task_name": name,
            "auto_connect_arg_parser": False,
            "auto_connect_frameworks": dict.fromkeys(_HOOKS, False),
            "auto_resource_monitoring": False,
            "auto_connect_streams": False,
        }
        # A session that was kept offline is complete, and can't be reopened.
        if (
            earlier_id
            and not earlier_id.startswith("offline-")
            and clearml.Task.get_task(earlier_id)
        ):
            # `continue_last_task` is added to the epochs' numbers, which are right as they are.
            return clearml.Task.init(**options, reuse_last_task_id=earlier_id, continue_last_task=0)
        return clearml.Task.init(**options, reuse_last_task_id=False)

    def start(self, settings: Mapping[str, Any]) -> None:
        """Upload the settings: all as a configuration, and without the taxonomy as parameters."""
        self.task.connect_configuration(dict(settings), name="settings")
        # As parameters they can be compared between tasks; a taxonomy is too long for that.
        self.task.connect(
            {key: value for key, value in settings.items() if key != "taxonomy"}, name="settings"
        )
        self.task.set_comment(f"weights: {storage.join(self.run, settings['kind'])}")

    def log(self, metrics: Mapping[str, Any], pictures: Pictures | None) -> None:
        """Upload an epoch's metrics and pictures."""
        logger, epoch = self.task.get_logger(), metrics["epoch"]
        for panel, name, value in scalars(metrics):
            logger.report_scalar(panel, name, value=value, iteration=epoch)
        if pictures is None:
            return
        if pictures.confusion is not None:
            logger.report_confusion_matrix(
                "confusion",
                "strokes",
                matrix=np.array(pictures.confusion.counts),
                iteration=epoch,
                xlabels=[*pictures.confusion.parts, "none"],
                ylabels=pictures.confusion.parts,
                xaxis="predicted",
                yaxis="true",
                yaxis_reversed=True,
            )
        for name, image in pictures.images.items():
            path = storage.join(self.folder, f"{name}-{epoch}.png")
            write_png(image, path)
            logger.report_image(
                name, "selection", iteration=epoch, local_path=path, delete_after_upload=True
            )

    def close(self, failed: bool) -> None:
        """Upload what is left."""
        # Closing alone would mark the task as completed.
        if failed:
            self.task.mark_failed(force=True)
        self.task.close()
