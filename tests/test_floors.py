"""A file imports only from its own floor or from below."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "instancesketch"

FLOORS = {
    1: {"errors", "sketch", "schema", "taxonomy", "metrics"},
    2: {"formats", "synth", "colours", "svg", "reasons", "report", "storage", "results", "stock",
        "notebook"},
    3: {"ragged", "batch", "augment", "exchange", "raster", "rows", "feeding", "classes", "models",
        "recipes", "precision", "scenes", "weights", "fit", "segmenter", "instances",
        "portable"},
    4: {
        "audit", "checkpoints", "cluster", "corpus", "costs", "detecting", "inference",
        "isolation", "joblog", "planning", "pools", "preview", "progress", "reading", "scene_steps",
        "settings", "showing", "slices", "speed", "staging", "street", "submitted", "synthesis",
        "streaming", "tracking", "training", "tuning", "worker",
    },
    5: {"cli", "__main__"},
}  # fmt: skip
FLOOR_OF = {name: floor for floor, names in FLOORS.items() for name in names}
FILES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def unit(path: Path) -> str:
    """The first name below the package: `formats` for formats/cvat.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(name: str) -> str | None:
    parts = name.split(".")
    if name == "instancesketch.__version__":  # stands in the package itself, which imports nothing
        return None
    return parts[1] if parts[0] == "instancesketch" and len(parts) > 1 else None


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    floor = FLOOR_OF.get(unit(path))
    assert floor is not None, f"{unit(path)} has no floor: give it one above"
    for name in imports(path):
        below = own(name)
        if below is not None:
            assert below != "benchmark", f"{path} imports the benchmark"
            assert FLOOR_OF[below] <= floor, f"{path} on floor {floor} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_what_each_floor_may_import(path: Path) -> None:
    floor, tops = FLOOR_OF[unit(path)], {name.split(".")[0] for name in imports(path)}
    assert floor >= 4 or "ray" not in tops, "Ray is for floors 4 and 5"
    assert floor >= 3 or "torch" not in tops, "torch is for floor 3 and above"
    assert "ultralytics" not in tops or (path.parent.name == "scenes" and "yolo" in path.name)


def test_every_unit_is_there() -> None:
    there = {unit(path) for path in FILES}
    assert set(FLOOR_OF) <= there, f"no such files: {set(FLOOR_OF) - there}"
