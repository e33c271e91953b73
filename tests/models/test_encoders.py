"""Stroke encoders: their sensitivity to shape and location, and their invariances."""

import pytest
import torch
from hypothesis import given

from instancesketch.models.encoders import JoinedEncoder, PatchEncoder, PointsEncoder, RasterEncoder
from instancesketch.models.features import StrokeFeatures
from tests.drawings import batches, drawn, features_of, sketch_of

KINDS = {
    "patches": lambda: PatchEncoder(16, 8, (8, 8)),
    "points": lambda: PointsEncoder(16, 8, (8, 8)),
    "raster": lambda: RasterEncoder(16),
    "both": lambda: JoinedEncoder(16, 8, (8, 8)),
}


@pytest.fixture(params=KINDS)
def encoder(request):
    torch.manual_seed(0)
    return KINDS[request.param]().eval()


@torch.no_grad()
def encode(encoder, *sketches):
    return encoder(features_of(list(sketches)))


def test_every_stroke_gets_a_vector(encoder):
    sketches = drawn(6)
    got = encode(encoder, *sketches)
    assert got.shape == (sum(map(len, sketches)), 16)
    assert bool(got.isfinite().all())


@pytest.mark.parametrize("kind", ["patches", "points", "raster"])
def test_any_strokes_give_finite_vectors(kind):
    torch.manual_seed(0)
    encoder = KINDS[kind]().eval()

    @given(batches())
    def finite(batch):
        with torch.no_grad():
            assert bool(encoder(StrokeFeatures.of(batch)).isfinite().all())

    finite()


def test_vectors_differ_by_shape_and_by_location(encoder):
    frame = [(0, 0), (100, 0), (100, 100), (0, 100)]
    here, there = [(10, 10), (30, 10)], [(70, 80), (90, 80)]
    bent = [(10, 10), (20, 30), (30, 10)]
    vectors = [encode(encoder, sketch_of(frame, s))[1] for s in (here, there, bent)]
    assert all(
        float((a - b).abs().max()) > 1e-4 for i, a in enumerate(vectors) for b in vectors[:i]
    )


def test_vectors_are_invariant_to_size_and_position_of_the_drawing(encoder):
    for sketch in drawn(4):
        # Scaling by powers of two is exact in floats.
        other = sketch.replace(x=sketch.x / 1024, y=sketch.y / 1024)
        assert torch.equal(encode(encoder, sketch), encode(encoder, other))
    whole = sketch_of([(0, 0), (64, 16)], [(8, 8), (32, 32), (50, 3)])
    moved = whole.replace(x=whole.x - 5000, y=whole.y + 300)
    torch.testing.assert_close(encode(encoder, whole), encode(encoder, moved), rtol=0, atol=1e-5)


def test_vectors_do_not_depend_on_other_drawings(encoder):
    a, b = drawn(2)
    together = encode(encoder, a, b)
    torch.testing.assert_close(together[: len(a)], encode(encoder, a), rtol=0, atol=1e-5)
    torch.testing.assert_close(together[len(a) :], encode(encoder, b), rtol=0, atol=1e-5)


def test_the_vector_of_a_dot_depends_on_its_location(encoder):
    frame = [(0, 0), (100, 100)]
    dots = [encode(encoder, sketch_of(frame, [place]))[1] for place in ((20, 80), (80, 20))]
    assert all(bool(d.isfinite().all()) for d in dots)
    assert float((dots[0] - dots[1]).abs().max()) > 1e-4


def test_a_dot_is_drawn_in_both_images():
    seen = []
    encoder = RasterEncoder(16).eval()
    for branch in (encoder.shape, encoder.place):
        branch.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    encode(encoder, sketch_of([(0, 0), (62, 62)], [(50, 10)]))
    shape, place = (images[1, 0].nonzero().tolist() for images in seen)
    assert shape in ([[15, 15]], [[16, 16]])  # in the middle
    assert place == [[5, 25]]  # y before x


def test_a_strokes_shape_fills_its_image():
    seen = []
    encoder = RasterEncoder(16).eval()
    encoder.shape.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 0]))
    encode(encoder, sketch_of([(0, 0), (900, 900)], [(500, 500), (501, 500)], [(3, 9), (3, 8)]))
    across, down = seen[0][1:]
    assert across.amax(0).sum() == 32
    assert across.sum() == 32
    assert down.amax(1).sum() == 32


def test_layers_of_patches_are_convolutions_without_overlap():
    torch.manual_seed(0)
    encoder = PatchEncoder(16, 16, (8, 12, 10)).eval()
    hidden = torch.randn(5, 16, PatchEncoder.CHANNELS)
    got = encoder.read_points(hidden)
    hidden = hidden.transpose(1, 2)
    for layer, size in zip(encoder.layers, (4, 2, 2), strict=True):
        # A linear layer reads the points of a patch one after the other, each with its channels.
        weight = layer.weight.unflatten(1, (size, -1)).transpose(1, 2)
        hidden = torch.conv1d(hidden, weight, layer.bias, stride=size)
        hidden = torch.relu(hidden / (1 + 1e-5) ** 0.5)  # what an untrained batch norm does
    torch.testing.assert_close(got, hidden[:, :, 0])
