import pytest

from instancesketch.core.errors import UserError
from instancesketch.training.config import GrouperFitConfig, SegmenterFitConfig, seed_segmenter
from instancesketch.training.recipes import recipe


def test_default_and_published_recipe() -> None:
    assert recipe("segmenter", "default") == SegmenterFitConfig()
    assert recipe("segmenter", "seed") == seed_segmenter()


@pytest.mark.parametrize("kind", ["segmenter", "refiner", "grouper"])
def test_a_recipe_for_gpus_has_large_batches_of_each_worker(kind: str) -> None:
    config, default = recipe(kind, "gpu"), recipe(kind, "default")
    assert config.step_drawings(8) == 8 * config.batch_size > 8 * 4 * default.batch_size
    assert config.rate_batch == config.batch_size
    assert (config.model, config.augment) == (default.model, default.augment)


def test_a_grouper_has_no_published_recipe() -> None:
    assert recipe("grouper", "default") == GrouperFitConfig()
    config = recipe("grouper", "default", ["model.join=1", "model.edges=4", "ordered_p=0"])
    assert (config.model.join, config.model.edges, config.ordered_p) == (1.0, 4, 0.0)
    with pytest.raises(UserError, match="no recipe 'seed'; there are default, gpu"):
        recipe("grouper", "seed")
    with pytest.raises(UserError, match="a width 128 can't be shared by 3 heads"):
        recipe("grouper", "default", ["model.heads=3"])


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("epochs=30", lambda c: c.epochs == 30),
        ("learning_rate=1", lambda c: c.learning_rate == 1.0),
        ("model.layers=2", lambda c: c.model.layers == 2),
        ("model.encoder=both", lambda c: c.model.encoder == "both"),
        ('model.encoder="raster"', lambda c: c.model.encoder == "raster"),
        ("model.channels=[8, 16]", lambda c: c.model.channels == (8, 16)),
        ("augment.strokes=[1, 2, 3]", lambda c: c.augment.strokes == (1, 2, 3)),
        ("augment.rotate = 30", lambda c: c.augment.rotate == 30.0),
        ("class_weights=true", lambda c: c.class_weights is True),
        ("oversample={cloud = 3}", lambda c: c.oversample == {"cloud": 3}),
    ],
)
def test_change_sets_a_field_of_the_recipe(change, read) -> None:
    assert read(recipe("segmenter", "default", [change]))


def test_later_changes_win_and_other_values_stay() -> None:
    config = recipe("segmenter", "seed", ["epochs=3", "epochs=4"])
    assert config.epochs == 4
    assert config.model == seed_segmenter().model


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("best", "epochs=3", "no recipe 'best'; there are default, seed, gpu"),
        ("default", "epochs", "is not KEY=VALUE"),
        ("default", "epoch=3", "no 'epoch' in a recipe"),
        ("default", "epochs=many", "must be like 20"),
        ("default", "epochs=true", "must be like 20"),
        ("default", "model=3", "name one of model.width"),
        ("default", "model.depth=3", "no 'depth' in a recipe"),
        ("default", "epochs.more=3", "nothing below it"),
        ("default", "model.encoder=pixels", "one of patches, points, raster, both"),
        ("default", "optimizer=sgd", "one of adamw, adam"),
        ("default", "epochs=0", "at least one epoch"),
        ("default", "batch_size=0", "at least one epoch"),
        ("default", "model.heads=3", "width 128 can't be shared by 3 heads"),
    ],
)
def test_invalid_recipe_or_change_raises_one_line(name, change, reason) -> None:
    with pytest.raises(UserError) as error:
        recipe("segmenter", name, [change])
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
