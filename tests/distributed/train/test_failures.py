"""Runs on Ray that lose workers again and again, fail or diverge."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from instancesketch.core.errors import TransientError, UserError
from instancesketch.distributed.train import attempts
from instancesketch.distributed.train.run_training import train
from instancesketch.tracking import checkpoints
from instancesketch.tracking.run_state import RunState
from tests.distributed.train.runs import RECIPE, config_of, write_files
from tests.drawings import drawn

pytestmark = pytest.mark.ray

LASTING = UserError("weights of another shape")
PASSING = TransientError("the disk is full")
LOST = RuntimeError("Traceback\n  at length\nlost its node\n")


class Attempts:
    """Attempts to train a run: each finishes some epochs, and all but the last may fail."""

    def __init__(
        self, run: Path, epochs: Iterable[list[int]], failures: Iterable[dict[int, Exception]]
    ) -> None:
        self.run, self.epochs, self.failures = str(run), iter(epochs), iter(failures)
        self.made = 0

    def __call__(self) -> None:
        from ray.train import WorkerGroupError

        self.made += 1
        for epoch in next(self.epochs):
            checkpoints.save(self.run, {"epoch": epoch, "score": 1.0, "best_epoch": 1})
        if failures := next(self.failures, None):
            raise WorkerGroupError("said at length", failures)

    def repeat(self) -> None:
        attempts.repeat(self.run, self, losses=6)


@pytest.mark.parametrize("failure", [LOST, PASSING], ids=["lost", "disk full"])
def test_run_restarts_as_long_as_attempts_finish_epochs(tmp_path: Path, failure: Exception) -> None:
    made = Attempts(tmp_path, [[1], [2], [3, 4]], [{1: failure}, {1: failure}])
    made.repeat()
    assert made.made == 3


def test_run_without_progress_ends_with_one_line(tmp_path: Path) -> None:
    made = Attempts(tmp_path, [[1], []], [{1: LOST}, {1: LOST}])
    with pytest.raises(TransientError) as error:
        made.repeat()
    assert made.made == 2
    assert str(error.value) == (
        "workers were lost 6 times without reaching a checkpoint after epoch 1; the last time: "
        "lost its node"
    )


@pytest.mark.parametrize(
    ("epochs", "failures", "error"),
    [
        ([1], {1: LASTING}, LASTING),
        ([], {1: PASSING}, PASSING),
        ([1], {0: PASSING, 1: LASTING, 2: LOST}, LASTING),
    ],
)
def test_user_error_in_a_worker_is_raised(
    tmp_path: Path, epochs: list[int], failures: dict[int, Exception], error: UserError
) -> None:
    with pytest.raises(UserError) as raised:
        Attempts(tmp_path, [epochs], [failures]).repeat()
    assert raised.value is error


@pytest.mark.parametrize("inner", [LASTING, ValueError("a bug")])
def test_controller_error_raises_its_user_error(tmp_path: Path, inner: Exception) -> None:
    from ray.train import ControllerError

    def attempt() -> None:
        raise ControllerError(inner)

    expected = type(inner) if isinstance(inner, UserError) else ControllerError
    with pytest.raises(expected, match=str(inner)):
        attempts.repeat(str(tmp_path), attempt, losses=6)


def test_diverged_run_is_not_restarted(ray_cluster: None, tmp_path: Path) -> None:
    drawings = [s.replace(split="train") for s in drawn(32, seed=2)]
    corpus = write_files(tmp_path / "corpus", drawings)
    recipe = replace(RECIPE, learning_rate=1e36)
    config = config_of(corpus, tmp_path, "run", selection="none", recipe=recipe)
    with pytest.raises(
        UserError, match="loss became NaN or infinite in epoch 1; lower learning_rate"
    ):
        train(config)
    assert len(RunState(str(tmp_path / "run")).starts()) == 1
