"""A run's metrics and pictures as TensorBoard reads them: the folder `tensorboard` of the run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instancesketch.core import storage
from instancesketch.tracking.metrics_log import scalars
from instancesketch.tracking.pictures import Pictures

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

FOLDER = "tensorboard"


class TensorBoard:
    """Writes an event file for the settings and one for each epoch, every one of them whole.

    TensorBoard reads one file after the other. Logging an epoch again replaces its file and those
    after it: the run was continued from an earlier epoch.
    """

    def __init__(self, run: str) -> None:
        self.folder = storage.join(run, FOLDER)

    def start(self, settings: Mapping[str, Any]) -> None:
        """Write the settings as a text."""
        # Four blanks make it a block of code in Markdown.
        text = "    " + json.dumps(settings, indent=2, ensure_ascii=False).replace("\n", "\n    ")
        self._write(0, lambda writer: writer.add_text("settings", text, 0))

    def log(self, metrics: Mapping[str, Any], pictures: Pictures | None) -> None:
        """Write the metrics and pictures of the epoch `metrics["epoch"]`."""
        epoch = metrics["epoch"]
        # The epochs after this one are of a course that was given up.
        for name in storage.list_names(self.folder):
            if name > _file_name(epoch):
                storage.remove(storage.join(self.folder, name))

        def fill(writer: SummaryWriter) -> None:
            for panel, name, value in scalars(metrics):
                # TensorBoard groups tags by their first part.
                tag = name if panel == name else f"{panel}/{name}"
                writer.add_scalar(tag, value, epoch)
            for name, image in (pictures.images if pictures else {}).items():
                writer.add_image(name, image, epoch, dataformats="HWC")

        self._write(epoch, fill)

    def close(self, failed: bool) -> None:
        """Do nothing: each file is written at once."""

    def _write(self, epoch: int, fill: Callable[[SummaryWriter], None]) -> None:
        from tensorboardX import SummaryWriter

        # Object stores can't append to a file: it is written here, then put in its place whole.
        with tempfile.TemporaryDirectory() as folder:
            with SummaryWriter(folder) as writer:
                fill(writer)
            (path,) = Path(folder).iterdir()
            events = path.read_bytes()
        place = storage.join(self.folder, _file_name(epoch))
        storage.write_bytes(place, events)


def _file_name(epoch: int) -> str:
    # TensorBoard knows its files by the beginning of their names, and reads them in their order.
    return f"events.out.tfevents.{epoch:010d}.instancesketch"
