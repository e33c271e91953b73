import subprocess
import sys
from pathlib import Path

import pytest

from instancesketch import results, storage


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "instancesketch", "demo", "--number", "300", "--epochs", "2"]
    return subprocess.run(
        [*command, "--out", str(folder)], capture_output=True, text=True, timeout=540, check=False
    )


@pytest.mark.slow
def test_demo_goes_the_whole_way_and_again(tmp_path: Path) -> None:
    first = demo(tmp_path / "demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Traceback" not in first.stderr
    assert "part accuracy" in first.stdout
    page = (tmp_path / "demo" / "report.html").read_text("utf-8")
    corpus, result = str(tmp_path / "demo" / "corpus"), str(tmp_path / "demo" / "result")
    asked = {s.sketch_id for s in results.sketches(corpus, "test")}
    labelled = list(results.sketches(result))
    assert {s.sketch_id for s in labelled} == asked
    assert all(s.error is None and s.part is not None for s in labelled)
    assert labelled[0].sketch_id in page
    assert results.info(corpus)["sketches"] == 300

    weights = storage.read_bytes(str(tmp_path / "demo" / "run" / "segmenter" / "model.safetensors"))
    again = demo(tmp_path / "demo")
    assert again.returncode == 0
    assert again.stdout.count("finished before") == 4  # synth, ingest, train and segment
    assert weights == storage.read_bytes(
        str(tmp_path / "demo" / "run" / "segmenter" / "model.safetensors")
    )
