import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch.core import parquet, storage
from instancesketch.results import info


def run_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "instancesketch", "demo", "--number", "300", "--epochs", "6"]
    return subprocess.run(
        [*command, "--out", str(folder)], capture_output=True, text=True, timeout=540, check=False
    )


@pytest.mark.slow
def test_demo_writes_its_pages_and_continues_when_run_again(tmp_path: Path) -> None:
    first = run_demo(tmp_path / "demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Traceback" not in first.stderr
    assert "part accuracy" in first.stdout
    corpus = str(tmp_path / "demo" / "corpus")
    expected = {s.sketch_id for s in parquet.read_sketches(corpus, "test")}
    for name in ("shipped", "trained"):
        page = (tmp_path / "demo" / f"{name}.html").read_text("utf-8")
        labelled = list(parquet.read_sketches(str(tmp_path / "demo" / f"by-{name}")))
        assert {s.sketch_id for s in labelled} == expected
        assert all(s.error is None and s.part is not None for s in labelled)
        assert any(number for s in labelled for number in s.instance or () if number)
        assert labelled[0].sketch_id in page
    assert info.info(corpus)["sketches"] == 300

    trained = str(tmp_path / "demo" / "parts" / "segmenter" / "model.safetensors")
    weights = storage.read_bytes(trained)
    again = run_demo(tmp_path / "demo")
    assert again.returncode == 0
    assert again.stdout.count("finished before") == 6  # synth, ingest, and train and segment twice
    assert weights == storage.read_bytes(trained)
