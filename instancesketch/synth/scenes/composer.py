"""Composed scenes: objects chosen, placed, varied and hidden as in scenes that people drew.

Sizes, numbers and places are near those of FrISS and CBSC, two sets of scenes that people drew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import UNLABELED
from instancesketch.synth.primitives import Path
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.synth.scenes.layout import layout
from instancesketch.synth.scenes.objects import ObjectSampler, squared_sizes
from instancesketch.synth.scenes.occlusion import DrawnObject, hide
from instancesketch.synth.scenes.page import Page
from instancesketch.synth.scenes.placement import place_object
from instancesketch.synth.scenes.variation import bounds, vary
from instancesketch.synth.things.scenery import SCENERY, draw_scenery

_PAGES = ((1100, 770), (1658, 864), (1112, 765), (1280, 720), (1024, 768), (800, 800))
_PAGE_SHARES = (0.45, 0.15, 0.1, 0.1, 0.1, 0.1)
_MOST_FILLED = 0.75  # of the page: squares round all objects that stand on their own
_SIMPLE_BELOW = 0.5  # of a person's height
_SAME_DRAWING = 0.65  # chance that a repeated object is the same drawing again, as of one hand
_BACK_FIRST = 0.55  # share of scenes in which what is behind is drawn first
_Label = tuple[str, str, int | None]  # part, label, instance


def compose(
    drawings: Sequence[Sketch], seed: int, index: int, config: SceneConfig | None = None
) -> Sketch:
    """Compose scene number `index` of a seed; it depends on the arguments alone.

    Args:
        drawings: plain drawings, whose categories are the objects' words. `split_scene` gives
            those in a scene.
        seed: 0 or more.
        index: 0 or more.
        config: of the scene; None for the default.

    Returns:
        A scene with `object` and `object_category`, the drawings' words. Parts are kept if every
        object of a category of the taxonomy has its parts; other strokes are unlabeled then.

    Raises:
        UserError: no drawing has a category, or none has one that `own_share` needs.
    """
    return Composer(drawings, config or SceneConfig()).compose(seed, index)


def split_scene(sketch: Sketch) -> list[Sketch]:
    """Split a scene into its objects of known category, each a drawing of its own.

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
    """Composes many scenes of the same drawings, which it sorts by word once."""

    def __init__(self, drawings: Sequence[Sketch], config: SceneConfig) -> None:
        self.config = config
        self.taxonomy = config.load_taxonomy()
        # By category of the taxonomy, or by word.
        self.own: dict[str, list[Sketch]] = defaultdict(list)
        self.others: dict[str, list[Sketch]] = defaultdict(list)
        for sketch in drawings:
            if sketch.category is None:
                continue
            category = self.taxonomy.category_of(sketch.category)
            by_word = self.others if category is None else self.own
            by_word[category or sketch.category].append(sketch)
        if not self.own and not self.others:
            raise UserError("scenes are composed of drawings with a category, and there are none")
        if config.own_share == 1 and not self.own:
            names = ", ".join(self.taxonomy.category_names)
            raise UserError(f"none of the drawings is of {self.taxonomy.name}: {names}")
        # Scenery of the taxonomy's own categories would come without the parts asked for.
        self.scenery = {
            word for word in SCENERY if config.props and self.taxonomy.category_of(word) is None
        }
        other_words = sorted({*self.others, *self.scenery})
        self.sampler = ObjectSampler(config, sorted(self.own), other_words)

    def compose(self, seed: int, index: int) -> Sketch:
        """Compose scene number `index` of a seed, as the function `compose` does."""
        rng = np.random.default_rng([seed, index, 0x5CE4E])
        width, height = _PAGES[int(rng.choice(len(_PAGES), p=_PAGE_SHARES))]
        words = self.sampler.sample(rng)
        unit = max(width, height) * 0.26 * np.exp(rng.normal(0, 0.35))
        # Many large objects are drawn smaller, so that they have room beside each other.
        room = _MOST_FILLED * width * height
        unit = min(unit, np.sqrt(room / max(squared_sizes(words), 1e-9)))
        # One generator for all: a scene depends on seed and index, whatever was composed before.
        page = Page(rng=rng, width=width, height=height, unit=float(unit))
        objects: list[DrawnObject] = []
        for word, count in words:
            like: DrawnObject | None = None
            for _ in range(count):
                like = self._add_object(word, page, like)
                objects.append(like)
        hide(objects, self.config.hidden, rng)
        return self._to_scene(_drawing_order(objects, rng), page, f"scene-{seed}-{index}")

    def _add_object(self, word: str, page: Page, like: DrawnObject | None) -> DrawnObject:
        """Place an object of a word on the page, beside one like it if that is given."""
        rng = page.rng
        if like is not None and rng.random() < _SAME_DRAWING:
            paths, drawing, name = like.unplaced, like.drawing, like.placed.word
        else:
            paths, drawing, name = self._pick_strokes(word, rng)
        is_wide = layout().type_of(name).places[0] == "backdrop"
        # Mirrored, a left leg would be a right one.
        may_mirror = drawing is None or not _has_sides(drawing)
        varied = vary(paths, is_wide, may_mirror, rng)
        low, span = bounds(varied)
        aspect = float(span[0] / span[1])
        placed = place_object(page, name, aspect, None if like is None else like.placed)
        scale = (placed.box[2:] - placed.box[:2]) / span
        strokes = [(path - low) * scale + placed.box[:2] for path in varied]
        return DrawnObject(placed=placed, strokes=strokes, drawing=drawing, unplaced=paths)

    def _pick_strokes(
        self, word: str, rng: np.random.Generator
    ) -> tuple[Sequence[Path], Sketch | None, str]:
        """Return strokes of a word, their drawing (None for scenery), and the drawing's word."""
        # A word may have drawings and scenery: half of its objects are either.
        pool = self.own.get(word) or self.others.get(word, [])
        if word in self.scenery and (not pool or rng.random() < 0.5):
            return draw_scenery(word, rng), None, word
        drawing = _pick_drawing(pool, layout().type_of(word).size < _SIMPLE_BELOW, rng)
        paths = [np.asarray(stroke, np.float64) for stroke in drawing.to_strokes()]
        return paths, drawing, drawing.category or word

    def _to_scene(self, objects: Sequence[DrawnObject], page: Page, sketch_id: str) -> Sketch:
        """Return the objects as one sketch, in the order in which its strokes are drawn."""
        parts = self._labels(objects)
        rows = self._stroke_order(objects, page.rng)
        labels = {
            name: None if parts is None else tuple(parts[o][i][k] for o, i in rows)
            for k, name in enumerate(("part", "label", "instance"))
        }
        return Sketch.from_strokes(
            [objects[o].strokes[i] for o, i in rows],
            sketch_id=sketch_id,
            source="composed",
            width=float(page.width),
            height=float(page.height),
            object=tuple(o for o, _ in rows),
            object_category=tuple(drawn.placed.word for drawn in objects),
            **labels,
        )

    def _stroke_order(
        self, objects: Sequence[DrawnObject], rng: np.random.Generator
    ) -> list[tuple[int, int]]:
        """Return (object, stroke) in drawing order: object by object, but for interleaved ones."""
        rows: list[tuple[float, int, int]] = []  # time, object, stroke
        for number, drawn in enumerate(objects):
            count = len(drawn.strokes)
            # An object's strokes fall between its own number and the next one's.
            times = number + np.arange(count) / count
            if rng.random() < self.config.interleave:
                times = np.sort(rng.uniform(0, len(objects), count))
            rows += [(float(time), number, i) for i, time in enumerate(times)]
        return [(number, i) for _, number, i in sorted(rows)]

    def _labels(self, objects: Sequence[DrawnObject]) -> list[list[_Label]] | None:
        """Return the labels of every stroke; None if an object of the taxonomy has no parts."""
        labels: list[list[_Label]] = []
        for drawn in objects:
            category = self.taxonomy.category_of(drawn.placed.word)
            sketch = drawn.drawing
            if category is None or sketch is None:
                labels.append([(UNLABELED, UNLABELED, None)] * len(drawn.strokes))
                continue
            known = self.taxonomy.categories[category].parts
            # One unlabelled object would make the whole scene wrong to train parts on.
            if sketch.part is None or not set(sketch.part) <= set(known):
                return None
            names = sketch.label or sketch.part
            numbers = sketch.instance or (None,) * len(sketch)
            labels.append([(sketch.part[i], names[i], numbers[i]) for i in drawn.origin])
        return labels


def _pick_drawing(pool: Sequence[Sketch], simple: bool, rng: np.random.Generator) -> Sketch:
    """Pick a drawing: of few strokes for small objects, of more for large ones."""
    # The simplest of three, or half of the time the richer of two.
    chosen = [pool[int(i)] for i in rng.integers(len(pool), size=3 if simple else 2)]
    if simple:
        return min(chosen, key=len)
    return max(chosen, key=len) if rng.random() < 0.5 else chosen[0]


def _has_sides(sketch: Sketch) -> bool:
    return sketch.label is not None and sketch.label != sketch.part


def _drawing_order(objects: Sequence[DrawnObject], rng: np.random.Generator) -> list[DrawnObject]:
    """Return objects in the order in which they are drawn: mostly from the back, else any."""
    if rng.random() < _BACK_FIRST:
        return sorted(objects, key=lambda drawn: drawn.placed.depth)
    return [objects[int(i)] for i in rng.permutation(len(objects))]
