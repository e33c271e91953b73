"""Detectors by Ultralytics: their layers, and how its library is imported.

The library (AGPL-3.0, the extra `yolo`) is imported here and in `yolo_training` and nowhere else,
and not before it is used. Nothing is downloaded, installed or sent, and nothing is unpickled: a
detector is a definition of layers and its tensors.
"""

from __future__ import annotations

import copy
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from instancesketch.core.errors import UserError

# What a definition may hold. Ultralytics looks layers up by name among all that its module knows,
# functions that unpickle files included, and evaluates an `activation`; a definition can come from
# a stranger.
_KEYS = ("nc", "end2end", "reg_max", "scales", "scale", "backbone", "head")
_LAYERS = frozenset({"Conv", "C2f", "C3k2", "SPPF", "C2PSA", "Concat", "Detect", "nn.Upsample"})


def version() -> str:
    """Ultralytics' version.

    Raises:
        UserError: it isn't installed.
    """
    prepare()
    import ultralytics

    return str(ultralytics.__version__)


def definition(name: str, classes: int) -> dict[str, Any]:
    """The layers of a model that ships with Ultralytics, for so many classes.

    With the one head whose boxes are thinned out afterwards: the second one of yolo26, which does
    without that, learns slowly where a training is short.
    """
    from ultralytics.nn.tasks import yaml_model_load

    found = yaml_model_load(f"{name}.yaml")
    own = {"nc": classes, "end2end": False}
    return {key: value for key, value in (found | own).items() if key in _KEYS}


def network(definition: Any, classes: int, base: Any = None) -> Any:
    """The network of a definition, of Ultralytics' class for that or one derived from it.

    Raises:
        ValueError: it names a layer or a setting that none of ours has.
    """
    from ultralytics.nn.tasks import DetectionModel

    check_definition(definition)
    return (base or DetectionModel)(copy.deepcopy(definition), ch=1, nc=classes, verbose=False)


def check_definition(definition: Any) -> None:
    """Raise ValueError for a definition with a layer or a setting that none of ours has.

    What is no definition at all raises TypeError or LookupError.
    """
    if strange := set(definition) - set(_KEYS):
        raise ValueError(f"unknown settings {sorted(strange)}")
    for layer in (*definition["backbone"], *definition["head"]):
        if layer[2] not in _LAYERS:
            raise ValueError(f"unknown layer {layer[2]!r}")


def check_installed() -> None:
    """Raise a UserError where Ultralytics isn't installed, without importing it."""
    if find_spec("ultralytics") is None:
        raise _missing("it isn't installed")


def prepare() -> None:
    """Imports Ultralytics with everything off that would reach beyond this process.

    Raises:
        UserError: it isn't installed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "instancesketch"
    for name, value in {
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_VERBOSE": "false",
        "YOLO_CONFIG_DIR": str(cache),
    }.items():
        os.environ.setdefault(name, value)
    try:
        from ultralytics.utils import SETTINGS
        from ultralytics.utils.events import events
    except ImportError as error:
        raise _missing(error) from None
    # In memory alone: the file may be the user's own.
    dict.update(SETTINGS, {name: False for name, value in SETTINGS.items() if value is True})
    events.enabled = False


def _missing(reason: object) -> UserError:
    return UserError(
        f"the detector needs Ultralytics ({reason}): pip install 'instancesketch[yolo]'"
    )
