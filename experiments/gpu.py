"""Check a GPU in one command: it computes what the CPU does, how fast, and how much it holds.

  python -m experiments.gpu --out runs/gpu.json

Without a GPU it says so, and ends without an error. Needs no Ray; where Ray is installed, one
worker of Ray Train trains on the GPU as well.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from instancesketch.core import parquet, storage
from instancesketch.core.hashing import assign_split
from instancesketch.core.schema import from_table, to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import packing
from instancesketch.models.packing import Batch, pack, pack_scenes
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.training.recipes import recipe
from instancesketch.training.trainer import Fit, create_fit

TAXONOMY = Taxonomy.load("doodle7")
# Changes without which the losses draw random numbers, other ones on each device.
CERTAIN = {
    "segmenter": ["category_given_p=1.0"],
    "refiner": ["triplet_loss=0.0"],
    "grouper": ["ordered_p=0.0"],
}
# Of the gradients, relative to their norm: sums in another order make smaller ones.
MOST_DIFFERENCE = 1e-3
BATCHES = (16, 64, 256, 1_024, 4_096)
TOKENS = (1_024, 8_192, 65_536)
_COPIED = 2**28  # bytes, far more than a cache holds


def draw_table(number: int) -> pa.Table:
    """Return drawings as rows of a corpus."""
    sketches = [draw(0, i) for i in range(number)]
    return to_table([s.replace(split=assign_split(s.sketch_id)) for s in sketches])


def compare_step(kind: str, table: pa.Table, device: str) -> dict[str, Any]:
    """Compare loss and gradients of a batch on a device with those on the CPU, in float32.

    Args:
        kind: the model kind.
        table: drawings; for a grouper, scenes are composed of them.
        device: such as `cuda`.

    Returns:
        `loss` on the CPU and `on_device`, and the `difference` of the gradients relative to their
        norm.
    """
    batch = _pack(kind, table)
    reference, found = (_loss_and_gradients(kind, batch, name) for name in ("cpu", device))
    difference = (found[1] - reference[1]).norm() / reference[1].norm()
    return {"loss": reference[0], "on_device": found[0], "difference": float(difference)}


def _pack(kind: str, table: pa.Table) -> Batch:
    if kind != "grouper":
        return pack(table, TAXONOMY)
    composer = Composer(from_table(table), SceneConfig())
    return pack_scenes(to_table([composer.compose(0, i) for i in range(16)]), TAXONOMY)


def _create(kind: str, device: str, changes: Sequence[str] = ()) -> Fit:
    return create_fit(
        recipe(kind, "default", changes),
        TAXONOMY,
        steps_per_epoch=1,
        part_counts=[1] * len(TAXONOMY.part_names),
        device=torch.device(device),
    )


def _loss_and_gradients(kind: str, batch: Batch, device: str) -> tuple[float, Tensor]:
    fit = _create(kind, device, CERTAIN[kind])
    fit.net.eval()  # without dropout
    # GPUs train in bfloat16, whose rounding would hide a mistake.
    with torch.autocast(device, enabled=False):
        fit.autocast = lambda: torch.autocast(device, enabled=False)  # type: ignore[method-assign]
        loss = fit.loss(batch.to(device), torch.Generator(device))
    loss.backward()
    gradients = [p.grad.flatten() for p in fit.net.parameters() if p.grad is not None]
    return float(loss.detach()), torch.cat(gradients).cpu()


def measure_training(table: pa.Table, batch_size: int, device: str, steps: int) -> dict[str, Any]:
    """Measure steps of the segmenter with batches of a size.

    Returns:
        `drawings_per_second`, `ms_per_step`, and `memory_mb`, the most that was allocated.
    """
    rows = pa.concat_tables([table] * -(-batch_size // len(table))).slice(0, batch_size)
    fit, batch = _create("segmenter", device), pack(rows, TAXONOMY)
    fit.train_epoch([batch] * 3, 0)  # chooses kernels and allocates memory
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    fit.train_epoch([batch] * steps, 1)  # its check of the loss waits for the device
    seconds = time.perf_counter() - began
    memory = torch.cuda.max_memory_allocated() if device == "cuda" else 0
    return {
        "drawings_per_second": batch_size * steps / seconds,
        "ms_per_step": 1e3 * seconds / steps,
        "memory_mb": memory / 2**20,
    }


def measure_labelling(table: pa.Table, tokens: int, device: str) -> float:
    """Return the drawings that are labelled per second with at most `tokens` strokes at once."""
    model = Segmenter.load("doodle7", device, "bfloat16" if device == "cuda" else "float32")
    before = packing.MAX_TOKENS, packing.GPU_MAX_TOKENS
    packing.MAX_TOKENS = packing.GPU_MAX_TOKENS = tokens
    try:
        model.label_table(table.slice(0, 64))
        began = time.perf_counter()
        model.label_table(table)
        return len(table) / (time.perf_counter() - began)
    finally:
        packing.MAX_TOKENS, packing.GPU_MAX_TOKENS = before


def measure_bandwidth(device: str, repeats: int = 20) -> float:
    """Return the bytes per second that the device reads and writes in copies within its memory."""
    source = torch.zeros(_COPIED // 4, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    began = time.perf_counter()
    for _ in range(repeats):
        target.copy_(source)
    float(target[0])  # waits for the copies
    return 2 * _COPIED * repeats / (time.perf_counter() - began)


def count_kept_bytes(table: pa.Table) -> float:
    """Return the bytes that a drawing's forward pass keeps for its gradients, in float32."""
    kept: dict[int, int] = {}

    def record(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    fit = _create("segmenter", "cpu")
    with torch.autograd.graph.saved_tensors_hooks(record, lambda tensor: tensor):
        fit.loss(pack(table, TAXONOMY), torch.Generator())
    return sum(kept.values()) / len(table)


def train_on_ray(table: pa.Table) -> dict[str, Any] | str:
    """Train with one worker of Ray Train on the GPU; return its figures, or why there are none."""
    if importlib.util.find_spec("ray") is None:
        return "Ray isn't installed"
    from instancesketch.distributed.train.run_training import train

    with tempfile.TemporaryDirectory() as folder:
        parquet.write_table(f"{folder}/corpus/part-0.parquet", table)
        config = replace(recipe("segmenter", "gpu"), epochs=3, batch_size=256)
        summary = train(
            TrainConfig(
                data=(f"{folder}/corpus",),
                run="gpu",
                storage=folder,
                gpus_per_worker=1.0,
                recipe=config,
                quiet=True,
            )
        )
    return {"speed": summary["speed"], "best": summary["best"]}


def check(device: str, number: int) -> dict[str, Any]:
    """Return all figures of a device, of `number` drawings."""
    table = draw_table(number)
    bandwidth = measure_bandwidth(device)
    # Each byte that is kept is written once, read once, and has a gradient of its size.
    bound = bandwidth / (3 * count_kept_bytes(table.slice(0, 64)))
    training = {str(size): measure_training(table, size, device, steps=20) for size in BATCHES}
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "torch": torch.__version__,
        "parity": {kind: compare_step(kind, table.slice(0, 64), device) for kind in CERTAIN},
        "bandwidth_gb_per_second": bandwidth / 1e9,
        # In float32; twice as many in half precision.
        "training_bound_by_memory": bound,
        "training": training,
        "labelling": {str(n): measure_labelling(table, n, device) for n in TOKENS},
        "ray": train_on_ray(table),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the GPU, print the figures, and return the exit status: 1 if it computes otherwise."""
    parser = argparse.ArgumentParser(prog="experiments.gpu", description=__doc__)
    parser.add_argument("--out", help="file for the figures, as JSON")
    parser.add_argument("--drawings", type=int, default=4_096, help="default: 4096")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "has no CUDA"
        print(f"skipped: torch {torch.__version__} finds no GPU here (it {built})")
        return 0
    figures = check("cuda", options.drawings)
    print(storage.encode_json(figures).decode())
    if options.out:
        storage.write_json(options.out, figures)
    wrong = [k for k, f in figures["parity"].items() if not f["difference"] <= MOST_DIFFERENCE]
    if wrong:
        print(f"another result than on the CPU: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
