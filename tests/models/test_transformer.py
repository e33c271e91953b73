from dataclasses import replace

import torch

from instancesketch.models.config import TransformerConfig
from instancesketch.models.transformer import StrokeTransformer
from tests.drawings import drawn, features_of


def test_what_is_told_reaches_the_strokes() -> None:
    """Two drawings whose strokes have equal vectors, but lie differently to each other."""
    torch.manual_seed(0)
    config = TransformerConfig(width=16, layers=1, heads=2, feedforward=32, dropout=0.0, edges=3)
    net = StrokeTransformer(config).eval()
    features = features_of(drawn(2, seed=3))
    hidden = torch.zeros(features.batch.layout.strokes, 16)
    with torch.no_grad():
        told, token = net(hidden, features)
    assert token is None
    # The bias alone can't tell equal vectors apart: what is attended to is the same everywhere.
    assert float(told.std(0).max()) > 1e-3
    silent = StrokeTransformer(replace(config, edges=0))
    assert float(silent.eval()(hidden, features)[0].detach().std(0).max()) < 1e-5
