import torch

from instancesketch.models.transformer import PairBias


def places(drawings: int, strokes: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(drawings, strokes, PairBias.SAMPLES, 2, generator=generator) * 2 - 1


def bias(heads: int = 4) -> PairBias:
    torch.manual_seed(0)
    return PairBias(heads)


def test_pairs_in_several_goes_are_the_same(monkeypatch) -> None:
    net, drawn = bias(), places(3, 9)
    whole = net(drawn)
    monkeypatch.setattr(PairBias, "MOST_PAIRS", 60)
    assert whole.shape == (3, 4, 9, 9)
    assert torch.equal(net(drawn), whole)


def test_a_pair_does_not_depend_on_the_other_strokes() -> None:
    net, drawn = bias(), places(1, 6)
    assert torch.allclose(net(drawn)[:, :, :3, :3], net(drawn[:, :3]), atol=1e-6)


def test_order_of_strokes_moves_rows_and_columns() -> None:
    net, drawn, order = bias(), places(2, 5), torch.tensor([3, 0, 4, 1, 2])
    assert torch.allclose(net(drawn[:, order]), net(drawn)[:, :, order][:, :, :, order], atol=1e-6)


def test_shifting_the_drawing_changes_nothing() -> None:
    net, drawn = bias(), places(1, 5)
    assert torch.allclose(net(drawn + 0.25), net(drawn), atol=1e-4)
