"""The check of a GPU: what it measures is measured on the CPU here; without a GPU it says so."""

import pytest
import torch

from experiments import gpu


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_reason_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main([]) == 0
    assert capsys.readouterr().out.startswith("skipped: torch")


@pytest.mark.parametrize("kind", gpu.CERTAIN)
def test_a_device_that_computes_the_same_differs_by_nothing(kind: str) -> None:
    found = gpu.compare_step(kind, gpu.draw_table(24), "cpu")
    assert found["difference"] == 0
    assert found["loss"] == found["on_device"] > 0


def test_another_gradient_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    scales = iter((1.0, 1.01))
    exact = gpu._loss_and_gradients

    def wrong(*args: str) -> tuple[float, torch.Tensor]:
        loss, gradients = exact(*args)
        return loss, gradients * next(scales)

    monkeypatch.setattr(gpu, "_loss_and_gradients", wrong)
    found = gpu.compare_step("segmenter", gpu.draw_table(8), "cpu")
    assert found["difference"] == pytest.approx(0.01, rel=1e-3)
    assert found["difference"] > gpu.MOST_DIFFERENCE


def test_speeds_are_measured() -> None:
    table = gpu.draw_table(8)
    assert gpu.measure_training(table, 12, "cpu", steps=1)["drawings_per_second"] > 0
    assert gpu.measure_labelling(table, 64, "cpu") > 0
    assert gpu.count_kept_bytes(table) > 1e4
