"""The scripts that are submitted, run in this process."""

import runpy
import sys
from pathlib import Path

import pytest

JOBS = sorted((Path(__file__).parents[2] / "jobs").glob("*.py"))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.stem)
def test_script_runs_the_verb_of_its_name(
    job: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(job), "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_path(str(job), run_name="__main__")
    assert capsys.readouterr().out.startswith(f"usage: instancesketch {job.stem} ")
