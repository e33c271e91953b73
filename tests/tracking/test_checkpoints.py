"""The checkpoints of a run: those kept, and those loaded when files are damaged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from instancesketch.core import storage
from instancesketch.tracking import checkpoints

SCORES = (1.0, 9.0, 9.0, 3.0, 2.0)


def state_of(epoch: int, score: float) -> dict[str, Any]:
    best = max(range(epoch), key=lambda e: SCORES[e]) + 1
    values = torch.arange(500.0) + epoch
    return {"epoch": epoch, "score": score, "best_epoch": best, "net": {"w": values}}


@pytest.fixture
def run(tmp_path: Path) -> str:
    """Return the folder of a run of five epochs, the second of which is the best."""
    lines = []
    for epoch, score in enumerate(SCORES, start=1):
        checkpoints.save(str(tmp_path), state_of(epoch, score))
        lines.append(json.dumps({"epoch": epoch, "score": score}) + "\n")
    (tmp_path / "metrics.jsonl").write_text("".join(lines))
    return str(tmp_path)


def file_of(run: str, epoch: int) -> Path:
    (path,) = (Path(run) / checkpoints.FOLDER).glob(f"epoch-{epoch:06d}-*")
    return path


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_bit(path: Path) -> None:
    """Flip a bit in the middle of the tensors, which `torch.load` doesn't verify."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def make_unreadable(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE = [remove, cut, empty, flip_a_bit, make_unreadable]


def test_best_newest_and_previous_checkpoints_are_kept(run: str) -> None:
    names = sorted(p.name[:12] for p in (Path(run) / checkpoints.FOLDER).iterdir())
    assert names == ["epoch-000002", "epoch-000004", "epoch-000005"]
    found = checkpoints.newest(run)
    assert (found.epoch, found.damaged) == (5, ())
    assert found.state is not None
    assert torch.equal(found.state["net"]["w"], torch.arange(500.0) + 5)
    best = checkpoints.best(run)
    assert (best.epoch, best.damaged) == (2, ())


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_checkpoint_is_reported_and_the_previous_one_loaded(
    run: str, damage: Callable[[Path], None]
) -> None:
    damage(file_of(run, 5))
    found = checkpoints.newest(run)
    assert (found.epoch, found.damaged) == (4, (5,))
    damage(file_of(run, 2))
    best = checkpoints.best(run)
    assert (best.epoch, best.damaged) == (4, (2,))
    damage(file_of(run, 4))
    found = checkpoints.newest(run)
    assert (found.epoch, found.state) == (0, None)
    assert 5 in found.damaged
    assert checkpoints.best(run).state is None


def test_new_checkpoint_of_an_epoch_replaces_the_damaged_one(run: str) -> None:
    flip_a_bit(file_of(run, 5))
    checkpoints.save(run, state_of(5, 2.5))
    found = checkpoints.newest(run)
    assert (found.epoch, found.damaged) == (5, ())
    assert file_of(run, 5).exists()


def test_new_run_has_no_checkpoint(tmp_path: Path) -> None:
    run = str(tmp_path / "new")
    assert checkpoints.newest(run) == checkpoints.Found(state=None)
    assert not storage.exists(run)


def within_of(epoch: int, steps: int, workers: int = 1) -> dict[str, Any]:
    ranks = [{"drawings": steps}] * workers
    return {"epoch": epoch, "best_epoch": 0, "within": {"steps": steps, "ranks": ranks}}


def test_run_continues_within_an_epoch_with_as_many_workers(tmp_path: Path) -> None:
    run = str(tmp_path)
    checkpoints.save_within(run, within_of(0, 5, workers=2))
    assert checkpoints.reached(run) == (0, 5)
    found = checkpoints.resume(run, 2).state
    assert found is not None
    assert found["within"]["steps"] == 5
    # Other workers read other rows.
    assert checkpoints.resume(run, 1).state is None
    checkpoints.save_within(run, within_of(0, 9, workers=2))
    assert len(list((tmp_path / "_checkpoints").iterdir())) == 1
    assert checkpoints.reached(run) == (0, 9)


def test_checkpoint_within_an_epoch_gives_way_to_the_one_after_it(tmp_path: Path) -> None:
    run = str(tmp_path)
    checkpoints.save_within(run, within_of(0, 5))
    figures = {"epoch": 1, "score": 1.0}
    checkpoints.save(run, figures | {"best_epoch": 1, "figures": figures})
    assert len(list((tmp_path / "_checkpoints").iterdir())) == 1
    assert checkpoints.reached(run) == (1, 0)
    checkpoints.save_within(run, within_of(1, 3))
    (file,) = (tmp_path / "_checkpoints").glob("within-*")
    file.write_bytes(file.read_bytes()[:-1])  # damaged: the epoch before is whole
    found = checkpoints.resume(run, 1).state
    assert found is not None
    assert "within" not in found
