"""Placement of objects on a page: beside another, in a host, or at a place of their type."""

from __future__ import annotations

import numpy as np

from instancesketch.synth.scenes.layout import ObjectType, layout
from instancesketch.synth.scenes.page import (
    SMALLEST,
    Box,
    Page,
    PlacedObject,
    box_sides,
    standing_box,
)
from instancesketch.synth.scenes.relations import RELATIONS, place_in

_TRIES = 6


def place_object(
    page: Page, word: str, aspect: float, like: PlacedObject | None = None
) -> PlacedObject:
    """Place an object on the page and add it to the page's objects.

    Args:
        page: the page, with the objects placed before.
        word: of the object.
        aspect: its width over its height.
        like: an object of the same word that it is to stand beside.
    """
    placed = _place(page, word, aspect) if like is None else _beside(page, word, aspect, like)
    page.objects.append(placed)
    return placed


def _place(page: Page, word: str, aspect: float) -> PlacedObject:
    object_type = layout().type_of(word)
    longer = page.unit * object_type.size * float(np.exp(page.rng.normal(0, 0.28)))
    longer = max(longer, SMALLEST * page.width)
    size = box_sides(longer, aspect)
    # Scenes of people have many objects within others, of words that are no hosts.
    roomy = None if _has_place_of_its_own(page, object_type, word) else _find_roomy(page, size)
    if roomy is not None:
        box = place_in(page, size, roomy)
        return PlacedObject(word=word, box=box, place="in", depth=roomy.depth + 0.01)
    return _place_by_type(page, word, size, object_type)


def _has_place_of_its_own(page: Page, object_type: ObjectType, word: str) -> bool:
    """Return whether the object's favourite place is a backdrop, or a host that is there."""
    favourite = object_type.places[0]
    return favourite == "backdrop" or _find_host(page, favourite, word) is not None


def _place_by_type(page: Page, word: str, size: Box, object_type: ObjectType) -> PlacedObject:
    """Place an object at one of its type's places, most often at the first that is possible."""
    for place in object_type.places:
        host = _find_host(page, place, word)
        if place in RELATIONS and (host is None or page.rng.random() < 0.15):
            continue
        # Sometimes a later place; the last one takes whatever comes to it.
        skip_chance = 0.1 if place in RELATIONS else 0.25
        if place != object_type.places[-1] and page.rng.random() < skip_chance:
            continue
        if host is not None:
            box = RELATIONS[place](page, size, host)
            return PlacedObject(word=word, box=box, place=place, depth=host.depth + 0.01)
        return _place_freely(page, word, size, place)
    return _place_freely(page, word, size, "any")


def _find_host(page: Page, place: str, word: str) -> PlacedObject | None:
    if place not in RELATIONS:
        return None
    hosts = [o for o in page.objects if layout().is_host(o.word, place) and o.word != word]
    return page.pick(hosts) if hosts else None


def _find_roomy(page: Page, size: Box) -> PlacedObject | None:
    """Return an object with room for one of that size inside, or None; sometimes None anyway."""
    roomy = [o for o in page.objects if (o.box[2:] - o.box[:2] > 1.3 * size).all()]
    if not roomy or page.rng.random() >= page.nest_share:
        return None
    return page.pick(roomy)


def _find_neighbour(page: Page) -> PlacedObject | None:
    """Return an object to stand next to, or None; sometimes None anyway."""
    neighbours = [o for o in page.objects if o.place != "sky"]
    if not neighbours or page.rng.random() >= page.near_share:
        return None
    return page.pick(neighbours)


def _place_freely(page: Page, word: str, size: Box, place: str) -> PlacedObject:
    """Place an object at the freest of a few random positions in its place."""
    if place == "backdrop":
        box = page.inside(_backdrop_box(page, size))
        return PlacedObject(word=word, box=box, place=place, depth=0.0)
    neighbour = _find_neighbour(page) if place != "sky" else None
    boxes = [page.inside(_random_box(page, size, place, neighbour)) for _ in range(_TRIES)]
    box = page.freest(boxes)
    # On the ground, what stands lower on the page is nearer.
    depth = 1.0 + float(box[3]) / page.height if place == "ground" else 0.9
    return PlacedObject(word=word, box=box, place=place, depth=depth)


def _backdrop_box(page: Page, size: Box) -> Box:
    """Return a wide box about the horizon or the baseline."""
    rng, (left, top, right, bottom) = page.rng, page.frame
    width, height = right - left, bottom - top
    size = size / size[0] * width * rng.choice([rng.uniform(0.3, 0.7), rng.uniform(0.8, 1)])
    size = size * min(1.0, height * rng.uniform(0.4, 1.0) / size[1])
    if size[0] > 0.6 * page.width and rng.random() < 0.5:  # from side to side
        size = size * np.array([page.width * rng.uniform(0.9, 1.0) / size[0], 1.0])
    low = page.baseline if not page.is_deep else page.horizon + rng.uniform(0, 0.3) * height
    middle = (left + right) / 2 + rng.normal(0, 0.5) * max(width - size[0], 0.05 * width)
    return standing_box(middle, low + rng.normal(0, 0.03) * height, size)


def _random_box(page: Page, size: Box, place: str, neighbour: PlacedObject | None) -> Box:
    """Return a box at a random position of a place, near the neighbour if there is one."""
    rng, (left, top, right, bottom) = page.rng, page.frame
    height = bottom - top
    x = rng.uniform(left, right)
    if neighbour is not None:
        reach = (neighbour.box[2] - neighbour.box[0] + size[0]) / 2
        side = rng.choice([-1, 1])
        # Below 1 the two overlap.
        x = (neighbour.box[0] + neighbour.box[2]) / 2 + reach * side * rng.uniform(0.6, 1.25)
    scale = 1.0
    if place == "sky":
        low = top + rng.beta(1.3, 2.5) * 0.55 * height + size[1] * 0.8
    elif place == "wall":
        low = top + rng.uniform(0.1, 0.5) * height + size[1] * 0.5
    elif place == "ground" and page.is_deep:
        low = rng.uniform(min(page.horizon, bottom - 0.2 * height), bottom)
        # Perspective, as far as people draw it: at the horizon about half as large as in front.
        share = (low - page.horizon) / max(bottom - page.horizon, 1.0)
        scale = 0.6 + 0.7 * float(np.clip(share, 0, 1))
    elif place == "ground":
        low = page.baseline + rng.normal(0, 0.02) * height
    else:
        low = rng.uniform(top, bottom) + size[1] / 2
    if neighbour is not None and (place != "ground" or page.is_deep):
        # On the ground neighbours stand at about one depth; elsewhere beside each other at all.
        reach = (neighbour.box[3] - neighbour.box[1]) * (0.15 if place == "ground" else 0.6)
        low = neighbour.box[3] + reach * rng.uniform(-1, 1)
    return standing_box(x, low, size * scale)


def _beside(page: Page, word: str, aspect: float, like: PlacedObject) -> PlacedObject:
    """Place an object near one of its word, of about its size, in a row or in a heap."""
    rng = page.rng
    longer = float(max(like.box[2:] - like.box[:2])) * float(np.exp(rng.normal(0, 0.15)))
    size, (x, _) = box_sides(longer, aspect), (like.box[:2] + like.box[2:]) / 2
    low, boxes = float(like.box[3]), []
    for _ in range(_TRIES):
        side = rng.choice([-1, 1])
        distance = (like.box[2] - like.box[0] + size[0]) / 2 + longer * rng.gamma(1.5, 0.35)
        # What stands is in a row, what floats or hangs is anywhere about.
        rise = rng.normal(0, 0.1 if like.place in ("ground", "on") else 0.6) * longer
        if like.place == "backdrop":  # hills overlap
            distance, rise = distance * rng.uniform(0.1, 0.6), rng.uniform(-1, 1) * longer / 3
        boxes.append(page.inside(standing_box(x + side * distance, low + rise, size)))
    depth = like.depth + 0.001
    return PlacedObject(word=word, box=page.freest(boxes), place=like.place, depth=depth)
