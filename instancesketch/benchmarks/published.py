"""The published path, rebuilt: an image per stroke by PIL, padding, k-means a drawing at a time.

As published: two 32×32 images of every stroke, its shape and its location, drawn by PIL; drawings
padded to 105 strokes; batches of 128; the published segmenter and refiner; the strokes of front and
of back legs put in two clusters with k-means, a call for each drawing and pair of legs.

The published weights were not released, so these are random, and the legs are those that our
segmenter predicts. Longer drawings lose the strokes after the 105th.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import two_means
from instancesketch.models.config import PUBLISHED_POSITIONS, SEED_REFINER, SEED_SEGMENTER
from instancesketch.models.encoders import PlaceEncoder, RasterEncoder
from instancesketch.models.packing import Batch
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.models.transformer import StrokeTransformer

SIZE, LONGEST, BATCH = 32, PUBLISHED_POSITIONS, 128


class Published:
    """The published models with random weights, and the published way of labelling drawings."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        # Weights don't change the time, but a fixed seed makes runs repeat.
        torch.manual_seed(0)
        self.segmenter = SegmenterNet(SEED_SEGMENTER, taxonomy).eval()
        self.refiner = RefinerNet(SEED_REFINER, taxonomy).eval()

    @torch.inference_mode()
    def label(self, batch: Batch, part_S: Tensor) -> tuple[Tensor, Tensor]:
        """Return the parts of strokes and the clusters of legs, which are of no use but their time.

        Args:
            batch: the drawings.
            part_S: the parts that the refiner is given.
        """
        parts, clusters = [], []
        for pick in torch.arange(len(batch)).split(BATCH):
            picked, part_T = batch.select(pick), part_S[batch.strokes_of(pick)]
            # The published models have positions for this many strokes.
            kept_T = picked.at_S < LONGEST
            strokes_N = picked.strokes_N.clamp(max=LONGEST)
            shapes, locations = draw_images(picked)
            # The published times can't be reached if padding goes through the convolutions.
            parts.append(self._predict_parts(shapes[kept_T], locations[kept_T], strokes_N))
            picked = picked.replace_strokes(kept_T.nonzero()[:, 0], strokes_N, picked.category_N)
            embedded = self._embed(locations[kept_T], part_T[kept_T], strokes_N)
            clusters.append(two_means(self.refiner, picked, part_T[kept_T], embedded))
        return torch.cat(parts), torch.cat(clusters)

    def _predict_parts(self, shapes: Tensor, locations: Tensor, strokes_N: Tensor) -> Tensor:
        net = self.segmenter
        encoder = cast(RasterEncoder, net.encoder)
        pooled = [encoder.shape(shapes).mean((2, 3)), encoder.place(locations).mean((2, 3))]
        hidden_SD = F.relu(encoder.out(torch.cat(pooled, dim=1)))
        x_NLD, there_NL = _pad(hidden_SD, strokes_N)
        position_NLD = net.position.weight.expand(len(x_NLD), -1, -1)
        x_NLD = net.placed(torch.cat([x_NLD, position_NLD], 2))
        parts_SQ: Tensor = net.part_head(_transform(net.transformer, x_NLD, there_NL)[there_NL])
        return parts_SQ.argmax(1)

    def _embed(self, locations: Tensor, part_S: Tensor, strokes_N: Tensor) -> Tensor:
        net = self.refiner
        encoder = cast(PlaceEncoder, net.encoder)
        encoded_SD = encoder.out(encoder.convolutions(locations).flatten(1))
        x_NLD, there_NL = _pad(torch.cat([encoded_SD, net.part(part_S)], 1), strokes_N)
        position_NLD = net.position.weight.expand(len(x_NLD), -1, -1)
        x_NLD = net.joined(torch.cat([x_NLD, position_NLD], 2))
        return F.normalize(net.out(_transform(net.transformer, x_NLD, there_NL)[there_NL]), dim=1)


def _pad(hidden_SD: Tensor, strokes_N: Tensor) -> tuple[Tensor, Tensor]:
    """Return drawings padded to 105 strokes, (N, 105, D), and which strokes are not padding."""
    # To the fixed length of the published models, however short the drawings are.
    there_NL = torch.arange(LONGEST) < strokes_N[:, None]
    x_NLD = hidden_SD.new_zeros(*there_NL.shape, hidden_SD.shape[1])
    x_NLD[there_NL] = hidden_SD
    return x_NLD, there_NL


def _transform(transformer: StrokeTransformer, x_NLD: Tensor, there_NL: Tensor) -> Tensor:
    mask = torch.zeros(there_NL.shape).masked_fill(~there_NL, float("-inf"))[:, None, None]
    for block in transformer.blocks:
        x_NLD = block(x_NLD, mask, None)
    normal: Tensor = transformer.norm(x_NLD)
    return normal


def draw_images(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return images of each stroke, filling the image and in its location, both (S, 1, 32, 32)."""
    shapes, locations = [], []
    # Stroke by stroke, as published: that is what the other rows are compared with.
    strokes = np.split(batch.points_P2.numpy(), batch.stroke_len_S.cumsum(0).numpy()[:-1])
    ends = batch.strokes_N.cumsum(0).tolist()
    for number, end in zip(batch.strokes_N.tolist(), ends, strict=True):
        drawing = strokes[end - number : end]
        low, size = _bounds(np.concatenate(drawing))
        for stroke in drawing:
            shapes.append(_draw_image(stroke, *_bounds(stroke)))
            locations.append(_draw_image(stroke, low, size))
    both = (torch.from_numpy(np.stack(images)).float() / 255 for images in (shapes, locations))
    shapes_S, locations_S = (images[:, None] for images in both)
    return shapes_S, locations_S


def _bounds(points_P2: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
    """Return the top left corner of points, and the longer side of their box."""
    return points_P2.min(0), float(np.ptp(points_P2, axis=0).max())


def _draw_image(
    stroke_P2: npt.NDArray[np.float32], low: npt.NDArray[np.float32], size: float
) -> npt.NDArray[np.uint8]:
    image = Image.new("L", (SIZE, SIZE))
    scaled_P2 = (stroke_P2 - low) * ((SIZE - 1) / max(size, 1e-6))
    points = [(float(x), float(y)) for x, y in scaled_P2]
    draw = ImageDraw.Draw(image)
    if len(points) > 1:
        draw.line(points, fill=255, width=1)
    else:
        draw.point(points, fill=255)  # a line of one point draws nothing
    return np.asarray(image)
