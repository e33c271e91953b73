"""The metrics, config and pictures of a run, as TensorBoard itself reads them."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from instancesketch.tracking import pictures
from instancesketch.tracking.pictures import Pictures
from instancesketch.tracking.tensorboard import FOLDER, TensorBoard
from tests.drawings import drawn
from tests.tracking.snapshots import snapshot_of

SETTINGS = {"kind": "segmenter", "recipe": {"epochs": 3, "learning_rate": 0.01}}


def metrics(epoch: int, **values: Any) -> dict[str, Any]:
    return {"epoch": epoch, "loss": 1.0 / epoch, "macro_f1": 50.0 + epoch, "C": None} | values


@pytest.fixture(scope="module")
def drawn_pictures() -> Pictures:
    return pictures.draw(snapshot_of(drawn(2), epoch=2))


@pytest.fixture
def run(tmp_path: Path, drawn_pictures: Pictures) -> Path:
    board = TensorBoard(str(tmp_path))
    board.start(SETTINGS)
    for epoch in (1, 2, 3):
        board.log(metrics(epoch), None)
    board.log(metrics(2, loss=0.25), drawn_pictures)  # continued from the first
    board.close(False)
    return tmp_path


def read(run: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(run / FOLDER), {"images": 0, "scalars": 0, "tensors": 0})
    found.Reload()
    return found


def test_each_epoch_is_written_once_without_replaced_ones(run: Path) -> None:
    found = read(run)
    assert set(found.Tags()["scalars"]) == {"loss", "percent/macro_f1"}
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(1, 1.0), (2, 0.25)]
    assert [(e.step, e.value) for e in found.Scalars("percent/macro_f1")] == [(1, 51.0), (2, 52.0)]


def test_config_is_written_as_text(run: Path) -> None:
    (event,) = read(run).Tensors("settings/text_summary")
    (text,) = event.tensor_proto.string_val
    assert '"learning_rate": 0.01' in text.decode()


def test_confusion_and_examples_are_images(run: Path, drawn_pictures: Pictures) -> None:
    found = read(run)
    assert set(found.Tags()["images"]) == {"confusion", "examples"}
    for name, pixels in drawn_pictures.images.items():
        (image,) = found.Images(name)
        assert image.step == 2
        kept = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
        assert np.array_equal(kept, pixels)
