"""The log names shards that are late."""

import logging
import time

import pytest

from instancesketch.batch import job_log
from instancesketch.batch.job_log import Stragglers


def test_a_shard_that_took_five_times_the_median_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with Stragglers([]) as watch:
        for seconds in (900.0, 4.0, 4.0, 3.0, 5.0, 4.0, 19.0, 21.0):
            watch.add(f"part-{seconds:g}", seconds)
    # The first has nothing to be compared with.
    assert [r.getMessage() for r in caplog.records] == [
        "part-21 was late: 21 s, where most take 4.0 s"
    ]


def test_shards_that_are_left_are_named_where_none_is_done_for_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "_LOOK_EVERY", 0.01)
    monkeypatch.setattr(job_log, "LEAST_SECONDS", 0.05)
    caplog.set_level(logging.INFO)
    names = [f"part-{i}" for i in range(20)]
    with Stragglers(names) as watch:
        for name in names[:6]:
            watch.add(name, 0.001)
        while not caplog.records:
            time.sleep(0.01)
    first = caplog.records[0].getMessage()
    left = ", ".join(names[6:14])
    assert first.startswith("no shard done for 0 s; left: ")
    assert first.endswith(f"{left} and 6 more")
