"""Evidence of boxes for pairs of strokes: joined inside, apart across, whatever is at once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from instancesketch.inference.box_evidence import BoxEvidence
from instancesketch.inference.detector import Boxes
from tests.drawings import TINY_GROUPER, packed_scenes, sketch_of

# Two strokes on the left, two on the right.
LEFT, RIGHT = (-1, -1, 21, 21), (79, -1, 101, 21)
PAIRS = sketch_of(
    [(0, 0), (20, 0)], [(0, 20), (20, 20)], [(80, 0), (100, 0)], [(80, 20), (100, 20)]
)


def boxes_of(*scenes):
    """Return `Boxes` of scenes; each box is (left, top, right, bottom) or that and a score."""
    flat = [b for scene in scenes for b in scene]
    return Boxes(
        corners_B4=torch.tensor([b[:4] for b in flat], dtype=torch.float32).view(-1, 4),
        score_B=torch.tensor([b[4] if len(b) > 4 else 1.0 for b in flat]),
        category_B=torch.full((len(flat),), -1),
        boxes_N=torch.tensor([len(scene) for scene in scenes]),
    )


def added(scene, *boxes, **values):
    config = replace(TINY_GROUPER, **({"box_both": 1.0, "box_one": 1.0} | values))
    evidence = BoxEvidence(packed_scenes([scene]), boxes_of(boxes))
    return evidence.affinities(torch.tensor([0]), config)[0]


def test_a_box_joins_strokes_inside_and_separates_them_from_those_outside():
    more = added(PAIRS, LEFT, box_both=2.0, box_one=3.0)
    want = torch.full((4, 4), -3.0)
    want[:2, :2], want[2:, 2:] = 2.0, 0.0
    assert torch.equal(more, want)
    assert torch.equal(more, more.T)


def test_box_evidence_is_weighted_by_score_and_by_the_share_of_a_stroke_inside():
    more = added(PAIRS, (*LEFT, 0.5))
    assert more[0].tolist() == [0.5, 0.5, -0.5, -0.5]
    across = sketch_of([(0, 0), (20, 0)], [(0, 10), (40, 10)])  # second is half inside
    more = added(across, (-1, -1, 20, 21))
    assert float(more[0, 1]) == pytest.approx(0.5 - 0.5, abs=0.07)
    # A box of low score must not dilute the evidence of one of high score.
    assert torch.equal(added(PAIRS, LEFT, (*LEFT, 0.1)), added(PAIRS, LEFT))


def test_a_nested_box_separates_its_strokes_from_the_rest_of_the_large_one():
    whole = (-1, -1, 101, 21)
    large, nested = added(PAIRS, whole), added(PAIRS, whole, LEFT)
    assert torch.equal(large, torch.ones(4, 4))
    assert float(nested[0, 1]) == float(large[0, 1])
    assert bool((nested[:2, 2:] < large[:2, 2:]).all())
    assert torch.equal(nested[2:, 2:], large[2:, 2:])


def test_box_evidence_does_not_depend_on_chunk_size(monkeypatch):
    rng = np.random.default_rng(0)
    corners = rng.uniform(-10, 60, (9, 2))
    boxes = [(*c, *(c + s), float(v)) for c, s, v in
             zip(corners, rng.uniform(5, 60, (9, 2)), rng.random(9), strict=True)]  # fmt: skip
    want = added(PAIRS, *boxes)
    monkeypatch.setattr("instancesketch.inference.box_evidence.MAX_NUMBERS", 40)
    assert torch.equal(added(PAIRS, *boxes), want)
