"""Drawings traced from pictures of them, with the labels of the strokes that were drawn."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("skimage", reason="needs the extra `trace`")
from experiments.traced_drawings import carry_labels, trace_all, trace_labelled
from experiments.tracing import fit
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch, join_strokes
from tests.drawings import drawn, sketch_of


def test_reordered_reversed_and_cut_strokes_keep_their_labels() -> None:
    for sketch in drawn(5):
        strokes = fit(sketch)
        order = np.random.default_rng(0).permutation(len(strokes))
        pieces, owners = [], []
        for i in order:
            line = strokes[i][::-1]
            middle = len(line) // 2
            for piece in (line[: middle + 1], line[middle:]):
                pieces.append(piece)
                owners.append(i)
        found = carry_labels(sketch, Sketch(sketch_id="s", **join_strokes(pieces)))
        # A piece of one point, or one that lies on another stroke, may go to either.
        for name in ("part", "instance"):
            expected = [getattr(sketch, name)[i] for i in owners]
            same = [a == b for a, b in zip(getattr(found, name), expected, strict=True)]
            assert np.mean(same) > 0.9
        assert found.category == sketch.category


def test_a_stroke_over_two_parts_has_the_longer_ones_label() -> None:
    long, short = [(0, 0), (80, 0)], [(80, 0), (80, 30)]
    drawing = sketch_of(np.array(long), np.array(short)).replace(
        part=("body", "leg"), instance=(None, 2), category="4leg"
    )
    points = np.concatenate(fit(drawing))
    found = carry_labels(drawing, Sketch(sketch_id="s", **join_strokes([points])))
    assert (found.part, found.instance) == (("body",), (None,))


def test_pictures_of_a_drawing_differ_and_each_is_traced_alike_every_time() -> None:
    (sketch,) = drawn(1, seed=2)
    first, again, second = (trace_labelled(sketch, time) for time in (0, 0, 1))
    assert first is not None
    assert second is not None
    assert to_table([first]).equals(to_table([again]))
    assert not to_table([first]).equals(to_table([second]))
    assert set(first.part or ()) <= set(sketch.part or ())
    # A drawing without labels has none afterwards.
    bare = trace_labelled(sketch.replace(part=None, label=None, instance=None), 0)
    assert bare is not None
    assert (bare.part, bare.instance) == (None, None)


def test_what_was_traced_is_kept_for_the_next_time(tmp_path: Path) -> None:
    table = to_table(drawn(3))
    file = tmp_path / "traced" / "real.parquet"
    found = trace_all(table, file, 2, 1)
    assert sorted(found["sketch_id"].to_pylist()) == sorted(2 * table["sketch_id"].to_pylist())
    assert pq.read_table(file).equals(found)
    pq.write_table(found.slice(0, 1), file)
    assert len(trace_all(table, file, 2, 1)) == 1
