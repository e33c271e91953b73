import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch.cli import output
from instancesketch.cli.main import VERBS, main, parse
from instancesketch.core.errors import UserError, find_user_error

ROOT = Path(__file__).parents[2]
JOBS = sorted((ROOT / "jobs").glob("*.py"))


def drawing(key: str) -> str:
    return json.dumps({"key_id": key, "word": "sun", "drawing": [[[0, 4], [0, 4]]]}) + "\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([verb, "--help"])
    text = capsys.readouterr().out
    assert f"\n  instancesketch {verb}" in text, "an example"
    assert "--config" in text


def test_who_asks_for_nothing_gets_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([])
    assert "label every stroke of drawings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("--workers", "the following arguments are required: VERB"),
        ("fly", "invalid choice: 'fly'"),
        ("ingest a", "required: --out"),
        ("ingest a --out b --format", "expected one argument"),
        ("ingest a --out b --fromat svg", "unknown option --fromat; did you mean --format?"),
        ("ingest a --ouT=b", "unknown option --ouT; did you mean --out?"),
        ("ingest jobs --out b --format gif", "--format gif: it is auto or one of json, cvat"),
        ("info no-such-folder", "no-such-folder is no corpus: it isn't there"),
        ("info README.md", "README.md is a file, and no corpus"),
        ("ingest a --out b --workers many", "'many' is not a number of workers: give 1 or more"),
        ("segment a --out b --workers 0", "'0' is not a number of workers"),
        ("ingest no-such-file --out b", "no-such-file isn't there"),
        ("ingest jobs --out b --taxonomy cats", "no taxonomy 'cats'"),
        ("ingest jobs --out jobs/b", "lie in each other"),
        ("ingest jobs --out b --config no.toml", "--config no.toml"),
        ("synth drawings --number 0 --out b", "--number is 1 or more"),
        ("segment jobs --out b --weights nobody", "no weights 'nobody'"),
        ("info jobs", "jobs is no corpus"),
        ("evaluate jobs --truth jobs", "jobs is no result"),
        ("export jobs --format svg --out b", "jobs is no corpus"),
        ("export jobs --format gif --out b", "can't write 'gif'"),
        ("report jobs --out b.html", "jobs is no corpus"),
        ("info gopher://hole", "no filesystem takes this location"),
    ],
)
def test_a_mistake_gets_one_line(
    command: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(command.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("instancesketch: error: ")
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_config_gives_values_and_the_command_line_counts_more(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(
        'out = "from-file"\nworkers = 3\nweights = ["a", "b"]\ngiven_category = true\nquiet = false'
    )
    args = parse(["segment", "x", "--config", str(file), "--workers=5"])
    assert (args.out, args.workers, args.weights) == ("from-file", 5, ["a", "b"])
    assert (args.given_category, args.quiet) == (True, False)
    assert parse(["segment", "x", f"--config={file}", "--weights", "c"]).weights == ["c"]


def test_a_list_of_a_config_is_taken_whole(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('data = ["a", "b"]\nset = ["model.width=8", "epochs=2"]\nworkers = "1-2"')
    args = parse(["train", "segmenter", "--run", "r", "--config", str(file)])
    assert (args.model, args.data) == ("segmenter", ["a", "b"])
    assert (args.set, args.workers) == (["model.width=8", "epochs=2"], (1, 2))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wrokers = 3", "unknown key 'wrokers'"),
        ("workers = true", "workers can't be True"),
        ("workers = [1, 2]", r"workers can't be \[1, 2\]"),
        ("[workers]\nn = 3", "workers can't be"),
        ("quiet = 1", "quiet is true or false"),
        ('split-by = "moon"', "invalid choice: 'moon'"),
        ("workers = ", "is not a TOML file"),
    ],
)
def test_a_wrong_config_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(UserError, match=said):
        parse(["ingest", "x", "--out", "y", "--config", str(tmp_path / "c.toml")])


def test_help_of_every_verb_loads_no_slow_library() -> None:
    code = f"""
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO
from instancesketch.cli.main import main
for verb in {list(VERBS)}:
    with redirect_stdout(StringIO()), suppress(SystemExit):
        main([verb, "--help"])
print(*sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    slow = {"matplotlib", "numpy", "optuna", "pyarrow", "ray", "sklearn", "torch", "ultralytics"}
    assert not slow & loaded


def test_a_process_ends_with_the_status_and_one_line() -> None:
    command = [sys.executable, "jobs/info.py", "no-such-corpus"]
    env = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("instancesketch: error: no-such-corpus is no corpus")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("path", JOBS, ids=lambda p: p.stem)
def test_jobs_open_with_the_command_that_submits_them(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    start = f"ray job submit --working-dir . -- python jobs/{path.name}"
    assert text.startswith(start)
    command = text.splitlines()[0].removeprefix(start)
    assert parse([path.stem, *command.split()]).verb == path.stem


@pytest.mark.ray
def test_the_street_by_its_verbs(
    ray_cluster: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text(drawing("a") + "{\n" + drawing("b"))
    (tmp_path / "in" / "notes.txt").write_text("suns")
    ask = ["ingest", str(tmp_path / "in"), "--storage", str(tmp_path), "--out", "corpus"]
    assert main(ask) == 0
    *_, note, reason, last = capsys.readouterr().out.splitlines()
    assert note == "skipped files that only accompany drawings: 1"
    assert reason.startswith("rejected 1: not JSON")
    assert last == f"ingest: 2 sketches, 2 strokes, 1 rejected -> {tmp_path}/corpus"
    log = (tmp_path / "corpus" / "_log.txt").read_text("utf-8")
    for told in ("ingest begun\n", ": 2 rows in", "rejected 1: not JSON", "ingest finished\n"):
        assert log.count(told) == 1
    summary = json.loads((tmp_path / "corpus" / "summary.json").read_text("utf-8"))
    assert set(summary["peak_memory_mb"]) == {"driver", "reading", "writing"}
    assert set(summary["stages"]) == {"reading", "writing"}
    assert main([*ask, "--strict"]) == 1
    assert "finished before" in capsys.readouterr().out
    assert main([*ask, "--shuffle-strokes", "1"]) == 2
    assert "made with another config (shuffle_strokes was None, is 1)" in capsys.readouterr().err
    assert (tmp_path / "corpus" / "_log.txt").read_text("utf-8") == log

    assert main([*ask, "--dry-run"]) == 0
    assert f"nothing to do: {tmp_path}/corpus is finished" in capsys.readouterr().out

    assert main([*ask, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("location") == f"{tmp_path}/corpus"
    assert told.pop("finished_before")
    assert told == summary

    assert main(["info", str(tmp_path / "corpus"), "--drawings", "1"]) == 0
    printed = capsys.readouterr().out
    assert "info: 2 sketches, 2 strokes, 4 points, 1 rejected" in printed
    assert "\nnot JSON" in printed
    assert "\na: sun: " not in printed
    assert "\na: sun, 1 strokes\n" in printed
    assert "\nb: sun" not in printed
    assert main(["info", str(tmp_path / "corpus"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sketches"], found["rejected"], found["category"]) == (2, 1, {"sun": 2})
    assert [d["sketch_id"] for d in found["drawings"]] == ["a", "b"]


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
def test_a_mistake_found_by_a_worker_is_one_too(ray_cluster: None) -> None:
    import ray

    @ray.remote
    def fail() -> None:
        raise UserError("the disk is full")

    with pytest.raises(ray.exceptions.RayTaskError) as caught:
        ray.get(fail.remote())
    assert "the disk is full" in str(find_user_error(caught.value))


@pytest.mark.ray
def test_synth_draws_the_same_on_any_number_of_workers(ray_cluster: None, tmp_path: Path) -> None:
    found = []
    for name, workers in (("a", "1"), ("b", "3")):
        ask = ["synth", "drawings", "--number", "1100", "--seed", "5", "--workers", workers]
        assert main([*ask, "--quiet", "--out", str(tmp_path / name)]) == 0
        found.append([p.read_bytes() for p in sorted((tmp_path / name).glob("part-*"))])
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_json_is_all_that_is_printed_and_has_no_word_for_what_is_no_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = parse(["info", "c", "--json"])
    value = {"loss": float("nan"), "rates": (1.5, float("inf")), None: {"a": [2]}}
    with output.keep_stdout_for_json(args):
        print("somebody has something to say")
        output.print_json(args, value)
    printed = capsys.readouterr()
    told = json.loads(printed.out, parse_constant=pytest.fail)
    assert told == {"loss": None, "rates": [1.5, None], "null": {"a": [2]}}
    assert printed.err == "somebody has something to say\n"
