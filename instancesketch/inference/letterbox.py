"""Scenes as square grey images for a detector, and boxes mapped there and back.

Shape letters: see `models.ragged`; B boxes. An image's coordinates run from 0 at the outer
edge of its first pixel to `size` at that of its last one, x right and y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from instancesketch.models import ragged
from instancesketch.models.packing import Batch
from instancesketch.models.rasterize import rasterise

# Paper on each side of the strokes' bounding box, as a share of the image's side.
MARGIN = 0.04
# A line covers two pixels, as lines do that are drawn with a soft pen of about that width.
LINE = 2


@dataclass(frozen=True, kw_only=True)
class Letterbox:
    """The mapping of N scenes into square images: centred, their aspect kept, with a margin.

    In double precision, so that a box that is mapped there and back is the same one.
    """

    size: int  # pixels
    centre_N2: Tensor  # float64, of the strokes' bounding box, in the scene's unit
    scale_N: Tensor  # float64, pixels per unit

    def to_image(self, points_M2: Tensor, scene_of_M: Tensor) -> Tensor:
        """Map points of scenes into their images, float64."""
        from_centre_M2 = points_M2.double() - self.centre_N2[scene_of_M]
        return from_centre_M2 * self.scale_N[scene_of_M, None] + self.size / 2

    def to_scene(self, points_M2: Tensor, scene_of_M: Tensor) -> Tensor:
        """Map points of images into their scenes, float64: the inverse of `to_image`."""
        from_centre_M2 = (points_M2.double() - self.size / 2) / self.scale_N[scene_of_M, None]
        return from_centre_M2 + self.centre_N2[scene_of_M]

    def boxes_to_image(self, corners_B4: Tensor, scene_of_B: Tensor) -> Tensor:
        """Map boxes (left, top, right, bottom) of scenes into their images, float64."""
        return self.to_image(corners_B4.view(-1, 2), scene_of_B.repeat_interleave(2)).view(-1, 4)

    def boxes_to_scene(self, corners_B4: Tensor, scene_of_B: Tensor) -> Tensor:
        """Map boxes of images into their scenes, float64."""
        return self.to_scene(corners_B4.view(-1, 2), scene_of_B.repeat_interleave(2)).view(-1, 4)


def letterbox(batch: Batch, size: int) -> Letterbox:
    """Return the mapping of the scenes of a batch into images of `size` pixels.

    A scene without size, such as a dot, lies in the middle, at a pixel per unit.
    """
    low_N2, high_N2 = ragged.box(batch.points_P2.double(), batch.sketch_of_P, len(batch))
    longer_N = (high_N2 - low_N2).amax(1)
    inner = size * (1 - 2 * MARGIN)
    scale_N = torch.where(longer_N > 0, inner / longer_N.clamp(min=1e-300), 1.0)
    return Letterbox(size=size, centre_N2=(low_N2 + high_N2) / 2, scale_N=scale_N)


def draw(batch: Batch, box: Letterbox) -> Tensor:
    """Draw each scene into one image, dark lines on light paper.

    Returns:
        (N, 1, size, size) float32: 0 where a line is, 1 elsewhere; rows are y.
    """
    size = box.size
    pixel_P2 = box.to_image(batch.points_P2, batch.sketch_of_P)
    # A line two pixels wide has its middle where its two pixels meet; the rasteriser places the
    # first of them, and has -1 and 1 in the middle of the outermost pixels.
    place_P2 = (pixel_P2 - LINE / 2) * (2 / max(size - 1, 1)) - 1
    thin_N = rasterise(
        place_P2.float(),
        batch.stroke_len_S,
        size,
        image_of_S=batch.sketch_of_S,
        images=len(batch),
    )
    padded_N1 = functional.pad(thin_N[:, None], (LINE - 1, 0, LINE - 1, 0))
    return 1 - functional.max_pool2d(padded_N1, LINE, stride=1)
