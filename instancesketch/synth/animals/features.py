"""Eyes, legs and feet, for birds and four-legged animals alike."""

from __future__ import annotations

from dataclasses import dataclass

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    Point,
    curve,
    ellipse,
    join,
    polyline,
    rectangle,
    spiral,
    zigzag,
)

_EYES = {
    "dot": 2.5, "ring": 3.0, "filled": 1.0, "pupil": 1.5, "black": 0.5, "arc": 0.5, "cross": 0.2,
}  # fmt: skip


def draw_eye(canvas: Canvas, x: float, y: float, r: float, style: str) -> None:
    """Draw an eye about (x, y) in a style of `pick_eye_style`, as part `head`."""
    if style == "dot":
        canvas.dot(x, y, r * 0.3, "head")
    elif style == "filled":
        canvas.line(spiral(x, y, r * 0.7, canvas.uniform(1.5, 3)), "head")
    elif style == "arc":
        canvas.line(ellipse(x, y, r, r, start=0.5, turns=0.5), "head")
    elif style == "cross":
        canvas.line(polyline((x - r, y - r), (x + r, y + r)), "head")
        canvas.line(polyline((x - r, y + r), (x + r, y - r)), "head")
    else:
        canvas.ring(x, y, r, r * 1.1, "head")
        if style == "pupil":
            canvas.ring(x, y, r * 0.35, r * 0.35, "head")
        elif style == "black":
            canvas.scribble(x, y, r * 0.7, r * 0.7, "head")


def pick_eye_style(canvas: Canvas) -> str:
    """Pick a style for the eyes of one drawing."""
    return canvas.pick(_EYES)


@dataclass(frozen=True, kw_only=True)
class Legs:
    """The style that all legs of one drawing share: people repeat themselves."""

    style: str
    length: float
    width: float
    bend: float  # of the knee to the right
    foot: str  # empty: none

    def draw(
        self, canvas: Canvas, x: float, y: float, part: str, instance: str, lean: float = 0.0
    ) -> None:
        """Draw one leg down from (x, y), and its foot if that is a stroke of its own.

        Args:
            canvas: to draw on.
            x: of the upper end.
            y: of the upper end.
            part: `front-leg` or `back-leg`; the foot's part follows from it.
            instance: name of the leg, which its foot shares.
            lean: how far to the right of the upper end the foot stands.
        """
        # No two legs of a drawing are quite equal.
        length = canvas.jitter(self.length)
        lean += canvas.uniform(-0.05, 0.05)
        foot = (x + lean, y + length)
        if self.style == "two":
            self._draw_two_lines(canvas, x, y, foot, part, instance)
        elif self.style == "box":
            half = self.width / 2
            canvas.loop(rectangle(x - half, y, x + half, y + length), part, instance)
        elif self.style == "oval":
            rx = max(self.width / 2, length * 0.25)
            canvas.ring(x, y + length / 2, rx, length / 2, part, instance)
        else:
            knee = (x + lean / 2 + self.bend, y + length / 2)
            canvas.line(self._path(canvas, (x, y), knee, foot), part, instance)
        if self.foot:
            self.draw_foot(canvas, foot, part.replace("leg", "foot"), instance)

    def _path(self, canvas: Canvas, hip: Point, knee: Point, foot: Point) -> Path:
        """Return the line of a leg in a style of one line."""
        if self.style == "stick":
            return polyline(hip, foot)
        if self.style == "wedge":
            half = self.width / 2
            return polyline((hip[0] - half, hip[1]), foot, (hip[0] + half, hip[1]))
        if self.style == "tube":
            return self._tube(canvas, hip, foot)
        leg = curve(hip, knee, foot)
        if self.style == "hook":  # the foot is part of the line
            return join([leg, polyline((foot[0] + self.width * 1.2, foot[1]))])
        return leg

    def _draw_two_lines(
        self, canvas: Canvas, x: float, y: float, foot: Point, part: str, instance: str
    ) -> None:
        half = self.width / 2
        left, right = (foot[0] - half, foot[1]), (foot[0] + half, foot[1])
        canvas.line(polyline((x - half, y), left), part, instance)
        canvas.line(polyline((x + half, y), right), part, instance)
        if canvas.chance(0.4):
            canvas.line(polyline(left, right), part, instance)

    def _tube(self, canvas: Canvas, hip: Point, foot: Point) -> Path:
        """Return a leg's outline, open above, with a toe or without."""
        half, (x, y), (fx, fy) = self.width / 2, hip, foot
        # With a toe, the leg looks to the right as the animal does.
        toe = self.width * canvas.pick({0.0: 2.0, canvas.uniform(0.2, 0.9): 1.5})
        sole = [(fx - half, fy), (fx + half + toe, fy), (fx + half + toe * 0.8, fy - half)]
        if toe == 0:
            sole = [(fx - half, fy), (fx + half, fy)]
        if canvas.chance(0.4):
            return curve((x - half, y), (fx - half, fy - half), *sole, (x + half, y))
        return polyline((x - half, y), *sole, (fx + half, fy - half), (x + half, y))

    def draw_foot(self, canvas: Canvas, ankle: Point, part: str, instance: str) -> None:
        """Draw a foot below the end of a leg."""
        # Legs of hardly any width have feet that show, all the same.
        (x, y), size = ankle, max(self.width, 0.05) * canvas.uniform(0.7, 1.5)
        if self.foot == "oval":
            canvas.ring(x + size * 0.3, y, size, size * 0.5, part, instance)
        elif self.foot == "toes":  # three strokes
            for reach in (-1.0, 0.1, 1.0):
                tip = (x + size * canvas.jitter(reach, 0.2), y + size * canvas.uniform(0.3, 0.9))
                canvas.line(polyline((x, y), tip), part, instance)
        else:
            canvas.line(self._foot_path(canvas, x, y, size), part, instance)

    def _foot_path(self, canvas: Canvas, x: float, y: float, size: float) -> Path:
        low = y + size * 0.7
        if self.foot == "line":
            return polyline((x - size * 0.3, y), (x + size, y))
        if self.foot == "vee":
            return polyline((x - size, low), (x, y), (x + size, low))
        if self.foot == "fork":  # three toes without lifting the pen
            toe = (x, low + size * 0.2)
            return polyline((x - size, low), (x, y), toe, (x, y), (x + size, low))
        return zigzag((x - size, y), (x + size, y), canvas.integer(4, 6), size * 0.6)
