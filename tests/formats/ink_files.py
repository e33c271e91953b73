"""Files of drawing programs, made from known points in the shape of named versions of them."""

import base64
import gzip
import io
import json
import zipfile
from typing import Any

import numpy as np

Line = list[tuple[float, float]]

WAVE: Line = [(0, 0), (10, 5), (20, -5), (30, 0)]
HOOK: Line = [(0, 0), (0, 40), (15, 55)]


def element(kind: str, x: float = 0, y: float = 0, **fields: Any) -> dict[str, Any]:
    """Return an element of Excalidraw 0.18."""
    points = fields.get("points", [(0, 0)])
    size = np.ptp(np.array(points, float), axis=0)
    return {
        "id": "e1",
        "type": kind,
        "x": x,
        "y": y,
        "width": float(size[0]),
        "height": float(size[1]),
        "angle": 0,
        "strokeColor": "#1e1e1e",
        "backgroundColor": "transparent",
        "fillStyle": "solid",
        "strokeWidth": 2,
        "strokeStyle": "solid",
        "roughness": 1,
        "opacity": 100,
        "groupIds": [],
        "frameId": None,
        "index": "a0",
        "roundness": None,
        "seed": 1,
        "version": 4,
        "versionNonce": 5,
        "isDeleted": False,
        "boundElements": None,
        "updated": 1,
        "link": None,
        "locked": False,
        **fields,
    }


def freedraw(points: Line, x: float, y: float, **fields: Any) -> dict[str, Any]:
    more = {"pressures": [], "simulatePressure": True, "lastCommittedPoint": points[-1]}
    return element("freedraw", x, y, points=points, **more, **fields)


def excalidraw(*elements: dict[str, Any], **fields: Any) -> bytes:
    data = {"type": "excalidraw", "version": 2, "source": "https://excalidraw.com"} | fields
    data |= {"elements": elements, "appState": {"gridSize": 20}, "files": {}}
    return json.dumps(data, indent=2).encode()


def shape(kind: str, x: float = 0, y: float = 0, **fields: Any) -> dict[str, Any]:
    """Return a shape of tldraw."""
    props = fields.pop("props", {})
    return {
        "x": x,
        "y": y,
        "rotation": 0,
        "isLocked": False,
        "opacity": 1,
        "meta": {},
        "id": f"shape:{x}-{y}-{kind}",
        "type": kind,
        "parentId": "page:page",
        "index": "a1",
        "typeName": "shape",
        "props": {"color": "black", "dash": "draw", "size": "m", "scale": 1, **props},
        **fields,
    }


def draw_shape(points: Line, x: float, y: float, how: str, **fields: Any) -> dict[str, Any]:
    """Return a freehand shape as version 2 (`list`) or 4.3 (`path`, `flat path`) writes it."""
    segment: dict[str, Any] = {"type": "free"}
    if how == "list":
        segment["points"] = [{"x": px, "y": py, "z": 0.5} for px, py in points]
    elif how == "packed list":
        columns = [[px, py, 0.5] for px, py in points]
        segment["points"] = base64.b64encode(np.array(columns, "<f2").tobytes()).decode()
    else:
        flat = how == "flat path"
        rows = np.array([[px, py] if flat else [px, py, 0.5] for px, py in points])
        data = rows[0].astype("<f4").tobytes() + np.diff(rows, axis=0).astype("<f2").tobytes()
        segment["path"] = base64.b64encode(data).decode()
        segment |= {"dim": 2} if flat else {}
    props = {"segments": [segment], "isComplete": True, "isClosed": False, "isPen": False}
    return shape("draw", x, y, props=props | fields.pop("props", {}), **fields)


def page(number: int = 0) -> dict[str, Any]:
    name = f"page:page{number or ''}"
    return {"id": name, "name": "Page", "index": f"a{number}", "meta": {}, "typeName": "page"}


def tldraw(*records: dict[str, Any]) -> bytes:
    known = any(r["typeName"] == "page" for r in records)
    all_records = [{"typeName": "document", "id": "document:document"}, *records]
    data = {
        "tldrawFileFormatVersion": 1,
        "schema": {"schemaVersion": 2, "sequences": {"com.tldraw.store": 4}},
        "records": all_records if known else [*all_records, page()],
    }
    return json.dumps(data).encode()


def trace(points: Line, more: str = "") -> str:
    return f"<trace {more}>{', '.join(f'{x:g} {y:g}' for x, y in points)}</trace>"


def inkml(*inside: str) -> bytes:
    text = f'<ink xmlns="http://www.w3.org/2003/InkML">{"".join(inside)}</ink>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def pen_stroke(points: Line, tool: str = "pen") -> str:
    text = " ".join(f"{x:.8f} {y:.8f}" for x, y in points)
    return f'<stroke tool="{tool}" ts="0" fn="" color="#000000ff" width="1.41 1.2">{text}</stroke>'


def xopp(*pages: str, packed: bool = True) -> bytes:
    """Return a file of Xournal++ 1.2, with pages of A4 in points."""
    head = '<background type="solid" color="#ffffffff" style="graph"/>'
    sheets = "".join(
        f'<page width="595.27559100" height="841.88976400">{head}{p}</page>' for p in pages
    )
    text = f"""<?xml version="1.0" standalone="no"?>
<xournal creator="xournalpp 1.2.4" fileversion="4">
<title>Xournal++ document</title><preview>iVBORw0KGgo=</preview>{sheets}</xournal>"""
    return gzip.compress(text.encode(), mtime=0) if packed else text.encode()


def pack(name: str, data: bytes) -> bytes:
    """Return a zip of one file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


CVAT = b"""<annotations><meta><task><id>1</id><name>t</name></task></meta>
<image id="0" name="sun/a.png"
 task_id="1" subset="Train"><tag label="sun"></tag><polyline label="ray" points="0,0;4,4"/></image>
<track id="0" label="ray"><polyline frame="0" keyframe="1" outside="0" points="1,1;2,2"/></track>
</annotations>"""
VECTOR = {
    "type": "vectorlabels",
    "original_width": 9,
    "original_height": 9,
    "value": {"vertices": [{"id": "a", "x": 1, "y": 2}, {"id": "b", "x": 3, "y": 4}]},
}

SAMPLES = {
    "cvat": CVAT,
    "cvat-zip": pack("annotations.xml", CVAT),
    "labelstudio": json.dumps(
        [{"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": [VECTOR]}]}]
    ).encode(),
    "quickdraw-json": json.dumps(
        [{"key_id": "1", "word": "sun", "drawing": [[[1, 2], [3, 4]]]}] * 2, indent=1
    ).encode(),
    "kaggle": b'key_id,drawing,word\n1,"[[[1, 2], [3, 4]]]",sun\n2,"[[[1], [3]]]",sun\n',
    "npz": npy(np.array([[1, 2, 1, 0, 0], [3, 4, 0, 1, 0], [0, 0, 0, 0, 1]])),
    "excalidraw": excalidraw(freedraw(WAVE, 5, 5), element("ellipse", width=20, height=10)),
    "tldraw": tldraw(draw_shape(WAVE, 1, 2, "path"), shape("geo", props={"w": 3, "h": 4})),
    "inkml": inkml(trace(WAVE), trace(HOOK)),
    "xournal": xopp(f"<layer>{pen_stroke(WAVE)}</layer>", packed=False),
}
