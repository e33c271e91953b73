import io

import pytest

from instancesketch.core.progress import Pace, Progress, ReadingPace, clock_text


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (65.4, "1:05"), (3599.6, "1:00:00"), (7384, "2:03:04")]
)
def test_clock_text(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


def test_pace_counts_from_the_first_slice_not_from_the_start() -> None:
    clock = Clock()
    pace = Pace(total=10, done=4, clock=clock)
    clock.now = 100.0
    assert pace.add(50, 2.0) == "50 %, slice 5 of 10, 50 sketches, 25/s, 0:10 left"
    clock.now = 102.0
    assert pace.add(50, 2.0) == "60 %, slice 6 of 10, 100 sketches, 25/s, 0:08 left"


def test_reading_goes_from_folder_to_folder() -> None:
    clock = Clock()
    pace = ReadingPace(clock=clock)
    told = []
    for folder, read in (("a", 50), ("a", 100), ("b", 10), ("a", 20)):
        clock.now += 10.0
        told.append(pace.add(folder, read, 100))
    assert told == [
        "a: 50 of 100 read, 5/s, 0:10 left",
        "a: 100 of 100 read, 5/s, 0:00 left",
        "b: 10 of 100 read, 1/s, 1:30 left",
        "a: 20 of 100 read, 2/s, 0:40 left",
    ]


def test_a_log_gets_a_line_now_and_then() -> None:
    clock, stream = Clock(), io.StringIO()
    with Progress("ingest", stream=stream, clock=clock) as progress:
        for second in range(25):
            clock.now = second
            progress.show(f"at {second}")
    assert stream.getvalue() == "ingest: at 10\ningest: at 20\n"


def test_a_terminal_line_is_drawn_over_and_ended() -> None:
    clock, stream = Clock(), Terminal()
    with Progress("ingest", stream=stream, clock=clock) as progress:
        for second in range(3):
            clock.now = second
            progress.show(f"at {second}")
    assert stream.getvalue() == "\r\x1b[2Kingest: at 1\r\x1b[2Kingest: at 2\n"


def test_quiet_is_quiet() -> None:
    clock, stream = Clock(), Terminal()
    with Progress("ingest", quiet=True, stream=stream, clock=clock) as progress:
        clock.now = 60
        progress.show("busy")
    assert stream.getvalue() == ""
