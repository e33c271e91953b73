"""Path data: the `d` of a `<path>` as subpaths of lines and Bézier curves.

As in browsers, data is drawn up to its first error.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from instancesketch.core.errors import SketchError

# The end of a line, or control points before the end of a quadratic or cubic curve: x, y, x, y, …
Curve = tuple[float, ...]

MAX_CURVES = 2_000_000
_LARGEST = 3.4e38  # of a 32-bit float, in which browsers count
_NUMBER = r"([+-]?(?:\d*\.\d+|\d++(?!\.))(?:[eE][+-]?\d+)?)"
_WS = r"[ \t\n\r\f]*"
_FIRST = re.compile(_WS + _NUMBER)
_NEXT = re.compile(rf"{_WS},?{_WS}{_NUMBER}")
_FLAG = re.compile(rf"{_WS},?{_WS}([01])")
_COMMAND = re.compile(rf"{_WS}([MmLlHhVvCcSsQqTtAaZz])")
_BLANK = re.compile(_WS)
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


@dataclass
class Subpath:
    """A connected line: where it starts, its curves, and whether it is closed."""

    start: tuple[float, float]
    curves: list[Curve] = field(default_factory=list)
    closed: bool = False


def parse_path(data: str) -> tuple[list[Subpath], str | None]:
    """Return the subpaths of path data up to its first error, and the text where that is.

    Raises:
        SketchError: it has more than `MAX_CURVES` curves.
    """
    pen = Pen()
    at, command = 0, ""
    while True:
        at = _match(_BLANK, data, at).end()
        if at == len(data):
            return pen.subpaths, None
        start = at
        found = _COMMAND.match(data, at)
        if found:
            command, at, first = found[1], found.end(), True
            # Without a point to start from, nothing can be drawn.
            if not pen.subpaths and command not in "Mm":
                return pen.subpaths, data[start : start + 20]
        elif command in ("", "Z", "z"):
            return pen.subpaths, data[start : start + 20]
        else:
            first = False
            command = {"M": "L", "m": "l"}.get(command, command)
        numbers, at = _read_numbers(data, at, command.upper(), first)
        if numbers is None:
            return pen.subpaths, data[start : start + 20]
        pen.draw(command, numbers)


def _match(pattern: re.Pattern[str], data: str, at: int) -> re.Match[str]:
    found = pattern.match(data, at)
    assert found is not None  # the pattern matches nothing, too
    return found


def _read_numbers(data: str, at: int, command: str, first: bool) -> tuple[list[float] | None, int]:
    """Return the arguments of one segment, or None where they are wrong, and where they end."""
    numbers: list[float] = []
    for index in range(_ARGUMENTS[command]):
        if command == "A" and index in (3, 4):
            pattern = _FLAG
        else:
            pattern = _FIRST if first and not index else _NEXT
        found = pattern.match(data, at)
        if found is None or abs(float(found[1])) > _LARGEST:
            return None, at
        numbers.append(float(found[1]))
        at = found.end()
    return numbers, at


class Pen:
    """Draws subpaths by the commands of path data."""

    def __init__(self) -> None:
        self.subpaths: list[Subpath] = []
        self._x = self._y = 0.0
        self._closed = False  # the next curve starts a subpath where the last one started
        self._control: tuple[str, float, float] = ("", 0.0, 0.0)  # of the last curve: C or Q
        self._curves = 0

    def draw(self, command: str, n: list[float]) -> None:
        """Draw one segment."""
        kind = command.upper()
        x, y = (self._x, self._y) if command.islower() else (0.0, 0.0)
        if kind == "Z":
            return self.close()
        if kind == "M":
            return self.move(n[0] + x, n[1] + y)
        if kind in "LT":
            end = (n[0] + x, n[1] + y)
            if kind == "L":
                return self.add(end)
            return self._quadratic(*self._reflected("Q"), *end)
        if kind == "H":
            return self.add((n[0] + x, self._y))
        if kind == "V":
            return self.add((self._x, n[0] + y))
        if kind == "A":
            return self.arc(n[0], n[1], n[2], n[3] > 0, n[4] > 0, n[5] + x, n[6] + y)
        points = [value + (y if i % 2 else x) for i, value in enumerate(n)]
        if kind == "Q":
            return self._quadratic(*points)
        first = self._reflected("C") if kind == "S" else ()
        return self._cubic(*first, *points)

    def move(self, x: float, y: float) -> None:
        """Start a subpath."""
        self.subpaths.append(Subpath((x, y)))
        self._x, self._y, self._closed = x, y, False
        self._control = ("", 0.0, 0.0)

    def add(self, curve: Curve) -> None:
        """Draw a line or a curve, given by its control points and its end."""
        if self._closed:
            self.move(self._x, self._y)
        self._curves += 1
        if self._curves > MAX_CURVES:
            raise SketchError(f"a path of more than {MAX_CURVES} curves")
        self.subpaths[-1].curves.append(curve)
        self._x, self._y = curve[-2:]
        self._control = ("", 0.0, 0.0)

    def close(self) -> None:
        """Close the subpath."""
        if self._closed:  # closed twice, it starts anew where it is
            self.move(self._x, self._y)
        self.subpaths[-1].closed = True
        self._x, self._y = self.subpaths[-1].start
        self._closed = True
        self._control = ("", 0.0, 0.0)

    def arc(
        self, rx: float, ry: float, degrees: float, large: bool, sweep: bool, x: float, y: float
    ) -> None:
        """Draw an elliptical arc as cubic curves of at most 45°.

        Such a curve is within 5e-6 radii of the arc. The formulas are those of SVG 2, appendix B.2.
        """
        rx, ry = abs(rx), abs(ry)
        if not rx or not ry or (x, y) == (self._x, self._y):
            return self.add((x, y))
        phi = math.radians(degrees % 360)
        cos, sin = math.cos(phi), math.sin(phi)
        dx, dy = (self._x - x) / 2, (self._y - y) / 2
        x1, y1 = cos * dx + sin * dy, cos * dy - sin * dx
        excess = (x1 / rx) ** 2 + (y1 / ry) ** 2
        if excess > 1:  # too small to reach: scaled up
            rx, ry = rx * math.sqrt(excess), ry * math.sqrt(excess)
        root = math.sqrt(max(1 / excess - 1, 0.0)) if excess <= 1 else 0.0
        root = -root if large == sweep else root
        cx1, cy1 = root * rx * y1 / ry, -root * ry * x1 / rx
        centre = (
            cos * cx1 - sin * cy1 + (self._x + x) / 2,
            sin * cx1 + cos * cy1 + (self._y + y) / 2,
        )
        start = math.atan2((y1 - cy1) / ry, (x1 - cx1) / rx)
        angle = math.atan2((-y1 - cy1) / ry, (-x1 - cx1) / rx) - start
        if sweep and angle < 0:
            angle += math.tau
        elif not sweep and angle > 0:
            angle -= math.tau
        axes = (rx * cos, rx * sin, -ry * sin, ry * cos)
        self._ellipse(centre, axes, start, angle, (x, y))

    def _ellipse(
        self,
        centre: tuple[float, float],
        axes: tuple[float, float, float, float],
        start: float,
        angle: float,
        end: tuple[float, float],
    ) -> None:
        number = max(math.ceil(abs(angle) / (math.pi / 4) - 1e-9), 1)
        step = angle / number
        handle = 4 / 3 * math.tan(step / 4)

        def at(u: float, v: float) -> tuple[float, float]:
            return centre[0] + axes[0] * u + axes[2] * v, centre[1] + axes[1] * u + axes[3] * v

        for i in range(number):
            a, b = start + i * step, start + (i + 1) * step
            first = at(math.cos(a) - handle * math.sin(a), math.sin(a) + handle * math.cos(a))
            second = at(math.cos(b) + handle * math.sin(b), math.sin(b) - handle * math.cos(b))
            # The end is exact, so that closed outlines meet.
            last = end if i == number - 1 else at(math.cos(b), math.sin(b))
            self.add((*first, *second, *last))

    def _quadratic(self, *points: float) -> None:
        self.add(points)
        self._control = ("Q", *points[:2])  # type: ignore[assignment]

    def _cubic(self, *points: float) -> None:
        self.add(points)
        self._control = ("C", *points[2:4])  # type: ignore[assignment]

    def _reflected(self, kind: str) -> tuple[float, float]:
        """Return the last control point mirrored at the pen, if the last curve was of that kind."""
        last, x, y = self._control
        return (2 * self._x - x, 2 * self._y - y) if last == kind else (self._x, self._y)
