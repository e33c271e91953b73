"""Stroke features of whole batches and of buckets."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.models import packing, ragged
from instancesketch.models.features import StrokeFeatures
from tests.drawings import batches, drawn, features_of, split_strokes


@given(batches(), st.integers(1, 30), st.integers(1, 60))
def test_buckets_hold_every_sketch_once_with_its_strokes(batch, max_tokens, max_points):
    all_N, all_S = torch.arange(len(batch)), torch.arange(batch.layout.strokes)
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "MAX_TOKENS", max_tokens)
        patch.setattr(packing, "MAX_POINTS", max_points)
        for pick, strokes, bucket in StrokeFeatures(batch).buckets():
            expected = split_strokes(batch.select(all_N[pick]))
            for got, sketch in zip(split_strokes(bucket.batch), expected, strict=True):
                assert [a.tolist() for a in got] == [b.tolist() for b in sketch]
            assert torch.equal(batch.strokes_of(all_N[pick]), all_S[strokes])
            seen += all_N[pick].tolist()
    assert sorted(seen) == all_N.tolist()


def test_a_small_batch_is_one_bucket_and_an_empty_batch_none():
    features = features_of(drawn(3))
    assert [bucket for *_, bucket in features.buckets()] == [features]
    none = features.batch.select(torch.tensor([], dtype=torch.long))
    assert not list(StrokeFeatures(none).buckets())


@pytest.mark.parametrize("number", [16, 32, 7])
def test_resampled_points_equal_resampling_directly(number):
    features = features_of(drawn(3))
    batch = features.batch
    alone = ragged.resample(batch.points_P2, batch.stroke_len_S, number)
    assert torch.equal(features.resampled(number), alone)


def test_too_many_pairs_are_not_cached(monkeypatch):
    features = features_of(drawn(2))
    monkeypatch.setattr("instancesketch.models.features.MAX_PAIRS", 3)
    assert features.pairs() is None


def test_features_of_some_pairs_are_those_of_all(monkeypatch):
    features = features_of(drawn(3))
    all_NLLF, short = features.pairs(), int(features.batch.strokes_N.min())
    from_T, to_T = torch.triu_indices(short, short, 1)
    assert torch.equal(
        features.pairs_between(from_T, to_T), all_NLLF[:, from_T, to_T].transpose(0, 1)
    )
    monkeypatch.setattr("instancesketch.models.features.MAX_PAIRS", 3)
    alone = StrokeFeatures(features.batch).pairs_between(to_T, from_T)
    torch.testing.assert_close(alone, all_NLLF[:, to_T, from_T].transpose(0, 1))


@pytest.mark.parametrize("factor", [(-1.0, 1.0), (1.0, 0.5)])
def test_features_of_stretched_sketches_are_those_of_their_points(factor):
    features = features_of(drawn(3))
    stretched = features.stretched(factor)
    alone = StrokeFeatures(
        features.batch.with_points(features.batch.points_P2 * torch.tensor(factor))
    )
    assert torch.equal(stretched.resampled(16), alone.resampled(16))
    assert torch.equal(stretched.pairs()[..., :-2], alone.pairs()[..., :-2])
    # What lies within what is taken over, from samples that lay a little elsewhere.
    assert torch.equal(stretched.pairs()[..., -2:], features.pairs()[..., -2:])
    there = features.padded(torch.ones(features.batch.layout.strokes, dtype=torch.bool))
    # Of a stroke's own outline, on which its points lie, the last bit decides.
    both = there[:, :, None] & there[:, None] & ~torch.eye(there.shape[1], dtype=torch.bool)
    away = (stretched.pairs() - alone.pairs())[..., -2:].abs()[both]
    assert float(away.mean()) < 0.02


def test_features_cached_in_inference_mode_take_part_in_gradients():
    """Train on a batch whose index tensors were computed in inference mode."""
    batch = features_of(drawn(2)).batch
    with torch.inference_mode():
        StrokeFeatures.of(batch).pairs()
    weight = torch.ones(batch.layout.strokes, requires_grad=True)
    moved = batch.with_points(batch.points_P2 * 2)
    (weight[moved.stroke_of_P].sum() + weight[moved.sketch_of_S].sum()).backward()
    assert weight.grad is not None
