import io
import zipfile
from collections.abc import Mapping

import pytest

from instancesketch.formats import Record, Rejection

WRAP = "<annotations><version>1.1</version><meta><x/></meta>{}</annotations>"
LINE = '<polyline label="{}" occluded="0" points="{}"{}/>'


def image(name: str, *lines: str, size: str = 'width="9" height="8"') -> str:
    return f'<image id="0" name="{name}" {size}>{"".join(lines)}</image>'


def leg(group: str = "") -> str:
    return LINE.format("front-paw", "0,0;1.5,-2e-1", group)


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def read_xml(read_bytes, *images: str, **options):
    return read_bytes(WRAP.format("".join(images)).encode(), "4leg/a.xml", **options)


def test_an_image_becomes_a_sketch(read_bytes):
    (record,) = read_xml(
        read_bytes, image("dir/sub\\qd-1.v2.png", leg(' group_id="2"'), leg(), leg(' group_id="0"'))
    )
    sketch = record.sketch
    assert sketch.sketch_id == "dir/sub/qd-1.v2"
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


PROJECT = """<annotations><version>1.1</version><meta><project><id>5</id><name>all</name><tasks>
<task><id>3</id><name>one</name><owner><username>x</username></owner></task>
<task><id>4</id><name>two</name><labels><label><name>leg</name></label></labels></task>
<task><id>6</id><name>two</name></task></tasks></project></meta>{}</annotations>"""


def test_images_of_a_project_have_the_names_of_their_tasks(read_bytes):
    places = [("3", "Train"), ("4", "Validation"), ("6", "test"), ("9", "Other")]
    images = [
        image("a.png", leg(), size=f'task_id="{task}" subset="{subset}"') for task, subset in places
    ]
    images.append(image("a.PNG", leg(), size='task_id="3" subset="Train"'))
    found = read_bytes(PROJECT.format("".join(images)).encode(), "4leg/a.xml")
    assert [(r.sketch.sketch_id, r.sketch.split) for r in found] == [
        ("one/a", "train"),
        ("two-4/a", "valid"),
        ("two-6/a", "test"),
        ("9/a", None),
        ("one/a.PNG", "train"),
    ]


def test_an_image_is_of_the_category_of_its_tag_or_its_folder(read_bytes):
    line, ray = LINE.format("body", "0,0;1,1", ""), LINE.format("ray", "0,0;1,1", "")
    found = read_bytes(
        WRAP.format(
            image("cloud/1.png", line)
            + image("wet\\cloud\\deep\\1.png", line)
            + image(
                "2.png", ray, '<tag label="blurry"/>', '<tag label="sun" source="manual"></tag>'
            )
            + image("cloud/2.png", ray, '<tag label="sun"></tag>')
        ).encode(),
        "4leg/a.xml",
    )
    assert [(r.sketch.sketch_id, r.sketch.category) for r in found] == [
        ("cloud/1", "cloud"),
        ("wet/cloud/deep/1", "cloud"),
        ("2", "sun"),
        ("cloud/2", "sun"),
    ]


def shape(frame: int, points: str, more: str = "", name: str = "polyline") -> str:
    return f'<{name} frame="{frame}" points="{points}" {more}></{name}>'


VIDEO = """<annotations><version>1.1</version><meta><task><id>1</id><name>v</name><original_size>
<width>90</width><height>80</height></original_size></task></meta>{}</annotations>"""


def test_frames_of_a_video_that_somebody_drew_are_drawings(read_bytes):
    body = "".join(
        [
            shape(0, "0,0;1,1", 'keyframe="1" outside="0"'),
            shape(1, "1,1;2,2", 'keyframe="0" outside="0"'),
            shape(2, "2,2;3,3", 'keyframe="1" outside="0"'),
            shape(3, "9,9;9,9", 'keyframe="1" outside="1"'),
        ]
    )
    head = shape(2, "5,5;6,6", 'keyframe="1"') + shape(4, "7,7;8,8", 'keyframe="1"')
    tracks = (
        f'<track id="0" label="body">{body}</track>'
        f'<track id="1" label="front-paw" group_id="2">{head}</track>'
    )
    found = read_bytes(VIDEO.format(tracks).encode(), "4leg/job.xml")
    assert [(r.sketch.sketch_id, r.sketch.label, r.sketch.x.tolist()) for r in found] == [
        ("job/frame_000000", ("body",), [0, 1]),
        ("job/frame_000002", ("body", "front-leg"), [2, 3, 5, 6]),
        ("job/frame_000004", ("front-leg",), [7, 8]),
    ]
    assert [(r.sketch.width, r.sketch.instance) for r in found] == [
        (90, None),
        (90, (None, 2)),
        (90, (2,)),
    ]
    assert [dict(r.left_out) for r in found] == [{"frame between two keyframes": 1}, {}, {}]


def test_a_frame_with_another_shape_is_rejected_by_its_number(read_bytes):
    tracks = (
        f'<track id="0" label="body">{shape(1, "0,0;1,1")}{shape(2, "0,0;1,1")}</track>'
        f'<track id="1" label="tail">{shape(2, "0,0", name="box")}</track>'
    )
    good, bad = read_bytes(VIDEO.format(tracks).encode(), "4leg/job.xml")
    assert good.sketch.sketch_id == "job/frame_000001"
    assert (bad.position, bad.reason) == (
        "frame 2",
        "the frame has a <box>; only polylines are strokes",
    )


def test_a_frame_without_a_number_is_rejected(read_bytes):
    tracks = f'<track id="0" label="body">{shape(1, "0,0;1,1").replace("1", "one", 1)}</track>'
    (bad,) = read_bytes(VIDEO.format(tracks).encode(), "4leg/job.xml")
    assert "frame 'one' of a track" in bad.reason


def test_the_zip_of_an_export_is_read_as_the_xml_within(read_bytes):
    xml = WRAP.format(image("a.png", leg()) + image("b.png", leg())).encode()
    found = read_bytes(pack({"annotations.xml": xml, "images/a.png": b"\x89PNG"}), "4leg/e.zip")
    assert [r.sketch.sketch_id for r in found] == ["a", "b"]
    two = pack({"one/annotations.xml": xml, "two/annotations.xml": b"<annotations>"})
    *good, bad = read_bytes(two, "4leg/two.zip")
    assert [r.sketch.sketch_id for r in good] == ["a", "b"]
    assert bad.position.startswith("two/annotations.xml")


def bomb() -> bytes:
    # Spaces between the images cost nothing to read, and have no end.
    return pack({"annotations.xml": b"<annotations>" + b" " * (64 << 20) + b"</annotations>"})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bomb(), "a zip bomb"),
        (pack({"../annotations.xml": b"<annotations/>"}), "lies outside of it"),
        (pack({"annotations.xml": b"<annotations/>", "a/../../b.png": b""}), "lies outside of it"),
        (pack({"C:\\annotations.xml": b"<annotations/>"}), "lies outside of it"),
        (pack({"annotations.xml": b"<annotations/>", "/etc/x": b""}), "lies outside of it"),
        (pack({"images/a.png": b"x"}), "a zip without annotations.xml"),
        (pack({"annotations.xml": b"<annotation/>"}), "not CVAT: its root is <annotation>"),
        (pack({"annotations.xml": b"<annotations/>" * 99})[:-40], "not a zip"),
        (b"PK\3\4" + bytes(99), "not a zip"),
    ],
)
def test_hostile_and_other_zips_are_rejected_once(read_bytes, data, reason):
    (bad,) = read_bytes(data, "export.zip", max_record_bytes=1 << 20)
    assert reason in bad.reason
    assert not isinstance(bad, Record)


def test_a_damaged_member_is_rejected(read_bytes):
    xml = WRAP.format("".join(image(f"{i}.png", leg()) for i in range(99))).encode()
    data = bytearray(pack({"annotations.xml": xml}))
    data[60:70] = bytes(10)
    *_, bad = read_bytes(bytes(data), "export.zip")
    assert isinstance(bad, Rejection)
