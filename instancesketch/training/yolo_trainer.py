"""How a detector by Ultralytics is trained: by its library, without its files and downloads."""

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
from instancesketch.models.yolo import definition, network, prepare
from instancesketch.training.config import DetectorConfig
from instancesketch.training.trainer import diverged

OnStep = Callable[[int, int, int], None]
OnEpoch = Callable[[dict[str, Any], dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training comes to: the best epoch's network."""

    definition: dict[str, Any]  # of the layers
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
    """Trains a detector in this process, from chance.

    Chance is drawn anew for every epoch from the seed, so a training that goes on from a state is
    the one that was never stopped.

    Args:
        config: the recipe.
        taxonomy: gives the classes.
        folders: local data sets by `scenes.dataset.add`; some have images in `train`, some in
            `val`.
        device: `cpu`, or the number of a GPU.
        state: of an earlier epoch, as `on_epoch` was given it.
        on_step: is told the epoch from 0, the step from 1 and how many there are.
        on_epoch: is told an epoch's figures, and the state after it (tensors and plain values).

    Returns:
        The weights' running mean after the epoch with the highest mAP (IoU 0.5 to 0.95).

    Raises:
        UserError: Ultralytics isn't installed, or the loss is no number any more.
    """
    prepare()
    layers = definition(config.model, len(class_names(taxonomy)))
    last: dict[str, Any] = dict(state or {})

    def keep(figures: dict[str, Any], state: dict[str, Any]) -> None:
        last.update(state)
        on_epoch(figures, state)

    if last.get("epoch", 0) < config.epochs:
        with tempfile.TemporaryDirectory() as folder:
            job = _Job(
                config=config,
                definition=layers,
                data=_data(folders, taxonomy),
                folder=folder,
                device=device,
                state=state,
                on_step=on_step,
                on_epoch=keep,
            )
            _training_class()(job).train()
    best = last["best"]
    return Trained(
        definition=layers,
        tensors=best["tensors"],
        epoch=best["figures"]["epoch"],
        figures=best["figures"],
    )


@dataclass(frozen=True, kw_only=True)
class _Job:
    config: DetectorConfig
    definition: dict[str, Any]
    data: dict[str, Any]
    folder: str
    device: str
    state: Mapping[str, Any] | None
    on_step: OnStep
    on_epoch: OnEpoch

    def settings(self) -> dict[str, Any]:
        """The recipe in Ultralytics' words."""
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
            "mosaic": 0.0,  # a scene is many drawings already
            "close_mosaic": 0,
            **dict.fromkeys(("hsv_h", "hsv_s", "hsv_v"), 0.0),
            # `amp` would fetch a network to try it out, and knows GPUs alone.
            **dict.fromkeys(("pretrained", "amp", "plots", "verbose", "cache"), False),
            "workers": 0,
        }


def _training_class() -> Any:
    from ultralytics.data import build_yolo_dataset
    from ultralytics.models.yolo.detect import DetectionTrainer
    from ultralytics.nn.tasks import DetectionModel

    class HalfModel(DetectionModel):  # type: ignore[misc]
        """Computes in half precision while it is trained; the loss is in single."""

        def _predict_once(self, x: Tensor, *args: Any, **values: Any) -> Any:
            if not self.training:
                return super()._predict_once(x, *args, **values)
            with torch.autocast(x.device.type, torch.bfloat16):
                out = super()._predict_once(x, *args, **values)
            return {
                name: value.float() if isinstance(value, Tensor) else [v.float() for v in value]
                for name, value in out.items()
            }

    class Training(DetectionTrainer):  # type: ignore[misc]
        """Ultralytics' training without its files, callbacks and downloads.

        What it would write as a pickle after each epoch goes to the job as tensors.
        """

        def __init__(self, job: _Job) -> None:
            self.job = job
            self.finest = (job.state or {}).get("best")
            super().__init__(overrides=job.settings())

        def get_dataset(self) -> dict[str, Any]:
            return self.job.data

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            base = HalfModel if self.job.config.bfloat16 else DetectionModel
            return network(self.job.definition, self.job.data["nc"], base)

        def build_dataset(self, img_path: Any, mode: str = "train", batch: Any = None) -> Any:
            # All images are squares of one size: none need be padded to a batch's own.
            return build_yolo_dataset(
                self.args, img_path, batch, self.data, mode=mode, rect=False, stride=32
            )

        def preprocess_batch(self, batch: dict[str, Any]) -> Any:
            # Moved and scaled, a scene has soft lines, and grey of its own around it; when boxes
            # are asked for it has neither.
            paper = (batch["img"] >= 128) | (batch["img"] == 114)
            return super().preprocess_batch(batch | {"img": paper.to(torch.uint8) * 255})

        def run_callbacks(self, event: str) -> None:
            if event == "on_train_epoch_start":
                self.begun, self.step = time.perf_counter(), 0
                seed = derive_seed(self.job.config.seed, self.epoch)
                random.seed(seed)
                np.random.seed(seed % 2**32)  # noqa: NPY002 - it is the one that is drawn from
                torch.manual_seed(seed)
                self.train_loader.reset()
                self.train_loader.generator.manual_seed(seed)
            elif event == "on_train_batch_end":
                self.step += 1
                self.job.on_step(self.epoch, self.step, len(self.train_loader))

        def resume_training(self, ckpt: Any) -> None:
            state = self.job.state
            if state is not None:
                self.model.load_state_dict(state["model"])
                self.ema.ema.load_state_dict(state["mean"])
                self.ema.updates = state["updates"]
                self.optimizer.load_state_dict(state["optimizer"])
                self.start_epoch = state["epoch"]

        def save_model(self) -> bool:
            figures = self._figures()
            mean = _copied(self.ema.ema.state_dict())
            if self.finest is None or figures["score"] > self.finest["figures"]["score"]:
                self.finest = {"figures": figures, "tensors": mean}
            state = {
                "epoch": self.epoch + 1,
                "model": _copied(self.model.state_dict()),
                "mean": mean,
                "updates": self.ema.updates,
                "optimizer": copy.deepcopy(self.optimizer.state_dict()),
                "best": self.finest,
            }
            self.job.on_epoch(figures, state)
            return True

        def _figures(self) -> dict[str, Any]:
            losses = {name: float(value) for name, value in self.tloss.items()}
            found = {name: 100 * float(value) for name, value in self.metrics.items()}
            return {
                "epoch": self.epoch + 1,
                "loss": sum(losses.values()),
                **losses,
                "learning_rate": self.optimizer.param_groups[0]["lr"],
                "seconds": time.perf_counter() - self.begun,
                "precision": found["metrics/precision(B)"],
                "recall": found["metrics/recall(B)"],
                "map50": found["metrics/mAP50(B)"],
                "map": found["metrics/mAP50-95(B)"],
                "score": found["metrics/mAP50-95(B)"],
            }

        def _handle_nan_recovery(self, epoch: int) -> bool:
            if not self.loss.isfinite():
                raise diverged("the detector", epoch + 1)
            return False

        def save_metrics(self, metrics: Any) -> None:
            """The job keeps them."""

        def final_eval(self) -> None:
            """The best epoch is measured already."""

    return Training


def _copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in tensors.items()}


def _data(folders: Sequence[str], taxonomy: Taxonomy) -> dict[str, Any]:
    def split(role: str) -> list[str]:
        found = [Path(folder) / "images" / role for folder in folders]
        return [str(path) for path in found if path.is_dir()]

    names = dict(enumerate(class_names(taxonomy)))
    return {
        "path": folders[0],
        "train": split("train"),
        "val": split("val"),
        "names": names,
        "nc": len(names),
        "channels": 1,
    }
