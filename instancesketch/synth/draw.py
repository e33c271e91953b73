"""From a number to a labelled sketch: category, hand, pad, ink, labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import SIDES, Taxonomy, with_side
from instancesketch.synth.animals.birds import two_legged
from instancesketch.synth.animals.quadrupeds import four_legged
from instancesketch.synth.canvas import Mark, Pad, Piece, What
from instancesketch.synth.clutter import clutter
from instancesketch.synth.primitives import Path, length
from instancesketch.synth.style import BOX, Hand
from instancesketch.synth.things.cars import car
from instancesketch.synth.things.flowers import flower
from instancesketch.synth.things.sky import cloud, sun
from instancesketch.synth.things.trees import tree

DRAWINGS: dict[str, Callable[[Pad], None]] = {
    "car": car,
    "cloud": cloud,
    "flower": flower,
    "sun": sun,
    "tree": tree,
    "4leg": four_legged,
    "2leg": two_legged,
}
# Lines nearer than this, for the drawing's size, may be drawn without lifting the pen.
_NEAR = 0.06


def draw(seed: int, index: int, category: str | None = None) -> Sketch:
    """Draws sketch number `index` of a seed, of the `doodle7` taxonomy, in a box of 0 to 255.

    It depends on the arguments alone, so any shard can be made anywhere.

    Args:
        seed: 0 or more; another seed gives other drawings.
        index: 0 or more.
        category: what to draw; by chance where not given, each as often as the others.

    Raises:
        UserError: there is no such category, or a number is negative.
    """
    if category is not None and category not in DRAWINGS:
        raise UserError(f"can't draw {category!r}: it draws {', '.join(DRAWINGS)}")
    if seed < 0 or index < 0:
        raise UserError("seed and index of a drawing are 0 or more")
    rng = np.random.default_rng([seed, index])
    by_chance = list(DRAWINGS)[int(rng.integers(len(DRAWINGS)))]
    chosen = category or by_chance
    pad = Pad(rng=rng, hand=Hand.sample(rng))
    DRAWINGS[chosen](pad)
    clutter(pad, chosen)
    return _labelled(_inked(pad), chosen, f"synth-{seed}-{index}")


def _inked(pad: Pad) -> list[tuple[Path, What]]:
    """Fits the marks to the box and draws them as the hand does."""
    hand, rng = pad.hand, pad.rng
    kept = _remembered(_ordered(_posed(pad.marks, pad), pad), pad)
    marks = _shaded(_placed(_fitted(_joined(kept, pad)), pad), pad)
    strokes = []
    for mark in marks:
        path = mark.path[::-1] if pad.chance(hand.backwards / 2) else mark.path
        for half in _broken(path, pad):
            again = 2 if pad.chance(hand.retrace) else 1
            strokes += [(hand.ink(half, rng), mark.what) for _ in range(again)]
    everything = np.concatenate([path for path, _ in strokes])
    low, span = everything.min(axis=0), np.ptp(everything, axis=0).max()
    # Most drawings touch the box's left and top, as those of Quick, Draw! do.
    margin = (BOX - BOX * hand.size * np.ptp(everything, axis=0) / span) * (hand.size < 1)
    shift = rng.random(2) * margin
    placed = [((path - low) / span * BOX * hand.size + shift, what) for path, what in strokes]
    return [(np.rint(path) if hand.whole else path, what) for path, what in placed]


def _posed(marks: Sequence[Mark], pad: Pad) -> list[Mark]:
    """Mirror, aspect, slant, warp and tilt of the drawing as a whole."""
    hand = pad.hand
    angle = 2 * np.pi * hand.tilt
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wide = np.sqrt(hand.aspect)
    scale = np.array([[wide * (-1 if hand.mirror else 1), hand.slant], [0, 1 / wide]])
    points = np.concatenate([mark.path for mark in marks])
    middle, half = points.mean(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-9) / 2
    warp = hand.bend * half * np.clip(pad.rng.normal(size=(3, 2)), -2, 2)

    def pose(path: Path) -> Path:
        x, y = ((path - middle) / half).T
        return (path + np.stack([x * x, x * y, y * y], 1) @ warp) @ scale.T @ turn.T

    return [mark.moved(pose) for mark in marks]


def _remembered(marks: Sequence[Mark], pad: Pad) -> list[Mark]:
    """Leaves out a feature, or stops before the end; the first and the longest one stay."""
    features = list(dict.fromkeys(mark.feature for mark in marks))
    ink = dict.fromkeys(features, 0.0)
    for mark in marks:
        ink[mark.feature] += length(mark.path)
    must = {min(features), max(features, key=lambda f: ink[f])}
    if len(features) > 2 and pad.chance(pad.hand.forgets):
        count = len(features)
        kept = {features[i] for i in pad.rng.permutation(count)[: count - pad.count(1, 2)]}
        return [mark for mark in marks if mark.feature in kept | must]
    if len(features) > 3 and pad.chance(pad.hand.forgets / 2):
        kept = set(features[: pad.count(len(features) // 2, len(features) - 1)])
        return [mark for mark in marks if mark.feature in kept | must]
    return list(marks)


def _placed(marks: Sequence[Mark], pad: Pad) -> list[Mark]:
    """Puts each feature, and within it each line, a little beside its place."""
    spread = pad.hand.sloppy * BOX
    away = {f: pad.rng.normal(0, spread, 2) for f in sorted({mark.feature for mark in marks})}

    def put(mark: Mark) -> Mark:
        shift = away[mark.feature] + pad.rng.normal(0, spread / 2, 2)
        return mark.moved(lambda path: path + shift)

    return [put(mark) for mark in marks]


def _shaded(marks: Sequence[Mark], pad: Pad) -> list[Mark]:
    """Scribbles over some forms, as the part that they are."""
    out = []
    for mark in marks:
        out.append(mark)
        size = np.ptp(mark.path, axis=0)
        if (
            len(mark.pieces) > 1
            or not _closed(mark.path, size)
            or size.min() < BOX / 12
            or not pad.chance(pad.hand.shades)
        ):
            continue
        (x, y), (rx, ry) = mark.path.min(axis=0) + size / 2, size * pad.rng.uniform(0.2, 0.45, 2)
        piece = mark.pieces[0]
        over = Pad(rng=pad.rng, hand=pad.hand)
        over.scribble(x, y, rx, ry, piece.part, piece.unit)
        out += [replace(m, feature=mark.feature) for m in over.marks]
    return out


def _closed(path: Path, size: Path) -> bool:
    return float(np.hypot(*(path[0] - path[-1]))) < 0.25 * float(size.max())


def _fitted(marks: Sequence[Mark]) -> list[Mark]:
    points = np.concatenate([mark.path for mark in marks])
    scale = BOX / max(float(np.ptp(points, axis=0).max()), 1e-9)
    low = points.min(axis=0)
    return [mark.moved(lambda path: (path - low) * scale) for mark in marks]


def _ordered(marks: Sequence[Mark], pad: Pad) -> list[Mark]:
    """Puts the features in the hand's order; lines within a feature keep theirs."""
    features = sorted({mark.feature for mark in marks})
    middle = {
        f: np.concatenate([m.path for m in marks if m.feature == f]).mean(axis=0) for f in features
    }
    chance = {f: pad.rng.random() for f in features}
    place = {
        "own": lambda f: f,
        "reversed": lambda f: -f,
        "left": lambda f: middle[f][0],
        "top": lambda f: middle[f][1],
        "any": lambda f: chance[f],
    }[pad.hand.order]
    return sorted(marks, key=lambda mark: (place(mark.feature), mark.feature))


def _joined(marks: Sequence[Mark], pad: Pad) -> list[Mark]:
    """Leaves the pen down between lines that nearly meet, as a lazy hand does."""
    points = np.concatenate([mark.path for mark in marks])
    near = _NEAR * float(np.ptp(points, axis=0).max())
    out = [marks[0]]
    for mark in marks[1:]:
        end = out[-1].path[-1]
        gaps = [float(np.hypot(*(mark.path[i] - end))) for i in (0, -1)]
        if min(gaps) < near and length(mark.path) > near and pad.chance(pad.hand.lazy):
            pieces = mark.pieces if gaps[0] <= gaps[1] else _reversed(mark.pieces)
            out[-1] = Mark(pieces=out[-1].pieces + pieces, feature=mark.feature)
        else:
            out.append(mark)
    return out


def _reversed(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(Piece(path=p.path[::-1], part=p.part, unit=p.unit) for p in reversed(pieces))


def _broken(path: Path, pad: Pad) -> list[Path]:
    """Lifts the pen somewhere in a long line."""
    if len(path) < 6 or length(path) < BOX / 4 or not pad.chance(pad.hand.breaks):
        return [path]
    cut = pad.count(2, len(path) - 3)
    return [path[: cut + 1], path[cut:]]


@cache
def _taxonomy() -> Taxonomy:
    return Taxonomy.load("doodle7")


def _labelled(strokes: Sequence[tuple[Path, What]], category: str, sketch_id: str) -> Sketch:
    """Numbers instances from the left, and names the sides of what is there as a pair."""
    known = _taxonomy().categories[category]
    numbers: dict[What, int] = {}
    sides: dict[What, str] = {}
    for part in known.countable:
        whats = {what for _, what in strokes if what[0] == part and what[1] is not None}
        centre = {w: _centre_x([path for path, what in strokes if what == w]) for w in whats}
        ranked = sorted(whats, key=lambda w: (centre[w], w))
        numbers |= {what: i for i, what in enumerate(ranked, 1)}
        if part in known.sided and len(ranked) == 2:
            sides |= dict(zip(ranked, SIDES, strict=True))
    return Sketch.from_strokes(
        [path for path, _ in strokes],
        sketch_id=sketch_id,
        source="synth",
        category=category,
        width=BOX + 1,
        height=BOX + 1,
        part=tuple(what[0] for _, what in strokes),
        label=tuple(with_side(w[0], sides[w]) if w in sides else w[0] for _, w in strokes),
        instance=tuple(
            numbers.get(what, 0) if what[0] in known.countable else None for _, what in strokes
        ),
    )


def _centre_x(paths: Sequence[Path]) -> float:
    """Mean x of lines, weighted by length; every line weighs one more, so that dots count."""
    total, moment = 0.0, 0.0
    for path in paths:
        weights = np.concatenate([[1.0], np.hypot(*np.diff(path, axis=0).T)])
        middles = np.concatenate([path[:1, 0], (path[1:, 0] + path[:-1, 0]) / 2])
        total += float(weights.sum())
        moment += float(weights @ middles)
    return moment / total
