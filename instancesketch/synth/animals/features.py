"""What animals on two and on four legs share: eyes, legs and feet, and outlines in few strokes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from instancesketch.synth.canvas import Pad, Piece
from instancesketch.synth.primitives import (
    Path,
    curve,
    ellipse,
    joined,
    polyline,
    rectangle,
    spiral,
    zigzag,
)

_EYES = {
    "dot": 2.5, "ring": 3.0, "filled": 1.0, "pupil": 1.5, "black": 0.5, "arc": 0.5, "cross": 0.2,
}  # fmt: skip


def eye(pad: Pad, x: float, y: float, r: float, style: str) -> None:
    """An eye about (x, y), as `head`: a dot, a ring, one with a pupil, an arc, a cross."""
    if style == "dot":
        pad.dot(x, y, r * 0.3, "head")
    elif style == "filled":
        pad.line(spiral(x, y, r * 0.7, pad.between(1.5, 3)), "head")
    elif style == "arc":
        pad.line(ellipse(x, y, r, r, start=0.5, turns=0.5), "head")
    elif style == "cross":
        pad.line(polyline((x - r, y - r), (x + r, y + r)), "head")
        pad.line(polyline((x - r, y + r), (x + r, y - r)), "head")
    else:
        pad.ring(x, y, r, r * 1.1, "head")
        if style == "pupil":
            pad.ring(x, y, r * 0.35, r * 0.35, "head")
        elif style == "black":
            pad.scribble(x, y, r * 0.7, r * 0.7, "head")


def eye_style(pad: Pad) -> str:
    """How this drawing's eyes look."""
    return pad.pick(_EYES)


@dataclass(frozen=True, kw_only=True)
class Legs:
    """How all the legs of one drawing look."""

    style: str
    long: float
    width: float
    bend: float
    foot: str  # empty: none

    def draw(self, pad: Pad, x: float, y: float, part: str, unit: str, lean: float = 0.0) -> None:
        """Draws one leg down from (x, y), and its foot if it is a stroke of its own.

        `lean` is how far to the right the foot stands.
        """
        long, w = pad.near(self.long), self.width / 2
        lean += pad.between(-0.05, 0.05)
        foot = (x + lean, y + long)
        knee = (x + lean / 2 + self.bend, y + long / 2)
        if self.style == "stick":
            pad.line(polyline((x, y), foot), part, unit)
        elif self.style == "bent":
            pad.line(curve((x, y), knee, foot), part, unit)
        elif self.style == "hook":  # the foot is part of the line
            pad.line(
                joined(
                    [curve((x, y), knee, foot), polyline((foot[0] + self.width * 1.2, foot[1]))]
                ),
                part,
                unit,
            )
        elif self.style == "tube":
            pad.line(self._tube(pad, x, y, foot), part, unit)
        elif self.style == "box":
            pad.loop(rectangle(x - w, y, x + w, y + long), part, unit)
        elif self.style == "two":
            pad.line(polyline((x - w, y), (foot[0] - w, foot[1])), part, unit)
            pad.line(polyline((x + w, y), (foot[0] + w, foot[1])), part, unit)
            if pad.chance(0.4):
                pad.line(polyline((foot[0] - w, foot[1]), (foot[0] + w, foot[1])), part, unit)
        elif self.style == "wedge":
            pad.line(polyline((x - w, y), foot, (x + w, y)), part, unit)
        else:
            pad.ring(x, y + long / 2, max(w, long * 0.25), long / 2, part, unit)
        if self.foot:
            self.draw_foot(pad, foot, part.replace("leg", "foot"), unit)

    def _tube(self, pad: Pad, x: float, y: float, foot: tuple[float, float]) -> Path:
        w, (fx, fy) = self.width / 2, foot
        toe = self.width * pad.pick({0.0: 2.0, pad.between(0.2, 0.9): 1.5})
        sole = [(fx - w, fy), (fx + w + toe, fy), (fx + w + toe * 0.8, fy - w)]
        if toe == 0:
            sole = [(fx - w, fy), (fx + w, fy)]
        if pad.chance(0.4):
            return curve((x - w, y), (fx - w, fy - w), *sole, (x + w, y))
        return polyline((x - w, y), *sole, (fx + w, fy - w), (x + w, y))

    def draw_foot(self, pad: Pad, at: tuple[float, float], part: str, unit: str) -> None:
        """Draws a foot below the end of a leg."""
        (x, y), size = at, max(self.width, 0.05) * pad.between(0.7, 1.5)
        if self.foot == "oval":
            pad.ring(x + size * 0.3, y, size, size * 0.5, part, unit)
        elif self.foot == "line":
            pad.line(polyline((x - size * 0.3, y), (x + size, y)), part, unit)
        elif self.foot == "toes":  # three strokes
            for reach in (-1.0, 0.1, 1.0):
                tip = (x + size * pad.near(reach, 0.2), y + size * pad.between(0.3, 0.9))
                pad.line(polyline((x, y), tip), part, unit)
        elif self.foot == "vee":
            pad.line(
                polyline((x - size, y + size * 0.7), (x, y), (x + size, y + size * 0.7)), part, unit
            )
        elif self.foot == "fork":  # three toes in one stroke
            low = y + size * 0.7
            pad.line(
                polyline((x - size, low), (x, y), (x, low + size * 0.2), (x, y), (x + size, low)),
                part, unit,
            )  # fmt: skip
        else:
            pad.line(zigzag((x - size, y), (x + size, y), pad.count(4, 6), size * 0.6), part, unit)


def strokes_of(pad: Pad, pieces: Sequence[Piece], lift: float) -> None:
    """Draws an outline whose pieces follow each other, lifting the pen between some of them."""
    run = [pieces[0]]
    for piece in pieces[1:]:
        if pad.chance(lift):
            pad.outline(run)
            run = []
        run.append(piece)
    pad.outline(run)
