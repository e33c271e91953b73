"""Label the strokes of hand-drawn sketches: parts, instances, objects.

>>> from instancesketch import Segmenter, Sketch, Sketches
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instancesketch.core.sketch import Sketch
    from instancesketch.core.sketches import Sketches
    from instancesketch.inference.segmenter import Segmenter

__all__ = ["Segmenter", "Sketch", "Sketches", "__version__"]
__version__ = "0.1.0"

_MODULES = {
    "Sketch": "core.sketch",
    "Sketches": "core.sketches",
    "Segmenter": "inference.segmenter",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    # Not on import of the package: the command line would wait for torch.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
