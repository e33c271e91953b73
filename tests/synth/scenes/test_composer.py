from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from instancesketch.core.errors import UserError
from instancesketch.core.schema import from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import SIDES, UNLABELED, Taxonomy
from instancesketch.formats import FileRange, Record, read
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer, compose, split_scene
from instancesketch.synth.scenes.config import SceneConfig

SEEDS = st.integers(0, 2**40)


@cache
def drawn() -> tuple[Sketch, ...]:
    return tuple(draw(7, i) for i in range(140))


@cache
def renamed_drawings() -> tuple[Sketch, ...]:
    """Return drawings under other words, among them hosts and words without a type."""
    words = ("cup", "house", "couch", "umbrella", "hat", "fish", "picture frame", "no such word")
    return tuple(
        draw(8, i).replace(category=word, part=None, label=None, instance=None)
        for i, word in enumerate(words * 3)
    )


def boxes(scene: Sketch) -> np.ndarray:
    """Return the box of each object, (objects, 4): left, top, right, bottom."""
    assert scene.object is not None
    assert scene.object_category is not None
    strokes, boxes_of_objects = scene.to_strokes(), []
    for number in range(len(scene.object_category)):
        points = np.concatenate(
            [s for s, o in zip(strokes, scene.object, strict=True) if o == number]
        )
        boxes_of_objects.append(np.concatenate([points.min(axis=0), points.max(axis=0)]))
    return np.stack(boxes_of_objects)


def _read(folder: Path, every: int = 1) -> list[Sketch]:
    """Return the sketches of every so many-th file of a folder."""
    records = [
        record
        for path in sorted(folder.glob("*.ndjson"))[::every]
        for record in read(
            FileRange(path=str(path), format=FORMAT[folder.name]), fs.LocalFileSystem()
        )
    ]
    return [record.sketch for record in records if isinstance(record, Record)]


FORMAT = {"quickdraw": "quickdraw", "scenes": "scenes"}


def _statistics(scenes: list[Sketch]) -> dict[str, float]:
    """Return medians, the 0.9 quantile of sizes, and the share of objects inside others."""
    sizes: list[float] = []
    strokes: list[int] = []
    nested: list[bool] = []
    for scene in scenes:
        all_boxes = boxes(scene)
        sizes += (
            (all_boxes[:, 2:] - all_boxes[:, :2]).max(axis=1)
            / max(scene.width or 1, scene.height or 1)
        ).tolist()
        strokes += Counter(scene.object or ()).values()
        slack = 0.02 * (all_boxes[:, 2:] - all_boxes[:, :2]).max(axis=1)[:, None]
        for i, box in enumerate(all_boxes):
            inside = (all_boxes[:, :2] - slack[i] <= box[:2]) & (
                box[2:] <= all_boxes[:, 2:] + slack[i]
            )
            inside[i] = False
            nested.append(bool(inside.all(axis=1).any()))
    return {
        "objects": float(np.mean([len(s.object_category or ()) for s in scenes])),
        "strokes": float(np.mean([len(s) for s in scenes])),
        "strokes of an object": float(np.mean(strokes)),
        "size": float(np.median(sizes)),
        "large": float(np.quantile(sizes, 0.9)),
        "nested": float(np.mean(nested)),
    }


CONFIGS = st.builds(
    lambda fewest, more, **shares: SceneConfig(fewest=fewest, most=fewest + more, **shares),
    st.integers(1, 12),
    st.integers(0, 6),
    own_share=st.sampled_from([0.0, 0.4, 1.0]),
    repeat=st.sampled_from([0.0, 0.3, 1.0]),
    hidden=st.sampled_from([0.0, 0.15, 1.0]),
    interleave=st.sampled_from([0.0, 0.5, 1.0]),
    props=st.booleans(),
)


@given(SEEDS, st.integers(0, 10**6), CONFIGS)
def test_every_stroke_has_an_object_and_every_object_strokes(
    seed: int, index: int, config: SceneConfig
) -> None:
    scene = compose([*drawn(), *renamed_drawings()], seed, index, config)
    assert scene.sketch_id == f"scene-{seed}-{index}"
    assert scene.source == "composed"
    assert scene.object is not None
    assert scene.object_category is not None
    number = len(scene.object_category)
    assert config.fewest <= number <= config.most
    assert set(scene.object) == set(range(number))
    assert None not in scene.object_category
    assert np.isfinite(scene.x).all()
    assert np.isfinite(scene.y).all()
    assert scene.width is not None
    assert scene.height is not None
    rim = 1e-2
    assert scene.x.min() >= -rim
    assert scene.x.max() <= scene.width + rim
    assert scene.y.min() >= -rim
    assert scene.y.max() <= scene.height + rim
    assert from_table(to_table([scene])) == [scene]


@given(SEEDS, st.integers(0, 10**6))
def test_a_scene_depends_on_its_arguments_alone(seed: int, index: int) -> None:
    composer = Composer(drawn(), SceneConfig())
    composer.compose(seed, index + 1)
    assert composer.compose(seed, index) == compose(drawn(), seed, index)
    assert composer.compose(seed, index) != composer.compose(seed + 1, index).replace(
        sketch_id=f"scene-{seed}-{index}"
    )


@given(SEEDS, st.sampled_from([0.0, 1.0]))
def test_strokes_keep_their_labels(seed: int, interleave: float) -> None:
    """Compare objects, if nothing is hidden, with the strokes and labels of the drawings."""
    config = SceneConfig(own_share=1, hidden=0, interleave=interleave, most=6)
    scene = compose(drawn(), seed, 0, config)
    known = {(s.category, s.part, s.label, s.instance, tuple(s.stroke_len)) for s in drawn()}
    for drawing in split_scene(scene):
        labels = drawing.category, drawing.part, drawing.label, drawing.instance
        assert (*labels, tuple(drawing.stroke_len)) in known


@given(SEEDS)
def test_cut_strokes_keep_their_labels(seed: int) -> None:
    scene = compose(drawn(), seed, 0, SceneConfig(own_share=1, hidden=1, fewest=6))
    known = Taxonomy.load("doodle7").categories
    for drawing in split_scene(scene):
        assert drawing.category is not None
        assert drawing.part is not None
        assert set(drawing.part) <= set(known[drawing.category].parts)
    assert len(split_scene(scene)) == len(scene.object_category or ())


def test_hiding_shortens_lines() -> None:
    lengths = []
    for hidden in (0.0, 1.0):
        config = SceneConfig(own_share=1, hidden=hidden, fewest=8)
        composer = Composer(drawn(), config)
        scenes = [composer.compose(1, i) for i in range(15)]
        lengths.append(
            sum(
                float(np.hypot(*np.diff(s, axis=0).T).sum()) for c in scenes for s in c.to_strokes()
            )
        )
    assert 0.6 * lengths[0] < lengths[1] < 0.99 * lengths[0]


def test_drawings_with_sides_are_not_mirrored() -> None:
    """Check that the left part of a pair stays left of the right one."""
    pairs = 0
    animals = [s for s in drawn() if s.category == "4leg"]
    for index in range(60):
        for drawing in split_scene(compose(animals, 3, index, SceneConfig(own_share=1, hidden=0))):
            assert drawing.label is not None
            strokes = drawing.to_strokes()
            for pair in ("front-{}-leg", "back-{}-leg"):
                middles = [
                    [
                        s[:, 0].mean()
                        for s, name in zip(strokes, drawing.label, strict=True)
                        if name == pair.format(side)
                    ]
                    for side in SIDES
                ]
                if (
                    all(middles)
                    and min(len(m) for m in middles) == max(len(m) for m in middles) == 1
                ):
                    pairs += 1
                    span = float(np.ptp(drawing.x))
                    assert middles[0][0] < middles[1][0] + 0.12 * span
    assert pairs > 20


def test_parts_are_kept_if_every_object_of_the_taxonomy_has_them() -> None:
    scene = compose(drawn(), 0, 0, SceneConfig(own_share=0.5, fewest=8))
    assert scene.part is not None
    assert scene.label is not None
    assert scene.instance is not None
    words = [(scene.object_category or ())[o] for o in scene.object or ()]
    others = [i for i, w in enumerate(words) if Taxonomy.load("doodle7").category_of(w) is None]
    assert others
    assert all(scene.part[i] == scene.label[i] == UNLABELED for i in others)
    assert all(scene.instance[i] is None for i in others)
    bare = [s.replace(part=None, label=None, instance=None) for s in drawn()]
    scene = compose(bare, 0, 0, SceneConfig(own_share=1))
    assert scene.part is None
    assert scene.label is None
    assert scene.instance is None


def test_parts_of_another_taxonomy_are_dropped() -> None:
    wings = draw(0, 0, "car").replace(category="ambulance")
    wings = wings.replace(part=("wing",) * len(wings), label=("wing",) * len(wings))
    scene = compose([wings], 0, 0, SceneConfig(own_share=1))
    assert scene.part is None


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_own_share_is_the_share_of_objects_of_the_taxonomy(share: float) -> None:
    composer = Composer([*drawn(), *renamed_drawings()], SceneConfig(own_share=share, repeat=0))
    taxonomy = Taxonomy.load("doodle7")
    words = [w for i in range(100) for w in composer.compose(0, i).object_category or ()]
    own = sum(taxonomy.category_of(word) is not None for word in words) / len(words)
    assert own == pytest.approx(share, abs=0.06)


def test_interleaved_strokes_alternate_between_objects() -> None:
    def changes(interleave: float) -> int:
        config = SceneConfig(interleave=interleave, fewest=3)
        composer = Composer(drawn(), config)
        scenes = [composer.compose(5, i) for i in range(20)]
        return sum(
            int((np.diff(s.object or ()) != 0).sum()) - len(s.object_category or ()) + 1
            for s in scenes
        )

    assert changes(0.0) == 0
    assert changes(0.5) > 100


def test_objects_are_at_plausible_positions() -> None:
    """Check that suns are above cars, and most cups on the table of their scene."""
    composer = Composer([*drawn(), *renamed_drawings()], SceneConfig(own_share=0.3))
    heights: dict[str, list[float]] = {"sun": [], "cloud": [], "car": [], "4leg": []}
    on = Counter[bool]()
    for index in range(300):
        scene = composer.compose(2, index)
        words, all_boxes = scene.object_category or (), boxes(scene)
        for word, box in zip(words, all_boxes, strict=True):
            if word in heights:
                heights[str(word)].append(float(box[1] + box[3]) / 2 / (scene.height or 1))
            if word == "cup" and "table" in words:
                tables = all_boxes[[w == "table" for w in words]]
                low, high = np.maximum(tables[:, :2], box[:2]), np.minimum(tables[:, 2:], box[2:])
                on[bool((high >= low).all(axis=1).any())] += 1
    middles = {word: float(np.median(values)) for word, values in heights.items()}
    assert max(middles["sun"], middles["cloud"]) < 0.45 < min(middles["car"], middles["4leg"])
    assert on[True] > on[False]


def test_no_usable_drawings_raise() -> None:
    unnamed = draw(0, 0).replace(category=None)
    with pytest.raises(UserError, match="there are none"):
        compose([unnamed], 0, 0)
    with pytest.raises(UserError, match="none of the drawings is of doodle7"):
        compose([draw(0, 0).replace(category="cup")], 0, 0, SceneConfig(own_share=1))


def test_split_scene_returns_a_drawing_per_object() -> None:
    strokes = [[[i, 0], [i, 1]] for i in range(5)]
    scene = Sketch.from_strokes(
        strokes,
        sketch_id="s",
        split="valid",
        part=("a", "b", "c", "d", "e"),
        object=(1, 0, -1, 1, 2),
        object_category=("cup", "table", None, "gone"),
    )
    first, second = split_scene(scene)
    assert (first.sketch_id, first.category, first.part, first.split) == (
        "s-0",
        "cup",
        ("b",),
        "valid",
    )
    assert (second.category, second.part, second.x.tolist()) == ("table", ("a", "d"), [0, 0, 3, 3])
    assert split_scene(first) == [first]
    assert compose(split_scene(scene), 0, 0).object_category is not None


def test_composed_scenes_resemble_those_of_people(data_dir: Path) -> None:
    """Compare counts, sizes and nesting of composed scenes with those of sketched scenes."""
    composer = Composer([*_read(data_dir / "quickdraw", every=5), *drawn()], SceneConfig())
    ours = _statistics([composer.compose(1, i) for i in range(60)])
    theirs = _statistics(_read(data_dir / "scenes"))
    for name, (low, high) in {
        "objects": (0.6, 1.5),
        "strokes": (0.6, 1.5),
        "strokes of an object": (0.6, 1.6),
        "size": (0.6, 1.6),
        "large": (0.6, 1.6),
        "nested": (0.4, 1.6),
    }.items():
        assert low * theirs[name] <= ours[name] <= high * theirs[name], (name, ours, theirs)
