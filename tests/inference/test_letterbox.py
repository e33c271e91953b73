"""Scenes as images: all points are drawn in their location, and boxes map back exactly."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.inference import letterbox
from tests.drawings import batches, packed, sketch_of

SIZES = st.sampled_from([32, 64, 96, 320])


@st.composite
def boxes_of(draw_from, number):
    """Draw boxes in `number` scenes: corners, (B, 4), and the scene index of each."""
    corner = st.tuples(*[st.floats(-1e3, 1e3, width=32)] * 4)
    found = draw_from(st.lists(st.tuples(st.integers(0, number - 1), corner), max_size=6))
    corners = torch.tensor([c for _, c in found]).reshape(-1, 4)
    return corners, torch.tensor([s for s, _ in found], dtype=torch.long)


@given(st.data(), batches(), SIZES)
def test_boxes_mapped_there_and_back_are_equal(data, batch, size):
    box = letterbox.letterbox(batch, size)
    corners, scene_of = data.draw(boxes_of(len(batch)))
    there = box.boxes_to_image(corners, scene_of)
    back = box.boxes_to_scene(there, scene_of)
    # A double's error grows with the distance of the box from the image of a small scene.
    far = there.abs().amax(1, keepdim=True) / box.scale_N[scene_of, None] if len(there) else 1.0
    assert ((back - corners).abs() <= 1e-12 * (far + 1e3)).all()


@given(st.data(), batches(), SIZES)
def test_pixels_mapped_there_and_back_are_equal(data, batch, size):
    box = letterbox.letterbox(batch, size)
    corners, scene_of = data.draw(boxes_of(len(batch)))
    back = box.boxes_to_image(box.boxes_to_scene(corners, scene_of), scene_of)
    far = box.centre_N2[scene_of].abs().amax(1, keepdim=True) * box.scale_N[scene_of, None]
    assert ((back - corners).abs() <= 1e-12 * (far + 1e3)).all()


@given(batches(), SIZES)
def test_scenes_fill_their_images_up_to_a_margin_and_keep_their_aspect_ratio(batch, size):
    box = letterbox.letterbox(batch, size)
    pixel_P2 = box.to_image(batch.points_P2, batch.sketch_of_P)
    for i in range(len(batch)):
        own, mine = pixel_P2[batch.sketch_of_P == i], batch.points_P2[batch.sketch_of_P == i]
        side, unit = own.amax(0) - own.amin(0), (mine.amax(0) - mine.amin(0)).double()
        if unit.max() > 0:
            assert float(side.max()) == pytest.approx(size * (1 - 2 * letterbox.MARGIN), rel=1e-6)
            assert torch.allclose(side, unit * box.scale_N[i], rtol=1e-5, atol=1e-3)
        assert torch.allclose((own.amax(0) + own.amin(0)) / 2, torch.tensor(size / 2).double())


@given(batches(), SIZES)
def test_every_point_is_drawn_dark_on_light(batch, size):
    box = letterbox.letterbox(batch, size)
    drawn = letterbox.draw(batch, box)
    assert drawn.shape == (len(batch), 1, size, size)
    assert set(drawn.unique().tolist()) <= {0.0, 1.0}
    pixel_P2 = box.to_image(batch.points_P2, batch.sketch_of_P).floor().long()
    assert (drawn[batch.sketch_of_P, 0, pixel_P2[:, 1], pixel_P2[:, 0]] == 0).all()


@given(batches())
def test_the_image_of_a_scene_does_not_depend_on_its_batch(batch):
    drawn = letterbox.draw(batch, letterbox.letterbox(batch, 64))
    for i in range(len(batch)):
        alone = batch.select(torch.tensor([i]))
        assert torch.equal(letterbox.draw(alone, letterbox.letterbox(alone, 64))[0], drawn[i])


def test_a_line_is_two_pixels_wide_and_a_dot_is_centred():
    batch = packed([sketch_of([[0, 0], [100, 0]]), sketch_of([[7.0, 3.0]])])
    line, dot = (letterbox.draw(batch, letterbox.letterbox(batch, 100)) == 0)[:, 0]
    assert line.any(1).nonzero().flatten().tolist() == [49, 50]
    assert line.any(0).nonzero().flatten().tolist() == list(range(3, 97))
    assert dot.nonzero().tolist() == [[49, 49], [49, 50], [50, 49], [50, 50]]
