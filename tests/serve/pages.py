"""Drawings by mouse and finger on the page, as a person makes them."""

from __future__ import annotations

from math import cos, sin, tau
from typing import Any

Stroke = list[tuple[float, float]]

SECONDS = 120_000  # ms: machines that run tests are busy


def ring(x: float, y: float, width: float, height: float, points: int = 12) -> Stroke:
    turns = (tau * i / points for i in range(points + 1))
    return [(x + width * cos(turn), y + height * sin(turn)) for turn in turns]


# In the unit of the sheet, whose square is 1000 wide.
CAR: list[Stroke] = [
    [
        (150, 600),
        (160, 480),
        (330, 460),
        (420, 330),
        (700, 330),
        (780, 470),
        (900, 490),
        (910, 600),
    ],
    [(910, 600), (150, 600)],
    ring(300, 610, 75, 75),
    ring(740, 610, 75, 75),
    [(360, 460), (440, 360), (680, 360), (740, 460), (360, 460)],
]
CAT: list[Stroke] = [
    ring(560, 520, 230, 110),
    ring(250, 380, 110, 100),
    [(175, 310), (170, 200), (240, 285)],
    [(265, 285), (330, 200), (335, 315)],
    [(215, 365), (216, 367)],
    [(285, 365), (286, 367)],
    [(400, 600), (395, 790)],
    [(460, 620), (460, 790)],
    [(660, 620), (665, 790)],
    [(720, 600), (725, 790)],
    [(785, 500), (880, 430), (870, 300), (910, 260)],
]


class Hand:
    """A hand that draws on the page, by mouse or by finger."""

    def __init__(self, page: Any, by: str = "mouse") -> None:
        self.page, self.by = page, by
        if by == "touch":
            self.session = page.context.new_cdp_session(page)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the sheet is on the screen."""
        box = self.page.locator("#sheet").bounding_box()
        side = min(box["width"], box["height"])
        left = box["x"] + (box["width"] - side) / 2
        top = box["y"] + (box["height"] - side) / 2
        return left + x * side / 1000, top + y * side / 1000

    def draw(self, *strokes: Stroke) -> None:
        for stroke in strokes:
            points = [self.place(*point) for point in stroke]
            if self.by == "touch":
                self._touch(points)
                continue
            self.page.mouse.move(*points[0])
            self.page.mouse.down()
            for point in points[1:]:
                self.page.mouse.move(*point)
            self.page.mouse.up()

    def _touch(self, points: list[tuple[float, float]]) -> None:
        def send(kind: str, *touches: tuple[float, float]) -> None:
            values = {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in touches]}
            self.session.send("Input.dispatchTouchEvent", values)

        send("touchStart", points[0])
        for point in points[1:]:
            send("touchMove", point)
        send("touchEnd")

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.place(x, y))

    def wait(self, strokes: int) -> None:
        """Wait until the model has answered about this many strokes."""
        self.page.wait_for_selector(f'#sheet[data-labelled="{strokes}"]', timeout=SECONDS)

    def labels(self) -> list[str]:
        """Return the label of each stroke in its order."""
        return self._of_lines("line => line.dataset.label")

    def colours(self) -> list[str]:
        return self._of_lines("line => line.getAttribute('stroke')")

    def _of_lines(self, read: str) -> list[str]:
        lines = self.page.locator("#sheet .ink polyline")
        return lines.evaluate_all(f"lines => lines.map({read})")

    def names(self) -> list[str]:
        return self.page.locator("#sheet .names text").all_text_contents()
