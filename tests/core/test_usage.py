import itertools

import pytest

from instancesketch.core.usage import Waited, costs


def test_waiting_is_counted_and_working_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    waited = Waited([1, 2, 3])
    for _ in waited:
        next(clock)  # a second of work
    assert waited.seconds == 4.0  # the three, and their end


def test_costs_are_those_of_all_epochs_by_all_workers() -> None:
    lines = [
        {"seconds": 4.0, "drawings": 50, "workers": 2, "reading_seconds": 1.0, "memory_mb": 300},
        {"seconds": 6.0, "drawings": 100, "workers": 1, "reading_seconds": 2.0, "memory_mb": 200},
    ]
    found = costs(lines)
    assert found["speed"] == {"drawings": 200, "seconds": 10.0, "drawings_per_second": 20.0}
    assert found["stages"] == {"reading": {"busy_seconds": 3.0}, "training": {"busy_seconds": 7.0}}
    assert found["peak_memory_mb"]["worker"] == 300
    assert found["peak_memory_mb"]["driver"] > 0


def test_a_run_of_before_has_what_it_has() -> None:
    found = costs([{"seconds": 2.0}], drawings=10)
    assert found["speed"]["drawings_per_second"] == 5.0
    assert found["stages"] == {"training": {"busy_seconds": 2.0}}
    assert found["peak_memory_mb"]["worker"] == 0
