"""Drawings for tests: seeded synthetic ones, and arbitrary ones for properties."""

from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from hypothesis import strategies as st

from instancesketch.core import row_counts
from instancesketch.core.model_kinds import Labels
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import weights
from instancesketch.models.config import GrouperConfig, RefinerConfig, SegmenterConfig
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import Batch, pack, pack_scenes
from instancesketch.models.segmenter import SegmenterNet
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.training.config import Role, Selection
from instancesketch.training.roles import RowGroup, count_roles

DOODLE7 = Taxonomy.load("doodle7")
DEFAULT = Taxonomy.load("default")
# Strokes of a dot, a short one, one drawn three times, ones without length or huge, and very many.
ODD = [
    [[(3, 4)]],
    [[(3, 4), (5, 6)]],
    [[(3, 4)]] * 3,
    [[(0, 0)] * 4, [(1e6, -1e6), (2e6, 0)]],
    [[(i, j) for j in range(2)] for i in range(60)],
]

TINY = SegmenterConfig(samples=8, channels=(16,), width=16, layers=1, heads=2, feedforward=32)
# With what the default weights have besides: an image of the whole sketch.
TINY_IMAGE = replace(TINY, samples=32, image=32)

TINY_REFINER = RefinerConfig(
    samples=8, channels=(16,), width=16, layers=1, heads=2, feedforward=32, embedding=8
)

TINY_GROUPER = GrouperConfig(
    samples=8, channels=(16,), width=16, layers=1, heads=2, feedforward=32, edges=2, pair_width=12
)


_draw = cache(draw)  # a drawing takes milliseconds, and many tests want the same ones


def drawn(number: int, seed: int = 5, category: str | None = None) -> list[Sketch]:
    """Return labelled synthetic drawings."""
    return [_draw(seed, i, category) for i in range(number)]


def packed(sketches: list[Sketch], *, labels: bool = True) -> Batch:
    """Pack drawings into one batch."""
    return pack(to_table(sketches), DOODLE7, labels=labels)


def features_of(sketches: list[Sketch]) -> StrokeFeatures:
    return StrokeFeatures.of(packed(sketches))


def composed(number: int, seed: int = 3, most: int = 4) -> list[Sketch]:
    """Compose scenes of a few drawings of the seven categories and of teapots."""
    return [_compose(most, seed, i) for i in range(number)]


@cache
def _compose(most: int, seed: int, index: int) -> Sketch:
    return _composer(most).compose(seed, index)


@cache
def _composer(most: int) -> Composer:
    sketches = [
        s.replace(category="teapot", part=None, label=None, instance=None) if i % 5 == 0 else s
        for i, s in enumerate(drawn(40, seed=9))
    ]
    return Composer(sketches, SceneConfig(fewest=2, most=most, own_share=0.7, props=False))


def packed_scenes(scenes: list[Sketch], *, labels: bool = True) -> Batch:
    """Pack scenes into one batch."""
    return pack_scenes(to_table(scenes), DOODLE7, labels=labels)


def forced_net(*categories: str) -> SegmenterNet:
    """Return a network of the default taxonomy that takes every drawing for the first given.

    The others are the next likely, in that order.
    """
    torch.manual_seed(0)
    net = SegmenterNet(TINY, DEFAULT)
    with torch.no_grad():
        for i, name in enumerate(categories):
            net.category_head.bias[DEFAULT.category_names.index(name)] = 30 - 5 * i
    return net.eval()


def forced_weights(folder: Path, *categories: str) -> str:
    """Write the weights of `forced_net` into a folder; return its path."""
    stored = {"taxonomy": DEFAULT.to_dict(), "model": asdict(TINY)}
    weights.save(str(folder / "segmenter"), forced_net(*categories).state_dict(), stored)
    return str(folder)


def corpus(
    folder: Path, sketches: list[Sketch], rows_per_group: int = 5_000, files: int = 1
) -> str:
    """Write drawings or scenes into a folder of `files` Parquet files; return its path."""
    folder.mkdir(exist_ok=True)
    for i in range(files):
        table = to_table(sketches[i::files])
        pq.write_table(table, folder / f"{i}.parquet", row_group_size=rows_per_group)
    return str(folder)


def count_corpus(
    location: str, role: Role, selection: Selection, labels: Labels = "parts"
) -> list[RowGroup]:
    """Return the row groups of a corpus with their counts of a role, by the taxonomy `DOODLE7`."""
    return count_roles(row_counts.load([location]), role, selection, DOODLE7, labels)


def sketch_of(*strokes: object, sketch_id: str = "s", **values: object) -> Sketch:
    """Return a sketch of the given strokes."""
    return Sketch.from_strokes(strokes, sketch_id=sketch_id, **values)


def split_strokes(batch: Batch) -> list[list[np.ndarray]]:
    """Return the points of each stroke of each drawing of a batch."""
    strokes = torch.split(batch.points_P2, batch.stroke_len_S.tolist())
    ends = np.cumsum(batch.strokes_N.tolist())
    return [
        [s.numpy() for s in strokes[end - n : end]]
        for end, n in zip(ends, batch.strokes_N.tolist(), strict=True)
    ]


# Draw both integers, which make equal points and ties likely, and floats.
coordinates = st.integers(-300, 300).map(float) | st.floats(-1e3, 1e3, width=32)
strokes = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8)
drawings = st.lists(strokes, min_size=1, max_size=7)


@st.composite
def batches(draw_from: st.DrawFn) -> Batch:
    """Generate batches of one to four arbitrary drawings of random categories."""
    many = draw_from(st.lists(drawings, min_size=1, max_size=4))
    names = draw_from(
        st.lists(st.sampled_from(DOODLE7.category_names), min_size=len(many), max_size=len(many))
    )
    return packed(
        [
            sketch_of(*d, sketch_id=str(i), category=c, part=("unlabeled",) * len(d))
            for i, (d, c) in enumerate(zip(many, names, strict=True))
        ]
    )
