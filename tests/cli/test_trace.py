"""Pictures at the command line: read where `--trace` asks for it, rejected with that hint else."""

import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from instancesketch.cli.main import main
from tests.formats.tracing.pictures import RING, paint, to_bytes

pytest.importorskip("skimage", reason="needs the extra `trace`")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with a picture, a blank one, one that is cut off, and an SVG."""
    folder = tmp_path / "in" / "cloud"
    folder.mkdir(parents=True)
    drawn = to_bytes(paint(RING, [(20, 30), (90, 20)]))
    (folder / "a.png").write_bytes(drawn)
    (folder / "blank.jpg").write_bytes(to_bytes(paint([(-50, -50)]), "JPEG"))
    (folder / "cut.png").write_bytes(drawn[:200])
    (folder / "b.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9" stroke="red"/></svg>'
    )
    return folder.parent


@pytest.mark.parametrize("verb", ["ingest", "segment"])
def test_pictures_are_traced_on_request(
    verb: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([verb, str(pictures), "--out", str(out), "--trace"]) == 0
    rows = pq.read_table(out / "part-000000.parquet").to_pylist()
    assert [(r["sketch_id"], len(r["stroke_len"])) for r in rows] == [
        ("cloud/a", 2),
        ("cloud/b", 1),
    ]
    printed = capsys.readouterr()
    assert "no lines found" in printed.out + printed.err
    assert "a damaged picture" in printed.out + printed.err
    # The same folder isn't continued without it.
    assert main([verb, str(pictures), "--out", str(out)]) == 2


def test_pictures_are_rejected_with_the_hint_without_it(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ingest", str(pictures), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("with --trace its lines are read as strokes") == 3
    assert len(pq.read_table(tmp_path / "out" / "part-000000.parquet")) == 1


def test_a_missing_extra_and_a_format_without_the_option_are_refused_at_once(
    pictures: Path, tmp_path: Path, refuse: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = f"ingest {pictures} --out {tmp_path / 'out'}"
    assert "--format picture goes with --trace" in refuse(f"{command} --format picture")
    monkeypatch.setitem(sys.modules, "skimage", None)
    assert "needs the extra `trace`: pip install" in refuse(f"{command} --trace")
    assert not (tmp_path / "out").exists()
