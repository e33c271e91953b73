"""Scenes as a data set of images and boxes, in the layout that Ultralytics reads.

    FOLDER/data.yaml
    FOLDER/images/train/ID.png    FOLDER/labels/train/ID.txt
    FOLDER/images/val/ID.png      FOLDER/labels/val/ID.txt

A line of a label file is an object: its class, the middle of its box, and the box's width and
height, as shares of the image's side. Classes are the taxonomy's categories in order, and one more
for everything else.
"""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from PIL import Image
from torch import Tensor

from instancesketch.core import storage
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference import letterbox
from instancesketch.inference.detector import class_names
from instancesketch.models import ragged
from instancesketch.models.packing import Batch, object_categories, pack_scenes

# Least width and height of a box, in pixels: those of a dot or a straight line have no area.
SMALLEST_BOX = 4.0
# Scenes drawn at once, each as an image in memory.
CHUNK = 64


def add(table: pa.Table, taxonomy: Taxonomy, folder: str, size: int = 640) -> int:
    """Write the scenes of a table whose strokes have object labels.

    Scenes of split `train` go to `train`, others to `val`. Files appear whole, and writing a scene
    again replaces its files by equal ones.

    Args:
        table: rows of a corpus.
        taxonomy: gives the objects their classes.
        folder: the data set; local, or whatever pyarrow's filesystems take.
        size: width and height of the images, in pixels.

    Returns:
        The number of scenes written.
    """
    table = table.filter(table["object"].is_valid())
    for start in range(0, len(table), CHUNK):
        piece = table.slice(start, CHUNK)
        batch = pack_scenes(piece, taxonomy)
        box = letterbox.letterbox(batch, size)
        pixels_N = (letterbox.draw(batch, box)[:, 0] * 255).byte().numpy()
        lines = _label_lines(piece, batch, box, taxonomy)
        ids, splits = piece["sketch_id"].to_pylist(), piece["split"].to_pylist()
        for sketch_id, split, pixels, text in zip(ids, splits, pixels_N, lines, strict=True):
            role, name = "train" if split == "train" else "val", file_name(sketch_id)
            # The image last: readers list images, and then open the labels of each.
            storage.write_text(storage.join(folder, "labels", role, f"{name}.txt"), text)
            _write_image(storage.join(folder, "images", role, f"{name}.png"), pixels)
    return len(table)


def describe(folder: str, taxonomy: Taxonomy) -> None:
    """Write `data.yaml`, by which Ultralytics finds the images and classes of a data set."""
    # A mapping in JSON is one in YAML, whatever signs are in a name.
    names = "".join(f"  {i}: {json.dumps(n)}\n" for i, n in enumerate(class_names(taxonomy)))
    text = f"train: images/train\nval: images/val\nchannels: 1\nnames:\n{names}"
    storage.write_text(storage.join(folder, "data.yaml"), text)


def file_name(sketch_id: str) -> str:
    """Return a file name without extension for any id: the id itself where it can be one."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", sketch_id):
        return sketch_id
    readable = re.sub(r"[^A-Za-z0-9-]+", "-", sketch_id)[:40].strip("-")
    # Two ids that differ in other characters alone must not share a file.
    digest = hashlib.blake2b(sketch_id.encode("utf-8", "surrogatepass"), digest_size=12)
    return f"{readable or 'scene'}-{digest.hexdigest()}"


def objects(table: pa.Table, batch: Batch, taxonomy: Taxonomy) -> tuple[Tensor, Tensor, Tensor]:
    """Return the boxes of objects with at least one stroke, those of all scenes end to end.

    Args:
        table: scenes whose strokes have object labels.
        batch: the same, by `pack_scenes`.
        taxonomy: gives the objects their classes.

    Returns:
        Corners (B, 4) in the scenes' unit: left, top, right, bottom; the class (B,) of each object,
        an index into `class_names`; and the number (B,) of its scene.
    """
    kind_M, objects_N = object_categories(table, taxonomy)
    object_S = batch.instance_S - 1 + ragged.starts(objects_N)[batch.sketch_of_S]
    some_P = (batch.instance_S > 0)[batch.stroke_of_P]
    object_P = object_S[batch.stroke_of_P][some_P]
    low_M2, high_M2 = ragged.box(batch.points_P2[some_P], object_P, len(kind_M))
    used_B = object_P.unique()  # sorted
    corners_B4 = torch.cat([low_M2, high_M2], dim=1)[used_B]
    return corners_B4, kind_M[used_B], ragged.owners(objects_N)[used_B]


def _write_image(location: str, pixels: npt.NDArray[np.uint8]) -> None:
    image = Image.fromarray(pixels)
    storage.write_atomically(location, lambda path: image.save(path, "png"))


def _label_lines(
    table: pa.Table, batch: Batch, box: letterbox.Letterbox, taxonomy: Taxonomy
) -> list[str]:
    """Return the text of each scene's label file."""
    corners_B4, class_B, scene_B = objects(table, batch, taxonomy)
    left_top_B2, right_bottom_B2 = box.boxes_to_image(corners_B4, scene_B).split(2, dim=1)
    middle_B2 = (left_top_B2 + right_bottom_B2) / 2
    side_B2 = (right_bottom_B2 - left_top_B2).clamp(min=SMALLEST_BOX)
    shares_B4 = (torch.cat([middle_B2, side_B2], 1) / box.size).tolist()
    texts = [""] * len(batch)
    for scene, kind, shares in zip(scene_B.tolist(), class_B.tolist(), shares_B4, strict=True):
        texts[scene] += " ".join([str(kind), *(f"{s:.6f}" for s in shares)]) + "\n"
    return texts
