"""A folder of broken files and good ones, for the tests of reading."""

import gzip
import json
import pickle
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4]]
COLUMNS = [[0, 4, 4, 0], [0, 0, 4, 4]]
ENTITY = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">{ENTITY}]>'
POLYLINE = '<polyline label="trunk" occluded="0" points="0,0;4,4"{}/>'


TASK = {"sketch_id": "t", "category": "sun", "drawing": [COLUMNS]}
BOX = {"type": "rectanglelabels", "value": {"x": 1, "y": 1, "width": 9, "height": 9}}


class Broken(NamedTuple):
    """The expected contents of the folder."""

    reasons: dict[str, str]  # file -> part of the reason of each of its rejections
    good: int  # readable drawings, including those of duplicate ids
    clashes: int  # number of those whose id another drawing has


def write_broken(folder: Path, big: bool) -> Broken:
    """Write the files; `big` adds those of 100 MB and more."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "directory.json").mkdir()
    (folder / "notes.md").write_text("# what a dataset has beside its drawings")
    reasons = _json_files(folder) | _ndjson_files(folder) | _xml_files(folder)
    reasons |= _binary_files(folder)
    if big:
        reasons |= _big_files(folder)
    return Broken(reasons, _good_files(folder) + GOOD_AROUND + (2 if big else 0), 1)


def drawing(key: str, **fields: object) -> str:
    """Return a valid line of Quick, Draw! ndjson, with `fields` added or replaced."""
    return json.dumps({"key_id": key, "word": "sun", "drawing": [COLUMNS]} | fields)


def published(**fields: object) -> dict[str, object]:
    """Return valid published JSON, with `fields` added or replaced."""
    return {"lines": [SQUARE, SQUARE], "segments": [["frame"], ["wheel"]], "category": "car"} | (
        fields
    )


def _json_files(folder: Path) -> dict[str, str]:
    texts = {
        "truncated.json": (json.dumps(published())[:-30], "not JSON"),
        "nan.json": (
            json.dumps(published(lines=[[[0, float("nan")]]])),
            "NaN is not a JSON number",
        ),
        "infinite.json": ('{"lines": [[[0, 1e999]]]}', "not a finite number"),
        "enormous.json": (f'{{"lines": [[[0, 1{"0" * 400}]]]}}', "an enormous number"),
        "digits.json": (f'{{"lines": [[[0, 1{"0" * 5000}]]]}}', "thousands of digits"),
        "far.json": ('{"lines": [[[0, 1e30]]]}', "beyond 1e+07"),
        "empty_stroke.json": (json.dumps(published(lines=[SQUARE, []])), "has no points"),
        "no_strokes.json": ('{"lines": []}', "no strokes"),
        "triples.json": ('{"lines": [[[1, 2, 3]]]}', "not a list of x and y"),
        "segments.json": (json.dumps(published(segments=[["frame"]])), "label has 1 entries"),
        "labels.json": (
            json.dumps(published(segments=[["frame"], ["weel"]])),
            "unknown label 'weel' for car of doodle7; nearest: wheel",
        ),
        "no_category.json": (
            json.dumps(published(category="teapot")),
            "category 'teapot' is not one of doodle7",
        ),
        "instances.json": (json.dumps(published(instances=[None, -1])), "instance holds -1"),
        "twice.json": ('{"lines": [[[0, 0]]], "lines": [[[1, 1]]]}', "'lines' is there twice"),
        "half.json": ('{"lines": [[[0, 0]]], "key_id": "\\ud800"}', "half a character"),
        "deep.json": ('{"lines": ' + "[" * 100_000, "nested too deeply"),
        "other.json": ('{"learning_rate": 0.1}', "no field 'lines'"),
        "list.json": ("[1, 2, 3]", "a list in place of an object"),
        "true.json": ('{"lines": [[[true, false]]]}', "true or false, not a number"),
        "empty.json": ("", "empty"),
        "task.json": ('[{"data": {"image": "a.png"}, "annotations": []}]', "data has no drawing"),
        "tasks.json": ('[{"data": {}, "annotations": []}, ', "not JSON"),
        "region.json": (
            json.dumps([{"data": TASK, "predictions": [{"result": [BOX]}]}]),
            "a region of type 'rectanglelabels' is not a stroke",
        ),
    }
    for name, (text, _) in texts.items():
        (folder / name).write_text(text)
    (folder / "latin.json").write_bytes(b'{"lines": [[[0, 0]]], "word": "caf\xe9"}')
    (folder / "nul.json").write_bytes(b'{"lines": [[[0,\x00 0]]]}')
    more = {"latin.json": "not UTF-8 at byte", "nul.json": "not JSON"}
    return {name: reason for name, (_, reason) in texts.items()} | more


# Valid drawings in `_ndjson_files` (two around each broken line) and `_xml_files` (one in three).
GOOD_AROUND = 2 * 9 + 3


def _ndjson_files(folder: Path) -> dict[str, str]:
    lines = {
        "cut.ndjson": (drawing("x")[:-9], "not JSON"),
        "lengths.ndjson": (
            drawing("x", drawing=[[[1, 2], [1]]]),
            "lists of unequal length: [2, 1]",
        ),
        "one_list.ndjson": (drawing("x", drawing=[[[1, 2]]]), "has 1 lists"),
        "types.ndjson": (drawing("x", drawing={"x": 1}), "drawing is an object, not a list"),
        "text.ndjson": (drawing("x", drawing=[[["1"], [2]]]), "a string, not a number"),
        "no_id.ndjson": ('{"word": "sun", "drawing": [[[1], [2]]]}', "no key_id"),
        "word.ndjson": (drawing("x", word=["sun"]), "word is a list, not a string"),
        "object.ndjson": (
            drawing("x", object=[3], object_category=["sun"]),
            "object 3 is not among the 1 objects",
        ),
        "surrogate.ndjson": (drawing("\ud800"), "half a character"),
    }
    for name, (line, _) in lines.items():
        stem = Path(name).stem
        text = "\n".join([drawing(f"{stem}-1"), line, "", drawing(f"{stem}-2")])
        (folder / name).write_text(text + "\n")
    spg = {"key_id": "1", "drawing": [[[0, 1], [0, 1], [9, 9]]]}
    (folder / "ant_train.ndjson").write_text(json.dumps(spg) + "\n")
    (folder / "ant.txt").write_text("tentacle\neye,mouth\nhead\nbody\nlegs\n")
    (folder / "lost_train.ndjson").write_text(json.dumps(spg) + "\n")
    (folder / "zipped.ndjson").write_bytes(gzip.compress(drawing("z").encode()))
    (folder / "empty.ndjson").write_text("\n\n")
    return {name: reason for name, (_, reason) in lines.items()} | {
        "ant_train.ndjson": "has part 9; the .txt names 5",
        "lost_train.ndjson": "no lost.txt beside it",
        "zipped.ndjson": "gzip",
        "empty.ndjson": "empty",
    }


def _xml_files(folder: Path) -> dict[str, str]:
    def image(name: str, inside: str) -> str:
        return f'<image id="0" name="{name}.png" width="4" height="4">{inside}</image>'

    good = POLYLINE.format("")
    wrap = "<annotations><version>1.1</version>{}</annotations>".format
    texts = {
        "laughs.xml": (LAUGHS + wrap(image("&l9;", good)), "document type or entities"),
        "outside.xml": (
            '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + wrap("&e;"),
            "document type or entities",
        ),
        "cut.xml": (wrap(image("tree/c1", good) + image("c2", good))[:-60], "not well-formed"),
        "box.xml": (
            wrap(image("b1", good + '<box label="x" xtl="1"/>') + image("b2", good)),
            "only polylines are strokes",
        ),
        "group.xml": (
            wrap(image("g1", POLYLINE.format(' group_id="-2"')) + image("g2", good)),
            "group_id '-2'",
        ),
        "points.xml": (wrap(image("p", good.replace("4,4", "4"))), "are not x,y;x,y"),
        "infinite.xml": (wrap(image("i", good.replace("4,4", "4,1e999"))), "not a finite number"),
        "video.xml": (wrap('<track id="0" label="a"></track>'), "no <image>"),
        "no_image.xml": (wrap(""), "no <image>"),
        "deep.xml": ("<annotations>" + "<a>" * 5_000, "nested more than"),
        "page.xml": ("<html><body/></html>", "no format"),
        "laughs.svg": (LAUGHS + '<svg xmlns="http://www.w3.org/2000/svg">&l9;</svg>', "entities"),
        "blank.svg": ('<svg xmlns="http://www.w3.org/2000/svg"/>', "no strokes"),
        "loop.svg": (
            '<svg xmlns="http://www.w3.org/2000/svg"><g id="a"><use href="#a"/></g></svg>',
            "contains itself",
        ),
        "use.svg": (_use_bomb(), "SVG elements"),
        "cut.svg": ('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0', "not well-formed"),
    }
    tree = folder / "tree"  # its name is read as the category
    tree.mkdir()
    for name, (text, _) in texts.items():
        (tree / name).write_text(text)
    return {f"tree/{name}": reason for name, (_, reason) in texts.items()}


def _use_bomb() -> str:
    groups = "".join(
        f'<g id="g{i}">{f"""<use href="#g{i - 1}"/>""" * 10}</g>' for i in range(1, 10)
    )
    path = '<path id="g0" d="M0 0L1 1" stroke="red"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg">{path}{groups}</svg>'


class _Payload:
    def __reduce__(self):
        return exec, ("import sys; sys.instancesketch_was_here = True",)


def _binary_files(folder: Path) -> dict[str, str]:
    np.savez(folder / "pickle.npz", train=np.array([_Payload()], object))
    (folder / "bare.npz").write_bytes(pickle.dumps([np.zeros((2, 3))]))
    np.savez(folder / "shape.npz", train=np.zeros((2, 4)))
    pq.write_table(pa.table({"a": [1]}), folder / "columns.parquet")
    whole = (folder / "columns.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[:-20])
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return {
        "pickle.npz": "builtins.exec, which is not a numeric array",
        "bare.npz": "not an npz file",
        "shape.npz": "not stroke-3",
        "columns.parquet": "not a corpus",
        "cut.parquet": "",
        "photo.png": "with --trace",
    }


def _big_files(folder: Path) -> dict[str, str]:
    with open(folder / "long.ndjson", "w") as file:
        file.write(drawing("long-1") + "\n")
        file.write('{"key_id": "long", "word": "sun", "drawing": [[[')
        for _ in range(100):
            file.write("1," * (1 << 19))
        file.write("1]]]}\n" + drawing("long-2") + "\n")
    with (
        zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("train.npy", "w") as member,
    ):
        for _ in range(600):
            member.write(bytes(1 << 20))
    with open(folder / "long.xml", "w") as file:
        file.write('<annotations><image id="0" name="l.png"><polyline label="trunk" points="')
        for _ in range(100):
            file.write("1,1;" * (1 << 18))
        file.write('1,1"/></image></annotations>')
    return {"long.ndjson": "MB of a record", "bomb.npz": "MB of a record", "long.xml": "MB"}


def _good_files(folder: Path) -> int:
    (folder / "good.json").write_text(json.dumps(published()))
    (folder / "good.ndjson").write_text(drawing("cut-1") + "\n" + drawing("good-2") + "\n")
    steps = np.array([[1, 2, 0], [3, 4, 1], [5, 6, 1]], np.int16)
    arrays = np.empty(2, object)
    arrays[:] = [steps, steps]
    np.savez(folder / "good.npz", train=arrays, test=arrays[:1])
    return 1 + 2 + 3
