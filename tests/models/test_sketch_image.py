"""Images of whole sketches: what falls where, and how little a small shift changes."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import predict
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.optimize import optimize
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.models.sketch_image import SketchImageEncoder, ink
from tests.drawings import drawn, features_of, sketch_of

CELLS = 16


def ink_of(*strokes, cells: int = CELLS) -> np.ndarray:
    return ink(features_of([sketch_of(*strokes)]), 32, cells)[0].numpy()


def test_a_line_fills_the_cells_that_it_crosses() -> None:
    image = ink_of([(0, 0), (100, 0)], [(0, 100), (100, 100)])
    assert image.shape == (CELLS, CELLS)
    for row in (image[0], image[-1]):
        assert row[1:-1] == pytest.approx(1)
        assert row[[0, -1]].min() > 0.5  # half a cell beyond the end of the line
    assert image[1:-1].max() == 0


def test_x_runs_to_the_right_and_y_down() -> None:
    image = ink_of([(0, 0), (100, 0)], [(0, 100), (0, 100)])
    assert image[0, -1] > 0.5
    assert image[-1, 0] > 0.5
    assert image[-1, -1] == 0


def test_a_dot_is_there_and_is_in_one_place() -> None:
    image = ink_of([(0, 0), (100, 0)], [(50, 100)])
    assert image[-1].sum() == pytest.approx(1, abs=0.05)
    assert np.flatnonzero(image[-1]).tolist() == [7, 8]


def test_a_shift_of_a_tenth_of_a_cell_changes_an_image_little() -> None:
    square, line = [(0, 0), (150, 0), (150, 150), (0, 150), (0, 0)], [(40, 30), (90, 120)]
    moved = [(x + 1, y) for x, y in line]
    difference = np.abs(ink_of(square, line) - ink_of(square, moved))
    assert 0 < difference.max() < 0.25


def test_ink_does_not_depend_on_how_strokes_are_cut_or_ordered() -> None:
    corners = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    sides = [[a, b] for a, b in pairwise(corners)]
    whole, cut = ink_of(corners), ink_of(*reversed(sides))
    # Equal distances along the whole cut off its corners.
    assert np.corrcoef(whole.flat, cut.flat)[0, 1] > 0.9
    assert whole.sum() == pytest.approx(cut.sum(), rel=0.05)


def test_each_sketch_of_a_batch_has_the_image_that_it_has_alone() -> None:
    sketches = drawn(6)
    together = ink(features_of(sketches), 32, CELLS)
    for image, sketch in zip(together, sketches, strict=True):
        torch.testing.assert_close(image, ink(features_of([sketch]), 32, CELLS)[0])


def test_the_category_depends_on_the_image() -> None:
    torch.manual_seed(0)
    taxonomy = Taxonomy.load("default")
    config = SegmenterConfig(width=32, layers=1, feedforward=32, encoder="patches", image=32)
    net = SegmenterNet(config, taxonomy).eval()
    features = features_of(drawn(4))
    unknown = torch.full((4,), -1)
    before = predict(net, features, unknown)[2]
    with torch.no_grad():
        net.image.out.weight.zero_()
    after = predict(net, features, unknown)[2]
    assert before is not None
    assert after is not None
    assert not torch.allclose(before, after)


def test_folding_the_norms_changes_no_vector() -> None:
    torch.manual_seed(0)
    encoder = SketchImageEncoder(24, CELLS, 32)
    features = features_of(drawn(8))
    encoder(features)  # moves the norms' running means
    encoder.eval()
    before = encoder(features)
    after = optimize(encoder, "cpu", "float32")(StrokeFeatures(features.batch))
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)
