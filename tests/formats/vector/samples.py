"""SVGs for comparing with a browser: one for each way to go wrong, and random ones."""

from __future__ import annotations

import random
from dataclasses import dataclass

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'viewBox="0 0 200 200" width="200" height="200">{}</svg>'
)
_COLOURS = ("#000", "black", "rgb(20,0,60)", "navy", "hsl(0 50% 20%)", "currentColor", "#000000dd")
_UNITS = {"": 1, "px": 1, "mm": 96 / 25.4, "pt": 96 / 72, "em": 16, "%": 2, "in": 96, "pc": 16}


@dataclass(frozen=True)
class Sample:
    """An SVG; `whole` where nothing is cut from its strokes."""

    svg: str
    whole: bool = True


def random_samples(number: int, seed: int) -> list[Sample]:
    """Return random SVGs."""
    source = random.Random(seed)
    return [_Writer(random.Random(source.random())).document() for _ in range(number)]


class _Writer:
    """Writes one random SVG."""

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._defs: list[str] = []
        self._has_use = source.random() < 0.5
        self._whole = True
        self._number = 0

    def document(self) -> Sample:
        body = "".join(self._node(0) for _ in range(self._random.randint(2, 5)))
        style = f"<style>{self._rules()}</style>" if self._random.random() < 0.6 else ""
        defs = f"<defs>{''.join(self._defs)}</defs>" if self._defs else ""
        first, last = (defs, "") if self._random.random() < 0.5 else ("", defs)
        return Sample(HEAD.format(style + first + body + last), whole=self._whole)

    # Numbers

    def _at(self, low: float = 10, high: float = 190) -> float:
        return round(self._random.uniform(low, high), self._random.choice((0, 1, 3)))

    def _length(self, low: float, high: float) -> str:
        """Return a length in some unit."""
        unit = self._random.choice(list(_UNITS) + [""] * 8)
        return f"{self._random.uniform(low, high) / _UNITS[unit]:.3f}{unit}"

    def _pick(self, *choices: str) -> str:
        return self._random.choice(choices)

    # Style

    def _rules(self) -> str:
        rules = [
            ".a{stroke:#000}",
            ".b{stroke:none}",
            ".c{stroke:navy !important}",
            "path.d,rect.d{stroke:black;stroke-width:2}",
            "[data-k='1']{stroke:#111}",
            ".e:not(.f){visibility:hidden}",
            "@media print{*{stroke:none}}",
            "@media screen{.g{stroke:#222}}",
            ".h{--ink:#001;stroke:var(--ink)}",
            ".i{stroke:var(--missing,#010)}",
            ".j{stroke:nonsense;opacity:.9}",
            "path.k{all:unset;stroke:#020}",
            ".l{font-size:8px;stroke-width:calc(1px + .1em)}",
            "circle{stroke-opacity:.8}",
            ".m{&amp;.n{stroke:#030}}",
        ]
        if not self._has_use:  # in a copy, which is a tree of its own, these match otherwise
            rules += [
                ".o path{stroke:#100}",
                ".o > rect{stroke:#110}",
                ".o ellipse + *{stroke:#120}",
                "path:nth-child(2){stroke:#130}",
                ".o{line{stroke:#140}}",
                "g:has(polygon){stroke:#150}",
            ]
        return "".join(self._random.sample(rules, self._random.randint(2, 8)))

    def _look(self, of_shape: bool) -> str:
        attributes = []
        if self._random.random() < (0.8 if of_shape else 0.3):
            unseen = ("none", "transparent", "not-a-colour", "#0000")
            stroke = self._pick(*_COLOURS, *_COLOURS, *unseen)
            if self._random.random() < 0.3:
                attributes.append(f'style="stroke:{stroke};{self._declarations()}"')
            else:
                attributes.append(f'stroke="{stroke}"')
        if self._random.random() < 0.3:
            names = "".join(self._pick(*"abcdefghijklmno") + " " for _ in range(2))
            attributes.append(f'class="{names.strip()}"')
        extra = (
            'visibility="hidden"',
            'visibility="visible"',
            'opacity="0"',
            'opacity=".8"',
            'stroke-opacity="0"',
            'stroke-width="0"',
            'stroke-width="2"',
            'display="none"',
            'display="inline"',
            'data-k="1"',
            'font-size="10"',
            'font-size="150%"',
            'color="transparent"',
            'color="navy"',
            'systemLanguage="en"',
            'systemLanguage="zz"',
        )
        if self._random.random() < 0.2:
            attributes.append(self._pick(*extra))
        return " ".join(attributes)

    def _declarations(self) -> str:
        return self._pick("", "", "stroke-width:2", "opacity:50%", "visibility:visible", "foo:bar")

    def _transform(self) -> str:
        kind = self._random.random()
        if kind < 0.5:
            return ""
        centre = f"{self._at(60, 140)} {self._at(60, 140)}"
        angle = self._random.choice((90, 180, 15, -30, 45, 200))
        if kind < 0.8:
            calls = (
                f"rotate({angle} {centre})",
                f"translate({self._at(-30, 30)},{self._at(-30, 30)})",
                f"scale({self._at(0.5, 1.2)} {self._at(0.5, 1.2)})",
                f"translate(200) scale(-1,{self._at(0.7, 1)})",
                f"skewX({self._random.randint(-20, 20)})",
                f"skewY({self._random.randint(-20, 20)})",
                f"matrix(1 .2,-.3 .8 {self._at(0, 20)} 5)",
                "matrix(1 0 0 -1 0 200)",
            )
            several = self._random.sample(calls, self._random.choice((1, 1, 2)))
            return f'transform="{self._pick(" ", ",", "").join(several)}"'
        css = (
            f"transform:rotate({angle}deg);transform-origin:{self._at(60, 140)}px 50%",
            f"transform:rotate({angle}deg);transform-origin:center",
            f"transform:scale(.8) rotate({angle}deg);transform-box:fill-box;"
            "transform-origin:50% 50%",
            f"transform:translate(10px,5%) skewY({angle / 10}deg);transform-origin:bottom right",
            f"translate:10px 10%;rotate:{angle}deg;scale:.7;transform-origin:100px 100px",
            "transform:matrix(.9,.1,-.1,.9,5,5)",
        )
        return f'style="{self._pick(*css)}"'

    def _attributes(self, of_shape: bool) -> str:
        look, turned = self._look(of_shape), self._transform()
        # An element has one attribute of a name.
        if "style=" in look and "style=" in turned:
            turned = ""
        return f"{look} {turned}"

    # Shapes

    def _shape(self, extra: str = "") -> str:
        made = self._random.choice(
            (
                self._rect, self._rect, self._circle, self._ellipse, self._line, self._poly,
                self._path, self._path, self._path,
            )
        )()  # fmt: skip
        return made.replace("/>", f' fill="none" {self._attributes(True)} {extra}/>', 1)

    def _rect(self) -> str:
        radius = ""
        if self._random.random() < 0.4:
            radius = self._pick(
                f'rx="{self._length(2, 30)}"',
                f'ry="{self._length(2, 30)}"',
                f'rx="{self._length(2, 90)}" ry="{self._length(2, 10)}"',
                'rx="-3" ry="10"',
                'rx="auto" ry="5%"',
            )
        return (
            f'<rect x="{self._length(5, 90)}" y="{self._length(5, 90)}" {radius} '
            f'width="{self._length(20, 100)}" height="{self._length(10, 100)}"/>'
        )

    def _circle(self) -> str:
        middle = f'cx="{self._length(60, 140)}" cy="{self._length(60, 140)}"'
        return f'<circle {middle} r="{self._length(5, 50)}"/>'

    def _ellipse(self) -> str:
        middle = f'cx="{self._length(60, 140)}" cy="{self._length(60, 140)}"'
        radii = self._pick(
            f'rx="{self._length(5, 50)}" ry="{self._length(5, 50)}"', f'rx="{self._length(5, 50)}"'
        )
        return f"<ellipse {middle} {radii}/>"

    def _line(self) -> str:
        ends = ((name, self._length(5, 190)) for name in ("x1", "y1", "x2", "y2"))
        return "<line " + " ".join(f'{name}="{value}"' for name, value in ends) + "/>"

    def _poly(self) -> str:
        number = self._random.randint(2, 6)
        points = self._pick(" ", ", ").join(f"{self._at()},{self._at()}" for _ in range(number))
        odd = self._pick("", "", f" {self._at()}")
        return f'<{self._pick("polyline", "polygon")} points="{points}{odd}"/>'

    def _path(self) -> str:
        data = [f"M{self._at()} {self._at()}"]
        data += [self._segment() for _ in range(self._random.randint(1, 6))]
        if self._random.random() < 0.1:
            data.append(self._pick("L NaN 5 L 10 10", "C 1 2 3", "foo", "A 5 5 0 2 0 9 9"))
        return f'<path d="{self._pick("", " ").join(data)}"/>'

    def _segment(self) -> str:
        x, y = self._at(), self._at()
        dx, dy = self._at(-50, 50), self._at(-50, 50)
        large, sweep = self._random.randint(0, 1), self._random.randint(0, 1)
        radii = f"{self._at(5, 60)} {self._at(5, 60)}"
        return self._pick(
            f"L{x} {y}",
            f"l{dx},{dy} {dy} {dx}",
            f"H{x}",
            f"v{dy}",
            f"C{self._at()} {self._at()} {self._at()} {self._at()} {x} {y}",
            f"c{dx} {dy} {dy} {dx} {dx} {dx}",
            f"S{self._at()} {self._at()} {x} {y}",
            f"s{dx} {dy} {dy} {dx}",
            f"Q{self._at()} {self._at()} {x} {y}",
            f"T{x} {y}",
            f"t{dx} {dy}",
            f"A{radii} {self._random.randint(0, 180)} {large} {sweep} {x} {y}",
            f"a{radii} {self._random.randint(0, 180)} {large}{sweep}{dx} {dy}",
            f"m{dx} {dy} {dy} {dx}",
            f"M{x} {y}L{y} {x}",
            f"ZL{x} {y}",
            f"zm{dx} {dy}l9 9",
            "z",
        )

    # Groups

    def _node(self, depth: int) -> str:
        kind = self._random.random()
        if depth > 2 or kind < 0.45:
            return self._shape()
        inner = "".join(self._node(depth + 1) for _ in range(self._random.randint(1, 3)))
        # Chromium shows only a part of a link in a switch.
        if kind < 0.7 and "<a " in inner:
            kind = 0.5
        if kind < 0.65:
            return (
                f"<{(tag := self._pick('g', 'g', 'a'))} {self._attributes(False)}>{inner}</{tag}>"
            )
        if kind < 0.7:
            return f"<switch>{inner}</switch>"
        if kind < 0.8:
            return f"<svg {self._frame()} {self._look(False)}>{inner}</svg>"
        if kind < 0.82:
            return f"<marker>{inner}</marker><mask>{inner}</mask><pattern>{inner}</pattern>"
        if not self._has_use:
            return f"<g {self._attributes(False)}>{inner}</g>"
        return self._use(inner)

    def _frame(self) -> str:
        size = f'x="{self._length(0, 60)}" y="{self._length(0, 60)}"'
        size += f' width="{self._length(60, 150)}" height="{self._length(60, 150)}"'
        box = self._pick(
            "",
            'viewBox="0 0 200 200"',
            'viewBox="-20,-20 240 180"',
            'viewBox="0 0 100 300"',
            'viewBox="0 0 -5 5"',
        )
        fit = self._pick("", "xMinYMax", "none", "xMaxYMid meet", "xMidYMin slice")
        overflow = self._pick("visible", "visible", "hidden", "")
        if overflow != "visible":
            self._whole = False
        return f'{size} {box} preserveAspectRatio="{fit}"' + f' overflow="{overflow}"' * bool(
            overflow
        )

    def _use(self, inner: str) -> str:
        self._number += 1
        name = f"u{self._number}"
        kind = self._random.random()
        size = ""
        if kind < 0.4:
            self._defs.append(self._shape(f'id="{name}"'))
        elif kind < 0.6:
            self._defs.append(f'<g id="{name}" {self._attributes(False)}>{inner}</g>')
        else:
            tag = self._pick("symbol", "svg")
            self._defs.append(f'<{tag} id="{name}" {self._frame()}>{inner}</{tag}>')
            size = self._pick("", f'width="{self._length(60, 150)}" height="80"', 'width="50%"')
        place = f'x="{self._length(-20, 40)}" y="{self._length(-20, 40)}"'
        link = self._pick("href", "xlink:href")
        # Chromium's box of a copy of a nested drawing is one of its own.
        attributes = self._attributes(False).replace("transform-box:fill-box;", "")
        return f'<use {link}="#{name}" {place} {size} {attributes}/>'
