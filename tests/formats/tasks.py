"""Sketches as tasks of Label Studio."""

import json
from pathlib import Path
from typing import Any

from instancesketch.core.sketch import Sketch
from instancesketch.formats import write

LEGS = Sketch.from_strokes(
    [[(0, 0), (10, 0)], [(2, 0), (2, 9)], [(8, 0), (8, 9)], [(5, 5)]],
    sketch_id="a/b",
    category="4leg",
    source="mine",
    part=("body", "front-leg", "front-leg", "unlabeled"),
    label=("body", "front-left-leg", "front-right-leg", "unlabeled"),
    instance=(None, 1, 2, None),
)
SCENE = LEGS.replace(category=None, object=(0, 0, 0, -1), object_category=("4leg", None))


def write_tasks(folder: Path, *drawings: Sketch, **options: Any) -> list[dict[str, Any]]:
    write(drawings, "labelstudio", str(folder), **options)
    return json.loads((folder / "tasks.json").read_text())
