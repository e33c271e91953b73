import pytest

from instancesketch.formats import Record, Rejection

WRAP = "<annotations><version>1.1</version><meta><x/></meta>{}</annotations>"
LINE = '<polyline label="{}" occluded="0" points="{}"{}/>'


def image(name: str, *lines: str, size: str = 'width="9" height="8"') -> str:
    return f'<image id="0" name="{name}" {size}>{"".join(lines)}</image>'


def leg(group: str = "") -> str:
    return LINE.format("front-paw", "0,0;1.5,-2e-1", group)


def read_xml(read_bytes, *images: str, **options):
    return read_bytes(WRAP.format("".join(images)).encode(), "4leg/a.xml", **options)


def test_an_image_becomes_a_sketch(read_bytes):
    (record,) = read_xml(
        read_bytes, image("dir/sub\\qd-1.v2.png", leg(' group_id="2"'), leg(), leg(' group_id="0"'))
    )
    sketch = record.sketch
    assert sketch.sketch_id == "qd-1.v2"
    assert (sketch.category, sketch.width, sketch.height) == ("4leg", 9, 8)
    assert sketch.part == sketch.label == ("front-leg",) * 3
    assert sketch.instance == (2, 0, 0)
    assert sketch.x.tolist()[:2] == [0, 1.5]


def test_labels_and_instances_are_null_where_no_stroke_has_them(read_bytes):
    (record,) = read_xml(read_bytes, image("a", '<polyline points="1,1"/>'))
    assert (record.sketch.label, record.sketch.instance) == (None, None)


def test_attributes_of_other_tags_are_ignored(read_bytes):
    tag = '<tag label="x"><attribute name="category">sun</attribute></tag>'
    (record,) = read_xml(read_bytes, image("a", leg(), tag))
    assert record.sketch.category == "4leg"


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (LINE.format("head", "1,1", ' group_id="-1"'), "group_id '-1'"),
        (LINE.format("head", "1,1", ' group_id="1_0"'), "group_id '1_0'"),
        (LINE.format("head", "1,1;", ""), "not x,y"),
        (LINE.format("head", "1,1;2", ""), "not x,y"),
        (LINE.format("head", "1,1;nan,2", ""), "not x,y"),
        (LINE.format("head", "1,1;1e,2", ""), "not all numbers"),
        (LINE.format("head", "", ""), "no points"),
        (LINE.format("hed", "1,1", ""), "unknown label 'hed'"),
        ("", "no strokes"),
        ('<polygon label="head" points="1,1;2,2;3,3"/>', "has a <polygon>"),
        ("<image/>", "an image within"),
    ],
)
def test_an_invalid_image_is_rejected_by_name_between_valid_ones(read_bytes, inside, reason):
    good, bad, last = (
        read_xml(
            read_bytes,
            image("g1.png", leg()),
            image("bad.png", leg(), inside),
            image("g2.png", leg()),
        )
        if inside
        else read_xml(read_bytes, image("g1.png", leg()), image("bad.png"), image("g2.png", leg()))
    )
    assert isinstance(good, Record)
    assert isinstance(last, Record)
    assert isinstance(bad, Rejection)
    assert bad.position == "image 2 'bad.png'"
    assert reason in bad.reason


@pytest.mark.parametrize("size", ['width="x"', 'width="-1"', 'width="nan"', 'height="1e400"'])
def test_invalid_sizes_are_rejected(read_bytes, size):
    (bad,) = read_xml(read_bytes, image("a", leg(), size=size))
    assert isinstance(bad, Rejection)


def test_an_oversized_image_is_rejected_between_others(read_bytes):
    large = image("l.png", *[leg()] * 200)
    first, bad, last = read_xml(
        read_bytes, image("a", leg()), large, image("b", leg()), max_record_bytes=5_000
    )
    assert "more than" in bad.reason
    assert "'l.png'" in bad.position
    assert (first.sketch.sketch_id, last.sketch.sketch_id) == ("a", "b")


def test_images_are_yielded_in_order_from_many_chunks(read_bytes):
    images = [image(f"x{i}", leg()) for i in range(2_000)]
    found = read_xml(read_bytes, *images)
    assert [r.sketch.sketch_id for r in found] == [f"x{i}" for i in range(2_000)]
