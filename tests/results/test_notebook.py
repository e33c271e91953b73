"""Pictures of sketches in notebooks."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from instancesketch import Segmenter, Sketch, Sketches
from instancesketch.core.stroke_labels import Piece
from instancesketch.render.colours import GREY
from tests.drawings import composed, drawn


def parse(html: str) -> ET.Element:
    """Return the root of a fragment, which must be well-formed."""
    return ET.fromstring(html)


def test_result_is_shown_by_part_and_instance_with_a_legend() -> None:
    result = Segmenter.load("doodle7")(drawn(1, category="sun")[0])
    html = result._repr_html_()
    assert len(parse(html).findall(".//figure")) == 2
    text = re.sub(r"\s+", " ", " ".join(parse(html).itertext()))
    for part in set(result.part or ()):
        strokes = (result.part or ()).count(part)
        assert f"{part} {strokes} stroke" in text
    assert f"{len({i for i in result.instance or () if i})} instance" in text
    assert ET.fromstring(result._repr_svg_()).tag.endswith("svg")


def test_many_sketches_are_shown_side_by_side() -> None:
    html = Sketches(drawn(70))._repr_html_()
    assert len(parse(html).findall(".//figure")) == 60
    assert "and 10 more" in html


def test_parts_of_pieces_alone_are_in_the_legend() -> None:
    pieces = ((Piece(0, "body", 0.9), Piece(1, "tail", 0.8)),)
    line = [(0, 0), (9, 0), (9, 9)]
    dog = Sketch.from_strokes([line], part=("body",), part_score=(0.5,), pieces=pieces)
    for html in (dog._repr_html_(), Sketches([dog])._repr_html_()):
        text = re.sub(r"\s+", " ", " ".join(parse(html).itertext()))
        assert "body 1 stroke, 1 piece, 50 %" in text
        assert "tail 1 piece" in text
        assert GREY not in html


def test_scene_is_shown_by_object_first() -> None:
    scene = composed(1)[0]
    captions = [f.text for f in parse(scene._repr_html_()).findall(".//figcaption")]
    assert captions[0] == "object"


@pytest.mark.parametrize("hostile", ['</svg><script>alert("1")</script>&'])
def test_hostile_names_are_escaped(hostile) -> None:
    words = {"sketch_id": hostile, "category": hostile, "error": hostile}
    sketch = Sketch.from_strokes([[(0, 0), (1, 1)]], part=(hostile,), label=(hostile,), **words)
    for html in (sketch._repr_html_(), Sketches([sketch])._repr_html_()):
        assert "<script" not in html
        parse(html)
    bare = Sketch.from_strokes([[(0, 0), (1, 1)]], sketch_id=hostile)
    assert "<script" not in bare._repr_html_()
    assert np.isfinite(bare.x).all()


def test_second_guesses_and_drawings_of_nothing_known_are_named() -> None:
    guess = {"category_score": 0.6, "category_2": "car", "category_2_score": 0.3}
    sun = drawn(1, category="sun")[0].replace(**guess)
    bare = {"part": None, "label": None, "instance": None}
    other = sun.replace(category="other", **bare)
    for sketch, expected in (
        (sun, "sun 60 %, or car 30 %"),
        (other, "nothing it knows 60 %, nearest: car 30 %"),
    ):
        text = "".join(parse(sketch._repr_html_()).itertext()).replace("\u00a0", " ")
        assert expected in text
    several = parse(Sketches([sun, other])._repr_html_())
    captions = [f.text for f in several.findall(".//figcaption")]
    assert captions == ["sun", "nothing it knows"]
