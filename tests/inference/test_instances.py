"""Clusters equal scikit-learn's, instances are numbered from the left, mirroring swaps sides."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.core.schema import to_table
from instancesketch.inference.instances import (
    agglomerate,
    agglomerate_with_margins,
    countable_parts,
    find_instances,
    number_from_left,
    select_counted,
    sided_parts,
)
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models.config import SEED_REFINER
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.refiner import RefinerNet
from tests.drawings import DOODLE7, TINY_REFINER, drawn, packed, sketch_of
from tests.inference.test_segmenter import segmenter

PARTS = list(DOODLE7.part_names)
SMALL_SEED = replace(SEED_REFINER, width=16, layers=1, feedforward=32)


def refiner(config=TINY_REFINER):
    """Return an untrained refiner with a threshold at which some strokes are joined, not all."""
    torch.manual_seed(0)
    net = RefinerNet(config, DOODLE7).eval()
    with torch.no_grad():
        net.several.bias.fill_(-0.5)
        net.threshold_Q.fill_(4.8)
    return net


def counted_and_sided(batch):
    category_S = batch.category_N[batch.sketch_of_S]
    return (
        countable_parts(DOODLE7)[category_S, batch.part_S],
        sided_parts(DOODLE7)[category_S, batch.part_S],
    )


def found(net, batch):
    return find_instances(net, StrokeFeatures.of(batch), batch.part_S, *counted_and_sided(batch))


def affinities(seed, size):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(size, size))
    return (values + values.T) / 2


@given(st.integers(0, 2**32), st.lists(st.integers(2, 12), min_size=1, max_size=5))
def test_clusters_are_those_of_average_linkage(seed, sizes):
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import adjusted_rand_score

    length = max(sizes)
    affinity = torch.full((len(sizes), length, length), 99.0)  # padding, which must be ignored
    there = torch.arange(length) < torch.tensor(sizes)[:, None]
    for i, size in enumerate(sizes):
        affinity[i, :size, :size] = torch.from_numpy(affinities(seed + i, size))
    labels = agglomerate(affinity, there)
    for i, size in enumerate(sizes):
        own = affinity[i, :size, :size].double().numpy()
        distance = 10 - own  # scikit-learn takes distances; a distance of 10 is an affinity of 0
        np.fill_diagonal(distance, 0)
        want = AgglomerativeClustering(
            n_clusters=None, metric="precomputed", linkage="average", distance_threshold=10
        ).fit(distance)
        assert adjusted_rand_score(want.labels_, labels[i, :size].numpy()) == 1
        firsts = labels[i, :size]
        assert bool((firsts <= torch.arange(size)).all())
        assert bool((firsts[firsts] == firsts).all())


def test_clustering_of_equal_affinities_terminates():
    there = torch.ones(1, 6, dtype=torch.bool)
    assert agglomerate(torch.ones(1, 6, 6), there).tolist() == [[0] * 6]
    assert agglomerate(torch.zeros(1, 6, 6), there).tolist() == [list(range(6))]


def test_margins_are_those_of_the_nearest_decision():
    affinity = torch.full((2, 3, 3), -3.0)
    affinity[0, 0, 1] = affinity[0, 1, 0] = 0.5  # joined with the least
    affinity[1] = -0.25  # the nearest of what stays apart
    affinity[1, 0, 1] = affinity[1, 1, 0] = 2.0
    there = torch.ones(2, 3, dtype=torch.bool)
    labels, margin = agglomerate_with_margins(affinity, there)
    assert labels.tolist() == [[0, 0, 2], [0, 0, 2]]
    assert margin.tolist() == [0.5, 0.25]
    _, of_one = agglomerate_with_margins(affinity[:, :1, :1], there[:, :1])
    assert of_one.tolist() == [float("inf")] * 2


def legs(*places, part="front-leg", shift=0.0):
    """Return a drawing of a rectangular body with a leg at each x in `places`."""
    body = [(0, 0), (100, 0), (100, 40), (0, 40), (0, 0)]
    strokes = [body, *([(x + shift, 40), (x + shift, 80)] for x in places)]
    parts = ("body", *[part] * len(places))
    return sketch_of(*strokes, category="4leg", part=parts, instance=(None, *[1] * len(places)))


def numbers_and_sides(sketch, clusters):
    batch = packed([sketch]).normalised()
    _, sided_S = counted_and_sided(batch)
    result = number_from_left(batch, batch.part_S, torch.tensor(clusters), sided_S)
    return result.instance_S.tolist(), result.side_S.tolist()


@pytest.mark.parametrize(
    ("places", "clusters", "numbers", "sides"),
    [
        ((80, 20), (0, 1, 2), [0, 2, 1], [0, 2, 1]),
        ((20, 80), (0, 7, 3), [0, 1, 2], [0, 1, 2]),
        ((80, 20, 82), (0, 1, 2, 1), [0, 2, 1, 2], [0, 2, 1, 2]),
        ((10, 50, 90), (0, 3, 2, 1), [0, 1, 2, 3], [0, 0, 0, 0]),  # not a pair
        ((50,), (0, 4), [0, 1], [0, 0]),  # nor is one instance
        ((10, 90, 50), (0, 1, 2, 0), [0, 1, 2, 0], [0, 1, 2, 0]),  # one of several at once
        ((50, 50), (0, 1, 2), [0, 1, 2], [0, 0, 0]),  # equal positions have no sides
    ],
)
def test_instances_are_numbered_from_the_left_and_pairs_have_sides(
    places, clusters, numbers, sides
):
    assert numbers_and_sides(legs(*places), clusters) == (numbers, sides)


def test_a_part_without_sides_gets_no_side():
    sketch = sketch_of(
        [(0, 0), (5, 0)], [(90, 0), (95, 0)], category="car", part=("wheel", "wheel"),
        instance=(1, 2),
    )  # fmt: skip
    assert numbers_and_sides(sketch, (1, 2)) == ([1, 2], [0, 0])


@given(st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-500, 500))
def test_mirroring_swaps_sides_and_reverses_numbers(seed, scale, shift):
    (sketch,) = drawn(1, seed=seed, category="4leg" if seed % 2 else "2leg")
    mirrored = sketch.replace(x=-sketch.x * scale + shift, y=sketch.y * scale)
    here, there = packed([sketch]).normalised(), packed([mirrored]).normalised()
    counted_S, sided_S = counted_and_sided(here)
    cluster_S = here.instance_S.clamp(min=0) * counted_S
    a = number_from_left(here, here.part_S, cluster_S, sided_S)
    b = number_from_left(there, there.part_S, cluster_S, sided_S)
    swapped = torch.tensor([0, 2, 1])[a.side_S]
    assert torch.equal(swapped, b.side_S)
    key_S = here.part_S * 100 + (cluster_S > 0)
    for key in key_S[cluster_S > 0].unique():
        of = key_S == key
        assert torch.equal(a.instance_S[of] + b.instance_S[of],
                           (a.instance_S[of].max() + 1).expand(int(of.sum())))  # fmt: skip


def test_synthetic_truth_keeps_its_instance_numbers():
    """Compare with the generator's own implementation of the numbering rule."""
    batch = packed(drawn(80, seed=1))
    counted_S, sided_S = counted_and_sided(batch)
    cluster_S = batch.instance_S.clamp(min=0) * counted_S
    got = number_from_left(batch.normalised(), batch.part_S, cluster_S, sided_S).instance_S
    alike = (got == cluster_S).float().mean()
    assert alike > 0.995  # the weight of a dot can reverse centroids that nearly tie


@pytest.mark.parametrize("config", [TINY_REFINER, SMALL_SEED], ids=["default", "published"])
def test_instances_do_not_depend_on_batch_size(config, monkeypatch):
    net, sketches = refiner(config), drawn(20, seed=2)
    whole = found(net, packed(sketches))
    assert int(whole.instance_S.max()) >= 2
    monkeypatch.setattr("instancesketch.models.packing.MAX_TOKENS", 30)
    assert torch.equal(found(net, packed(sketches)).instance_S, whole.instance_S)
    apart = torch.cat([found(net, packed([s])).instance_S for s in sketches])
    assert torch.equal(apart, whole.instance_S)


def test_strokes_of_other_parts_are_left_out():
    sketches = drawn(30, seed=6)
    batch = packed(sketches)
    counted_S, _ = counted_and_sided(batch)
    result = found(refiner(), batch)
    assert not bool(result.instance_S[~counted_S].any())
    features = StrokeFeatures.of(batch)
    counted, strokes = select_counted(features, counted_S)
    few, normal = counted.batch, features.batch
    assert torch.equal(strokes, counted_S.nonzero()[:, 0])
    assert int(few.strokes_N.min()) > 0
    # Coordinates stay those of the whole drawing: the refiner compares absolute positions.
    assert torch.equal(few.points_P2, normal.points_P2[counted_S[batch.stroke_of_P]])


def test_no_counted_strokes_or_no_drawings_give_no_instances():
    clouds = packed(drawn(3, category="cloud"))
    assert not bool(found(refiner(), clouds).instance_S.any())
    assert found(refiner(), clouds.select(torch.tensor([], dtype=torch.long))).side_S.shape == (0,)


def test_three_hundred_rays_are_numbered_without_gaps():
    angles = np.linspace(0, 6.2, 300)
    rays = [[(np.cos(a), np.sin(a)), (2 * np.cos(a), 2 * np.sin(a))] for a in angles]
    sun = sketch_of(*rays, category="sun", part=("ray",) * 300, instance=(1,) * 300)
    numbers = found(refiner(), packed([sun])).instance_S
    present = set(numbers.tolist()) - {0}
    assert present == set(range(1, len(present) + 1))


def test_segmenter_results_follow_the_rules_of_instances_and_sides():
    base = segmenter()
    model = Segmenter(base.net, base.taxonomy, refiner())
    for got in model.label(drawn(60, seed=8)):
        category = DOODLE7.categories[got.category]
        for part in set(got.part):
            own = [i for i, p in enumerate(got.part) if p == part]
            numbers = [got.instance[i] for i in own]
            if part not in category.countable:
                assert set(numbers) == {None}
                assert all(got.label[i] == part for i in own)
                continue
            there = set(numbers) - {0}
            assert there == set(range(1, len(there) + 1))
            for i in own:
                side = got.label[i] != part
                assert side <= (part in category.sided and len(there) == 2 and got.instance[i] > 0)
    table = to_table(drawn(10))
    assert model.label_table(table)["label"].null_count == 0
