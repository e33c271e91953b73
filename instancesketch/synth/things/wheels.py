"""Wheels: rings, arcs, boxes, scribbles, with hubs and spokes, and arches over them."""

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
    "dot": 0.5,
}  # fmt: skip
_HUBS = {"": 12.0, "ring": 2.0, "dot": 1.0, "spokes": 0.8, "cross": 0.4, "filled": 0.6}


@dataclass(frozen=True, kw_only=True)
class Wheels:
    """The wheels of a car with its floor at y = 0; all look alike."""

    places: Sequence[float]  # x of their centres
    radius: float
    low: float  # y of their centres
    style: str
    hub: str  # empty: none

    @classmethod
    def sample(cls, canvas: Canvas, places: Sequence[float]) -> Wheels:
        """Sample size and style of wheels at these places."""
        radius = canvas.uniform(0.05, 0.14)
        return cls(
            places=places,
            radius=radius,
            # From half hidden by the body to hanging below it.
            low=radius * canvas.uniform(-0.4, 1.0),
            style=canvas.pick(_STYLES),
            hub=canvas.pick(_HUBS),
        )

    def floor_with_arches(self, canvas: Canvas) -> Path:
        """Return the floor from x = 1 to 0, round above each wheel."""
        r = self.radius * canvas.uniform(1.1, 1.5)
        # From the front wheel to the rear one, since the floor runs from x = 1 to 0.
        arches = [ellipse(x, 0, r, r, start=0, turns=-0.5) for x in reversed(self.places)]
        return join([polyline((1, 0)), *arches, polyline((0, 0))])

    def draw(self, canvas: Canvas, view: Path | None = None, far: Path | None = None) -> None:
        """Draw the wheels, each a feature and an instance of its own.

        Args:
            canvas: to draw on.
            view: a linear map (2, 2) of the car's side; wheels get narrower with it.
            far: foot of a wheel on the far side of the car, of which the lower half shows.
        """
        view = np.eye(2) if view is None else view
        if self.style == "loops":
            self._draw_in_one_line(canvas)
            return
        for i, x in enumerate(self.places):
            canvas.begin_feature()
            # The map's slope moves a wheel, but doesn't shear it.
            centre = np.array([x, self.low]) @ view
            r, narrowing = canvas.jitter(self.radius), float(view[0, 0])
            self._draw_wheel(canvas, centre, r, narrowing, f"wheel {i}")
        if far is not None:
            canvas.begin_feature()
            x, y = far.tolist()
            turns = canvas.pick({0.5: 2.0, 1.0: 1.0})
            arc = ellipse(x, y, 0.6 * self.radius, self.radius, turns=turns)
            canvas.line(arc, "wheel", "wheel far")

    def _draw_in_one_line(self, canvas: Canvas) -> None:
        """Draw all wheels as loops of one stroke, which is no instance where there are several."""
        r = self.radius
        rings = [ellipse(x, self.low, r, r, start=-0.25, turns=1) for x in self.places]
        canvas.begin_feature()
        canvas.line(join(rings), "wheel", "wheel 0" if len(rings) == 1 else None)

    def _draw_wheel(
        self, canvas: Canvas, centre: Path, r: float, narrowing: float, instance: str
    ) -> None:
        x, y = centre
        # A spiral or a scribble fills the wheel, and an arc shows too little of it for a hub.
        if self.style == "spiral":
            canvas.line(spiral(x, y, r, canvas.uniform(1.5, 3)), "wheel", instance)
            return
        if self.style == "scribble":
            canvas.scribble(x, y, r, r, "wheel", instance)
            return
        if self.style == "dot":
            canvas.dot(x, y, r / 2, "wheel", instance)
            return
        if self.style == "arc":
            arc = ellipse(x, y - self.low, r * narrowing, r * 1.2, start=0.5, turns=-0.5)
            canvas.line(arc, "wheel", instance)
            return
        if self.style == "bow":  # hidden above, by the body
            turns = canvas.uniform(0.5, 0.85)
            arc = ellipse(x, y, r * narrowing, r, start=-0.05, turns=turns)
            canvas.line(arc, "wheel", instance)
        elif self.style == "box":
            canvas.line(rectangle(x - r, y - r, x + r, y + r), "wheel", instance)
        else:
            canvas.ring(x, y, r * narrowing, r, "wheel", instance)
        if self.hub and not canvas.chance(0.1):  # sometimes forgotten
            self._draw_hub(canvas, x, y, r, instance)

    def _draw_hub(self, canvas: Canvas, x: float, y: float, r: float, instance: str) -> None:
        if self.hub == "ring":
            share = canvas.uniform(0.3, 0.7)
            canvas.ring(x, y, r * share, r * share, "wheel", instance)
        elif self.hub == "dot":
            canvas.dot(x, y, r * 0.12, "wheel", instance)
        elif self.hub == "filled":
            canvas.scribble(x, y, r * 0.9, r * 0.9, "wheel", instance)
        else:
            count = 2 if self.hub == "cross" else canvas.integer(2, 4)
            for angle in canvas.divide(count, 0, 0.5)[:-1]:
                # Both ends of half a turn: a line across the wheel.
                half_turn = ellipse(x, y, r * 0.9, r * 0.9, start=angle, turns=0.5)
                canvas.line(points_at(half_turn, (0, 1)), "wheel", instance)
