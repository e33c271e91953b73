"""Names of weights mean the same folder everywhere, and may mean some categories alone."""

from dataclasses import asdict

import pytest
import torch

from instancesketch.core.errors import UserError
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weight_names, weights
from instancesketch.models.segmenter import SegmenterNet
from tests.drawings import DEFAULT, DOODLE7, TINY, drawn, forced_weights


def test_a_name_can_mean_shipped_weights_of_some_categories(tmp_path, monkeypatch):
    config = {"kind": "segmenter", "model": asdict(TINY), "taxonomy": DOODLE7.to_dict()}
    torch.manual_seed(0)
    network = SegmenterNet(TINY, DOODLE7)
    weights.save(str(tmp_path / "run" / "segmenter"), network.state_dict(), config)
    forced_weights(tmp_path / "shipped" / "whole", "other", "face", "2leg")
    monkeypatch.setattr(weight_names, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setattr(weight_names, "ALIASES", {"seven": ("whole", "doodle7")})
    assert weight_names.shipped_names() == ["seven", "whole"]
    assert (
        weight_names.locate("seven")
        == weight_names.locate("whole")
        == str(tmp_path / "shipped" / "whole")
    )
    assert weight_names.absolute("seven") == "seven"
    assert weights.inspect_segmenter(["whole"]) == DEFAULT
    for sources, categories, names in (
        (["seven"], None, DOODLE7.category_names),
        (["whole", "seven"], None, DOODLE7.category_names),
        (["seven", "whole"], None, DEFAULT.category_names),
        (["seven", str(tmp_path / "run")], None, DOODLE7.category_names),  # the folder's own
        (["seven"], ["face"], ("face",)),
    ):
        model = Segmenter.load(sources, categories=categories)
        assert model.taxonomy == weights.inspect_segmenter(sources, categories)
        assert model.taxonomy.category_names == names
    (got,) = Segmenter.load("seven").label(drawn(1))
    assert got.category == "2leg"
    with pytest.raises(UserError, match=r"or a shipped name \(seven, whole\)$"):
        Segmenter.load("eight")
