"""Every name in the table of model kinds resolves to a class of its own model kind."""

import pytest
import torch

from instancesketch.core.model_kinds import MODEL_KINDS, resolve
from instancesketch.training.config import FitConfig
from instancesketch.training.trainer import create_fit
from tests.drawings import DOODLE7

KINDS = MODEL_KINDS.values()
OWN_NETWORKS = [kind for kind in KINDS if kind.shape is not None]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_names_resolve(kind) -> None:
    assert callable(resolve(kind.network))
    assert callable(resolve(kind.fit))
    for name in kind.recipes.values():
        recipe = resolve(name)()
        recipe.check()
        assert recipe.model_kind == kind.name


@pytest.mark.parametrize("kind", OWN_NETWORKS, ids=lambda kind: kind.name)
def test_a_recipe_is_trained_by_the_class_of_its_model_kind(kind) -> None:
    recipe = resolve(kind.recipes["default"])()
    assert isinstance(recipe, FitConfig)
    assert isinstance(recipe.model, resolve(kind.shape))
    fit = create_fit(recipe, DOODLE7, steps_per_epoch=1, device=torch.device("cpu"))
    assert type(fit) is resolve(kind.fit)
    assert type(fit.net) is resolve(kind.network)


@pytest.mark.parametrize("kind", OWN_NETWORKS, ids=lambda kind: kind.name)
def test_taxonomy_rows_are_the_tensors_that_depend_on_the_taxonomy(kind) -> None:
    tensors = resolve(kind.network)(resolve(kind.shape)(), DOODLE7).state_dict()
    numbers = {"part": len(DOODLE7.part_names), "category": len(DOODLE7.category_names)}
    for name, (what, more) in kind.taxonomy_rows.items():
        assert len(tensors[name]) == numbers[what] + more
