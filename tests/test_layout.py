"""The order of the package's folders, and where Ray, torch and Ultralytics may be imported."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "instancesketch"

# Each folder may import from itself and from those before it.
ORDER = [
    "core", "metrics", "render", "synth", "formats", "models", "inference", "training", "tracking",
    "report", "results", "batch", "serve", "distributed", "benchmarks", "cli",
]  # fmt: skip

# Methods of `Sketch` and `Sketches` that need more than arrays import inside the call; these are
# the only exceptions.
LATE_IMPORTS = {"core/sketch.py", "core/sketches.py"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_folder_has_too_many_modules() -> None:
    roots = {path.name for path in PACKAGE.glob("*.py")}
    assert len(roots) <= 4, roots
    for folder in {path.parent for path in PACKAGE.rglob("*.py")}:
        modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 18, f"{folder}: {modules}"


def test_imports_follow_the_order_of_folders() -> None:
    wrong = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        here = name.split("/")[0]
        if here not in ORDER or name in LATE_IMPORTS:
            continue
        for imported in imports(path):
            top, _, rest = imported.partition(".")
            there = rest.split(".")[0]
            late = there in ORDER and ORDER.index(there) > ORDER.index(here)
            ray = top == "ray" and here != "distributed"
            torch = top in ("torch", "torchvision") and ORDER.index(here) < ORDER.index("models")
            yolo = top == "ultralytics" and name != "models/yolo.py"
            if (top == "instancesketch" and late) or ray or torch or yolo:
                wrong.add(f"{name} {imported}")
    assert not wrong, sorted(wrong)
