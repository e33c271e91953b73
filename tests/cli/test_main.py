import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from instancesketch.cli.main import VERBS, main
from instancesketch.core.errors import UserError, find_user_error

ROOT = Path(__file__).parents[2]


def drawing(key: str) -> str:
    return json.dumps({"key_id": key, "word": "sun", "drawing": [[[0, 4], [0, 4]]]}) + "\n"


class Ingested(NamedTuple):
    corpus: Path
    command: list[str]
    printed: str


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([verb, "--help"])
    text = capsys.readouterr().out
    assert f"\n  instancesketch {verb}" in text, "an example"
    assert "--config" in text


def test_empty_command_line_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([])
    assert "label every stroke of drawings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("--workers", "the following arguments are required: VERB"),
        ("fly", "unknown verb fly; verbs are ingest, synth, train"),
        ("segmnt a --out b", "unknown verb segmnt; did you mean segment?"),
        ("Report a", "unknown verb Report; did you mean report?"),
        ("ingest a", "required: --out"),
        ("ingest a --out b --format", "expected one argument"),
        ("ingest a --out b --fromat svg", "unknown option --fromat; did you mean --format?"),
        ("ingest a --ouT=b", "unknown option --ouT; did you mean --out?"),
        ("ingest jobs --out b --format gif", "--format gif: it is auto or one of json, cvat"),
        ("info no-such-folder", "no-such-folder is not a corpus: it isn't there"),
        ("info README.md", "README.md is a file, not a corpus"),
        ("ingest a --out b --workers many", "'many' is not a number of workers: give 1 or more"),
        ("segment a --out b --workers 0", "'0' is not a number of workers"),
        ("ingest no-such-file --out b", "no-such-file isn't there"),
        ("ingest jobs --out b --taxonomy cats", "no taxonomy 'cats'"),
        ("ingest jobs --out jobs/b", "lie in each other"),
        ("ingest jobs --out b --config no.toml", "--config no.toml: No such file"),
        ("synth drawings --number 0 --out b", "--number is 1 or more"),
        ("segment jobs --out b --weights nobody", "no weights 'nobody'"),
        ("info jobs", "jobs is not a corpus"),
        ("evaluate jobs --truth jobs", "jobs is not a result"),
        ("export jobs --format svg --out b", "jobs is not a corpus"),
        ("export jobs --format gif --out b", "can't write 'gif'"),
        ("report jobs --out b.html", "jobs is not a corpus"),
        ("info gopher://hole", "no filesystem takes this location"),
        ("info", "info takes a CORPUS, or --labels"),
        ("info corpus --labels drawings", "info takes a CORPUS, or --labels"),
        ("segment jobs --out tests", "tests already holds"),
        ("train segmenter --data jobs --run r", "jobs is not a corpus"),
        ("tune segmenter --data jobs --run r", "jobs is not a corpus"),
    ],
)
def test_error_is_printed_in_one_line(
    command: str, error: str, refuse: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert error in refuse(command)


def test_interrupted_verb_returns_130_and_prints_how_to_continue(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(VERBS["info"], "run", interrupt)
    assert main(["info", "c"]) == 130
    text = "instancesketch: stopped; run the same command again to continue\n"
    assert capsys.readouterr().err == text


def test_process_ends_with_the_status_and_one_line() -> None:
    command = [sys.executable, "jobs/info.py", "no-such-corpus"]
    env = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 2
    *alive, last = done.stderr.splitlines()
    assert last.startswith("instancesketch: error: no-such-corpus is not a corpus")
    # On a busy machine it takes long enough for a sign of life.
    assert all(line.startswith("info: starting, ") for line in alive)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """A corpus made by `ingest` of two drawings, a broken one, and a file that isn't a drawing."""
    folder = tmp_path_factory.mktemp("ingested")
    (folder / "in").mkdir()
    (folder / "in" / "a.ndjson").write_text(drawing("a") + "{\n" + drawing("b"))
    (folder / "in" / "notes.txt").write_text("suns")
    command = ["ingest", str(folder / "in"), "--storage", str(folder), "--out", "corpus"]
    printed = StringIO()
    with redirect_stdout(printed):
        assert main(command) == 0
    return Ingested(folder / "corpus", command, printed.getvalue())


def test_ingest_prints_and_logs_its_counts(ingested: Ingested) -> None:
    *_, note, reason, last = ingested.printed.splitlines()
    assert note == "skipped files that only accompany drawings: 1"
    assert reason.startswith("not read: ")
    assert "a.ndjson line 2: not JSON" in reason
    assert last == f"ingest: 2 sketches, 2 strokes, 1 rejected -> {ingested.corpus}"
    log = (ingested.corpus / "_log.txt").read_text("utf-8")
    for text in ("ingest begun\n", ": 2 rows in", "rejected 1: not JSON", "ingest finished\n"):
        assert log.count(text) == 1
    summary = json.loads((ingested.corpus / "summary.json").read_text("utf-8"))
    assert set(summary["peak_memory_mb"]) == {"driver", "reading", "writing"}
    assert set(summary["stages"]) == {"reading", "writing"}


def test_finished_ingest_is_not_repeated(
    ingested: Ingested, capsys: pytest.CaptureFixture[str]
) -> None:
    log = (ingested.corpus / "_log.txt").read_text("utf-8")
    assert main([*ingested.command, "--strict"]) == 1
    assert "finished before" in capsys.readouterr().out
    assert main([*ingested.command, "--shuffle-strokes", "1"]) == 2
    assert "shuffle_strokes was None, is 1" in capsys.readouterr().err
    assert main([*ingested.command, "--dry-run"]) == 0
    assert f"nothing to do: {ingested.corpus} is finished" in capsys.readouterr().out
    assert (ingested.corpus / "_log.txt").read_text("utf-8") == log

    assert main([*ingested.command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed.pop("location") == str(ingested.corpus)
    assert printed.pop("finished_before")
    assert printed == json.loads((ingested.corpus / "summary.json").read_text("utf-8"))


def test_info_counts_and_describes_drawings(
    ingested: Ingested, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(ingested.corpus), "--drawings", "1"]) == 0
    printed = capsys.readouterr().out
    assert "info: 2 sketches, 2 strokes, 4 points, 1 rejected" in printed
    assert "\nnot JSON" in printed
    assert "\na: sun, 1 strokes\n" in printed
    assert "\nb: sun" not in printed
    assert main(["info", str(ingested.corpus), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert (counts["sketches"], counts["rejected"], counts["category"]) == (2, 1, {"sun": 2})
    assert [d["sketch_id"] for d in counts["drawings"]] == ["a", "b"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_shells_complete_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--print-completion", shell])
    script = capsys.readouterr().out
    assert all(verb in script for verb in VERBS)
    assert "given-category" in script


def test_bash_completes_verbs_and_options(tmp_path: Path) -> None:
    script = subprocess.run(
        [sys.executable, "-m", "instancesketch", "--print-completion", "bash"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    ask = """
COMP_WORDS=(instancesketch {}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_shtab_instancesketch; echo "${{COMPREPLY[@]}}"
"""
    for words, expected in (("seg", "segment"), ("export x --unc", "--uncertain")):
        done = subprocess.run(
            ["bash", "-c", script + ask.format(words)], capture_output=True, text=True
        )
        assert done.stdout.split() == [expected]


@pytest.mark.ray
def test_user_error_of_a_worker_is_extracted_from_rays_error(ray_cluster: None) -> None:
    import ray

    @ray.remote
    def fail() -> None:
        raise UserError("the disk is full")

    with pytest.raises(ray.exceptions.RayTaskError) as caught:
        ray.get(fail.remote())
    assert "the disk is full" in str(find_user_error(caught.value))
