"""Scenes composed of drawings, as people draw them: what stands where, how large, behind what.

Sizes, numbers and places are near those of FrISS and CBSC, two sets of scenes that people drew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instancesketch.errors import UserError
from instancesketch.sketch import Sketch
from instancesketch.synth.layout import Page, layout
from instancesketch.synth.occlusion import Drawn, hide
from instancesketch.synth.primitives import Path, turned
from instancesketch.synth.props import PROPS, prop
from instancesketch.taxonomy import UNLABELED, Taxonomy

_CANVASES = ((1100, 770), (1658, 864), (1112, 765), (1280, 720), (1024, 768), (800, 800))
_CANVAS_SHARES = (0.45, 0.15, 0.1, 0.1, 0.1, 0.1)
# How the words of a scene belong together: theme -> place -> how many times as often.
_THEMES: dict[str, dict[str, float]] = {
    "outside": {"on": 0.4, "wall": 0.1, "any": 0.3},
    "inside": {"sky": 0.05, "backdrop": 0.1, "on": 2.0, "wall": 2.0},
    "anything": {},
}
_THEME_SHARES = (0.5, 0.3, 0.2)
_FILL = 0.75  # of the page: squares round all things that stand on their own, at most
_SIMPLE_BELOW = 0.5  # of a person's height
_STRETCH = 0.22  # width for height, at most: e to that
_WARP = 0.045  # how much a thing is bent
_SHIFT = 0.008  # of half a thing's size: how far a stroke is off
FloatArray = npt.NDArray[np.float64]
_Label = tuple[str, str, int | None]
_HOST_COMES = 0.6  # chance that what others could be on comes next, where it lacks
_SAME = 0.65  # chance that a repeated thing is the same drawing again, as one hand draws
_HOST_OFTEN = 2.0  # inside, tables and the like are drawn that many times as often


@dataclass(frozen=True, kw_only=True)
class SceneConfig:
    """What scenes are like."""

    fewest: int = 1  # objects
    most: int = 15
    middle: float = 5.3  # the median number of objects
    own_share: float = 0.35  # of objects: of the taxonomy's categories; 1: nothing else
    props: bool = True  # ground, stones, stick persons and the like, where own_share is below 1
    repeat: float = 0.3  # chance that an object is one more of an earlier one's sort, beside it
    hidden: float = 0.15  # of overlaps: the hidden part of what is behind is left out
    interleave: float = 0.0  # of objects: strokes drawn in between those of others
    taxonomy: str = "doodle7"

    def __post_init__(self) -> None:
        if not 1 <= self.fewest <= self.most:
            raise UserError("a scene has at least one object, and fewest isn't above most")
        for name in ("own_share", "repeat", "hidden", "interleave"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} is a share, from 0 to 1")


def compose(
    drawings: Sequence[Sketch], seed: int, index: int, config: SceneConfig | None = None
) -> Sketch:
    """Composes scene number `index` of a seed; it depends on the arguments alone.

    Args:
        drawings: what objects are taken from: plain drawings, by their category. See
            `drawings_of` for those in a scene.
        seed: 0 or more.
        index: 0 or more.
        config: what scenes are like.

    Returns:
        A scene with `object` and `object_category`, the drawings' words. Parts are kept if every
        object of a category of the taxonomy has its parts; other strokes are unlabeled then.

    Raises:
        UserError: there are no drawings with a category, or none that own_share asks for.
    """
    return Composer(drawings, config or SceneConfig()).compose(seed, index)


def drawings_of(sketch: Sketch) -> list[Sketch]:
    """Splits a scene into its objects of known category, each a drawing of its own.

    A plain drawing is its own only object. Strokes of no object are left out.
    """
    if sketch.object is None or sketch.object_category is None:
        return [sketch]
    strokes, drawings = sketch.to_strokes(), []
    for number, word in enumerate(sketch.object_category):
        rows = [i for i, o in enumerate(sketch.object) if o == number]
        if word is None or not rows:
            continue
        labels = {
            name: None if (values := getattr(sketch, name)) is None else tuple(
                values[i] for i in rows
            )
            for name in ("part", "label", "instance")
        }  # fmt: skip
        drawings.append(
            Sketch.from_strokes(
                [strokes[i] for i in rows],
                sketch_id=f"{sketch.sketch_id}-{number}",
                source=sketch.source,
                category=word,
                split=sketch.split,
                **labels,
            )
        )
    return drawings


class Composer:
    """Composes many scenes of the same drawings, sorted once."""

    def __init__(self, drawings: Sequence[Sketch], config: SceneConfig) -> None:
        self.config = config
        self.taxonomy = Taxonomy.load(config.taxonomy)
        self.own: dict[str, list[Sketch]] = defaultdict(list)
        self.others: dict[str, list[Sketch]] = defaultdict(list)
        for sketch in drawings:
            if sketch.category is None:
                continue
            category = self.taxonomy.category_of(sketch.category)
            words = self.others if category is None else self.own
            words[category or sketch.category].append(sketch)
        if not self.own and not self.others:
            raise UserError("scenes are composed of drawings with a category, and there are none")
        if config.own_share == 1 and not self.own:
            names = ", ".join(self.taxonomy.category_names)
            raise UserError(f"none of the drawings is of {self.taxonomy.name}: {names}")

        self._other_words = sorted({*self.others, *(PROPS if config.props else ())})
        self._own_words = sorted(self.own)
        self._odds = {
            theme: (
                _odds([_theme_weight(w, theme) for w in self._own_words]),
                _odds([layout().weight(w) * _theme_weight(w, theme) for w in self._other_words]),
            )
            for theme in _THEMES
        }

    def compose(self, seed: int, index: int) -> Sketch:
        """As the function of that name."""
        rng = np.random.default_rng([seed, index, 0x5CE4E])
        width, height = _CANVASES[int(rng.choice(len(_CANVASES), p=_CANVAS_SHARES))]
        words = self._words(rng)
        unit = max(width, height) * 0.26 * np.exp(rng.normal(0, 0.35))
        # Many large things are drawn smaller, so that they have room beside each other.
        free = [layout().kind(w).size ** 2 * times for w, times in words if _is_free(w)]
        unit = min(unit, np.sqrt(_FILL * width * height / max(sum(free), 1e-9)))
        page = Page(rng=rng, width=width, height=height, unit=float(unit))
        objects: list[Drawn] = []
        for word, times in words:
            like: Drawn | None = None
            for _ in range(times):
                objects.append(self._object(word, page, like))
                like = objects[-1]
        hide(objects, self.config.hidden, rng)
        return self._scene(_ordered(objects, rng), page, f"scene-{seed}-{index}")

    def _words(self, rng: np.random.Generator) -> list[tuple[str, int]]:
        """What is drawn and how often: backdrops and hosts come first, so that others find them."""
        number = self._number(rng)
        theme = list(_THEMES)[int(rng.choice(len(_THEMES), p=_THEME_SHARES))]
        times: dict[str, int] = {}
        for _ in range(number):
            word = self._word(theme, rng, _lacking(times))
            again = [w for w in times if layout().kind(w).places[0] != "backdrop"]
            if again and rng.random() < self.config.repeat:
                word = again[int(rng.integers(len(again)))]
            times[word] = times.get(word, 0) + 1
        return sorted(times.items(), key=lambda item: _rank(item[0]))

    def _number(self, rng: np.random.Generator) -> int:
        low, high = self.config.fewest, self.config.most
        if rng.random() < 0.06:
            return int(rng.integers(low, high + 1))
        return int(np.clip(round(self.config.middle * np.exp(rng.normal(0, 0.5))), low, high))

    def _word(self, theme: str, rng: np.random.Generator, lacking: str | None) -> str:
        """The next word; mostly one on, in or by which those before can be, if they lack such."""
        words, odds = self._other_words, self._odds[theme][1]
        if self._own_words and (rng.random() < self.config.own_share or not words):
            words, odds = self._own_words, self._odds[theme][0]
        if lacking is not None and rng.random() < _HOST_COMES:
            able = odds * [layout().is_host(word, lacking) for word in words]
            odds = able / able.sum() if able.any() else odds
        return words[int(rng.choice(len(words), p=odds))]

    def _object(self, word: str, page: Page, like: Drawn | None) -> Drawn:
        rng = page.rng
        if like is not None and rng.random() < _SAME:
            paths, drawing, name = like.before, like.drawing, like.thing.word
        else:
            paths, drawing, name = self._drawing(word, rng)
        is_wide = layout().kind(name).places[0] == "backdrop"
        may_mirror = drawing is None or not _has_sides(drawing)
        varied = _varied(paths, is_wide, may_mirror, rng)
        low, span = _extent(varied)
        thing = page.put(name, float(span[0] / span[1]), None if like is None else like.thing)
        scale = (thing.box[2:] - thing.box[:2]) / span
        strokes = [(path - low) * scale + thing.box[:2] for path in varied]
        return Drawn(thing=thing, strokes=strokes, drawing=drawing, before=paths)

    def _drawing(
        self, word: str, rng: np.random.Generator
    ) -> tuple[list[Path], Sketch | None, str]:
        """Strokes of a word, the drawing that they are of, if any, and its own word."""
        pool = self.own.get(word) or self.others.get(word, [])
        if word in PROPS and self.config.props and (not pool or rng.random() < 0.5):
            return prop(word, rng), None, word
        drawing = _picked(pool, layout().kind(word).size < _SIMPLE_BELOW, rng)
        paths = [np.asarray(stroke, np.float64) for stroke in drawing.to_strokes()]
        return paths, drawing, drawing.category or word

    def _scene(self, objects: Sequence[Drawn], page: Page, sketch_id: str) -> Sketch:
        rng = page.rng
        parts = self._parts(objects)
        rows: list[tuple[float, int, int]] = []  # when it is drawn, object, stroke
        for number, drawn in enumerate(objects):
            count = len(drawn.strokes)
            times = number + np.arange(count) / count
            if rng.random() < self.config.interleave:
                times = np.sort(rng.uniform(0, len(objects), count))
            rows += [(float(t), number, i) for i, t in enumerate(times)]
        rows.sort()
        labels = {
            name: None if parts is None else tuple(parts[o][i][k] for _, o, i in rows)
            for k, name in enumerate(("part", "label", "instance"))
        }
        return Sketch.from_strokes(
            [objects[o].strokes[i] for _, o, i in rows],
            sketch_id=sketch_id,
            source="composed",
            width=float(page.width),
            height=float(page.height),
            object=tuple(o for _, o, _ in rows),
            object_category=tuple(drawn.thing.word for drawn in objects),
            **labels,
        )

    def _parts(self, objects: Sequence[Drawn]) -> list[list[_Label]] | None:
        """Part, label and instance of every stroke; None if an own object has no parts."""
        labels: list[list[_Label]] = []
        for drawn in objects:
            category = self.taxonomy.category_of(drawn.thing.word)
            sketch = drawn.drawing
            if category is None or sketch is None:
                labels.append([(UNLABELED, UNLABELED, None)] * len(drawn.strokes))
                continue
            known = self.taxonomy.categories[category].parts
            if sketch.part is None or not set(sketch.part) <= set(known):
                return None
            names = sketch.label or sketch.part
            numbers = sketch.instance or (None,) * len(sketch)
            labels.append([(sketch.part[i], names[i], numbers[i]) for i in drawn.origin])
        return labels


def _odds(weights: Sequence[float]) -> FloatArray:
    array = np.array(weights, np.float64)
    return array / max(float(array.sum()), 1e-9)


def _theme_weight(word: str, theme: str) -> float:
    place = layout().kind(word).places[0]
    inside = theme == "inside" and layout().is_host(word, "on") and place == "ground"
    return _THEMES[theme].get(place, 1.0) * (_HOST_OFTEN if inside else 1.0)


def _is_free(word: str) -> bool:
    """Whether it stands on its own, neither behind all nor at another thing."""
    return layout().kind(word).places[0] in ("ground", "sky", "wall", "any")


def _rank(word: str) -> int:
    """Backdrops, then what others may be on or in, then the others; what is of another last."""
    kind = layout().kind(word)
    if kind.places[0] == "backdrop":
        return 0
    hosts = sum(layout().is_host(word, place) for place in ("on", "in", "held"))
    if kind.places[0] in ("ground", "sky"):
        return 1 if hosts else 2
    return 3 if hosts else 4


def _lacking(words: Iterable[str]) -> str | None:
    """The place that the last word for which there is no host would be in."""
    known = list(words)
    for word in reversed(known):
        place = layout().kind(word).places[0]
        if place in ("on", "in", "held", "worn"):
            return None if any(layout().is_host(w, place) for w in known) else place
    return None


def _picked(pool: Sequence[Sketch], simple: bool, rng: np.random.Generator) -> Sketch:
    """One of the drawings; small things are drawn with few strokes, large ones with more."""
    chosen = [pool[int(i)] for i in rng.integers(len(pool), size=3 if simple else 2)]
    if simple:
        return min(chosen, key=len)
    return max(chosen, key=len) if rng.random() < 0.5 else chosen[0]


def _has_sides(sketch: Sketch) -> bool:
    return sketch.label is not None and sketch.label != sketch.part


def _varied(
    paths: Sequence[Path], is_wide: bool, may_mirror: bool, rng: np.random.Generator
) -> list[Path]:
    """As another time it would be drawn: stretched, bent and turned a little, strokes a bit off;
    mirrored if its labels allow.
    """
    low, span = _extent(paths)
    middle, half = low + span / 2, float(span.max()) / 2
    stretch = np.exp(rng.uniform(-_STRETCH, _STRETCH) * np.array([0.5, -0.5]))
    if may_mirror and rng.random() < 0.5:
        stretch[0] = -stretch[0]
    angle = 0.0 if is_wide else float(rng.normal(0, 0.012))  # turns
    warp = half * rng.uniform(-_WARP, _WARP, (3, 2))

    def again(path: Path) -> Path:
        x, y = ((path - middle) / half).T
        bent = path + np.stack([x * x, x * y, y * y], 1) @ warp
        return turned(bent * stretch, angle) + rng.normal(0, _SHIFT, 2) * half

    return [again(path) for path in paths]


def _extent(paths: Sequence[Path]) -> tuple[Path, Path]:
    """Upper left corner and sides of what paths cover; no side is 0."""
    points = np.concatenate(list(paths))
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    return low, np.maximum(span, max(float(span.max()) * 1e-3, 1e-6))


def _ordered(objects: Sequence[Drawn], rng: np.random.Generator) -> list[Drawn]:
    """In the order in which they are drawn: mostly what is behind first, else any."""
    if rng.random() < 0.55:
        return sorted(objects, key=lambda drawn: drawn.thing.depth)
    return [objects[int(i)] for i in rng.permutation(len(objects))]
