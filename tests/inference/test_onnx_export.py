"""Weights as ONNX: outputs of ONNX Runtime equal torch's, and the documented code works."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.core.schema import to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.storage import locate
from instancesketch.core.taxonomy import with_side
from instancesketch.formats import FileRange, Record, read, sniff
from instancesketch.inference import onnx_export
from instancesketch.inference.instances import countable_parts, find_instances, sided_parts
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.models import config, refiner, segmenter
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import pack
from tests.conftest import save_untrained
from tests.drawings import ODD, TINY, TINY_REFINER, drawn

DOC = Path(__file__).parents[2] / "docs" / "onnx.md"


@pytest.fixture(scope="module", autouse=True)
def libraries() -> None:
    """Skip the tests without the extra `onnx`; import it here, not while tests are collected."""
    pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")


def session_of(path: Path) -> Any:
    """Return a session of one thread for an exported file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of weights that a graph is quickly made of: small, of one layer, random.

    The segmenter uses the order of strokes, as the shipped `spg20` does and `doodle7` doesn't, and
    an image of the whole sketch, which neither does.
    """
    folder = tmp_path_factory.mktemp("weights")
    shape = replace(TINY, samples=32, pair_order=True, image=32)
    save_untrained(folder, "segmenter", shape, segmenter.SegmenterNet)
    save_untrained(folder, "refiner", replace(TINY_REFINER, samples=32), refiner.RefinerNet)
    for kind in ("segmenter", "refiner"):
        about = folder / kind / "config.json"
        about.write_text(json.dumps(json.loads(about.read_text()) | {"licences": "CC BY 4.0"}))
    return folder


@pytest.fixture(scope="module")
def app(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the weights by the command; return the folder above the files."""
    folder = tmp_path_factory.mktemp("onnx")
    out = str(folder / "app")
    assert main(["export", str(trained), "--format", "onnx", "--out", out]) == 0
    return folder


@pytest.fixture(scope="module")
def model(trained: Path) -> Segmenter:
    return Segmenter.load(str(trained))


def compare(app: Path, model: Segmenter, sketches: list[Sketch]) -> float:
    """Return the largest absolute difference between outputs of ONNX Runtime and torch."""
    first = session_of(app / "app" / "segmenter.onnx")
    second = None if model.refiner is None else session_of(app / "app" / "refiner.onnx")
    worst = 0.0
    for number, sketch in enumerate(sketches):
        batch = pack(to_table([sketch]), model.taxonomy, labels=False)
        told_N = torch.tensor([number % 8 - 1])
        parts_SQ, category_N, guess_NC = predict(model.net, StrokeFeatures.of(batch), told_N)
        drawing = {"points": batch.points_P2.numpy(), "stroke_len": batch.stroke_len_S.numpy()}
        got = first.run(None, drawing | {"category": told_N.numpy()})
        assert guess_NC is not None
        expected = [parts_SQ.numpy()]
        if told_N < 0:  # the guess is only used where no category is given
            expected.append(guess_NC[0].numpy())
        got = got[: len(expected)]
        if model.refiner is not None and second is not None:
            part_S = parts_SQ.argmax(1)
            drawing |= {"category": category_N.numpy(), "part": part_S.numpy()}
            got += second.run(None, drawing)
            again = onnx_export.OneRefiner(model.refiner, model.taxonomy)
            with torch.inference_mode():
                found = again(batch.points_P2, batch.stroke_len_S, category_N, part_S)
            expected += [f.numpy() for f in found]
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_array_equal(np.isinf(a), np.isinf(b))
            there = np.isfinite(a)
            worst = max(worst, np.abs(a[there].astype(float) - b[there]).max(initial=0))
    return worst


def real(data_dir: Path) -> list[Sketch]:
    folder = data_dir / "doodle7-real"
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        filesystem, place = locate(str(path))
        form = sniff(place, filesystem)
        if form is None or form == "companion":
            continue
        records = read(FileRange(path=place, format=form), filesystem, labels=False)
        found += [r.sketch for r in records if isinstance(r, Record)]
    return found


@pytest.mark.slow
def test_outputs_of_onnx_runtime_equal_those_of_torch(app, model) -> None:
    odd = [Sketch.from_strokes(s, sketch_id=str(i)) for i, s in enumerate(ODD)]
    assert compare(app, model, drawn(30) + odd) < 1e-4


@pytest.mark.slow
def test_outputs_are_equal_on_real_drawings(app, model, data_dir) -> None:
    sketches = real(data_dir)
    assert len(sketches) > 1_000
    assert compare(app, model, sketches[::60]) < 1e-4


@pytest.mark.slow
def test_the_documented_code_gives_the_labels_of_the_package(app, model, monkeypatch) -> None:
    monkeypatch.chdir(app)
    check_documented_code(model)


def check_documented_code(model: Segmenter) -> None:
    """Compare the labels by the documented code with those of the package."""
    names: dict = {}
    (code,) = re.findall(r"```python\n(.*?)```", DOC.read_text("utf-8"), re.S)
    exec(code, names)
    sketches = drawn(30)
    for sketch, own in zip(sketches, model.label(sketches), strict=True):
        category, strokes = names["label"](sketch.to_strokes())
        parts, instances, sides = zip(*strokes, strict=True)
        labels = [with_side(p, s) if s else p for p, s in zip(parts, sides, strict=True)]
        assert (category, parts, instances) == (own.category, own.part, own.instance)
        assert tuple(labels) == own.label
    assert names["label"]([[(0, 0), (5, 5)]], "car")[0] == "car"


@pytest.mark.slow
def test_the_refiner_graph_agrees_with_batched_instances(model) -> None:
    """Compare the exported graph's arithmetic with that of batches, without writing files."""
    taxonomy = model.taxonomy
    one = onnx_export.OneRefiner(model.refiner, taxonomy)
    for sketch in drawn(20):
        batch = pack(to_table([sketch]), taxonomy)
        part_S, category_S = batch.part_S, batch.category_N[batch.sketch_of_S]
        counted_S = countable_parts(taxonomy)[category_S, part_S]
        sided_S = sided_parts(taxonomy)[category_S, part_S]
        found = find_instances(model.refiner, StrokeFeatures.of(batch), part_S, counted_S, sided_S)
        with torch.inference_mode():
            affinity, single, sided, _, _ = one(
                batch.points_P2, batch.stroke_len_S, batch.category_N, part_S
            )
        assert torch.equal(single >= 0, counted_S)
        assert torch.equal(sided, sided_S)
        assert torch.equal((single > 0), found.instance_S > 0)
        assert affinity.shape == (len(sketch), len(sketch))


@pytest.mark.slow
def test_the_files_hold_their_metadata_and_names_of_inputs_and_outputs(app) -> None:
    for kind in ("segmenter", "refiner"):
        session = session_of(app / "app" / f"{kind}.onnx")
        said = session.get_modelmeta().custom_metadata_map
        assert said["kind"] == kind
        assert json.loads(said["categories"])[0] == "car"
        assert "front-leg" in json.loads(said["parts"])
        assert said["licences"] == "CC BY 4.0"
        net = onnx_export.OneSegmenter if kind == "segmenter" else onnx_export.OneRefiner
        assert tuple(i.name for i in session.get_inputs()) == net.INPUTS
        assert tuple(o.name for o in session.get_outputs()) == net.OUTPUTS


@pytest.mark.slow
def test_unsupported_weights_and_existing_output_are_refused(app, trained, tmp_path) -> None:
    with pytest.raises(UserError, match="no weights 'teapot'"):
        onnx_export.export("teapot", str(tmp_path))
    save_untrained(tmp_path, "segmenter", config.SEED_SEGMENTER, segmenter.SegmenterNet)
    with pytest.raises(UserError, match="only those of the default recipe"):
        onnx_export.export(str(tmp_path), str(tmp_path / "out"))
    command = ["export", str(trained), "--format", "onnx", "--out", str(app / "app")]
    assert main(command) == 2


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["doodle7", "spg20"])
def test_shipped_weights_are_exported(name, data_dir, tmp_path, monkeypatch) -> None:
    """Compare outputs on real drawings; only `doodle7` has a refiner, which the docs' code needs.

    Graphs of four layers take half a minute to make.
    """
    monkeypatch.chdir(tmp_path)
    assert main(["export", name, "--format", "onnx", "--out", "app"]) == 0
    model = Segmenter.load(name)
    assert compare(tmp_path, model, real(data_dir)[::20]) < 1e-4
    if model.refiner is None:
        assert [f.name for f in (tmp_path / "app").iterdir()] == ["segmenter.onnx"]
    else:
        check_documented_code(model)
