"""Scenes composed of drawings, as people draw them: what stands where, how large, behind what.

Sizes, numbers and places are near those of FrISS and CBSC, two sets of scenes that people drew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.synth.primitives import Path, rotate
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.synth.scenes.layout import layout
from instancesketch.synth.scenes.objects import Casting, space_for
from instancesketch.synth.scenes.occlusion import Drawn, hide
from instancesketch.synth.scenes.placement import Page
from instancesketch.synth.things.scenery import SCENERY, draw_scenery

_CANVASES = ((1100, 770), (1658, 864), (1112, 765), (1280, 720), (1024, 768), (800, 800))
_CANVAS_SHARES = (0.45, 0.15, 0.1, 0.1, 0.1, 0.1)
_FILL = 0.75  # of the page: squares round all things that stand on their own, at most
_SIMPLE_BELOW = 0.5  # of a person's height
_STRETCH = 0.22  # width for height, at most: e to that
_WARP = 0.045  # how much a thing is bent
_SHIFT = 0.008  # of half a thing's size: how far a stroke is off
_SAME = 0.65  # chance that a repeated thing is the same drawing again, as one hand draws
_Label = tuple[str, str, int | None]


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
    drawings = []
    for number, word in enumerate(sketch.object_category):
        rows = [i for i, o in enumerate(sketch.object) if o == number]
        if word is not None and rows:
            drawing = sketch.take(rows)
            drawings.append(
                drawing.replace(
                    sketch_id=f"{sketch.sketch_id}-{number}",
                    category=word,
                    width=None,
                    height=None,
                    object=None,
                    object_score=None,
                    object_category=None,
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
        self.props = {
            word for word in SCENERY if config.props and self.taxonomy.category_of(word) is None
        }
        self.casting = Casting(config, sorted(self.own), sorted({*self.others, *self.props}))

    def compose(self, seed: int, index: int) -> Sketch:
        """As the function of that name."""
        rng = np.random.default_rng([seed, index, 0x5CE4E])
        width, height = _CANVASES[int(rng.choice(len(_CANVASES), p=_CANVAS_SHARES))]
        words = self.casting.words(rng)
        unit = max(width, height) * 0.26 * np.exp(rng.normal(0, 0.35))
        # Many large things are drawn smaller, so that they have room beside each other.
        unit = min(unit, np.sqrt(_FILL * width * height / max(space_for(words), 1e-9)))
        page = Page(rng=rng, width=width, height=height, unit=float(unit))
        objects: list[Drawn] = []
        for word, times in words:
            like: Drawn | None = None
            for _ in range(times):
                objects.append(self._object(word, page, like))
                like = objects[-1]
        hide(objects, self.config.hidden, rng)
        return self._scene(_ordered(objects, rng), page, f"scene-{seed}-{index}")

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
        if word in self.props and (not pool or rng.random() < 0.5):
            return draw_scenery(word, rng), None, word
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
        return rotate(bent * stretch, angle) + rng.normal(0, _SHIFT, 2) * half

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
