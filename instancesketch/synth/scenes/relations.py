"""Places in relation to a host: on it, in it, held by it, worn by it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instancesketch.synth.scenes.layout import layout
from instancesketch.synth.scenes.page import (
    SMALLEST,
    Box,
    Page,
    PlacedObject,
    least_covering,
    standing_box,
)

_TRIES = 6


def place_on(page: Page, size: Box, host: PlacedObject) -> Box:
    """Return a box that stands on the host's surface."""
    rng, (left, top, right, bottom) = page.rng, host.box
    size = _fit_to_host(page, size, host, rng.uniform(0.25, 0.75))
    down = layout().surface_of(host.word) + rng.normal(0, 0.04)
    if rng.random() < 0.5:  # not at its edge but on it, as on a table seen from above
        down += float(rng.uniform(0.05, 0.4))
    low = top + (bottom - top) * down
    boxes = []
    for _ in range(_TRIES):
        # A third of an object may stick out beyond the host.
        x = rng.uniform(left + size[0] / 3, max(right - size[0] / 3, left + size[0] / 3))
        boxes.append(page.inside(standing_box(x, low + rng.normal(0, 0.06) * size[1], size)))
    return least_covering(boxes, [o.box for o in page.objects if o.place == "on"])


def place_in(page: Page, size: Box, host: PlacedObject) -> Box:
    """Return a box inside the host's."""
    rng = page.rng
    size = _fit_to_host(page, size, host, rng.uniform(0.2, 0.6))
    low, high = host.box[:2] + size / 2, host.box[2:] - size / 2
    boxes = []
    for _ in range(_TRIES):
        # Rather in the middle than at the host's edge.
        x, y = low + (high - low) * rng.beta(2, 2, 2)
        boxes.append(page.inside(standing_box(x, y + size[1] / 2, size)))
    return least_covering(boxes, [o.box for o in page.objects if o.place == "in"])


def place_held(page: Page, size: Box, host: PlacedObject) -> Box:
    """Return a box about one of the host's hands: a side, between shoulder and hip."""
    rng, (left, top, right, bottom) = page.rng, host.box
    size = _fit_to_host(page, size, host, rng.uniform(0.5, 1.1))
    # Hands are at the sides of a person's box.
    x = left if rng.random() < 0.5 else right
    y = top + (bottom - top) * rng.uniform(0.3, 0.6)
    x, y = np.array([x, y]) + rng.normal(0, 0.25, 2) * size
    return page.inside(standing_box(x, y + size[1] / 2, size))


def place_worn(page: Page, size: Box, host: PlacedObject) -> Box:
    """Return a box on the host's head."""
    rng, (left, top, right, bottom) = page.rng, host.box
    size = _fit_to_host(page, size, host, rng.uniform(0.3, 0.6))
    x = (left + right) / 2 + rng.normal(0, 0.08) * (right - left)
    return page.inside(standing_box(x, top + (bottom - top) * rng.uniform(0.0, 0.12), size))


RELATIONS: dict[str, Callable[[Page, Box, PlacedObject], Box]] = {
    "on": place_on,
    "perch": place_on,
    "in": place_in,
    "held": place_held,
    "worn": place_worn,
}


def _fit_to_host(page: Page, size: Box, host: PlacedObject, share: float) -> Box:
    """Shrink a size (2,) to a share of the host's sides, but not to a dot."""
    # The longer side decides, so that a long object may stick out of a narrow host.
    room = np.maximum((host.box[2:] - host.box[:2]) * share, SMALLEST * page.width)
    return size * min(1.0, float(max(room) / max(size)))
