"""Names of strokes for people."""

from instancesketch.core.sketch import Sketch
from instancesketch.render.titles import stroke_title

LINE = [(0, 0), (1, 1)]


def titles(**labels) -> list[str]:
    sketch = Sketch.from_strokes([LINE] * len(labels["part"]), **labels)
    return [stroke_title(sketch, i) for i in range(len(sketch))]


def test_a_number_is_left_out_where_the_side_says_which_it_is() -> None:
    part = ("wheel", "wheel", "front-leg", "front-leg", "body")
    label = ("wheel", "wheel", "front-left-leg", "front-left-leg", "body")
    named = titles(part=part, label=label, instance=(1, 2, 1, 1, None))
    assert named == ["wheel 1", "wheel 2", "front left leg", "front left leg", "body"]
    # Two left legs, as a person may have labelled them, are told apart.
    named = titles(part=part, label=label, instance=(1, 0, 1, 2, None))
    assert named == ["wheel 1", "wheel", "front left leg 1", "front left leg 2", "body"]


def test_left_legs_of_two_animals_are_each_the_only_one() -> None:
    values = {"part": ("leg",) * 2, "label": ("left-leg",) * 2, "instance": (1, 2)}
    assert titles(**values, object=(0, 1), object_category=("4leg",) * 2) == ["left leg"] * 2


def test_strokes_without_a_label_have_no_name() -> None:
    sketch = Sketch.from_strokes([LINE])
    assert stroke_title(sketch, 0) == ""
