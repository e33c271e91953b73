import io
import time
from collections.abc import Iterator

import pytest

from instancesketch.core import progress as progress_module
from instancesketch.core.progress import Activity, Pace, Progress, ReadingPace, clock_text, doing


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


def test_pace_counts_from_the_start_of_the_first_shard() -> None:
    clock = Clock()
    pace = Pace(total=10, done=4, clock=clock)
    clock.now = 100.0
    assert pace.add(50, 2.0) == "50 %, shard 5 of 10, 50 sketches, 25/s, 0:10 left"
    clock.now = 102.0
    assert pace.add(50, 2.0) == "60 %, shard 6 of 10, 100 sketches, 25/s, 0:08 left"


def test_reading_pace_starts_again_with_each_folder_and_pass() -> None:
    clock = Clock()
    pace = ReadingPace(clock=clock)
    texts = []
    for folder, read in (("a", 50), ("a", 100), ("b", 10), ("a", 20)):
        clock.now += 10.0
        texts.append(pace.add(folder, read, 100))
    assert texts == [
        "a: 50 of 100 read, 5/s, 0:10 left",
        "a: 100 of 100 read, 5/s, 0:00 left",
        "b: 10 of 100 read, 1/s, 1:30 left",
        "a: 20 of 100 read, 2/s, 0:40 left",
    ]


def show_for(seconds: int, clock: Clock, progress: Progress) -> None:
    for second in range(seconds):
        clock.now = second
        progress.show(f"at {second}")


def test_log_gets_a_line_every_three_seconds_and_later_every_ten() -> None:
    clock, stream = Clock(), io.StringIO()
    with Progress("ingest", stream=stream, clock=clock) as progress:
        show_for(60, clock, progress)
    seconds = [*range(3, 30, 3), 37, 47, 57]
    assert stream.getvalue() == "".join(f"ingest: at {second}\n" for second in seconds)


def test_pace_of_shards_without_rows_leaves_them_out() -> None:
    clock = Clock()
    clock.now = 10.0
    assert Pace(total=7, done=3, clock=clock).add(0, 2.0) == "57 %, shard 4 of 7, 0:06 left"


def test_terminal_line_is_drawn_over_and_ended() -> None:
    clock, stream = Clock(), Terminal()
    with Progress("ingest", stream=stream, clock=clock) as progress:
        show_for(3, clock, progress)
        progress.show("end")
    assert stream.getvalue() == "\ringest: at 1\ringest: at 2\ringest: end \ringest: end\n"


def test_printed_line_replaces_the_terminal_line() -> None:
    clock, stream = Clock(), Terminal()
    with Progress("train", leave=False, stream=stream, clock=clock) as progress:
        show_for(2, clock, progress)
        progress.print("epoch 1")
    blank = "\r" + " " * len("train: at 1") + "\r"
    assert stream.getvalue() == f"\rtrain: at 1{blank}epoch 1\n\r\r"


def test_followed_text_is_shown_once_more_at_the_end() -> None:
    stream, texts = io.StringIO(), iter(["only once"])
    clock = Clock()
    with Progress("tune", follow=lambda: next(texts, None), stream=stream, clock=clock):
        clock.now = 60.0
    assert stream.getvalue() == "tune: only once\n"


def test_quiet_writes_nothing() -> None:
    clock, stream = Clock(), Terminal()
    with Progress("ingest", quiet=True, stream=stream, clock=clock) as progress:
        clock.now = 60
        progress.show("busy")
        progress.print("epoch 1")
    assert stream.getvalue() == ""


@pytest.fixture
def activity() -> Iterator[tuple[Activity, Clock, io.StringIO]]:
    """Yield an activity whose looks are those of the test alone."""
    clock, stream = Clock(), io.StringIO()
    shown = Activity("segment", stream=stream, clock=clock)
    shown._ended.set()  # of its thread
    with shown:
        yield shown, clock, stream


def test_activity_is_shown_in_the_first_second_and_every_three(
    activity: tuple[Activity, Clock, io.StringIO],
) -> None:
    shown, clock, stream = activity
    for tenth in range(80):
        clock.now = tenth / 10
        if tenth == 20:
            doing("loading weights")
        shown.look()
    assert stream.getvalue() == (
        "segment: starting, 1 s\nsegment: loading weights, 2 s\nsegment: loading weights, 5 s\n"
    )


def test_activity_that_waits_for_its_user_is_silent() -> None:
    stream = io.StringIO()
    with Activity("draw", stream=stream, clock=time.monotonic):
        progress_module.end_activity()
        time.sleep(1.5)
    assert stream.getvalue() == ""


def test_progress_takes_the_place_of_the_activity_until_it_ends(
    activity: tuple[Activity, Clock, io.StringIO],
) -> None:
    shown, clock, stream = activity
    with Progress("segment", stream=stream, clock=clock) as progress:
        clock.now = 2.0
        shown.look()
        clock.now = 4.0
        progress.show("50 %")
        clock.now = 9.0
        shown.look()
    clock.now = 10.0
    shown.look()
    assert stream.getvalue() == "segment: starting, 2 s\nsegment: 50 %\nsegment: starting, 10 s\n"


def test_saying_what_is_done_needs_no_activity() -> None:
    doing("nothing")
    progress_module.clear_activity()
