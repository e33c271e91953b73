"""The published path, rebuilt: an image per stroke by PIL, padding, k-means a drawing at a time.

As published: two 32×32 images of every stroke, its shape and its place, drawn by PIL; drawings
padded to 105 strokes; batches of 128; the published segmenter and refiner, by which the strokes of
front and of back legs are put in two clusters with k-means, a call for each drawing and end. Their
weights were not released, so these are as they begin, and the legs are those that ours sees.
Strokes that are only padding are not put through the convolutions: the published times can't be
reached otherwise. Longer drawings lose what is beyond 105 strokes.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import two_means
from instancesketch.models import config, refiner, segmenter
from instancesketch.models.encoders import PlaceEncoder, RasterEncoder
from instancesketch.models.packing import Batch
from instancesketch.models.transformer import StrokeTransformer

SIZE, LONGEST, BATCH = 32, segmenter.PUBLISHED_POSITIONS, 128


class Published:
    """The published models, as they begin, and the way to label drawings with them."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        torch.manual_seed(0)
        self.segmenter = segmenter.SegmenterNet(config.SEED_SEGMENTER, taxonomy).eval()
        self.refiner = refiner.RefinerNet(config.SEED_REFINER, taxonomy).eval()

    @torch.inference_mode()
    def label(self, batch: Batch, part_S: Tensor) -> tuple[Tensor, Tensor]:
        """The parts, and the clusters of legs, of drawings; no use is made of either.

        Args:
            batch: drawings as they are.
            part_S: which parts the refiner is told.
        """
        parts, clusters = [], []
        for pick in torch.arange(len(batch)).split(BATCH):
            piece, part_T = batch.select(pick), part_S[batch.strokes_of(pick)]
            kept_T = piece.at_S < LONGEST
            strokes_N = piece.strokes_N.clamp(max=LONGEST)
            shapes, places = images(piece)
            parts.append(self._parts(shapes[kept_T], places[kept_T], strokes_N))
            piece = piece.replace_strokes(kept_T.nonzero()[:, 0], strokes_N, piece.category_N)
            embedded = self._embedded(places[kept_T], part_T[kept_T], strokes_N)
            clusters.append(two_means(self.refiner, piece, part_T[kept_T], embedded))
        return torch.cat(parts), torch.cat(clusters)

    def _parts(self, shapes: Tensor, places: Tensor, strokes_N: Tensor) -> Tensor:
        net = self.segmenter
        encoder = cast(RasterEncoder, net.encoder)
        seen = [encoder.shape(shapes).mean((2, 3)), encoder.place(places).mean((2, 3))]
        hidden_SD = F.relu(encoder.out(torch.cat(seen, dim=1)))
        x_NLD, there_NL = _padded(hidden_SD, strokes_N)
        at_NLD = net.position.weight.expand(len(x_NLD), -1, -1)
        x_NLD = _attended(net.transformer, net.placed(torch.cat([x_NLD, at_NLD], 2)), there_NL)
        parts_SQ: Tensor = net.part_head(x_NLD)[there_NL]
        return parts_SQ.argmax(1)

    def _embedded(self, places: Tensor, part_S: Tensor, strokes_N: Tensor) -> Tensor:
        net = self.refiner
        encoder = cast(PlaceEncoder, net.encoder)
        seen_SD = encoder.out(encoder.convolutions(places).flatten(1))
        x_NLD, there_NL = _padded(torch.cat([seen_SD, net.part(part_S)], 1), strokes_N)
        at_NLD = net.position.weight.expand(len(x_NLD), -1, -1)
        x_NLD = _attended(net.transformer, net.joined(torch.cat([x_NLD, at_NLD], 2)), there_NL)
        return F.normalize(net.out(x_NLD)[there_NL], dim=1)


def _padded(hidden_SD: Tensor, strokes_N: Tensor) -> tuple[Tensor, Tensor]:
    """Drawings of 105 strokes each, (N, 105, D), and which of these there are."""
    there_NL = torch.arange(LONGEST) < strokes_N[:, None]
    x_NLD = hidden_SD.new_zeros(*there_NL.shape, hidden_SD.shape[1])
    x_NLD[there_NL] = hidden_SD
    return x_NLD, there_NL


def _attended(transformer: StrokeTransformer, x_NLD: Tensor, there_NL: Tensor) -> Tensor:
    wall = torch.zeros(there_NL.shape).masked_fill(~there_NL, float("-inf"))[:, None, None]
    for block in transformer.blocks:
        x_NLD = block(x_NLD, wall, None)
    normal: Tensor = transformer.norm(x_NLD)
    return normal


def images(batch: Batch) -> tuple[Tensor, Tensor]:
    """Each stroke filling an image, and in its place in the drawing, both (S, 1, 32, 32)."""
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise UserError("the published path draws with Pillow: pip install pillow") from None

    def image(
        stroke: npt.NDArray[np.float32], low: npt.NDArray[np.float32], size: float
    ) -> npt.NDArray[np.uint8]:
        picture = Image.new("L", (SIZE, SIZE))
        points = (stroke - low) * ((SIZE - 1) / max(size, 1e-6))
        pen = ImageDraw.Draw(picture)
        if len(points) > 1:
            pen.line([(float(x), float(y)) for x, y in points], fill=255, width=1)
        else:
            pen.point([(float(x), float(y)) for x, y in points], fill=255)
        return np.asarray(picture)

    shapes, places = [], []
    points_P2 = batch.points_P2.numpy()
    strokes = np.split(points_P2, batch.stroke_len_S.cumsum(0).numpy()[:-1])
    ends = batch.strokes_N.cumsum(0).tolist()
    for number, end in zip(batch.strokes_N.tolist(), ends, strict=True):
        mine = strokes[end - number : end]
        drawing = np.concatenate(mine)
        low, size = drawing.min(0), float(np.ptp(drawing, axis=0).max())
        for stroke in mine:
            shapes.append(image(stroke, stroke.min(0), float(np.ptp(stroke, axis=0).max())))
            places.append(image(stroke, low, size))
    both = (torch.from_numpy(np.stack(pictures)).float() / 255 for pictures in (shapes, places))
    shapes_S, places_S = (pictures[:, None] for pictures in both)
    return shapes_S, places_S
