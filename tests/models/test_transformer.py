from dataclasses import replace

import torch

from instancesketch.models.config import TransformerConfig
from instancesketch.models.transformer import StrokeTransformer
from tests.drawings import drawn, features_of


def test_edge_features_reach_the_strokes() -> None:
    """Give all strokes of two drawings equal vectors, so that only their geometry differs."""
    torch.manual_seed(0)
    config = TransformerConfig(width=16, layers=1, heads=2, feedforward=32, dropout=0.0, edges=3)
    net = StrokeTransformer(config).eval()
    features = features_of(drawn(2, seed=3))
    hidden = torch.zeros(features.batch.layout.strokes, 16)
    with torch.no_grad():
        told, token = net(hidden, features)
    assert token is None
    # Attention weights alone can't separate equal vectors: every weighted mean is the same.
    assert float(told.std(0).max()) > 1e-3
    silent = StrokeTransformer(replace(config, edges=0))
    assert float(silent.eval()(hidden, features)[0].detach().std(0).max()) < 1e-5
