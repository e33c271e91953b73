"""The state files of a run: written and read back, of version 1, and damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.render.svg import to_svg
from instancesketch.tracking.run_state import Position, RunState, Start, Worker
from instancesketch.tracking.snapshot import Confusion, Snapshot
from tests.drawings import DOODLE7, composed, drawn
from tests.tracking.snapshots import COLOURS, snapshot_of

POSITION = {
    "epoch": 1, "epochs": 2, "step": 1, "steps": 5, "steps_per_second": 0.5, "seconds_left": 18.0,
}  # fmt: skip
START = {
    "epoch": 3,
    "damaged": [4],
    "workers": [{"pid": 7, "node": "192.0.2.2"}],
    "at": "2026-01-31T10:00:00+00:00",
}
CONFUSION = {"parts": ["wheel", "frame"], "counts": [[7, 1, 0], [0, 3, 2]]}


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    return RunState(str(tmp_path))


def write(state: RunState, name: str, value: Any) -> None:
    storage.write_json(storage.join(state.run, "_state", f"{name}.json"), value)


def test_state_of_a_new_run_is_empty(state: RunState) -> None:
    assert (state.starts(), state.position(), state.warnings()) == ([], None, [])
    assert state.snapshot(1) is None


def test_written_state_is_read_back(state: RunState) -> None:
    starts = [
        Start(epoch=epoch, damaged=[], workers=[Worker(pid=7, node="n")], at="") for epoch in (0, 2)
    ]
    for start in starts:
        state.add_start(start)
    position = Position(**POSITION)
    state.write_position(position)
    state.write_warnings(["first", "second"])
    assert (state.starts(), state.position()) == (starts, position)
    assert state.warnings() == ["first", "second"]
    state.clear_warnings()
    assert state.warnings() == []


@pytest.mark.parametrize("make", [drawn, composed], ids=["drawings", "scenes"])
def test_snapshot_is_read_back_for_its_own_epoch(
    state: RunState, make: Callable[[int], list[Sketch]]
) -> None:
    sketches = make(2)
    predicted = [s.replace(part=None, label=None, instance=None) for s in sketches]
    snapshot = Snapshot(
        epoch=3,
        confusion=Confusion(**CONFUSION),
        by="part",
        colours=COLOURS,
        truth=sketches,
        predicted=predicted,
    )
    state.write_snapshot(snapshot)
    assert state.snapshot(3) == snapshot
    assert state.snapshot(2) is None


def test_version_1_is_read(state: RunState) -> None:
    write(state, "starts", [START])
    write(state, "progress", POSITION)
    write(state, "notes", ["a warning"])
    (start,) = state.starts()
    assert (start.epoch, start.damaged, start.workers) == (
        3,
        [4],
        [Worker(pid=7, node="192.0.2.2")],
    )
    assert state.position() == Position(**POSITION)
    assert state.warnings() == ["a warning"]
    state.add_start(start)
    assert state.starts() == [start, start]


@pytest.mark.parametrize(
    ("by", "make", "legend"),
    [("part", drawn, COLOURS), ("instance", drawn, {}), ("object", composed, {})],
    ids=["part", "instance", "object"],
)
def test_snapshot_of_version_1_is_read_from_its_svgs(
    by: str, make: Callable[[int], list[Sketch]], legend: dict[str, str], state: RunState
) -> None:
    sketches = make(2)
    storage.write_json(storage.join(state.run, "config.json"), {"taxonomy": DOODLE7.to_dict()})
    drawings = [to_svg(sketch, by=by) for sketch in sketches]
    values = {
        "epoch": 1,
        "confusion": CONFUSION,
        "examples": [[s.sketch_id, svg, svg] for s, svg in zip(sketches, drawings, strict=True)],
        "legend": legend,
    }
    write(state, "shown", values)
    snapshot = state.snapshot(1)
    assert snapshot is not None
    assert (snapshot.by, snapshot.confusion) == (by, Confusion(**CONFUSION))
    for restored in (snapshot.truth, snapshot.predicted):
        assert [to_svg(sketch, by=by) for sketch in restored] == drawings
    assert snapshot.legend == legend
    assert bool(snapshot.colours) == (by != "object")


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"shown": None},
        {"more": 1},
        {"colours": None},
        {"by": "colour"},
        {"confusion": {"parts": ["wheel"], "counts": [[1]]}},
        {"truth": [{"sketch_id": "a"}]},
        {"predicted": []},
    ],
    ids=str,
)
def test_damaged_file_is_named_in_one_line(change: dict[str, Any], state: RunState) -> None:
    state.write_snapshot(snapshot_of(drawn(1)))
    place = storage.join(state.run, "_state", "shown.json")
    whole = storage.read_json(place)
    if change.keys() <= whole.keys():
        storage.write_json(place, whole | change)
    else:
        storage.write_json(place, whole | {"shown": whole["shown"] | change})
    with pytest.raises(UserError) as caught:
        state.snapshot(1)
    assert str(caught.value) == (
        f"{place} is damaged or of another version; remove it to go on without what is in it"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("starts", [START | {"workers": [7]}]),
        ("starts", START),
        ("progress", POSITION | {"step": "1"}),
        ("progress", {"epoch": 1}),
        ("notes", [1]),
    ],
)
def test_value_of_another_type_is_reported_as_damage(
    name: str, value: Any, state: RunState
) -> None:
    write(state, name, value)
    read = {"starts": state.starts, "progress": state.position, "notes": state.warnings}[name]
    with pytest.raises(UserError, match="is damaged"):
        read()
