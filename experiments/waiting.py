"""Time steps of training on a busy machine, by threads and how these wait; needs no Ray.

  python -m experiments.waiting

As many processes as there are cores compute without end beside the steps. Each line is the median
of several processes that train alike: seconds of a number of steps, and the time of a checkpoint of
the model, which a training writes every ten minutes. Takes ten minutes or more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch

from instancesketch.core.schema import to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.core.usage import usable_cpus
from instancesketch.models.packing import Batch, pack
from instancesketch.synth.draw import draw
from instancesketch.tracking import checkpoints
from instancesketch.training.config import SegmenterFitConfig
from instancesketch.training.trainer import create_fit

DRAWINGS = 8  # of a step: a batch of 64 on eight workers


def time_steps(threads: int, steps: int) -> dict[str, float]:
    """Return the seconds of steps after a first one, and of a checkpoint after them.

    Args:
        threads: of torch.
        steps: number of them.
    """
    torch.set_num_threads(threads)
    taxonomy = Taxonomy.load("doodle7")
    drawings = to_table([draw(0, i) for i in range(DRAWINGS * (steps + 1))])
    batches: list[Batch] = [
        pack(drawings.slice(first, DRAWINGS), taxonomy)
        for first in range(0, len(drawings), DRAWINGS)
    ]
    device = torch.device("cpu")
    fit = create_fit(SegmenterFitConfig(), taxonomy, steps_per_epoch=len(batches), device=device)
    fit.train_epoch(batches[:1], 0)
    begin = time.perf_counter()
    fit.train_epoch(batches[1:], 1)
    seconds = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        checkpoints.save(folder, fit.state_dict() | {"epoch": 1, "best_epoch": 1, "score": 0.0})
        return {"steps": seconds, "checkpoint": time.perf_counter() - begin}


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many processes computing."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def measure(threads: int, policy: str | None, steps: int, times: int) -> dict[str, float]:
    """Return the medians of `time_steps` in fresh processes, in which a policy holds.

    Args:
        threads: of torch.
        policy: how OpenMP's threads wait for each other, such as PASSIVE; None: as they do by
            themselves.
        steps: number of them.
        times: number of processes, one after another.
    """
    environment = {n: v for n, v in os.environ.items() if n != "OMP_WAIT_POLICY"}
    environment |= {"OMP_NUM_THREADS": str(threads)}
    environment |= {} if policy is None else {"OMP_WAIT_POLICY": policy}
    command = ["-m", "experiments.waiting", "--one", str(threads), "--steps", str(steps)]
    found = [
        json.loads(
            subprocess.run(
                [sys.executable, *command],
                env=environment,
                cwd=Path(__file__).parents[1],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
        )
        for _ in range(times)
    ]
    return {name: median(each[name] for each in found) for name in found[0]}


def main() -> None:
    """Print a line for each number of threads and policy, on a busy machine and on a quiet one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=24, metavar="N")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="processes per line")
    parser.add_argument("--one", type=int, metavar="THREADS", help="measure once, in this process")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(time_steps(args.one, args.steps)))
        return
    cores = usable_cpus()
    for others in (0, cores):
        with busy(others):
            for threads in dict.fromkeys((1, cores)):
                for policy in (None, "PASSIVE"):
                    found = measure(threads, policy, args.steps, args.times)
                    print(
                        f"{others} busy processes, {threads} threads, "
                        f"waiting {(policy or 'by default').lower()}: "
                        f"{found['steps']:.2f} s, checkpoint {found['checkpoint']:.3f} s",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
