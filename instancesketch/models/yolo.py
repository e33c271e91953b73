"""Ultralytics: its networks and its trainer, and the only module that imports it.

The library (AGPL-3.0, the extra `yolo`) is imported when it is used. Nothing is downloaded,
installed or sent, and nothing is unpickled: a detector is a definition of layers and its tensors.
Checked with Ultralytics 8.4.190, of which `_predict_once` and `_handle_nan_recovery` are private.
"""

from __future__ import annotations

import copy
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from instancesketch.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

# The keys and layers of a definition, which may come from a stranger: Ultralytics looks layers up
# by name in a module that also has functions that unpickle files, and evaluates an `activation`.
_KEYS = ("nc", "end2end", "reg_max", "scales", "scale", "backbone", "head")
_LAYERS = frozenset({"Conv", "C2f", "C3k2", "SPPF", "C2PSA", "Concat", "Detect", "nn.Upsample"})


def version() -> str:
    """Return the version of Ultralytics.

    Raises:
        UserError: it isn't installed.
    """
    prepare()
    import ultralytics

    return str(ultralytics.__version__)


def definition(name: str, classes: int) -> dict[str, Any]:
    """Return the layers of a model that ships with Ultralytics, with a number of classes."""
    from ultralytics.nn.tasks import yaml_model_load

    shipped = yaml_model_load(f"{name}.yaml")
    # The end-to-end head of yolo26, which needs no suppression of boxes, learns slowly when a
    # training is short.
    own = {"nc": classes, "end2end": False}
    return {key: value for key, value in (shipped | own).items() if key in _KEYS}


def network(definition: Any, classes: int, base: Any = None) -> Any:
    """Return the network of a definition.

    Args:
        definition: of its layers.
        classes: number of classes.
        base: a subclass of Ultralytics' `DetectionModel`, if not that class itself.

    Raises:
        ValueError: the definition has a layer or a setting that none of ours has.
    """
    from ultralytics.nn.tasks import DetectionModel

    check_definition(definition)
    return (base or DetectionModel)(copy.deepcopy(definition), ch=1, nc=classes, verbose=False)


def check_definition(definition: Any) -> None:
    """Raise ValueError for a definition with a layer or a setting that none of ours has.

    A value that isn't a definition at all raises TypeError or LookupError.
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
    """Import Ultralytics with downloads, uploads and its settings file turned off.

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
    # In memory only, because the settings file may be the user's own.
    dict.update(SETTINGS, {name: False for name, value in SETTINGS.items() if value is True})
    events.enabled = False


class TrainerHooks(Protocol):
    """The callbacks of a detector's training, and their arguments."""

    data: dict[str, Any]  # the data set, as Ultralytics describes one
    definition: dict[str, Any]
    half: bool  # compute in bfloat16
    state: Any  # of an earlier epoch, as `end_epoch` made it; None: begin

    def arguments(self) -> dict[str, Any]:
        """Return Ultralytics' arguments."""

    def start_epoch(self, trainer: Any) -> None:
        """Take notice of an epoch that begins."""

    def end_step(self, epoch: int, step: int, steps: int) -> None:
        """Take notice of a step, from 1, of an epoch, from 0."""

    def end_epoch(self, trainer: Any) -> None:
        """Keep what Ultralytics would write as a pickle."""

    def diverged(self, epoch: int) -> Exception:
        """Return the error for a loss that became NaN or infinite."""


def train(hooks: TrainerHooks) -> None:
    """Train a detector with Ultralytics' trainer."""
    from ultralytics.models.yolo.detect import DetectionTrainer

    # Made here, because its base can't be imported before it is needed.
    trainer = type("Trainer", (_Trainer, DetectionTrainer), {})
    trainer(hooks).train()


class _HalfPrecision:
    """Overrides of `DetectionModel` that compute in bfloat16 in training; losses are float32."""

    training: bool

    def _predict_once(self, x: Tensor, *args: Any, **values: Any) -> Any:
        import torch  # not above: definitions are checked without it

        predict = super()._predict_once  # type: ignore[misc]
        if not self.training:
            return predict(x, *args, **values)
        with torch.autocast(x.device.type, torch.bfloat16):
            out = predict(x, *args, **values)
        return {
            name: value.float() if isinstance(value, torch.Tensor) else [v.float() for v in value]
            for name, value in out.items()
        }


class _Trainer:
    """Overrides of `DetectionTrainer` that leave out its files, callbacks and downloads."""

    args: Any
    data: dict[str, Any]
    ema: Any
    epoch: int
    loss: Tensor
    model: Any
    optimizer: Any
    train_loader: Any

    def __init__(self, hooks: TrainerHooks) -> None:
        self.hooks = hooks
        super().__init__(overrides=hooks.arguments())  # type: ignore[call-arg]

    def get_dataset(self) -> dict[str, Any]:
        return self.hooks.data

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        from ultralytics.nn.tasks import DetectionModel

        base: Any = DetectionModel
        if self.hooks.half:
            base = type("HalfPrecisionModel", (_HalfPrecision, DetectionModel), {})
        return network(self.hooks.definition, self.hooks.data["nc"], base)

    def build_dataset(self, img_path: Any, mode: str = "train", batch: Any = None) -> Any:
        from ultralytics.data import build_yolo_dataset

        # All images are squares of one size, so none needs padding to that of its batch.
        return build_yolo_dataset(
            self.args, img_path, batch, self.data, mode=mode, rect=False, stride=32
        )

    def preprocess_batch(self, batch: dict[str, Any]) -> Any:
        # Moving and scaling a scene blurs its lines and pads it with grey (114); inference sees
        # neither.
        paper = (batch["img"] >= 128) | (batch["img"] == 114)
        batch = batch | {"img": paper.byte() * 255}
        return super().preprocess_batch(batch)  # type: ignore[misc]

    def run_callbacks(self, event: str) -> None:
        if event == "on_train_epoch_start":
            self.step = 0
            self.hooks.start_epoch(self)
        elif event == "on_train_batch_end":
            self.step += 1
            self.hooks.end_step(self.epoch, self.step, len(self.train_loader))

    def resume_training(self, ckpt: Any) -> None:
        state = self.hooks.state
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.ema.ema.load_state_dict(state["mean"])
            self.ema.updates = state["updates"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.start_epoch = state["epoch"]

    def save_model(self) -> bool:
        self.hooks.end_epoch(self)
        return True

    def _handle_nan_recovery(self, epoch: int) -> bool:
        if not self.loss.isfinite():
            raise self.hooks.diverged(epoch)
        return False

    def save_metrics(self, metrics: Any) -> None:
        """Write nothing: the hooks keep the figures."""

    def final_eval(self) -> None:
        """Do nothing: the best epoch has been evaluated."""


def _missing(reason: object) -> UserError:
    return UserError(
        f"the detector needs Ultralytics ({reason}): pip install 'instancesketch[yolo]'"
    )
