import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch.cli.main import VERBS, parse
from instancesketch.synth.draw import draw

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = "\n".join([README, *(p.read_text("utf-8") for p in sorted((ROOT / "docs").glob("*.md")))])
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", PAGES, re.S)).replace("\\\n", " ")
HELP = "\n".join(module.DESCRIPTION for module in VERBS.values())
JOBS = sorted((ROOT / "jobs").glob("*.py"))


def commands(text: str, start: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith(start)]


@pytest.mark.parametrize("line", commands(SHELL + "\n" + HELP, "instancesketch "))
def test_documented_command_parses(line, tmp_path, monkeypatch) -> None:
    words = shlex.split(line, comments=True)[1:]
    if "--config" in words:  # a file that an earlier command has written
        monkeypatch.chdir(tmp_path)
        config = Path(words[words.index("--config") + 1])
        config.parent.mkdir(parents=True)
        config.touch()
    args = parse(words)
    assert args.verb in VERBS


@pytest.mark.parametrize("line", commands(SHELL, "ray job submit"))
def test_documented_job_parses(line) -> None:
    _, command = line.split(" -- python ")
    script, *options = shlex.split(command)
    assert (ROOT / script).is_file()
    assert parse([Path(script).stem, *options]).verb == Path(script).stem


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.stem)
def test_docstring_of_a_job_begins_with_its_command(job) -> None:
    first = job.read_text("utf-8").splitlines()[0].removeprefix('"""')
    script, *options = shlex.split(first.split(" -- python ")[1])
    assert first.startswith("ray job submit --working-dir . -- python ")
    assert script == f"jobs/{job.name}"
    assert parse([job.stem, *options]).verb == job.stem


def test_every_verb_has_a_job() -> None:
    # But for `draw`, whose page is for the machine of whoever draws.
    assert [job.stem for job in JOBS] == sorted(VERBS.keys() - {"draw"})


DOCS = [f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", ["README.md", *DOCS])
def test_files_that_a_page_links_to_exist(page) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text("utf-8"))
    assert all((ROOT / page).parent.joinpath(link).exists() for link in links), links


TESTING = (ROOT / "docs/testing.md").read_text("utf-8")


@pytest.mark.parametrize("name", re.findall(r"`(\S+::\S+)`", TESTING))
def test_every_test_named_as_proof_exists(name) -> None:
    file, test = name.split("::")
    assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text("utf-8")


@pytest.mark.slow
def test_commands_and_code_of_the_readme_run_as_they_stand(tmp_path) -> None:
    folder = tmp_path / "drawings"
    folder.mkdir()
    for number, category in enumerate(("4leg", "car", "flower")):
        (folder / f"{category}.svg").write_text(draw(11, number, category).to_svg())
    (tmp_path / "cat.svg").write_text(draw(12, 0, "4leg").to_svg())
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    # The page to draw on runs until it is stopped.
    lines = [line for line in commands("\n".join(blocks), "instancesketch ") if line[-4:] != "draw"]
    assert [shlex.split(line)[1] for line in lines] == ["segment", "report", "export"]
    # A browser that opens nothing.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BROWSER": "true"}
    for line in lines:
        command = [sys.executable, "-m", *shlex.split(line)]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=300)
    assert {"result.html", "table"} <= {path.name for path in tmp_path.iterdir()}
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=300,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.startswith("4leg ('")
