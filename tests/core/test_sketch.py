from instancesketch.core.sketch import Sketch


def test_take_keeps_the_labels_of_the_strokes() -> None:
    sketch = Sketch.from_strokes(
        [[(0, 0), (1, 0)], [(2, 2)], [(3, 3), (4, 4), (5, 5)]],
        sketch_id="s",
        part=("a", "b", "c"),
        instance=(1, None, 2),
        object=(0, -1, 1),
        object_category=("cat", None),
    )
    few = sketch.take([2, 0])
    assert [s.tolist() for s in few.to_strokes()] == [[[3, 3], [4, 4], [5, 5]], [[0, 0], [1, 0]]]
    assert (few.part, few.instance, few.object) == (("c", "a"), (2, 1), (1, 0))
    assert few.object_category == sketch.object_category
    assert sketch.take([0, 1, 2]) == sketch
