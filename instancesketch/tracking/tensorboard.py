"""A run's course as TensorBoard reads it: the folder `tensorboard` of the run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instancesketch.core import storage
from instancesketch.tracking.metrics_log import scalars
from instancesketch.tracking.pictures import Shown

if TYPE_CHECKING:
    from tensorboardX import SummaryWriter

FOLDER = "tensorboard"


class TensorBoard:
    """Writes a file for the settings and one for every epoch, each of which appears whole.

    Object stores can't add to a file, and TensorBoard goes on to the next one by itself. A run that
    was continued from an earlier epoch replaces the files from there on.
    """

    def __init__(self, run: str) -> None:
        self.folder = storage.join(run, FOLDER)

    def start(self, settings: Mapping[str, Any]) -> None:
        """Writes the settings as a text."""
        # Four blanks make it a block of code in Markdown.
        text = "    " + json.dumps(settings, indent=2, ensure_ascii=False).replace("\n", "\n    ")
        self._write(0, lambda writer: writer.add_text("settings", text, 0))

    def log(self, figures: Mapping[str, Any], shown: Shown | None) -> None:
        """Writes an epoch's figures and pictures."""
        epoch = figures["epoch"]
        for name in storage.list_names(self.folder):
            if name > _file(epoch):
                storage.remove(storage.join(self.folder, name))

        def fill(writer: SummaryWriter) -> None:
            for panel, name, value in scalars(figures):
                tag = name if panel == name else f"{panel}/{name}"
                writer.add_scalar(tag, value, epoch)
            for name, picture in (shown.pictures if shown else {}).items():
                writer.add_image(name, picture, epoch, dataformats="HWC")

        self._write(epoch, fill)

    def close(self, failed: bool) -> None:
        """Does nothing: every file is whole."""

    def _write(self, epoch: int, fill: Callable[[SummaryWriter], None]) -> None:
        from tensorboardX import SummaryWriter

        with tempfile.TemporaryDirectory() as folder:
            with SummaryWriter(folder) as writer:
                fill(writer)
            (written,) = Path(folder).iterdir()
            events = written.read_bytes()
        place = storage.join(self.folder, _file(epoch))
        storage.write_bytes(place, events)


def _file(epoch: int) -> str:
    """A name that TensorBoard knows by its beginning, and reads in the order of names."""
    return f"events.out.tfevents.{epoch:010d}.instancesketch"
