"""Labels the strokes of hand-drawn sketches: parts, instances, objects.

>>> from instancesketch import Segmenter, Sketch, Sketches
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instancesketch.core.sketch import Sketch
    from instancesketch.core.sketches import Sketches
    from instancesketch.inference.segmenter import Segmenter

__all__ = ["Segmenter", "Sketch", "Sketches", "__version__"]
__version__ = "0.1.0"

_FROM = {
    "Sketch": "core.sketch",
    "Sketches": "core.sketches",
    "Segmenter": "inference.segmenter",
}


def __getattr__(name: str) -> Any:
    """Imports a name when it is first asked for: the command line shall not wait for torch."""
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_FROM[name]}"), name)
