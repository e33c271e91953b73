"""Labelled drawings as they come out of pictures: drawn, traced, and labelled by place.

Sizes and noise are random.

A traced drawing has other strokes than the one that was drawn: in another order and direction, cut
at crossings, joined where lines meet. Only training data with such strokes teaches them.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial import cKDTree

from experiments.corpora import Data
from experiments.tracing import NOISES, cut, fit, trace_sketch
from instancesketch.core.hashing import derive_seed
from instancesketch.core.schema import from_table, to_table
from instancesketch.core.sketch import Sketch

SMALLEST, LARGEST = 200, 640  # pixels of the side
_CHUNK = 50  # drawings of one task
# Drawings of a corpus that are traced, beside all real ones; pictures of each real one.
_GENERATED, _SPG, _OTHERS, _TIMES = 3_000, 1_500, 1_500, 2


class TracedCorpora(NamedTuple):
    """Traced drawings by the corpus that they are from."""

    real: pa.Table
    generated: pa.Table
    spg: pa.Table
    others: pa.Table


def trace_corpora(data: Data, folder: Path, processes: int) -> TracedCorpora:
    """Return traced drawings of each corpus, of nothing that is measured on but the real ones.

    Args:
        data: the corpora.
        folder: keeps what was traced.
        processes: that trace at once.
    """
    rng = np.random.default_rng(0)

    def trace_some(name: str, table: pa.Table, number: int) -> pa.Table:
        rows = np.sort(rng.permutation(len(table))[:number])
        return trace_all(table.take(rows), folder / f"{name}.parquet", 1, processes)

    return TracedCorpora(
        real=trace_all(data.real_table, folder / "real.parquet", _TIMES, processes),
        generated=trace_some("generated", data.generated_table, _GENERATED),
        spg=trace_some("spg", data.spg_table("train"), _SPG),
        others=trace_some("others", data.others(unseen=False), _OTHERS),
    )


def trace_all(table: pa.Table, path: Path, times: int, processes: int) -> pa.Table:
    """Return drawings as traced from pictures of them, and keep them in a file for the next time.

    Args:
        table: drawings, with or without labels.
        path: of the file; read where it exists.
        times: pictures of each drawing, of different sizes, clean or noisy.
        processes: that trace at once.
    """
    if not path.exists():
        chunks = [table.slice(i, _CHUNK) for i in range(0, len(table), _CHUNK)]
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            mapped = pool.map if processes > 1 else map
            traced = [s for part in mapped(_trace, chunks, [times] * len(chunks)) for s in part]
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(".part")
        pq.write_table(to_table(traced), whole)
        whole.rename(path)
    return pq.read_table(path)


def _trace(table: pa.Table, times: int) -> list[Sketch]:
    return [
        traced
        for sketch in from_table(table)
        for time in range(times)
        if (traced := trace_labelled(sketch, time)) is not None
    ]


def trace_labelled(sketch: Sketch, time: int) -> Sketch | None:
    """Return a drawing as traced from a picture of it, with its labels; None if nothing is found.

    Args:
        sketch: in any unit.
        time: a number for each picture of the same drawing.
    """
    seed = derive_seed(zlib.crc32(sketch.sketch_id.encode()), time)
    rng = np.random.default_rng(seed)
    side = int(rng.integers(SMALLEST, LARGEST + 1))
    noise = str(rng.choice(NOISES))
    found = trace_sketch(sketch, side, noise, seed % 2**31)
    return None if found is None else carry_labels(sketch, found)


def carry_labels(original: Sketch, traced: Sketch) -> Sketch:
    """Return traced strokes with the part and instance that most of their length lies nearest to.

    Args:
        original: labelled, in any unit.
        traced: of its picture, in the unit square.
    """
    bits, owners = cut(fit(original))
    tree = cKDTree(np.array([bit.mean(0) for bit in bits]))
    lines = np.split(np.stack([traced.x, traced.y], 1), np.cumsum(traced.stroke_len)[:-1])
    pieces, lines_of = cut([line.astype(float) for line in lines])
    _, nearest = tree.query(np.array([piece.mean(0) for piece in pieces]))
    nothing = (None,) * len(original)
    named = list(zip(original.part or nothing, original.instance or nothing, strict=True))
    labels: list[list[tuple[str | None, int | None]]] = [[] for _ in lines]
    for line, bit in zip(lines_of, nearest, strict=True):
        labels[line].append(named[owners[bit]])
    best = [_most(each) for each in labels]
    return traced.replace(
        category=original.category,
        split=original.split,
        part=None if original.part is None else tuple(part or "" for part, _ in best),
        instance=None if original.instance is None else tuple(number for _, number in best),
    )


def _most(labels: Sequence[tuple[str | None, int | None]]) -> tuple[str | None, int | None]:
    """Return the most frequent part, and the most frequent instance of it."""
    part = Counter(part for part, _ in labels).most_common(1)[0][0]
    return part, Counter(n for p, n in labels if p == part).most_common(1)[0][0]
