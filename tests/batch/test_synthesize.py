import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instancesketch.batch import runner, synthesize
from instancesketch.batch.config import ScenesConfig
from instancesketch.batch.in_process import InProcessRunner
from instancesketch.batch.output import Output
from instancesketch.batch.stages import JobRun, ShardState
from instancesketch.batch.synthesize import Compose, NumberShard, synth_scenes
from instancesketch.cli.main import main
from instancesketch.core import parquet
from instancesketch.core.errors import UserError
from instancesketch.core.hashing import assign_split
from instancesketch.core.parquet import write_table
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from instancesketch.synth.scenes.composer import compose
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.synth.scenes.sources import DrawingSource
from tests import drawings

NUMBER = 60


def drawn() -> list[Sketch]:
    return drawings.drawn(80, seed=4)


def corpus(folder: Path, splits: list[str | None]) -> str:
    """Write a corpus whose drawings have the given splits in turn; return its folder."""
    sketches = []
    for i, sketch in enumerate(drawn()):
        split = splits[i % len(splits)]
        sketches.append(sketch.replace(sketch_id=f"d-{i}", split=split, source=split or "unknown"))
    write_table(str(folder / "part-000000.parquet"), to_table(sketches[:50]))
    write_table(str(folder / "part-000001.parquet"), to_table(sketches[50:]))
    return str(folder)


def composed(folder: Path, **values: Any) -> list[Sketch]:
    config = ScenesConfig(out=str(folder), quiet=True, **{"number": NUMBER, "seed": 1} | values)
    synth_scenes(config, InProcessRunner())
    return list(parquet.read_sketches(str(folder)))


def shapes(scene: Sketch, number: int) -> tuple[int, ...]:
    """Return the points per stroke of an object, which placing it does not change."""
    assert scene.object is not None
    rows = np.flatnonzero(np.array(scene.object) == number)
    return tuple(int(n) for n in scene.stroke_len[rows])


def test_drawings_are_sorted_by_split(tmp_path: Path) -> None:
    drawings = DrawingSource.from_corpora(
        [corpus(tmp_path, ["train", "valid", "test", None])]
    ).sample(0, 0)
    assert len(drawings["train"]) + len(drawings["valid"]) == len(drawn())
    for role, sketches in drawings.items():
        for sketch in sketches:
            known = sketch.split or assign_split(sketch.sketch_id)
            assert (known == "train") == (role == "train")


def test_large_corpora_are_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instancesketch.synth.scenes.sources.MAX_ROWS", 20)
    monkeypatch.setattr("instancesketch.synth.scenes.sources.MAX_GROUPS", 1)
    source = DrawingSource.from_corpora([corpus(tmp_path, ["train"])])
    assert not source.fits_in_memory
    ids = [[s.sketch_id for s in source.sample(0, n)["train"]] for n in range(6)]
    assert all(len(sample) == 20 for sample in ids)
    assert len({tuple(sample) for sample in ids}) > 3
    assert [s.sketch_id for s in source.sample(0, 2)["train"]] == ids[2]


def test_drawings_are_generated_without_a_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instancesketch.synth.scenes.sources.DRAWINGS_WITHOUT_CORPUS", 60)
    first, second = (DrawingSource.from_corpora([]).sample(0, n) for n in range(2))
    assert len(first["train"]) > len(first["valid"]) > 5
    assert len(first["train"]) + len(first["valid"]) == 60
    assert not {s.sketch_id for s in first["train"]} & {s.sketch_id for s in second["train"]}


def test_the_error_names_a_damaged_or_missing_corpus(tmp_path: Path) -> None:
    (tmp_path / "part-0.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(UserError, match=r"part-0\.parquet can't be read"):
        DrawingSource.from_corpora([str(tmp_path)])
    with pytest.raises(UserError, match="is not a corpus"):
        DrawingSource.from_corpora([str(tmp_path / "nowhere")])


def test_a_split_without_drawings_fails_only_for_its_own_scenes(tmp_path: Path) -> None:
    source = DrawingSource.from_corpora([corpus(tmp_path / "corpus", ["train"])])
    compose = Compose(seed=0, scene=SceneConfig(), drawings=source)
    run = JobRun(output=Output(str(tmp_path / "out"), {}), id="r")

    def compose_to(stop: int) -> ShardState:
        shard = NumberShard(name="part-000000", start=0, stop=stop)
        return compose.process(ShardState(shard=shard), run)

    assert len(compose_to(9).rows) == 9
    with pytest.raises(UserError, match="no scenes of split valid"):
        compose_to(10)


def test_scenes_do_not_depend_on_their_number_or_the_shard_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = corpus(tmp_path / "corpus", ["train", "valid"])
    first = composed(tmp_path / "a", sources=(source,))
    monkeypatch.setattr(synthesize, "SCENES_PER_SHARD", 17)
    assert composed(tmp_path / "b", sources=(source,)) == first
    assert composed(tmp_path / "c", sources=(source,), number=20) == first[:20]
    assert [s.sketch_id for s in first] == [f"scene-1-{i}" for i in range(NUMBER)]
    counts = json.loads((tmp_path / "a" / "summary.json").read_text())
    objects = [word for scene in first for word in scene.object_category or ()]
    assert counts["scenes"] == NUMBER
    assert counts["objects"] == len(objects) == sum(counts["objects_by_category"].values())
    assert counts["objects_by_category"]["tree"] == objects.count("tree")


def test_train_and_valid_scenes_share_no_drawing(tmp_path: Path) -> None:
    source = corpus(tmp_path / "corpus", ["train", "valid", "test"])
    sizes = {True: set(), False: set()}  # type: dict[bool, set[tuple[int, ...]]]
    for i, sketch in enumerate(drawn()):
        sizes[i % 3 == 0].add(tuple(int(n) for n in sketch.stroke_len))
    scene = SceneConfig(own_share=1, hidden=0)
    scenes = composed(tmp_path / "out", sources=(source,), scene=scene)
    assert [s.split == "valid" for s in scenes] == [i % 10 == 9 for i in range(NUMBER)]
    for placed in scenes:
        for number in range(len(placed.object_category or ())):
            assert shapes(placed, number) in sizes[placed.split == "train"]


def test_scenes_are_composed_from_objects_of_scenes(tmp_path: Path) -> None:
    scenes = [
        compose(drawn(), 0, i, SceneConfig(own_share=1)).replace(split="train") for i in range(9)
    ]
    write_table(str(tmp_path / "scenes" / "part-0.parquet"), to_table(scenes))
    made = composed(
        tmp_path / "out",
        sources=(str(tmp_path / "scenes"),),
        scene=SceneConfig(own_share=1),
        number=9,
    )
    assert all(scene.part is not None for scene in made)
    assert {w for s in made for w in s.object_category or ()} <= {d.category for d in drawn()}


def test_a_stopped_job_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesize, "SCENES_PER_SHARD", 10)
    source = corpus(tmp_path / "corpus", ["train", "valid"])
    options = {"sources": (source,), "number": 30}
    whole = composed(tmp_path / "whole", yolo=str(tmp_path / "yolo-whole"), **options)
    publish = runner.publish

    def stop(*args: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "publish", stop)
    with pytest.raises(KeyboardInterrupt):
        composed(tmp_path / "out", yolo=str(tmp_path / "yolo"), **options)
    monkeypatch.setattr(runner, "publish", publish)
    staged = tmp_path / "out" / "_state" / "slices"
    rows = sorted(path for path in staged.iterdir() if path.name.count(".") == 2)
    rows.pop(1).unlink()
    before = {f"{p.name.split('.')[0]}.parquet": p.stat().st_mtime_ns for p in rows}
    assert sorted(before) == ["part-000000.parquet", "part-000002.parquet"]
    assert composed(tmp_path / "out", yolo=str(tmp_path / "yolo"), **options) == whole
    assert all((tmp_path / "out" / n).stat().st_mtime_ns == t for n, t in before.items())
    files = [
        {str(p.relative_to(top)): p.read_bytes() for p in sorted(top.rglob("*")) if p.is_file()}
        for top in (tmp_path / "yolo", tmp_path / "yolo-whole")
    ]
    assert files[0] == files[1]
    assert sum(name.startswith("images/val/") for name in files[0]) == 3
    assert sum(name.startswith("labels/train/") for name in files[0]) == 27
    # A folder stopped at its last step must be completed by the next run.
    (tmp_path / "yolo" / "data.yaml").unlink()
    composed(tmp_path / "out", yolo=str(tmp_path / "yolo"), **options)
    assert (tmp_path / "yolo" / "data.yaml").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--number", "0"], "--number is 1 or more"),
        (["--number", "1", "--most", "0"], "at least one object"),
        (["--number", "1", "--own-share", "2"], "own_share is a share"),
        (["--number", "1", "--from", "jobs"], "jobs is not a corpus"),
        (["--number", "1", "--yolo", "OUT/inside"], "lie in each other"),
        (["--number", "1", "--yolo", "FULL"], "already holds 'data.yaml'"),
    ],
)
def test_invalid_options_print_one_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "data.yaml").touch()
    out = str(tmp_path / "out")
    asked = [o.replace("OUT", out).replace("FULL", str(tmp_path / "full")) for o in options]
    assert main(["synth", "scenes", "--out", out, *asked]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_options_of_scenes_are_refused_for_drawings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "drawings", "--number", "1", "--out", "x", "--own-share", "1"]) == 2
    assert "--own-share is for `synth scenes`" in capsys.readouterr().err


def test_scenes_are_composed_of_generated_drawings_without_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instancesketch.synth.scenes.sources.DRAWINGS_WITHOUT_CORPUS", 60)
    scenes = composed(tmp_path / "out", number=10)
    assert all(scene.object_category for scene in scenes)


@pytest.mark.ray
def test_finished_scenes_are_not_composed_again(
    ray_cluster: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = corpus(tmp_path / "corpus", ["train", "valid"])
    ask = ["synth", "scenes", "--from", source, "--number", "12", "--quiet"]
    ask += ["--out", str(tmp_path / "out")]
    assert main(ask) == 0
    assert "synth: 12 scenes" in capsys.readouterr().out
    assert main(ask) == 0
    assert "finished before" in capsys.readouterr().out
    assert main([*ask, "--most", "3"]) == 2
    assert "made with another config (most was 15, is 3)" in capsys.readouterr().err
