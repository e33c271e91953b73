"""Segmenter and refiner as ONNX models of one sketch each, for apps without torch.

An app gives the points of all strokes end to end, and how many each stroke has. Normalising,
resampling and the features of pairs are part of the models, so that an app needs no code for them.
Lists of any length are taken, without padding.

The networks themselves are exported; `models.ragged` has what its operations become.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts, T counted strokes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from instancesketch import __version__
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import countable_parts, moments, sided_parts
from instancesketch.models import weight_names, weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch
from instancesketch.models.ragged import Layout
from instancesketch.models.refiner import Groups, RefinerNet
from instancesketch.models.segmenter import SegmenterNet

OPSET = 18
# The strokes of the sketch that the models are traced with; others may have any number of any
# length.
_EXAMPLE_LENGTHS = (4, 3, 2)
_INPUTS = ("points", "stroke_len", "category")
_ANY_LENGTH = ("points", "stroke_len", "part")


class Exportable(nn.Module):
    """A module that can be exported, with names for its inputs and outputs."""

    INPUTS: tuple[str, ...]
    OUTPUTS: tuple[str, ...]


def export(source: str, out: str) -> list[str]:
    """Write the segmenter and, if there is one, the refiner of some weights as ONNX.

    Args:
        source: a shipped name, or the folder of a run.
        out: the folder for `segmenter.onnx` and `refiner.onnx`.

    Returns:
        The names of the files.

    Raises:
        UserError: there are no such weights, they aren't of the default recipe's kind of network,
            or the extra `onnx` is not installed.
    """
    names = []
    for model_kind in ("segmenter", "refiner"):
        if model_kind == "refiner" and not weights.holds([source], model_kind):
            continue
        model, taxonomy, licences = load_one(source, model_kind)
        data = to_onnx(model, describe(model_kind, taxonomy, licences))
        storage.write_bytes(storage.join(out, f"{model_kind}.onnx"), data)
        names.append(f"{model_kind}.onnx")
    return names


def describe(model_kind: str, taxonomy: Taxonomy, licences: str) -> dict[str, Any]:
    """Return the metadata of a file."""
    return {
        "kind": model_kind,
        "instancesketch": __version__,
        "taxonomy": taxonomy.name,
        "categories": taxonomy.category_names,
        "parts": taxonomy.part_names,
        "licences": licences,
    }


def load_one(source: str, model_kind: str) -> tuple[OneSegmenter | OneRefiner, Taxonomy, str]:
    """Load the segmenter or refiner of some weights, their taxonomy and their data's licences.

    Raises:
        UserError: as `export` does.
    """
    loaded = weights.load([source], model_kind)
    net, taxonomy = weights.build(loaded)
    config = net.config
    if loaded.model_kind == "segmenter" and (chosen := weight_names.choose_categories([source])):
        kept = taxonomy.restrict(chosen).categories
        net.restrict(torch.tensor([name in kept for name in taxonomy.category_names]))
    # Rasterising and k-means have no export.
    if loaded.model_kind == "segmenter":
        exportable = config.encoder in ("patches", "points") and config.sketch_token
        model: OneSegmenter | OneRefiner = OneSegmenter(net)
    else:
        exportable = config.encoder in ("patches", "points") and config.cluster == "affinity"
        model = OneRefiner(net, taxonomy)
    if not exportable or config.learned_positions:
        raise UserError(
            f"the {loaded.model_kind} of {source} can't be written as ONNX: only those of the "
            "default recipe"
        )
    return model, taxonomy, str(loaded.config.get("licences", ""))


def to_onnx(model: Exportable, metadata: Mapping[str, Any]) -> bytes:
    """Return a model as the bytes of its ONNX file.

    Args:
        model: to export.
        metadata: goes into the file, as JSON where it isn't a string.

    Raises:
        UserError: the extra `onnx` is not installed.
    """
    try:
        import onnxscript  # noqa: F401  # what torch exports with
    except ImportError:
        raise UserError("ONNX needs the extra `onnx`: pip install 'instancesketch[onnx]'") from None

    length_S = torch.tensor(_EXAMPLE_LENGTHS)
    examples = {
        "points": torch.rand(int(length_S.sum()), 2, generator=torch.Generator().manual_seed(0)),
        "stroke_len": length_S,
        "category": torch.tensor([-1]),
        "part": torch.zeros_like(length_S),
        "kept": torch.ones(len(metadata["categories"]), dtype=torch.bool),
    }
    any_length = {0: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(
        model.eval(),
        tuple(examples[name] for name in model.INPUTS),
        dynamo=True,
        input_names=list(model.INPUTS),
        output_names=list(model.OUTPUTS),
        dynamic_shapes=tuple(any_length if n in _ANY_LENGTH else None for n in model.INPUTS),
        opset_version=OPSET,
        optimize=False,  # takes a minute, and runtimes do it as they load
        verbose=False,
    )
    assert program is not None
    for name, value in metadata.items():
        program.model.metadata_props[name] = value if isinstance(value, str) else json.dumps(value)
    return bytes(program.model_proto.SerializeToString())


class OneSegmenter(Exportable):
    """Parts and category of one sketch, from its points."""

    INPUTS = _INPUTS
    OUTPUTS = ("part_probability", "category_probability")

    def __init__(self, net: SegmenterNet) -> None:
        super().__init__()
        self.net = net.eval()

    def forward(
        self, points_P2: Tensor, stroke_len_S: Tensor, category_1: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Take a category's id, or -1 to have it predicted.

        Returns:
            (S, Q) probabilities among the parts of the category, and (C,) of the categories.
        """
        features = sketch_features(points_P2, stroke_len_S, category_1)
        parts_SQ, category_1C = self.net(features, category_1)
        category_1 = torch.where(category_1 < 0, category_1C.argmax(1), category_1)
        parts_SQ = self.net.mask_parts(parts_SQ, category_1, features.batch)
        return parts_SQ.softmax(1), category_1C.softmax(1)[0]


class OneRefiner(Exportable):
    """The grouping of one sketch's strokes into instances, from its points and parts."""

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
        """Take the id of the category, -1 where it isn't known, and of each stroke's part.

        Returns:
            (S, S) affinities: two clusters of strokes are joined as long as those between them are
            above 0 on average; -inf where strokes are never joined. (S,) 1 for strokes that draw
            one instance, 0 for several at once, -1 where the part isn't counted. (S,) whether the
            part has sides. (S,) moments and weights: the sum of its strokes' moments over that of
            their weights is an instance's place from the left.
        """
        features = sketch_features(points_P2, stroke_len_S, category_1)
        *found, moment_S, weight_S = self.group(features, category_1, part_S)
        return *found, moment_S.float(), weight_S.float()

    def group(
        self, features: StrokeFeatures, category_1: Tensor, part_S: Tensor
    ) -> tuple[Tensor, ...]:
        """Return what `forward` does, of features; moments and weights in double precision."""
        net, row_1 = self.net, category_1 % len(self.countable_CQ)
        counted_S = self.countable_CQ[row_1, part_S]
        counted, strokes_T = self._select(features, counted_S, category_1)
        part_T = part_S[strokes_T]
        embedded = net(counted, part_T)
        all_1T = torch.arange(strokes_T.shape[0])[None]
        groups = Groups(strokes_GL=all_1T, there_GL=all_1T >= 0)
        affinity_TT = net.affinity(embedded.places_SD, counted, part_T, groups, mixed=True)[0]
        single_T = counted_S[strokes_T] & (embedded.several_S < 0)
        meet_TT = (part_T[:, None] == part_T) & single_T[:, None] & single_T
        affinity_SS = torch.full((part_S.shape[0], part_S.shape[0]), float("-inf"))
        affinity_SS[strokes_T[:, None], strokes_T] = affinity_TT.masked_fill(
            ~meet_TT, float("-inf")
        )
        single_S = torch.zeros_like(part_S).index_put((strokes_T,), single_T.long())
        moment_S, weight_S = moments(features.batch).unbind(1)
        return (
            affinity_SS,
            torch.where(counted_S, single_S, -1),
            self.sided_CQ[row_1, part_S],
            moment_S,
            weight_S,
        )

    def _select(
        self, features: StrokeFeatures, counted_S: Tensor, category_1: Tensor
    ) -> tuple[StrokeFeatures, Tensor]:
        """Return the features of the counted strokes and their indices, or of all if none is."""
        # Computed among all strokes, as where the segmenter has labelled them first.
        features.resampled(self.net.config.samples)
        features.pairs()
        # Runtimes fail on tensors without an element, so that there must be one.
        strokes_T = (counted_S | ~counted_S.any()).nonzero()[:, 0]
        torch._check(strokes_T.shape[0] != 0)
        number_1 = strokes_T.new_full((1,), strokes_T.shape[0])
        return features.select(strokes_T, number_1, category_1), strokes_T


def sketch_features(points_P2: Tensor, stroke_len_S: Tensor, category_1: Tensor) -> StrokeFeatures:
    """Return the features of the strokes of one sketch."""
    layout = Layout(stroke_len_S, torch.full((1,), stroke_len_S.shape[0]), points_P2.shape[0])
    batch = Batch(
        points_P2=points_P2,
        layout=layout,
        part_S=stroke_len_S,
        instance_S=stroke_len_S,
        category_N=category_1,
    )
    return StrokeFeatures.of(batch)
