"""Training of a detector in this process, by Ultralytics but without its files and downloads."""

from __future__ import annotations

import copy
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from instancesketch.core.hashing import derive_seed
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.detector import class_names
from instancesketch.models import yolo
from instancesketch.training.config import DetectorConfig
from instancesketch.training.trainer import diverged

OnStep = Callable[[int, int, int], None]
OnEpoch = Callable[[dict[str, Any], dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The network of the best epoch."""

    definition: dict[str, Any]  # of its layers
    tensors: dict[str, Tensor]
    epoch: int  # from 1
    figures: dict[str, Any]


def fit(
    config: DetectorConfig,
    taxonomy: Taxonomy,
    folders: Sequence[str],
    *,
    device: str = "cpu",
    state: Mapping[str, Any] | None = None,
    on_step: OnStep = lambda epoch, step, steps: None,
    on_epoch: OnEpoch = lambda figures, state: None,
) -> Trained:
    """Train a detector from scratch, or continue from a state.

    Random generators are seeded anew in every epoch, so a training that continues comes to the same
    weights as one that was never stopped.

    Args:
        config: the recipe.
        taxonomy: its categories are the classes.
        folders: local data sets by `yolo_dataset.add`; some have images in `train`, some in `val`.
        device: `cpu`, or the number of a GPU.
        state: of an earlier epoch, as `on_epoch` was given it.
        on_step: called with the epoch from 0, the step from 1 and the number of steps.
        on_epoch: called with an epoch's figures, and the state after it (tensors, plain values).

    Returns:
        The running mean of the weights after the epoch with the highest mAP (IoU 0.5 to 0.95).

    Raises:
        UserError: Ultralytics isn't installed, or the loss became NaN or infinite.
    """
    yolo.prepare()
    definition = yolo.definition(config.model, len(class_names(taxonomy)))
    last: dict[str, Any] = dict(state or {})

    def keep(figures: dict[str, Any], state: dict[str, Any]) -> None:
        last.update(state)
        on_epoch(figures, state)

    # A run may have been stopped between its last epoch and its weights.
    if last.get("epoch", 0) < config.epochs:
        with tempfile.TemporaryDirectory() as folder:
            hooks = _Hooks(config, folder, device, on_step, keep)
            hooks.definition, hooks.state = definition, state
            hooks.data = _describe_data(folders, taxonomy)
            yolo.train(hooks)
    best = last["best"]
    return Trained(
        definition=definition,
        tensors=best["tensors"],
        epoch=best["figures"]["epoch"],
        figures=best["figures"],
    )


class _Hooks:
    """The hooks of a training into Ultralytics' trainer, see `yolo.TrainerHooks`."""

    data: dict[str, Any]
    definition: dict[str, Any]

    def __init__(
        self, config: DetectorConfig, folder: str, device: str, on_step: OnStep, on_epoch: OnEpoch
    ) -> None:
        self.config, self.folder, self.device = config, folder, device
        self.end_step, self.on_epoch = on_step, on_epoch
        self.half = config.bfloat16
        self.best: dict[str, Any] | None = None
        self.state: Mapping[str, Any] | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the recipe as Ultralytics' arguments."""
        config = self.config
        return {
            "model": f"{config.model}.yaml",
            "save_dir": self.folder,
            "device": self.device,
            "imgsz": config.image_size,
            "epochs": config.epochs,
            "batch": config.batch_size,
            "nbs": config.batch_size,  # a step of the optimizer for every batch
            "optimizer": config.optimizer,
            "lr0": config.learning_rate,
            "lrf": config.last_rate,
            "cos_lr": True,
            "momentum": 0.9,
            "weight_decay": config.weight_decay,
            "warmup_epochs": config.warmup_epochs,
            "warmup_bias_lr": 0.0,
            "patience": 0,
            "seed": config.seed,
            "scale": config.scale,
            "translate": config.shift,
            "fliplr": config.mirror,
            "mosaic": 0.0,  # a scene has many drawings already
            "close_mosaic": 0,
            **dict.fromkeys(("hsv_h", "hsv_s", "hsv_v"), 0.0),
            # `amp` would download a network to try it out, and works on GPUs only.
            **dict.fromkeys(("pretrained", "amp", "plots", "verbose", "cache"), False),
            # Reading in this process draws from the generators that `start_epoch` seeds.
            "workers": 0,
        }

    def start_epoch(self, trainer: Any) -> None:
        """Seed every generator that Ultralytics draws from."""
        self.began = time.perf_counter()
        seed = derive_seed(self.config.seed, trainer.epoch)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - Ultralytics draws from the global one
        torch.manual_seed(seed)
        trainer.train_loader.reset()
        trainer.train_loader.generator.manual_seed(seed)

    def end_epoch(self, trainer: Any) -> None:
        """Pass on the figures of an epoch, and the state to continue from."""
        figures = self._figures(trainer)
        mean = _copy_tensors(trainer.ema.ema.state_dict())
        # A continued training compares with the best epoch of its earlier starts.
        best = self.best or (self.state or {}).get("best")
        if best is None or figures["score"] > best["figures"]["score"]:
            best = {"figures": figures, "tensors": mean}
        self.best = best
        state = {
            "epoch": trainer.epoch + 1,
            "model": _copy_tensors(trainer.model.state_dict()),
            "mean": mean,
            "updates": trainer.ema.updates,
            # Copied, because the next epoch changes these tensors in place.
            "optimizer": copy.deepcopy(trainer.optimizer.state_dict()),
            "best": best,
        }
        self.on_epoch(figures, state)

    def _figures(self, trainer: Any) -> dict[str, Any]:
        losses = {name: float(value) for name, value in trainer.tloss.items()}
        percent = {name: 100 * float(value) for name, value in trainer.metrics.items()}
        return {
            "epoch": trainer.epoch + 1,
            "loss": sum(losses.values()),
            **losses,
            "learning_rate": trainer.optimizer.param_groups[0]["lr"],
            "seconds": time.perf_counter() - self.began,
            "precision": percent["metrics/precision(B)"],
            "recall": percent["metrics/recall(B)"],
            "map50": percent["metrics/mAP50(B)"],
            "map": percent["metrics/mAP50-95(B)"],
            "score": percent["metrics/mAP50-95(B)"],
        }

    def diverged(self, epoch: int) -> Exception:
        """Return the error for a loss that became NaN or infinite."""
        return diverged("the detector", epoch + 1)


def _copy_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in tensors.items()}


def _describe_data(folders: Sequence[str], taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the data sets as Ultralytics describes one."""

    def image_folders(role: str) -> list[str]:
        paths = [Path(folder) / "images" / role for folder in folders]
        return [str(path) for path in paths if path.is_dir()]

    names = dict(enumerate(class_names(taxonomy)))
    return {
        "path": folders[0],
        "train": image_folders("train"),
        "val": image_folders("val"),
        "names": names,
        "nc": len(names),
        "channels": 1,
    }
