import torch

from instancesketch.benchmarks.published import LONGEST, Published, draw_images
from tests.drawings import DOODLE7, drawn, packed, sketch_of


def test_images_show_a_stroke_scaled_to_fit_and_in_its_location() -> None:
    shapes, locations = draw_images(
        packed([sketch_of([(0, 0), (0, 100)], [(50, 50), (100, 100)], [(9, 9)])])
    )
    assert shapes.shape == locations.shape == (3, 1, 32, 32)
    across, down = shapes[1, 0].nonzero().amax(0) - shapes[1, 0].nonzero().amin(0)
    assert (across, down) == (31, 31)
    assert locations[1, 0].nonzero().amin(0).tolist() == [15, 15]
    assert (shapes[2].sum(), locations[2].sum()) == (1, 1)  # a dot has no size to scale


def test_published_path_labels_every_stroke_and_clusters_legs() -> None:
    long = sketch_of(*([(i, 0), (i, 5)] for i in range(LONGEST + 5)), category="sun")
    long = long.replace(part=("ray",) * len(long))
    batch = packed([*drawn(2, category="4leg"), long])
    parts, clusters = Published(DOODLE7).label(batch, batch.part_S)
    assert len(parts) == len(clusters) == len(batch.stroke_len_S) - 5
    assert set(clusters.tolist()) == {0, 1, 2}
    assert int(torch.bincount(parts).sum()) == len(parts)
