"""Runs that lose workers, fail to write their log, or diverge."""

import os
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from instancesketch.core.errors import TransientError, UserError
from instancesketch.core.schema import to_table
from instancesketch.distributed.train import run_training
from instancesketch.distributed.train.config import TrainConfig
from instancesketch.distributed.train.run_training import train
from instancesketch.tracking import checkpoints, metrics_log
from instancesketch.tracking.metrics_log import METRICS, MetricsLog
from instancesketch.tracking.reporter import Reporter
from instancesketch.tracking.run_state import RunState
from instancesketch.training.config import SegmenterFitConfig
from tests.drawings import TINY, drawn

LASTING = UserError("weights of another shape")
PASSING = TransientError("the disk is full")


class Attempts:
    """Stand-in for Ray's trainer: each attempt finishes some epochs; all but the last fail."""

    def __init__(self, run, epochs, failures):
        self.run, self.failures, self.made = run, failures, 0
        self.epochs = iter(epochs)

    def fit(self):
        from ray.train import WorkerGroupError

        self.made += 1
        for epoch in next(self.epochs):
            state = {"epoch": epoch, "score": 1.0, "best_epoch": 1}
            checkpoints.save(self.run, state)
            MetricsLog(self.run).log({"epoch": epoch, "loss": 1.0})
        if failure := next(self.failures, None):
            raise WorkerGroupError("said at length", {1: failure})


@pytest.fixture
def attempts(tmp_path, monkeypatch):
    """Return a function that trains four epochs, given the epochs and failure of each attempt."""

    def fitted(epochs, failures):
        stand_in = Attempts(str(tmp_path), epochs, iter(failures))
        monkeypatch.setattr(run_training, "_trainer", lambda *_: stand_in)
        config = SimpleNamespace(recipe=SimpleNamespace(epochs=4))
        try:
            run_training._fit(str(tmp_path), config, {}, [])
        finally:
            fitted.made = stand_in.made

    return fitted


@pytest.mark.parametrize("failure", [RuntimeError("lost"), PASSING])
def test_run_restarts_as_long_as_attempts_finish_epochs(attempts, failure):
    attempts([[1], [2], [3, 4]], [failure, failure])
    assert attempts.made == 3


def test_run_without_progress_ends_with_one_line(attempts):
    long = RuntimeError("Traceback\n  at length\nlost its node\n")
    with pytest.raises(TransientError) as error:
        attempts([[1], []], [long, long])
    assert attempts.made == 2
    assert str(error.value) == (
        "workers were lost 6 times without finishing an epoch after epoch 1; the last time: lost "
        "its node"
    )


@pytest.mark.parametrize(("epochs", "mistake"), [([1], LASTING), ([], PASSING)])
def test_user_error_in_a_worker_is_raised(attempts, epochs, mistake):
    with pytest.raises(UserError) as error:
        attempts([epochs], [mistake])
    assert error.value is mistake


def test_controller_error_raises_its_user_error():
    from ray.train import ControllerError

    with pytest.raises(UserError) as error:
        run_training._raise_unless_epochs_were_done("run", ControllerError(LASTING), 0)
    assert error.value is LASTING
    with pytest.raises(ControllerError, match="a bug"):
        run_training._raise_unless_epochs_were_done("run", ControllerError(ValueError("a bug")), 0)


def test_lasting_user_error_is_not_retried(tmp_path):
    callback = run_training._callback(Reporter(str(tmp_path), {}, []))
    callback.after_exception(None, {0: PASSING, 1: RuntimeError("its peer is gone")})
    with pytest.raises(UserError) as error:
        callback.after_exception(None, {0: PASSING, 1: LASTING})
    assert error.value is LASTING


def test_log_without_the_last_epochs_raises(attempts, monkeypatch):
    monkeypatch.setattr(MetricsLog, "log", lambda self, figures: None)
    with pytest.raises(UserError, match=f"{METRICS} couldn't be written and lacks .* epoch 0;"):
        attempts([[1, 2, 3, 4]], [])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("failures")
    sketches = [s.replace(split="train") for s in drawn(32, seed=2)]
    pq.write_table(to_table(sketches), folder / "rows.parquet")
    return str(folder)


def config_of(corpus, storage, **recipe):
    return TrainConfig(
        data=(corpus,),
        run="run",
        storage=str(storage),
        recipe=SegmenterFitConfig(model=TINY, batch_size=16, **{"epochs": 3} | recipe),
        selection="none",
        taxonomy="doodle7",
        quiet=True,
    )


def working(monkeypatch, saved):
    """Make workers call `saved` with the run and the epoch after every checkpoint."""

    def work(loop):
        from instancesketch.distributed.train import train_loop
        from instancesketch.tracking import checkpoints

        save = checkpoints.save

        def save_and_call(run, state):
            save(run, state)
            saved(run, state["epoch"])

        checkpoints.save = save_and_call
        train_loop.run_loop(loop)

    monkeypatch.setattr(run_training, "run_loop", work)


@pytest.mark.ray
def test_diverged_run_is_not_restarted(ray_cluster, corpus, tmp_path):
    with pytest.raises(
        UserError, match="loss became NaN or infinite in epoch 1; lower learning_rate"
    ):
        train(config_of(corpus, tmp_path, learning_rate=1e36))
    assert len(RunState(str(tmp_path / "run")).starts()) == 1


@pytest.mark.slow
def test_run_survives_more_losses_than_one_attempt_allows(
    ray_cluster, corpus, tmp_path, monkeypatch
):
    monkeypatch.setattr(run_training, "MAX_FAILURES", 0)
    working(monkeypatch, lambda run, epoch: os._exit(1) if epoch < 3 else None)
    summary = train(config_of(corpus, tmp_path))
    assert [start["epoch"] for start in summary["starts"]] == [0, 1, 2]
    assert [line["epoch"] for line in metrics_log.read(summary["run"])] == [1, 2, 3]


@pytest.mark.ray
def test_metrics_that_could_not_be_written_are_written_later(
    ray_cluster, corpus, tmp_path, monkeypatch, caplog
):
    """Retry with the next epoch of the same start, and when the run is started again."""
    config = config_of(corpus, tmp_path)
    log = tmp_path / "run" / METRICS

    def block(run, epoch):
        if epoch == 1:
            Path(run, "metrics.jsonl").mkdir()

    working(monkeypatch, block)
    with pytest.raises(UserError, match=METRICS) as error:
        train(config)
    assert "\n" not in str(error.value)
    told = [r.getMessage() for r in caplog.records if r.name.endswith("status")]
    assert [text.split(":")[0] for text in told] == ["epoch 1", "epoch 2", "epoch 3"]
    assert all(text.endswith("it is tried again with the next") for text in told)
    log.rmdir()
    working(monkeypatch, lambda run, epoch: None)
    assert train(config)["best_epoch"] == 3
    assert [line["epoch"] for line in metrics_log.read(str(log.parent))] == [1, 2, 3]
