"""One model of segmenter and refiner gives what the `Segmenter` returns."""

import numpy as np
import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.inference.onnx_export import OneRefiner
from instancesketch.inference.onnx_labeller import OneLabeller, labeller
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.config import SEED_SEGMENTER
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet
from tests.conftest import save_untrained
from tests.drawings import DEFAULT, DOODLE7, TINY_IMAGE, TINY_REFINER, drawn

KEPT = ("car", "4leg", "flower")


def networks() -> tuple[SegmenterNet, RefinerNet]:
    """Return networks of the default taxonomy, random, with an image of the whole sketch."""
    torch.manual_seed(3)
    return SegmenterNet(TINY_IMAGE, DEFAULT).eval(), RefinerNet(TINY_REFINER, DEFAULT).eval()


@torch.inference_mode()
def outputs_of(model: OneLabeller, sketch: Sketch, category: int, kept_C: torch.Tensor) -> dict:
    points_P2 = torch.from_numpy(np.concatenate(sketch.to_strokes()))
    lengths_S = torch.from_numpy(sketch.stroke_len.astype(np.int64))
    found = model(points_P2, lengths_S, torch.tensor([category]), kept_C)
    return {name: values.numpy() for name, values in zip(model.OUTPUTS, found, strict=True)}


@pytest.mark.parametrize("kept", [None, KEPT])
@pytest.mark.parametrize("given", [False, True])
def test_outputs_are_the_labels_of_the_segmenter(kept, given) -> None:
    net, refiner = networks()
    one = OneLabeller(net, DEFAULT, OneRefiner(refiner, DEFAULT))
    kept_C = torch.tensor([kept is None or name in kept for name in DEFAULT.category_names])
    sketches = [s for i in range(4) for s in drawn(2, i, ("car", "4leg", "flower", "2leg")[i])]
    if kept is not None and given:
        sketches = [s for s in sketches if s.category in kept]
    ids = [DEFAULT.category_names.index(s.category) if given else -1 for s in sketches]
    found = [outputs_of(one, s, i, kept_C) for s, i in zip(sketches, ids, strict=True)]
    # Restricted afterwards, which changes the network.
    segmenter = Segmenter(net, DEFAULT, refiner, kept)
    own = segmenter.label(sketches, given_category=given)
    parts = np.array(DEFAULT.part_names)
    for sketch, labels, out in zip(sketches, own, found, strict=True):
        scores = segmenter.category_probabilities([sketch])[0]
        if not given:  # the network is told the category, and its guess is of no use
            np.testing.assert_allclose(out["category_probability"][kept_C], scores, atol=1e-6)
            assert not out["category_probability"][~kept_C].any()
        if labels.part is None:
            continue
        assert tuple(parts[out["part"]]) == labels.part
        assert tuple(parts[out["part_2"]]) == labels.part_2
        np.testing.assert_allclose(out["part_score"], labels.part_score, atol=1e-6)
        np.testing.assert_allclose(out["part_2_score"], labels.part_2_score, atol=1e-6)
        counted = [{None: -1, 0: 0}.get(number, 1) for number in labels.instance]
        assert out["counted"].tolist() == counted


def test_without_a_refiner_strokes_of_countable_parts_are_of_unknown_instance() -> None:
    torch.manual_seed(3)
    net = SegmenterNet(TINY_IMAGE, DOODLE7).eval()
    one = OneLabeller(net, DOODLE7)
    assert one.OUTPUTS[-1] == "counted"
    numbers = set()
    for sketch, labels in zip(drawn(7), Segmenter(net, DOODLE7).label(drawn(7)), strict=True):
        out = outputs_of(one, sketch, -1, torch.ones(7, dtype=torch.bool))
        assert [None if c < 0 else c for c in out["counted"]] == list(labels.instance)
        numbers |= set(labels.instance)
    assert numbers == {None, 0}


def test_weights_of_other_recipes_are_refused(tmp_path) -> None:
    save_untrained(tmp_path, "segmenter", SEED_SEGMENTER, SegmenterNet)
    with pytest.raises(UserError, match="only those of the default recipe"):
        labeller(str(tmp_path))
