"""The published path draws and labels; its time alone is of interest."""

import torch

from instancesketch.benchmarks.published import LONGEST, Published, draw_images
from tests.drawings import DOODLE7, drawn, packed, sketch_of


def test_a_stroke_fills_its_image_and_lies_in_its_place() -> None:
    shapes, places = draw_images(
        packed([sketch_of([(0, 0), (0, 100)], [(50, 50), (100, 100)], [(9, 9)])])
    )
    assert shapes.shape == places.shape == (3, 1, 32, 32)
    across, down = shapes[1, 0].nonzero().amax(0) - shapes[1, 0].nonzero().amin(0)
    assert (across, down) == (31, 31)
    assert places[1, 0].nonzero().amin(0).tolist() == [15, 15]
    assert (shapes[2].sum(), places[2].sum()) == (1, 1)  # a dot is a dot


def test_every_stroke_gets_a_part_and_legs_two_clusters() -> None:
    long = sketch_of(*([(i, 0), (i, 5)] for i in range(LONGEST + 5)), category="sun")
    long = long.replace(part=("ray",) * len(long))
    batch = packed([*drawn(2, category="4leg"), long])
    parts, clusters = Published(DOODLE7).label(batch, batch.part_S)
    assert len(parts) == len(clusters) == len(batch.stroke_len_S) - 5
    assert set(clusters.tolist()) == {0, 1, 2}
    assert int(torch.bincount(parts).sum()) == len(parts)
