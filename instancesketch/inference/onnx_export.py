"""Segmenter and refiner as ONNX models of one drawing each, for apps without torch.

What an app gives is what it has: the points of all strokes end to end, and how many each stroke
has. Scaling, resampling and how strokes lie to each other are part of the models, so that nothing
of it has to be written again. Lists of any length are taken, without padding.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from instancesketch import __version__
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import DOT, countable_parts, sided_parts
from instancesketch.models import weights
from instancesketch.models.pair_geometry import PairGeometry
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.models.transformer import StrokeTransformer

OPSET = 18
# Of a small drawing that the models are traced with; all but the category may be of any length.
_EXAMPLE_LENGTHS = (4, 3, 2)
_INPUTS = ("points", "stroke_len", "category")


def export(source: str, out: str) -> list[str]:
    """Writes the segmenter and, if there is one, the refiner of some weights as ONNX.

    Args:
        source: a shipped name, or the folder of a run.
        out: the folder for `segmenter.onnx` and `refiner.onnx`.

    Returns:
        The names of the files.

    Raises:
        UserError: there are no such weights, they are of a kind that can't be written, or the
            extra `onnx` is not installed.
    """
    written = []
    for kind in ("segmenter", "refiner"):
        if kind == "refiner" and not weights.holds([source], kind):
            continue
        loaded = weights.load([source], kind)
        model, taxonomy = _model(loaded, kind, source)
        said = {
            "kind": kind,
            "instancesketch": __version__,
            "taxonomy": taxonomy.name,
            "categories": taxonomy.category_names,
            "parts": taxonomy.part_names,
            "licences": str(loaded.config.get("licences", "")),
        }
        data = to_onnx(model, said)
        storage.write_bytes(storage.join(out, f"{kind}.onnx"), data)
        written.append(f"{kind}.onnx")
    return written


def _model(
    loaded: weights.Weights, kind: str, source: str
) -> tuple[OneSegmenter | OneRefiner, Taxonomy]:
    if kind == "segmenter":
        net, taxonomy = weights.build(loaded)
        fits = net.config.encoder == "points" and net.config.sketch_token
        model: OneSegmenter | OneRefiner = OneSegmenter(net)
    else:
        refiner, taxonomy = weights.build(loaded)
        fits = refiner.config.encoder == "points" and refiner.config.cluster == "affinity"
        model = OneRefiner(refiner, taxonomy)
    if not fits or model.net.config.learned_positions:
        raise UserError(
            f"the {kind} of {source} can't be written as ONNX: only those of the default recipe"
        )
    return model, taxonomy


def to_onnx(model: OneSegmenter | OneRefiner, said: Mapping[str, Any]) -> bytes:
    """A model as the bytes of its ONNX file.

    Args:
        model: what to write.
        said: goes into the file's metadata, JSON where it is no text.

    Raises:
        UserError: the extra `onnx` is not installed.
    """
    try:
        import onnxscript  # noqa: F401  # of the extra, and what torch exports with
    except ImportError:
        raise UserError("ONNX takes the extra `onnx`: pip install 'instancesketch[onnx]'") from None

    length_S = torch.tensor(_EXAMPLE_LENGTHS)
    points_P2 = torch.rand(int(length_S.sum()), 2, generator=torch.Generator().manual_seed(0))
    number = len(model.INPUTS)
    any_length = {0: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(
        model.eval(),
        (points_P2, length_S, torch.tensor([-1]), torch.zeros_like(length_S))[:number],
        dynamo=True,
        input_names=list(model.INPUTS),
        output_names=list(model.OUTPUTS),
        dynamic_shapes=(any_length, any_length, None, any_length)[:number],
        opset_version=OPSET,
        optimize=False,  # takes a minute, and runtimes do it as they load
        verbose=False,
    )
    assert program is not None
    for name, value in said.items():
        program.model.metadata_props[name] = value if isinstance(value, str) else json.dumps(value)
    return bytes(program.model_proto.SerializeToString())


class OneSegmenter(nn.Module):
    """Parts and category of one drawing, from its points."""

    INPUTS = _INPUTS
    OUTPUTS = ("part_probability", "category_probability")

    def __init__(self, net: SegmenterNet) -> None:
        super().__init__()
        self.net = net.eval()

    def forward(
        self, points_P2: Tensor, stroke_len_S: Tensor, category_1: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Takes a category's number, or -1 to have it predicted.

        Returns:
            (S, Q) probabilities among the parts of the category, and (C,) of the categories.
        """
        net = self.net
        strokes = _Strokes(points_P2, stroke_len_S)
        number_S = torch.ones_like(stroke_len_S)
        of_S = number_S.sum().expand_as(number_S)
        hidden_SD = net.encoder.encode(  # type: ignore[operator]
            strokes.resampled(net.config.samples), number_S.cumsum(0) - 1, of_S
        )
        token_1D = net.category(category_1 % net.category.num_embeddings)
        x_LD = _attend(net.transformer, strokes, torch.cat([token_1D, hidden_SD]), 1)
        category_1C = net.category_head(x_LD[:1])
        told_1 = torch.where(category_1 < 0, category_1C.argmax(1), category_1)
        allowed_1Q = net.allowed_CQ[told_1]
        parts_SQ = net.part_head(x_LD[1:]).masked_fill(~allowed_1Q, float("-inf"))
        return parts_SQ.softmax(1), category_1C.softmax(1)[0]


class OneRefiner(nn.Module):
    """Which strokes of one drawing draw the same thing, from its points and parts."""

    INPUTS = (*_INPUTS, "part")
    OUTPUTS = ("affinity", "counted", "sided", "moment", "weight")

    def __init__(self, net: RefinerNet, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.net = net.eval()
        self.register_buffer("countable_CQ", countable_parts(taxonomy))
        self.register_buffer("sided_CQ", sided_parts(taxonomy))
        self.countable_CQ: Tensor
        self.sided_CQ: Tensor

    def forward(
        self, points_P2: Tensor, stroke_len_S: Tensor, category_1: Tensor, part_S: Tensor
    ) -> tuple[Tensor, ...]:
        """Takes the number of the category, -1 where it isn't known, and of each stroke's part.

        Returns:
            (S, S) affinities: two clusters of strokes are joined as long as those between them are
            above 0 on average; -inf where strokes are never joined. (S,) 1 for strokes that draw
            one instance, 0 for several at once, -1 where the part isn't counted. (S,) whether the
            part has sides. (S,) moments and weights: an instance lies where the sum of the one
            over the sum of the other says, from the left.
        """
        net, strokes = self.net, _Strokes(points_P2, stroke_len_S)
        row_1 = category_1 % len(self.countable_CQ)
        counted_S = self.countable_CQ[row_1, part_S]
        number_S = counted_S.long()
        hidden_SD = net.encoder.encode(  # type: ignore[operator]
            strokes.resampled(net.config.samples),
            (number_S.cumsum(0) - 1).clamp(min=0),
            number_S.sum().clamp(min=1).expand_as(number_S),
        )
        joined_SD = net.joined(torch.cat([hidden_SD, net.part(part_S)], dim=1))
        x_SD = _attend(net.transformer, strokes, joined_SD, 0, counted_S)
        places_SD = F.normalize(net.out(x_SD), dim=1)
        scale_S1, threshold_S1 = net.scale_Q[part_S][:, None], net.threshold_Q[part_S][:, None]
        affinity_SS = scale_S1 * (places_SD @ places_SD.T) - threshold_S1
        if net.config.pair_affinity:
            pairs_SS = strokes.pairs(net.pair_affinity)[0, :, :, 0]
            affinity_SS = affinity_SS + (pairs_SS + pairs_SS.T) / 2
        single_S = counted_S & (net.several(x_SD)[:, 0] < 0)
        meet_SS = (part_S[:, None] == part_S) & single_S[:, None] & single_S
        moment_S, weight_S = strokes.moments()
        return (
            affinity_SS.masked_fill(~meet_SS, float("-inf")),
            torch.where(counted_S, single_S.long(), -1),
            self.sided_CQ[row_1, part_S],
            moment_S,
            weight_S,
        )


class _Strokes:
    """One drawing, normalised, by arithmetic that any runtime has: no loop, no search, no sort."""

    def __init__(self, points_P2: Tensor, stroke_len_S: Tensor) -> None:
        low_2, high_2 = points_P2.amin(0), points_P2.amax(0)
        half_2 = (high_2 - low_2) / 2
        longer = half_2.amax(0)
        scale = torch.where(longer > 0, 1 / longer.clamp(min=1e-20), 1.0)
        self.points_P2 = (points_P2 - low_2 - half_2) * scale
        end_S = stroke_len_S.cumsum(0)
        self.first_S, self.last_S = end_S - stroke_len_S, end_S - 1
        at_P = torch.ones_like(points_P2[:, 0], dtype=torch.int64).cumsum(0) - 1
        self.in_SP = (at_P >= self.first_S[:, None]) & (at_P < end_S[:, None])
        self.begins_P = (at_P == self.first_S[:, None]).any(0)
        ahead_P2 = F.pad(self.points_P2.diff(dim=0), (0, 0, 1, 0))
        x_P, y_P = ahead_P2.unbind(1)
        way_P = _fused(y_P, y_P, x_P * x_P).double().sqrt().float()
        self.way_P = way_P.masked_fill(self.begins_P, 0.0)

    def resampled(self, number: int) -> Tensor:
        """What `ragged.resample` gives."""
        run_P = self.way_P.double().cumsum(0)
        from_S1, to_S1 = run_P[self.first_S][:, None], run_P[self.last_S][:, None]
        fraction_K = torch.linspace(0, 1, number, dtype=torch.float64)
        target_SK = from_S1 + (to_S1 - from_S1) * fraction_K
        after_SK = (run_P < target_SK[:, :, None]).sum(2)
        after_SK = torch.maximum(after_SK, self.first_S[:, None])
        after_SK = torch.minimum(after_SK, self.last_S[:, None])
        before_SK = torch.maximum(after_SK - 1, self.first_S[:, None])
        gap_SK = run_P[after_SK] - run_P[before_SK]
        share_SK = ((target_SK - run_P[before_SK]) / gap_SK.clamp(min=1e-12)).clamp(0, 1)
        share_SK1 = share_SK.float()[:, :, None]
        from_SK2, to_SK2 = self.points_P2[before_SK], self.points_P2[after_SK]
        step_SK2 = to_SK2 - from_SK2
        near_SK2 = _fused(share_SK1, step_SK2, from_SK2)
        return torch.where(share_SK1 < 0.5, near_SK2, _fused(share_SK1 - 1, step_SK2, to_SK2))

    def pairs(self, geometry: PairGeometry) -> Tensor:
        """What `geometry` has to say of every two strokes, (1, S, S, numbers)."""
        places_1SK2 = self.resampled(PairGeometry.SAMPLES)[None]
        said: Tensor = geometry.beside(places_1SK2, places_1SK2)
        return said

    def moments(self) -> tuple[Tensor, Tensor]:
        """Length times middle, and length, of each stroke; a dot weighs a little, too."""
        x_P = self.points_P2[:, 0]
        middle_P = torch.where(self.begins_P, x_P, x_P - F.pad(x_P.diff(), (1, 0)) / 2)
        weight_P = torch.where(self.begins_P, DOT, self.way_P)
        in_SP = self.in_SP.to(x_P.dtype)
        return in_SP @ (weight_P * middle_P), in_SP @ weight_P


def _fused(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """A · b + c rounded once, as torch computes it on CPUs.

    Where strokes touch, the last bit says whether a point lies within an outline.
    """
    return (a.double() * b.double() + c.double()).float()


def _attend(
    transformer: StrokeTransformer,
    strokes: _Strokes,
    hidden_LD: Tensor,
    extra: int,
    there_S: Tensor | None = None,
) -> Tensor:
    """What the Transformer makes of the strokes that there are, after `extra` other vectors."""
    bias = edges_1LLE = None
    if hasattr(transformer, "pairs"):
        pairs_1LLF = F.pad(strokes.pairs(transformer.pairs), (0, 0, extra, 0, extra, 0))
        bias = pairs_1LLF[..., : transformer.heads].permute(0, 3, 1, 2)
        if pairs_1LLF.shape[3] > transformer.heads:
            edges_1LLE = pairs_1LLF[..., transformer.heads :]
    if there_S is not None:  # finite, since there may be none
        wall = torch.where(there_S, 0.0, -1e9)
        bias = wall[None, None, None] if bias is None else bias + wall
    x_1LD = hidden_LD[None]
    for block in transformer.blocks:
        x_1LD = block(x_1LD, bias, edges_1LLE)
    normal: Tensor = transformer.norm(x_1LD)[0]
    return normal
