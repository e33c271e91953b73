"""A demo in a process of its own, examined by several tests, and the same demo run again."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from instancesketch.cli.main import main
from instancesketch.core import parquet
from instancesketch.core.sketch import Sketch

pytestmark = pytest.mark.slow

NUMBER = 120


class Demo(NamedTuple):
    """The folder of a demo, what it printed, and the drawings of its split `test` by id."""

    folder: Path
    printed: str
    test: dict[str, Sketch]

    @property
    def command(self) -> list[str]:
        return ["demo", "--number", str(NUMBER), "--epochs", "1", "--out", str(self.folder)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    ended = subprocess.run(
        [sys.executable, "-m", "instancesketch", *Demo(folder, "", {}).command],
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    test = {s.sketch_id: s for s in parquet.read_sketches(str(folder / "corpus"), "test")}
    return Demo(folder, ended.stdout, test)


def test_demo_ingests_all_drawings_and_prints_figures(demo: Demo) -> None:
    assert len(list(parquet.read_sketches(str(demo.folder / "corpus")))) == NUMBER
    assert demo.test
    assert "part accuracy" in demo.printed


@pytest.mark.parametrize("name", ["shipped", "trained"])
def test_demo_labels_the_split_test_and_writes_a_page(demo: Demo, name: str) -> None:
    labelled = list(parquet.read_sketches(str(demo.folder / f"by-{name}")))
    assert {s.sketch_id for s in labelled} == demo.test.keys()
    assert all(s.error is None and s.part is not None for s in labelled)
    assert any(number for s in labelled for number in s.instance or () if number)
    page = (demo.folder / f"{name}.html").read_text("utf-8")
    assert all(s.sketch_id in page for s in labelled)


def test_demo_run_again_repeats_no_step(
    demo: Demo, ray_cluster: None, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = demo.folder / "parts" / "segmenter" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    assert main(demo.command) == 0
    # synth, ingest, and train and segment twice
    assert capsys.readouterr().out.count("finished before") == 6
    assert weights.stat().st_mtime_ns == before
