import json
import sys

import pytest

from instancesketch.batch.job import Summary
from instancesketch.cli import output
from instancesketch.cli.main import parse

COUNTS = {"rows": 2, "strokes": 1234, "rejected": 1, "failed": 0, "companions": 1, "other_split": 0}


def test_json_is_all_that_reaches_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    args = parse(["info", "c", "--json"])
    value = {"loss": float("nan"), "rates": (1.5, float("inf")), None: {"a": [2]}}
    with output.keep_stdout_for_json(args):
        print("a library prints something")
        output.print_json(args, value)
    printed = capsys.readouterr()
    # JSON has no NaN and no infinity, and other parsers than Python's refuse them.
    read = json.loads(printed.out, parse_constant=pytest.fail)
    assert read == {"loss": None, "rates": [1.5, None], "null": {"a": [2]}}
    assert printed.err == "a library prints something\n"
    assert sys.stdout is not sys.stderr


def test_job_ends_with_a_line_of_counts(capsys: pytest.CaptureFixture[str]) -> None:
    counts = COUNTS | {"rejected_by_reason": {f"reason {i}": 9 - i for i in range(9)}}
    summary = Summary(location="corpus", counts=counts, finished_before=True)
    args = parse(["ingest", "x", "--out", "corpus"])
    assert output.conclude(args, summary, "3 objects", rows="scenes") == 0
    assert capsys.readouterr().out == (
        "skipped files that only accompany drawings: 1\n"
        + "".join(f"rejected {9 - i}: reason {i}\n" for i in range(5))
        + "ingest: finished before: 2 scenes, 1,234 strokes, 1 rejected, 3 objects -> corpus\n"
    )


@pytest.mark.parametrize("options", [["--strict"], ["--strict", "--json"]])
def test_strict_makes_rejected_and_failed_rows_an_error(options: list[str]) -> None:
    args = parse(["ingest", "x", "--out", "corpus", *options])
    for rejected, failed, left_out, status in (
        (1, 0, 0, 1),
        (0, 1, 0, 1),
        (0, 0, 1, 1),
        (0, 0, 0, 0),
    ):
        counts = COUNTS | {"rejected": rejected, "failed": failed, "left_out": left_out}
        counts["rejected_by_reason"] = {}
        assert output.conclude(args, Summary(location="corpus", counts=counts)) == status
