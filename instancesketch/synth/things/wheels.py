"""Wheels: rings, arcs, boxes, scribbles, with what is inside, and arches over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instancesketch.synth.canvas import Canvas
from instancesketch.synth.primitives import (
    Path,
    ellipse,
    join,
    points_at,
    polyline,
    rectangle,
    spiral,
)

_STYLES = {
    "ring": 9.0, "arc": 1.5, "bow": 1.0, "box": 0.4, "spiral": 0.4, "scribble": 0.3, "loops": 0.3,
}  # fmt: skip
_INNER = {"": 12.0, "ring": 2.0, "dot": 1.0, "spokes": 0.8, "cross": 0.4, "filled": 0.6}


@dataclass(frozen=True, kw_only=True)
class Wheels:
    """How all wheels of a car that stands on y = 0 look."""

    places: Sequence[float]  # x
    radius: float
    low: float  # y of their middles
    style: str
    inner: str

    @classmethod
    def sample(cls, canvas: Canvas, places: Sequence[float]) -> Wheels:
        """Wheels of any style at these places."""
        radius = canvas.uniform(0.05, 0.14)
        return cls(
            places=places,
            radius=radius,
            low=radius * canvas.uniform(-0.4, 1.0),
            style=canvas.pick(_STYLES),
            inner=canvas.pick(_INNER),
        )

    def arches(self, canvas: Canvas) -> Path:
        """The floor from x = 1 to 0, round above each wheel."""
        arc = self.radius * canvas.uniform(1.1, 1.5)
        over = [ellipse(x, 0, arc, arc, start=0, turns=-0.5) for x in reversed(self.places)]
        return join([polyline((1, 0)), *over, polyline((0, 0))])

    def draw(self, canvas: Canvas, view: Path | None = None, beyond: Path | None = None) -> None:
        """Draws them, each a feature of its own.

        Args:
            pad: where to.
            view: a linear map (2, 2) of where they stand; they get narrower with it.
            beyond: foot of a wheel on the far side of the car, of which the lower half shows.
        """
        view = np.eye(2) if view is None else view
        if self.style == "loops":
            self._in_one_line(canvas)
            return
        for i, x in enumerate(self.places):
            canvas.begin_feature()
            # The map's slope moves a wheel, but doesn't shear it.
            middle = np.array([x, self.low]) @ view
            self._one(canvas, middle, canvas.jitter(self.radius), float(view[0, 0]), f"wheel {i}")
        if beyond is not None:
            canvas.begin_feature()
            r = self.radius
            x, y = beyond.tolist()
            arc = ellipse(x, y, 0.6 * r, r, turns=canvas.pick({0.5: 2.0, 1.0: 1.0}))
            canvas.line(arc, "wheel", "wheel far")

    def _in_one_line(self, canvas: Canvas) -> None:
        """All wheels as loops of one stroke, which is none of them alone."""
        r = self.radius
        rings = [ellipse(x, self.low, r, r, start=-0.25, turns=1) for x in self.places]
        canvas.begin_feature()
        canvas.line(join(rings), "wheel", "wheel 0" if len(rings) == 1 else None)

    def _one(self, canvas: Canvas, middle: Path, r: float, narrow: float, instance: str) -> None:
        x, y = middle
        if self.style == "arc":
            canvas.line(
                ellipse(x, y - self.low, r * narrow, r * 1.2, start=0.5, turns=-0.5),
                "wheel",
                instance,
            )
            return
        if self.style == "bow":  # hidden above
            arc = ellipse(x, y, r * narrow, r, start=-0.05, turns=canvas.uniform(0.5, 0.85))
            canvas.line(arc, "wheel", instance)
        elif self.style == "box":
            canvas.line(rectangle(x - r, y - r, x + r, y + r), "wheel", instance)
        elif self.style == "spiral":
            canvas.line(spiral(x, y, r, canvas.uniform(1.5, 3)), "wheel", instance)
            return
        elif self.style == "scribble":
            canvas.scribble(x, y, r, r, "wheel", instance)
            return
        else:
            canvas.ring(x, y, r * narrow, r, "wheel", instance)
        if self.inner and not canvas.chance(0.1):  # sometimes forgotten
            self._inside(canvas, x, y, r, instance)

    def _inside(self, canvas: Canvas, x: float, y: float, r: float, instance: str) -> None:
        if self.inner == "ring":
            share = canvas.uniform(0.3, 0.7)
            canvas.ring(x, y, r * share, r * share, "wheel", instance)
        elif self.inner == "dot":
            canvas.dot(x, y, r * 0.12, "wheel", instance)
        elif self.inner == "filled":
            canvas.scribble(x, y, r * 0.9, r * 0.9, "wheel", instance)
        else:
            number = 2 if self.inner == "cross" else canvas.integer(2, 4)
            for angle in canvas.divide(number, 0, 0.5)[:-1]:
                spoke = points_at(ellipse(x, y, r * 0.9, r * 0.9, start=angle, turns=0.5), (0, 1))
                canvas.line(spoke, "wheel", instance)
