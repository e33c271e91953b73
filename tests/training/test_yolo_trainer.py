"""Training a detector in one process: reported epochs, continuing from a state, errors.

One short training serves all tests; each further one takes seconds.
"""

import io
from dataclasses import replace

import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.models import yolo
from instancesketch.training import yolo_dataset, yolo_trainer
from instancesketch.training.config import DetectorConfig
from tests.drawings import DOODLE7, drawn

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny():
    """Return a recipe whose training takes seconds; skip without the extra `yolo`."""
    pytest.importorskip("ultralytics", reason="detectors need the extra `yolo`")
    return DetectorConfig(image_size=64, epochs=2, batch_size=4)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("scenes"))
    scenes = [
        s.replace(split="train" if i < 8 else "valid", object=(0,) * len(s),
                  object_category=(s.category,))
        for i, s in enumerate(drawn(11))
    ]  # fmt: skip
    yolo_dataset.add(to_table(scenes), DOODLE7, folder, 64)
    return [folder]


@pytest.fixture(scope="module")
def whole(tiny, folders):
    """Train a detector; return it, the metrics and state of each epoch, and the steps."""
    epochs, steps = [], []
    trained = yolo_trainer.fit(
        tiny, DOODLE7, folders,
        on_step=lambda *step: steps.append(step),
        on_epoch=lambda figures, state: epochs.append((figures, kept(state))),
    )  # fmt: skip
    return trained, epochs, steps


def kept(state):
    """Save a state and return it as `torch.load` reads it with `weights_only`."""
    stream = io.BytesIO()
    torch.save(state, stream)
    return torch.load(io.BytesIO(stream.getvalue()), weights_only=True)


def test_every_epoch_is_reported_and_the_best_is_returned(whole, tiny):
    trained, epochs, steps = whole
    assert steps == [(epoch, step, 2) for epoch in range(2) for step in (1, 2)]
    assert [figures["epoch"] for figures, _ in epochs] == [1, 2]
    names = {"loss", "map50", "map", "precision", "recall", "learning_rate", "seconds", "score"}
    assert all(names <= set(figures) for figures, _ in epochs)
    best = max((figures for figures, _ in epochs), key=lambda f: f["score"])
    assert trained.figures == best
    assert trained.epoch == best["epoch"]
    assert yolo.network(trained.definition, 8).load_state_dict(trained.tensors)


def test_continuing_from_an_epoch_gives_the_same_weights(whole, tiny, folders):
    _, epochs, _ = whole
    again = []
    yolo_trainer.fit(
        tiny, DOODLE7, folders, state=epochs[0][1],
        on_epoch=lambda figures, state: again.append((figures, kept(state))),
    )  # fmt: skip
    assert [figures["epoch"] for figures, _ in again] == [2]
    before, after = epochs[1][1], again[0][1]
    for name in ("model", "mean"):
        assert all(torch.equal(before[name][k], after[name][k]) for k in before[name])
    assert before["best"]["figures"]["score"] == after["best"]["figures"]["score"]


def test_finished_training_is_not_repeated(whole, tiny, folders):
    trained, epochs, _ = whole
    again = yolo_trainer.fit(tiny, DOODLE7, folders, state=epochs[-1][1])
    assert again.figures == trained.figures
    assert all(torch.equal(trained.tensors[k], again.tensors[k]) for k in trained.tensors)


def test_loss_that_becomes_nan_raises(whole, tiny, folders):
    _, epochs, _ = whole
    state = epochs[0][1]
    broken = {k: v * float("nan") for k, v in state["model"].items() if v.is_floating_point()}
    with pytest.raises(UserError, match="NaN or infinite in epoch 2; lower learning_rate"):
        yolo_trainer.fit(tiny, DOODLE7, folders, state=state | {"model": state["model"] | broken})


def test_half_precision_trains_to_a_similar_loss(whole, tiny, folders):
    losses = []
    config = replace(tiny, bfloat16=True)
    yolo_trainer.fit(
        config, DOODLE7, folders, on_epoch=lambda figures, _: losses.append(figures["loss"])
    )
    assert losses[0] != (single := whole[1][0][0]["loss"])
    assert losses[0] == pytest.approx(single, rel=0.03)
