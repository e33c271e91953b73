"""The rasteriser: strokes drawn into images, on the device of their points.

Shape letters: see `instancesketch.models.ragged`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from instancesketch.models import ragged


def rasterise(
    points_P2: Tensor,
    stroke_len_S: Tensor,
    size: int,
    *,
    image_of_S: Tensor | None = None,
    images: int | None = None,
) -> Tensor:
    """Draw each stroke as a line one pixel wide, into an image of its own or a shared one.

    Each segment is stepped through along its longer side (a digital differential analyser). A
    stroke of one point is a dot.

    Args:
        points_P2: from -1 to 1 over the image, x right and y down; those beyond are drawn on the
            border.
        stroke_len_S: points per stroke, each at least 1.
        size: width and height of the images in pixels.
        image_of_S: the index of each stroke's image; by default every stroke has its own.
        images: the number of images, with `image_of_S`.

    Returns:
        (S, size, size) float32, or (images, size, size): 1 where a line is, 0 elsewhere; rows are
        y.
    """
    # From pixel to pixel: between ends that lie between pixels, rounding would open gaps.
    pixel_P2 = ((points_P2 + 1) * ((size - 1) / 2)).clamp(0, size - 1).round()
    from_P2 = pixel_P2.roll(1, 0)
    first_S = ragged.starts(stroke_len_S)
    from_P2[first_S] = pixel_P2[first_S]
    # At least one step, so that a dot is drawn, too.
    steps_P = (pixel_P2 - from_P2).abs().amax(1).ceil().long().clamp(min=1)
    point_Q = ragged.owners(steps_P)
    share_Q1 = ((ragged.within(steps_P) + 1) / steps_P[point_Q])[:, None]
    place_Q2 = torch.lerp(from_P2[point_Q], pixel_P2[point_Q], share_Q1).round().long()
    image_Q = ragged.owners(stroke_len_S)[point_Q]
    if image_of_S is not None:
        image_Q = image_of_S[image_Q]
    number = len(stroke_len_S) if images is None else images
    drawn_N = torch.zeros(number * size * size, device=points_P2.device)
    drawn_N[(image_Q * size + place_Q2[:, 1]) * size + place_Q2[:, 0]] = 1
    return drawn_N.view(-1, size, size)
