"""Segmenter and refiner as one ONNX model of one sketch, for the page to draw on.

Together they compute the geometry of pairs once, and all that a page has left to do is to join the
strokes of an instance and to number the instances.

Shape letters: see `instancesketch.models.ragged`; C categories, Q parts.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import countable_parts
from instancesketch.inference.onnx_export import (
    Exportable,
    OneRefiner,
    OneSegmenter,
    describe,
    load_one,
    sketch_features,
    to_onnx,
)
from instancesketch.models import weights
from instancesketch.models.segmenter import SegmenterNet

_FOUND = ("counted", "affinity", "sided", "moment", "weight")


def labeller(source: str) -> tuple[bytes, Taxonomy]:
    """Return the ONNX file of a segmenter and, if there is one, its refiner; and their taxonomy.

    Args:
        source: a shipped name, or the folder of a run.

    Raises:
        UserError: there are no such weights, they aren't of the default recipe's kind of network,
            or the extra `onnx` is not installed.
    """
    segmenter, taxonomy, licences = load_one(source, "segmenter")
    refiner = None
    if weights.holds([source], "refiner"):
        refiner, of_refiner, _ = load_one(source, "refiner")
        weights.check_same_parts(source, taxonomy, of_refiner)
    net = cast(OneSegmenter, segmenter).net
    model = OneLabeller(net, taxonomy, cast("OneRefiner | None", refiner))
    return simplify(to_onnx(model, describe("labeller", taxonomy, licences))), taxonomy


def simplify(data: bytes) -> bytes:
    """Return a model with what is constant computed: half the size, and read in half the time.

    Raises:
        UserError: the extra `onnx` is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UserError("this needs the extra `onnx`: pip install 'instancesketch[onnx]'") from None
    options = onnxruntime.SessionOptions()
    # The level above takes operations that other runtimes don't have.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3  # it warns of what it leaves as it is
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        return Path(options.optimized_model_filepath).read_bytes()


class OneLabeller(Exportable):
    """Category, parts, second guesses and what instances are made of, from a sketch's points."""

    INPUTS = ("points", "stroke_len", "category", "kept")

    def __init__(
        self, net: SegmenterNet, taxonomy: Taxonomy, refiner: OneRefiner | None = None
    ) -> None:
        super().__init__()
        self.net, self.refiner = net.eval(), refiner
        # Without a refiner, a page learns which strokes are counted, and nothing of instances.
        self.OUTPUTS = (
            "category_probability", "part", "part_score", "part_2", "part_2_score",
            *(_FOUND if refiner is not None else _FOUND[:1]),
        )  # fmt: skip
        self.register_buffer("countable_CQ", countable_parts(taxonomy))
        self.countable_CQ: Tensor

    def forward(
        self, points_P2: Tensor, stroke_len_S: Tensor, category_1: Tensor, kept_C: Tensor
    ) -> tuple[Tensor, ...]:
        """Take a category's id, or -1 to have it predicted among those kept.

        Returns:
            (C,) probabilities of the categories; of each stroke, the part, its probability, the
            next likely part and its probability, which is 0 where there is no other; and what
            `OneRefiner` returns, moments and weights in double precision.
        """
        features = sketch_features(points_P2, stroke_len_S, category_1)
        logits_SQ, logits_1C = self.net(features, category_1)
        logits_1C = logits_1C.masked_fill(~kept_C, float("-inf"))
        category_1 = torch.where(category_1 < 0, logits_1C.argmax(1), category_1)
        score_SQ = self.net.mask_parts(logits_SQ, category_1, features.batch).softmax(1)
        score_S, part_S = score_SQ.max(1)
        own_SQ = torch.arange(score_SQ.shape[1]) == part_S[:, None]
        score_2_S, part_2_S = score_SQ.masked_fill(own_SQ, -1.0).max(1)
        labels = (
            logits_1C.softmax(1)[0],
            part_S.int(),
            score_S,
            part_2_S.int(),
            score_2_S.clamp(min=0.0),
        )
        if self.refiner is None:
            counted_S = self.countable_CQ[category_1 % len(self.countable_CQ), part_S]
            return *labels, counted_S.int() - 1
        affinity_SS, counted_S, sided_S, *places = self.refiner.group(features, category_1, part_S)
        return *labels, counted_S.int(), affinity_SS, sided_S.int(), *places
