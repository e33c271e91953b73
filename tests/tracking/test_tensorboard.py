"""What TensorBoard itself reads of a run."""

import io

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from instancesketch.tracking.pictures import Shown
from instancesketch.tracking.tensorboard import FOLDER, TensorBoard
from tests.drawings import drawn
from tests.tracking.shown import shown_of

SETTINGS = {"kind": "segmenter", "recipe": {"epochs": 3, "learning_rate": 0.01}}


def figures(epoch, **values):
    return {"epoch": epoch, "loss": 1.0 / epoch, "macro_f1": 50.0 + epoch, "C": None} | values


@pytest.fixture
def run(tmp_path):
    board = TensorBoard(str(tmp_path))
    board.start(SETTINGS)
    for epoch in (1, 2, 3):
        board.log(figures(epoch), None)
    board.log(figures(2, loss=0.25), shown_of(drawn(2), epoch=2))  # continued from the first
    board.close(False)
    return tmp_path


def read(run):
    found = EventAccumulator(str(run / FOLDER), {"images": 0, "scalars": 0, "tensors": 0})
    found.Reload()
    return found


def test_every_epoch_once_and_none_that_was_given_up(run):
    found = read(run)
    assert set(found.Tags()["scalars"]) == {"loss", "percent/macro_f1"}
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(1, 1.0), (2, 0.25)]
    assert [(e.step, e.value) for e in found.Scalars("percent/macro_f1")] == [(1, 51.0), (2, 52.0)]


def test_settings_are_a_text(run):
    (event,) = read(run).Tensors("settings/text_summary")
    (text,) = event.tensor_proto.string_val
    assert '"learning_rate": 0.01' in text.decode()


def test_the_matrix_and_the_drawings_are_pictures(run):
    found, shown = read(run), shown_of(drawn(2), epoch=2)
    assert set(found.Tags()["images"]) == {"confusion", "examples"}
    for name, picture in shown.pictures.items():
        (image,) = found.Images(name)
        assert image.step == 2
        kept = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
        assert np.array_equal(kept, picture)


def test_nothing_is_shown_where_there_is_nothing():
    assert Shown(epoch=1, confusion=None, examples=[], legend={}).pictures == {}
