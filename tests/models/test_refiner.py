"""The refiner on batches with few strokes to compare."""

import pytest
import torch

from instancesketch.models.config import SEED_REFINER
from instancesketch.models.refiner import Groups, RefinerNet
from tests.drawings import DOODLE7, TINY_REFINER, features_of, sketch_of


@pytest.mark.parametrize("config", [TINY_REFINER, SEED_REFINER], ids=["default", "published"])
@pytest.mark.parametrize("drawings", [1, 3])
def test_single_strokes_have_embeddings_and_no_affinities(config, drawings):
    """Use one petal per drawing, as a small batch can contain."""
    petal = {"category": "flower", "part": ("petal",), "instance": (1,)}
    sketches = [sketch_of([(0, 0), (i, 5)], sketch_id=str(i), **petal) for i in range(drawings)]
    features = features_of(sketches)
    part_S = features.batch.part_S
    net = RefinerNet(config, DOODLE7).train()
    key_S = net.group_keys(features.batch, part_S)
    groups = Groups.by_key(key_S, torch.ones_like(key_S, dtype=torch.bool))
    embedded = net(features, part_S, groups)
    assert len(groups) == 0
    assert embedded.affinity_GLL is None
    assert embedded.places_SD.shape == (drawings, config.embedding)
