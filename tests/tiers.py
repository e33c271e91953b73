"""Sort the tests into tiers, run them in that order, and print what each tier took.

Every test is of one tier: `nightly`, `slow` or `ray` by its marker, `plain` without one.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TIERS = ("plain", "ray", "slow", "nightly")
NIGHTLY = os.environ.get("INSTANCESKETCH_NIGHTLY") == "1"
# Processor seconds of a plain test, children included, above which the summary names it.
LONG = 5.0

# Derandomised and without deadline, so that examples don't depend on the machine or its load.
settings.register_profile(
    "seeded", deadline=None, derandomize=True, database=None, max_examples=60 if NIGHTLY else 15
)
settings.load_profile("seeded")

_began = pytest.StashKey[float]()
_had_ray = pytest.StashKey[bool]()


def tier_of(item: pytest.Item) -> str:
    """Return the tier of a test.

    Raises:
        pytest.UsageError: it has markers of two.
    """
    tiers = {mark.name for mark in item.iter_markers() if mark.name in TIERS}
    if len(tiers) > 1:
        raise pytest.UsageError(f"{item.nodeid} is of several tiers: {', '.join(sorted(tiers))}")
    return tiers.pop() if tiers else "plain"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Keep the garbage collector away from what is imported and collected, now and later.

    It would walk through a million objects of torch again and again: a quarter of a second each.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the plain tests, sort by tier, and leave out the nightly ones unless asked for."""
    left_out, large = [], set[pytest.Item]()
    by_tier: dict[str, list[pytest.Item]] = {tier: [] for tier in TIERS}
    for item in items:
        tier = tier_of(item)
        if tier == "nightly" and not NIGHTLY:
            left_out.append(item)
            continue
        by_tier[tier].append(item)
        if tier == "plain":
            item.add_marker(pytest.mark.plain)
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(_group(item, tier)))
        else:
            large.add(item)
    # Large groups first, or one process would end with one while the other has nothing to do.
    items[:] = [
        item for tier in TIERS for item in sorted(by_tier[tier], key=lambda i: i not in large)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _group(item: pytest.Item, tier: str) -> str:
    """Return the name of the group of tests that run in one process, which share fixtures."""
    if tier == "ray":
        return tier  # one cluster serves them all
    return f"{Path(item.nodeid.split('::')[0]).with_suffix('')}-{tier}"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Check that tests are distributed by group; without that, each process makes all fixtures.

    Raises:
        pytest.UsageError: pytest-xdist has not put the groups into the tests' names.
    """
    distributed = session.config.getoption("loadgroup", default=False)
    if distributed and not all("@" in item.nodeid for item in session.items):
        raise pytest.UsageError("this pytest-xdist doesn't group the tests of this pytest")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what a test begins with."""
    item.stash[_began] = _processor_seconds()
    item.stash[_had_ray] = "ray" in sys.modules
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Add tier and processor time to a test's last report; fail a plain test that loaded Ray."""
    tier = tier_of(item)
    if call.when == "teardown":
        seconds = _processor_seconds() - item.stash[_began]
        item.user_properties += [("tier", tier), ("processor_seconds", seconds)]
    report = yield
    loaded = "ray" in sys.modules and not item.stash[_had_ray]
    if tier == "plain" and loaded and call.when == "teardown" and report.passed:
        report.outcome, report.longrepr = "failed", "a plain test has imported Ray"
    return report


def _processor_seconds() -> float:
    return time.process_time() + sum(os.times()[2:4])


class TierTimes:
    """A plugin of the process that prints the summary: adds up the tests' times by tier."""

    def __init__(self) -> None:
        self._tests: defaultdict[str, int] = defaultdict(int)
        self._seconds: defaultdict[str, float] = defaultdict(float)  # of all phases of a test
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._processor: defaultdict[str, float] = defaultdict(float)
        self._long: list[tuple[float, str]] = []
        self._open: dict[str, list[pytest.TestReport]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a report; the tier comes with the last one of each test."""
        # xdist adds the group to the name, with which the test could not be run again.
        report.nodeid = report.nodeid.rsplit("@", 1)[0]
        phases = self._open.setdefault(report.nodeid, [])
        phases.append(report)
        if report.when != "teardown":
            return
        del self._open[report.nodeid]
        properties = dict(report.user_properties)
        tier, processor = str(properties["tier"]), float(str(properties["processor_seconds"]))
        self._tests[tier] += 1
        self._seconds[tier] += sum(phase.duration for phase in phases)
        self._processor[tier] += processor
        self._first[tier] = min(self._first.get(tier, phases[0].start), phases[0].start)
        self._last[tier] = max(self._last.get(tier, 0.0), report.stop)
        if tier == "plain" and processor > LONG:
            self._long.append((processor, report.nodeid))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a line for each tier, and the long plain tests."""
        terminalreporter.section("tiers")
        began = min(self._first.values(), default=0.0)
        for tier in filter(self._tests.__contains__, TIERS):
            first, last = self._first[tier] - began, self._last[tier] - began
            terminalreporter.write_line(
                f"{tier:8}{self._tests[tier]:6,} tests{self._seconds[tier]:7.0f} s of tests"
                f"{self._processor[tier]:7.0f} s of processor (clusters and servers not counted)"
                f"   from {first:.0f} s to {last:.0f} s"
            )
        for seconds, name in sorted(self._long, reverse=True):
            terminalreporter.write_line(f"long: {seconds:.1f} s of processor: {name}")


def pytest_configure(config: pytest.Config) -> None:
    """Register what prints the summary, in the process that does."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(TierTimes(), "tier-times")
