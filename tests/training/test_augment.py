"""Augmentation: permitted changes, labels and bounds that stay, and equal seeds."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.models import ragged
from instancesketch.training.augment import augment
from instancesketch.training.config import PUBLISHED_AUGMENT, SCENE_AUGMENT, AugmentConfig
from instancesketch.training.recipes import recipe
from instancesketch.training.trainer import create_fit
from tests.drawings import (
    DOODLE7,
    TINY,
    TINY_GROUPER,
    TINY_REFINER,
    batches,
    composed,
    drawn,
    packed,
    packed_scenes,
    sketch_of,
    split_strokes,
)

NOTHING = AugmentConfig(
    stretch=0.0,
    shear=0.0,
    rotate=0.0,
    mirror_p=0.0,
    stroke_rotate=0.0,
    stroke_scale=0.0,
    stroke_shift=0.0,
    noise=0.0,
)
HANDS = ("device_p", "prefix_p", "join_p", "join_parts_p", "cut_p", "shuffle_p", "stray_p")
EVERYTHING = AugmentConfig(drop_p=0.5, reverse_p=0.3, noise_p=1.0, **dict.fromkeys(HANDS, 0.5))


def augmented(batch, config, seed=0):
    return augment(batch, config, torch.Generator().manual_seed(seed))


def lengths(batch):
    segments = ragged.segment_lengths(batch.points_P2, batch.stroke_len_S)
    return ragged.reduce(segments, batch.stroke_of_P, len(batch.stroke_len_S), "sum")


@given(batches())
def test_a_config_of_zeros_changes_nothing(batch):
    got = augmented(batch, NOTHING)
    torch.testing.assert_close(got.points_P2, batch.normalised().points_P2, rtol=0, atol=1e-5)
    assert torch.equal(got.part_S, batch.part_S)


@pytest.mark.parametrize("config", [AugmentConfig(), PUBLISHED_AUGMENT, EVERYTHING])
def test_equal_seeds_give_equal_drawings(config):
    batch = packed(drawn(12))
    a, b, other = (
        augmented(batch, config),
        augmented(batch, config),
        augmented(batch, config, seed=1),
    )
    assert torch.equal(a.points_P2, b.points_P2)
    assert torch.equal(a.part_S, b.part_S)
    assert a.points_P2.shape != other.points_P2.shape or not torch.equal(
        a.points_P2, other.points_P2
    )


@given(
    batches(),
    st.integers(0, 100),
    st.sampled_from([AugmentConfig(), PUBLISHED_AUGMENT, EVERYTHING]),
)
def test_any_drawing_stays_finite_and_inside_the_box(batch, seed, config):
    got = augmented(batch, config, seed)
    assert bool(got.points_P2.isfinite().all())
    assert float(got.points_P2.abs().max()) <= 1 + 1e-5
    assert torch.equal(got.category_N, batch.category_N)
    assert int(got.stroke_len_S.sum()) == len(got.points_P2)
    assert len(got.part_S) == len(got.stroke_len_S) == int(got.strokes_N.sum())


@pytest.mark.parametrize("strokes", [[[(3, 3)]], [[(5, 5)] * 4], [[(5, 5)] * 2, [(5, 5)]]])
def test_drawings_without_extent_stay_finite(strokes):
    batch = packed([sketch_of(*strokes, category="sun")])
    for config in (PUBLISHED_AUGMENT, EVERYTHING, NOTHING):
        assert bool(augmented(batch, config).points_P2.isfinite().all())


@given(batches(), st.integers(0, 20), st.sampled_from([0.5, 1.0]))
def test_only_the_two_shortest_strokes_are_dropped_and_three_stay(batch, seed, p):
    got = augmented(batch, replace(NOTHING, drop_p=p), seed)
    # Strokes differ in their number of points, which identifies them.
    length = lengths(batch).split(batch.strokes_N.tolist())
    before = batch.stroke_len_S.split(batch.strokes_N.tolist())
    after = got.stroke_len_S.split(got.strokes_N.tolist())
    for length_S, old, new in zip(length, before, after, strict=True):
        shortest = length_S.argsort(stable=True).tolist()
        may = [[], shortest[:1], shortest[1:2], shortest[:2]]
        kept = [[n for i, n in enumerate(old.tolist()) if i not in drop] for drop in may]
        assert new.tolist() in [k for k in kept if len(k) >= min(3, len(old))]
        if p == 1.0:
            assert len(new) == min(len(old), max(3, len(old) - 2))


def test_labels_stay_with_the_strokes_that_are_kept():
    strokes = [[(0, 0), (n, 1)] for n in (50, 3, 90, 2, 70)]
    parts = ("center", "petal", "leaf", "stem", "unlabeled")
    batch = packed([sketch_of(*strokes, category="flower", part=parts)])
    got = augmented(batch, replace(NOTHING, drop_p=1.0))
    assert got.part_S.tolist() == batch.part_S[[0, 2, 4]].tolist()


def test_mirroring_twice_restores_the_drawing():
    batch = packed(drawn(30))
    config = replace(NOTHING, mirror_p=1.0)
    once = augmented(batch, config)
    flipped = batch.normalised().points_P2 * torch.tensor([-1.0, 1.0])
    torch.testing.assert_close(once.points_P2, flipped, rtol=0, atol=1e-5)
    twice = augmented(once, config, seed=1)
    torch.testing.assert_close(twice.points_P2, batch.normalised().points_P2, rtol=0, atol=1e-5)
    for name in ("part_S", "category_N", "stroke_len_S", "strokes_N"):
        assert torch.equal(getattr(twice, name), getattr(batch, name))


def test_half_of_the_drawings_are_mirrored():
    batch = packed(drawn(60))
    got = augmented(batch, replace(NOTHING, mirror_p=0.5))
    same = (got.points_P2 - batch.normalised().points_P2).abs().amax(1) < 1e-4
    still = ragged.reduce(same.float(), batch.sketch_of_P, len(batch), "mean") > 0.9
    assert 15 < int(still.sum()) < 45


def distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=2)


def test_rotation_is_rigid_and_about_the_centre_of_the_drawing():
    # A cross far from the origin: its centre is the centre of its box at any rotation.
    cross = [[(800, 600), (1000, 600)], [(900, 500), (900, 700)], [(900, 600)]]
    batch = packed([sketch_of(*cross, category="sun")] * 40)
    angles = []
    for strokes in split_strokes(augmented(batch, replace(NOTHING, rotate=30.0, rotate_p=1.0))):
        np.testing.assert_allclose(strokes[2], [[0, 0]], atol=1e-5)
        points = np.concatenate(strokes)
        ratio = distances(points)[0, 1] / 200
        np.testing.assert_allclose(
            distances(points), distances(np.concatenate(cross).astype(float)) * ratio, atol=1e-5
        )
        angles.append(np.degrees(np.arctan2(*(strokes[0][1] - strokes[0][0])[::-1])))
    assert -30 <= min(angles) < -15
    assert 15 < max(angles) <= 30


FRAME = [[(0, 0)], [(100, 100)]]  # dots fix the box, whatever their rotation and scale


@pytest.mark.parametrize(
    "config",
    [
        replace(NOTHING, stroke_rotate=8.0, stroke_rotate_p=1.0),
        replace(NOTHING, stroke_scale=0.1, stroke_scale_p=1.0),
    ],
)
def test_strokes_are_rotated_and_scaled_about_their_own_centre(config):
    strokes = [[(20, 30), (60, 30), (60, 50), (20, 50)], [(70, 10), (90, 80)]]
    batch = packed([sketch_of(*FRAME, *strokes, category="sun")] * 20)
    before = split_strokes(batch.normalised())
    for old, new in zip(before, split_strokes(augmented(batch, config)), strict=True):
        for a, b in zip(old[2:], new[2:], strict=True):
            np.testing.assert_allclose(b.mean(axis=0), a.mean(axis=0), atol=1e-5)
            assert np.abs(a - b).max() > 1e-5
            shape = distances(b)[0] / distances(a)[0].clip(1e-9)
            np.testing.assert_allclose(shape[1:], shape[1], atol=1e-4)
            assert 0.9 - 1e-4 <= shape[1] <= 1.1 + 1e-4


def strokes_moved(before, after):
    """Count the strokes that moved relative to most others."""
    size = np.median([np.ptp(b, axis=0).max() / np.ptp(a, axis=0).max()
                      for a, b in zip(before, after, strict=True)])  # fmt: skip
    left = [b - a * size for a, b in zip(before, after, strict=True)]
    place = np.median([p[0] for p in left], axis=0)
    return sum(np.abs(p - place).max() > 1e-4 for p in left)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("stroke_rotate", (2, 0, 0)), ("stroke_scale", (0, 3, 0)), ("stroke_shift", (0, 0, 3))],
)
def test_at_most_the_given_number_of_strokes_is_changed(name, numbers):
    strokes = [[(10 * i, 7 * i % 50), (10 * i + 20, 7 * i % 50 + 20)] for i in range(11)]
    batch = packed([sketch_of(*strokes, category="sun")] * 30)
    amount = {name: getattr(PUBLISHED_AUGMENT, name), f"{name}_p": 1.0}
    got = augmented(batch, replace(NOTHING, strokes=numbers, **amount))
    counts = [
        strokes_moved(a, b)
        for a, b in zip(split_strokes(batch.normalised()), split_strokes(got), strict=True)
    ]
    assert max(counts) == sum(numbers)
    assert np.mean(counts) > sum(numbers) - 0.5
    everyone = augmented(batch, replace(NOTHING, **amount))
    assert not torch.equal(everyone.points_P2, got.points_P2)


def test_noise_is_small_and_changes_the_given_share_of_drawings():
    batch = packed(drawn(60))
    normal = batch.normalised()
    config = replace(NOTHING, noise=0.01, noise_p=1.0)
    away = (augmented(batch, config).points_P2 - normal.points_P2).norm(dim=1)
    # A hundredth of the longer side, which is 2, smoothed over three points.
    assert 0.01 < float(away.square().mean().sqrt()) < 0.04
    assert float(away.max()) < 0.2
    some = augmented(batch, replace(config, noise_p=0.3))
    still = (some.points_P2 - normal.points_P2).abs().amax(1) < 1e-5
    share = ragged.reduce(still.float(), batch.sketch_of_P, len(batch), "mean")
    # A point in the corner of the box stays there, as the box is normalised again.
    assert all(s == 1 or s < 0.02 for s in share.tolist())
    assert 0.5 < float(share.mean()) < 0.9


def test_strokes_are_reversed_from_end_to_end():
    batch = packed(drawn(10))
    got = split_strokes(augmented(batch, replace(NOTHING, reverse_p=1.0)))
    for old, new in zip(split_strokes(batch.normalised()), got, strict=True):
        for a, b in zip(old, new, strict=True):
            np.testing.assert_allclose(b, a[::-1], atol=1e-5)


def test_one_axis_is_stretched():
    square = [[(0, 0), (100, 0), (100, 100), (0, 100)]]
    batch = packed([sketch_of(*square, category="sun")] * 40)
    got = augmented(batch, replace(NOTHING, stretch=0.2, stretch_p=1.0))
    shapes = [np.ptp(s[0], axis=0) for s in split_strokes(got)]
    ratios = [wide / high for wide, high in shapes]
    assert min(ratios) >= 1 / 1.2 - 1e-4 or min(ratios) >= 0.8 - 1e-4
    assert min(ratios) < 0.9
    assert max(ratios) > 1.1
    assert max(ratios) <= 1.25 + 1e-4


def test_strength_scales_every_distance_and_angle():
    batch = packed(drawn(12))
    half = replace(
        PUBLISHED_AUGMENT, strength=1.0, stretch=0.1, rotate=15.0, stroke_rotate=3.5,
        stroke_scale=0.05, stroke_shift=1.5 / 256, noise=0.005,
    )  # fmt: skip
    scaled = augmented(batch, replace(PUBLISHED_AUGMENT, strength=0.5))
    assert torch.equal(scaled.points_P2, augmented(batch, half).points_P2)
    still = augmented(batch, AugmentConfig(strength=0.0, mirror_p=0.0))
    torch.testing.assert_close(still.points_P2, batch.normalised().points_P2, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", HANDS)
def test_changes_of_hand_and_device_are_off_by_default_and_rare_ones_leave_the_rest(name):
    assert all(getattr(c, name) == 0 for c in (AugmentConfig(), PUBLISHED_AUGMENT, SCENE_AUGMENT))
    batch = packed(drawn(30))
    plain, rare, always = (augmented(batch, replace(NOTHING, **{name: p})) for p in (0, 1e-9, 1.0))
    for value in ("part_S", "instance_S", "stroke_len_S", "strokes_N"):
        assert torch.equal(getattr(rare, value), getattr(plain, value))
    # Normalised once more, which rounds.
    torch.testing.assert_close(rare.points_P2, plain.points_P2, rtol=0, atol=1e-6)
    assert not torch.equal(always.stroke_len_S, plain.stroke_len_S) or not torch.allclose(
        always.points_P2, plain.points_P2, atol=1e-4
    )


def test_changes_that_are_off_draw_no_random_numbers():
    batch = packed(drawn(12))
    now, before = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    augment(batch, AugmentConfig(), now)
    strokes, points = len(batch.stroke_len_S), len(batch.points_P2)
    # What these changes have always drawn: per drawing, per stroke, per point, per drawing.
    for size in (*[12] * 3, *[strokes] * 2, strokes * 2):
        torch.rand(size, generator=before)
    torch.randn(points, 2, generator=before)
    for _ in range(8):
        torch.rand(12, generator=before)
    assert torch.equal(now.get_state(), before.get_state())


@pytest.mark.parametrize("kind", ["segmenter", "refiner", "grouper"])
def test_every_model_trains_on_all_changes_at_once(kind):
    model = {"segmenter": TINY, "refiner": TINY_REFINER, "grouper": TINY_GROUPER}[kind]
    scenes = kind == "grouper"
    batch = packed_scenes(composed(8)) if scenes else packed(drawn(32))
    config = replace(recipe(kind, "default", model=model), augment=EVERYTHING)
    fit = create_fit(config, DOODLE7, steps_per_epoch=3, device=torch.device("cpu"))
    epoch = fit.train_epoch([batch] * 3, 0)
    assert epoch["loss"] > 0
    assert np.isfinite(epoch["loss"])
