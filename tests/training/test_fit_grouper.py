"""The grouper's losses by hand, scenes without a training signal, and convergence."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from instancesketch.core.schema import from_table, to_table
from instancesketch.inference.object_grouper import Grouper
from instancesketch.metrics import SceneTally, scene_weights
from instancesketch.models.grouper import GrouperNet
from instancesketch.training.augment import augment
from instancesketch.training.config import SCENE_AUGMENT, GrouperFitConfig
from instancesketch.training.fit_grouper import GrouperFit, evaluate, kind_loss, same_object
from instancesketch.training.trainer import create_fit
from tests.drawings import DOODLE7, TINY_GROUPER, composed, packed_scenes, sketch_of

CPU = torch.device("cpu")
SMALL = GrouperFitConfig(model=TINY_GROUPER, epochs=10, batch_size=8, learning_rate=5e-3)
OTHER = len(DOODLE7.category_names)
LINES = [[(0, 0), (9, 0)], [(0, 9), (9, 9)], [(4, 4)]]


def fit_of(config=SMALL, steps=4):
    return GrouperFit(config, DOODLE7, steps_per_epoch=steps, device=CPU)


def loss_of(fit, batch, seed=0):
    return fit.loss(batch.normalised(), torch.Generator().manual_seed(seed))


def scene(*objects, categories=("sun", "house", "dog")):
    strokes = [[(i, i % 3), (i + 5, 2 * i)] for i in range(len(objects))]
    return sketch_of(*strokes, object=objects, object_category=categories)


def test_pairs_of_known_strokes_share_an_object_or_not():
    same, pair = same_object(packed_scenes([scene(0, 1, 0, -1), scene(2, 2)]))
    assert same.shape == pair.shape == (2, 4, 4)
    assert pair[0].int().tolist() == [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    assert (same & pair)[0].nonzero().tolist() == [[0, 2], [2, 0]]
    assert pair[1].nonzero().tolist() == (same & pair)[1].nonzero().tolist() == [[0, 1], [1, 0]]


def test_scenes_without_objects_have_no_pairs():
    bare = scene(0, 1).replace(object=None, object_category=None)
    _, pair = same_object(packed_scenes([bare, scene(-1, -1, -1)]))
    assert not pair.any()


def test_object_categories_are_scored_where_they_are_known():
    said = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    kind = torch.tensor([2, -1, 0, -1])
    want = F.cross_entropy(said[[0, 2]], torch.tensor([2, 0]))
    assert float(kind_loss(said, kind)) == pytest.approx(float(want))
    assert float(kind_loss(said, torch.full((4,), -1))) == 0


POOR = {
    "no stroke of any object": [scene(-1, -1, -1), scene(-1, -1)],
    "objects are not known": [scene(0, 1).replace(object=None, object_category=None)],
    "one stroke each": [sketch_of(s, object=(0,), object_category=("sun",)) for s in LINES],
    "a lone dot": [sketch_of([(3, 3)], object=(0,), object_category=(None,))],
    "one stroke each, of none": [sketch_of(s, object=(-1,), object_category=()) for s in LINES],
    "one of two known": [scene(0, -1)],
}


@pytest.mark.parametrize("scenes", [*POOR.values(), None], ids=[*POOR, "composed"])
def test_loss_is_finite_and_every_parameter_gets_a_gradient(scenes):
    """Check every parameter: one without a gradient would block the other workers."""
    fit = fit_of()
    fit.net.train()
    loss = loss_of(fit, packed_scenes(scenes or composed(3)))
    loss.backward()
    assert bool(loss.isfinite())
    for name, parameter in fit.net.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name


@pytest.mark.parametrize("scenes", POOR.values(), ids=POOR)
def test_step_without_a_training_signal_keeps_parameters_finite(scenes):
    fit = fit_of()
    assert np.isfinite(fit.train_epoch([packed_scenes(scenes)], 0)["loss"])
    assert all(bool(p.isfinite().all()) for p in fit.net.state_dict().values())
    assert fit.measure([packed_scenes(scenes)]).figures()["scenes"] <= len(scenes)


def test_scenes_without_objects_add_no_loss():
    fit = fit_of()
    assert float(loss_of(fit, packed_scenes(POOR["no stroke of any object"])).detach()) == 0
    mixed = [*composed(2), scene(-1, -1)]
    # A scene without a training signal leaves the loss of the others unchanged.
    fit.net.eval()
    with_it, without = (loss_of(fit, packed_scenes(s)).detach() for s in (mixed, mixed[:2]))
    assert float(with_it) == pytest.approx(float(without), abs=1e-4)


def test_stroke_order_is_given_with_the_probability_of_the_recipe():
    batch = packed_scenes(composed(4))

    def loss(share):
        fit = fit_of(replace(SMALL, ordered_p=share))
        fit.net.eval()
        return float(loss_of(fit, batch).detach())

    assert loss(0.0) != loss(1.0)
    assert loss(0.5) not in (loss(0.0), loss(1.0))


def test_augmented_scenes_keep_their_objects():
    batch = packed_scenes(composed(4))
    changed = augment(batch, SCENE_AUGMENT, torch.Generator().manual_seed(0))
    assert torch.equal(changed.instance_S, batch.instance_S)
    assert torch.equal(changed.part_S, batch.part_S)
    assert not torch.equal(changed.points_P2, batch.normalised().points_P2)


def test_evaluation_equals_the_scores_of_result_rows():
    """Compare scores from tables, scene by scene, with scores from tensors, all at once."""
    scenes = [*composed(12), scene(0, 2, -1, 0), scene(-1, -1)]
    scenes.append(scene(0, 1).replace(object=None, object_category=None))
    torch.manual_seed(3)
    net = GrouperNet(TINY_GROUPER, DOODLE7)
    with torch.no_grad():
        net.out.weight *= 60
    got = evaluate(net, [packed_scenes(scenes[:9]), packed_scenes(scenes[9:])], DOODLE7)
    number = {name: i for i, name in enumerate(DOODLE7.category_names)}
    want = SceneTally.empty((), DOODLE7.category_names)
    found = from_table(Grouper(net, DOODLE7).group_table(to_table(scenes)))
    for true, said in zip(scenes, found, strict=True):
        words = true.object_category or ()
        want.add_arrays(
            truth_object=true.object or (-1,) * len(true),
            object=said.object,
            weight=scene_weights(true.x, true.y, true.stroke_len),
            strokes_per_scene=[len(true)],
            truth_category=[number.get(DOODLE7.category_of(w), -1) for w in words],
            truth_objects_per_scene=[len(words)],
            category=[number.get(c, -1) for c in said.object_category],
            objects_per_scene=[len(said.object_category)],
        )
    assert got.figures() == want.figures()
    assert got.figures()["scenes"] == 13
    assert 0 < got.figures()["pq"] < 100


@pytest.mark.nightly
def test_grouper_fits_its_training_scenes():
    scenes = composed(8)
    batches = [packed_scenes(scenes)]
    fit = fit_of(
        replace(SMALL, epochs=60, average=0.9, augment=replace(SCENE_AUGMENT, rotate=1.0)), 1
    )
    before = fit.measure(batches).figures()
    losses = [fit.train_epoch(batches, epoch)["loss"] for epoch in range(60)]
    after = fit.measure(batches).figures()
    assert losses[-1] < 0.7 * losses[0]
    assert fit.score(after) > max(fit.score(before) + 15, 60)
    assert after["pq_named"] > before["pq_named"]
    assert fit.score(after) == after["pq"]


def test_create_fit_chooses_the_model_by_its_recipe():
    fit = create_fit(SMALL, DOODLE7, steps_per_epoch=1, part_counts=[], device=CPU)
    assert isinstance(fit, GrouperFit)
    assert fit.net.kinds.out_features == OTHER + 1
