"""Run the verbs that `digests.py` computes digests of, in sections."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from experiments.digest_results import digest, plain
from experiments.digest_runner import TINY, Runner

FORMATS = ("json", "cvat", "svg", "quickdraw", "labelstudio")
SEED_TINY = ("model.width=16", "model.heads=2", "model.layers=1", "model.feedforward=32")
THINGS = """\
name = "things"

[categories.car]
parts = ["wheel", "frame", "unlabeled"]
countable = ["wheel"]

[categories.sun]
parts = ["ray", "center", "unlabeled"]
countable = ["ray"]
"""


def synth(run: Runner, folder: Path) -> None:
    """Draw a corpus; ingest it, shuffled too, and count it."""
    run.cli("synth", "drawings", "--number", "300", "--seed", "3", "--out", folder / "drawings")
    run.results.add_rows("synth/drawings", folder / "drawings")
    run.ingest("drawings", folder / "drawings")
    run.ingest("shuffled", folder / "drawings", "--shuffle-strokes", "7", "--split-by", "user")
    run.info("drawings", folder / "drawings")


def exports(run: Runner, folder: Path) -> None:
    """Export the corpus in every format and ingest it again."""
    drawings = run.run("synth") / "drawings"
    for format in FORMATS:
        out = run.export("drawings", drawings, format)
        taxonomy = () if format in ("json", "cvat") else ("--taxonomy", "doodle7")
        run.ingest(f"from-{format}", out, *taxonomy)


def broken(run: Runner, folder: Path) -> None:
    """Ingest files of which some can't be read."""
    line = {"key_id": "1", "word": "sun", "drawing": [[[0, 9, 9], [0, 0, 9]], [[3], [4]]]}
    files = {
        "good.ndjson": "\n".join(json.dumps(line | {"key_id": str(i)}) for i in range(4)),
        "twice.ndjson": json.dumps(line) + "\n{not json\n" + json.dumps(line | {"drawing": []}),
        "uneven.ndjson": json.dumps(line | {"drawing": [[[0, 1], [0]]], "key_id": "u"}),
        "sun/label.json": json.dumps(
            {"lines": [[[0, 0], [1, 1]]], "segments": [["teapot"]], "instances": [None]}
        ),
        "sun/fine.json": json.dumps(
            {"lines": [[[0, 0], [1, 1]]], "segments": [["ray"]], "instances": [1]}
        ),
        "cut.json": '{"lines": [[[0, 0], [1',
        "box.xml": '<annotations><image id="0" name="box.png" width="9" height="9">'
        '<box label="ray" xtl="0" ytl="0" xbr="1" ybr="1"/></image></annotations>',
        "path.svg": '<svg viewBox="0 0 9 9"><path d="M0 0L9 9M5 5h2" stroke="red"/></svg>',
        "wrong.svg": '<svg viewBox="0 0 9 9"><path d="M0 0L" stroke="red"/></svg>',
        "nothing.svg": "<svg/>",
        "text.txt": "a shopping list",
        "empty.ndjson": "",
    }
    for name, text in files.items():
        (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "files" / name).write_text(text)
    steps = np.array([[0, 0, 0], [5, 5, 1], [3, 0, 1]], np.int16)
    drawings = np.empty(3, object)
    drawings[:] = [steps, steps * [2, 3, 1], steps[:2]]
    np.savez(folder / "files" / "cat.npz", train=drawings[:2], test=drawings[2:])
    run.info("broken", run.ingest("broken", folder / "files"))


def real(run: Runner, folder: Path) -> None:
    """Ingest, segment and evaluate a few real drawings, where there are any."""
    if run.data is None:
        return
    data, sources = (
        run.data,
        {
            "real-json": ("doodle7-real/json/sun", "doodle7-real/json/car"),
            "real-cvat": ("doodle7-real/xml/4leg",),
            "real-quickdraw": (
                "quickdraw/cat.ndjson",
                "quickdraw/sun.ndjson",
                "quickdraw/duck.ndjson",
            ),
            "real-spg": ("spg/apple_valid.ndjson", "spg/apple.txt"),
            "real-scenes": ("scenes/cbsc_dev.ndjson",),
            "real-cases": ("../cases",),
        },
    )
    for name, places in sources.items():
        there = [path for place in places if (path := (data / place).resolve()).exists()]
        if there:
            run.ingest(name, *there)
    corpora = [run.work / "corpora" / name for name in ("real-json", "real-cvat")]
    run.segment("real", *corpora, "--given-category")
    run.evaluate("real", corpora[0])
    scenes = run.ingest(
        "real-scenes-shuffled", data / "scenes/cbsc_dev.ndjson", "--shuffle-strokes", "1"
    )
    run.segment("real-scenes", scenes, "--scenes")
    run.evaluate("real-scenes", scenes)


def segment(run: Runner, folder: Path) -> None:
    """Segment the corpus in three ways, evaluate, count and export the results."""
    drawings = run.run("synth") / "drawings"
    result = run.segment("predicted", drawings)
    run.segment("given", drawings, "--given-category")
    run.segment("spg20", drawings, "--weights", "spg20")
    run.evaluate("predicted", drawings)
    run.evaluate("given", drawings, "--split", "train")
    run.info("predicted", result)
    for format in FORMATS:
        run.export("predicted", result, format)
    run.export("predicted", result, "cvat", "--images")
    run.export("predicted", result, "json", "--uncertain", "20")


def memory(run: Runner, folder: Path) -> None:
    """Segment some of the corpus in memory."""
    from instancesketch import Segmenter, Sketch, Sketches

    sketches = Sketches.from_corpus(str(run.run("synth") / "drawings"), most=40)
    labelled = Segmenter.load("doodle7")(sketches)
    assert len(labelled) == 40
    fields = ("sketch_id", "category", "part", "label", "instance")
    rows = [[plain(getattr(sketch, field)) for field in fields] for sketch in labelled]
    run.results.digests["memory/labels"] = digest(json.dumps(rows).encode())
    scores = [score for sketch in labelled for score in sketch.part_score or ()]
    run.results.add_floats("memory/part_score", np.array(scores, np.float32))
    pictures = [s.to_svg(by=by) for s in labelled for by in ("part", "instance")]
    run.results.digests["memory/svg"] = digest("".join(pictures).encode())
    read = [Sketch.from_svg(picture) for picture in pictures[:20]]
    run.results.add_floats("memory/from_svg", np.concatenate([s.x for s in read]))


def scenes(run: Runner, folder: Path) -> None:
    """Compose scenes of the corpus, with images, segment and evaluate them."""
    drawings, out = run.run("synth") / "drawings", folder / "composed"
    words = ("--number", "60", "--seed", "4", "--from", drawings, "--out", out)
    run.cli("synth", "scenes", *words, "--yolo", folder / "images")
    run.results.add_rows("synth/scenes", out)
    run.results.add_bytes("synth/images", folder / "images")
    run.cli("synth", "scenes", "--number", "20", "--out", folder / "own", "--interleave", "0.5")
    run.results.add_rows("synth/own-scenes", folder / "own")
    result = run.segment("scenes", out, "--scenes")
    run.segment("given-objects", out, "--scenes", "--given-objects")
    run.evaluate("scenes", out)
    run.evaluate("given-objects", out)
    run.info("scenes", result)
    for format in FORMATS:
        run.ingest(f"scenes-from-{format}", run.export("scenes", result, format))


def train(run: Runner, folder: Path) -> None:
    """Train a tiny model of every kind for an epoch or two, and segment with them."""
    drawings = run.run("synth") / "drawings"
    composed = run.run("scenes") / "composed"
    few = ("--data", drawings, "--taxonomy", "doodle7", "--batch-size", "32")
    parts = run.train("segmenter", "segmenter", *few, "--epochs", "2")
    run.train("refiner", "refiner", *few, "--epochs", "2")
    run.train("grouper", "grouper", "--data", composed, "--epochs", "1")
    run.train(
        "seed-segmenter",
        "segmenter",
        *(*few, "--recipe", "seed", "--epochs", "1", "--set", "passes=1", "--select", "none"),
        sets=SEED_TINY,
    )
    run.train(
        "seed-refiner",
        "refiner",
        *(*few, "--recipe", "seed", "--epochs", "1", "--set", "passes=1"),
        sets=SEED_TINY,
    )
    (folder / "things.toml").write_text(THINGS)
    begun = ("--weights", parts, "--taxonomy", folder / "things.toml", "--data", drawings)
    run.train("adapted", "segmenter", *begun, "--epochs", "1", "--batch-size", "16", sets=())
    weights = [w for n in ("segmenter", "refiner") for w in ("--weights", run.work / "runs" / n)]
    run.segment("trained", drawings, *weights)


def tune(run: Runner, folder: Path) -> None:
    """Search two values of a tiny recipe in three trials, one after the other."""
    drawings = run.run("synth") / "drawings"
    (folder / "space.toml").write_text(
        "learning_rate = { range = [1e-4, 1e-2], log = true }\nmodel.layers = { range = [1, 2] }\n"
    )
    argv: list[str | Path]
    argv = ["--data", drawings, "--run", "sweep", "--storage", run.work / "runs", "--trials", "3"]
    argv += ["--epochs", "1", "--space", folder / "space.toml", "--concurrent", "1"]
    argv += [word for change in TINY for word in ("--set", change)]
    run.cli("tune", "segmenter", *argv, "--taxonomy", "doodle7", "--batch-size", "32")
    sweep = run.work / "runs" / "sweep"
    run.results.digests["tune/trials"] = plain(json.loads((sweep / "trials.json").read_text()))
    run.results.digests["tune/summary"] = plain(json.loads((sweep / "summary.json").read_text()))
    run.results.digests["tune/best"] = plain((sweep / "best.toml").read_text())


def detector(run: Runner, folder: Path) -> None:
    """Train a tiny detector, and segment scenes with boxes of the shipped one."""
    composed = run.run("scenes") / "composed"
    run.segment("boxes", composed, "--scenes", "--detector", "doodle7")
    run.train(
        "detector",
        "detector",
        *("--data", composed, "--epochs", "1", "--set", "image_size=64"),
        sets=("batch_size=8",),
    )


def onnx(run: Runner, folder: Path) -> None:
    """Export the shipped weights as ONNX and keep the outputs for 200 drawings."""
    try:
        import onnxruntime
    except ImportError:
        print("onnx: left out, onnxruntime isn't installed", file=sys.stderr)
        return
    out = folder / "models"
    run.cli("export", "doodle7", "--format", "onnx", "--out", out, quiet=False)
    sessions = {}
    for file in sorted(out.iterdir()):
        sessions[file.stem] = session = onnxruntime.InferenceSession(file)
        run.results.digests[f"onnx/{file.stem}/names"] = {
            "in": [[i.name, i.type] for i in session.get_inputs()],
            "out": [[o.name, o.type] for o in session.get_outputs()],
            "metadata": session.get_modelmeta().custom_metadata_map,
        }
    outputs: dict[str, list[npt.NDArray[Any]]] = {}
    for model, values in onnx_outputs(run, sessions):
        for output, value in zip(sessions[model].get_outputs(), values, strict=True):
            outputs.setdefault(f"{model}/{output.name}", []).append(np.ravel(value))
    for name, arrays in outputs.items():
        joined = np.concatenate(arrays)
        run.results.arrays[f"onnx/{name}"] = joined
        run.results.digests[f"onnx/{name}/number"] = len(joined)


def onnx_outputs(run: Runner, sessions: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the outputs of each model for each drawing, its category predicted and given."""
    categories = json.loads(sessions["segmenter"].get_modelmeta().custom_metadata_map["categories"])
    random = np.random.default_rng(0)
    for number, (points, lengths) in enumerate(onnx_drawings(run)):
        drawing = {"points": points, "stroke_len": lengths, "category": np.array([-1])}
        yield "segmenter", sessions["segmenter"].run(None, drawing)
        drawing["category"] = np.array([number % len(categories)])
        given = sessions["segmenter"].run(None, drawing)
        yield "segmenter", given
        if "refiner" in sessions:
            # Parts that don't depend on which of two nearly equal ones is likelier.
            allowed = np.flatnonzero((given[0] > 0).any(0))
            drawing["part"] = random.choice(allowed[: random.integers(1, 4)], len(lengths))
            yield "refiner", sessions["refiner"].run(None, drawing)


def onnx_drawings(run: Runner) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Yield points and lengths of the strokes of 200 drawings, real ones where there are any."""
    if run.data is not None:
        for name in ("cat", "sun", "car", "flower", "duck", "tree", "airplane", "cloud"):
            lines = (run.data / "quickdraw" / f"{name}.ndjson").read_text().splitlines()
            for line in lines[:25]:
                strokes = json.loads(line)["drawing"]
                points = np.concatenate([np.array(s[:2], np.float32).T for s in strokes])
                yield points, np.array([len(s[0]) for s in strokes])
        return
    file = next((run.run("synth") / "drawings").glob("part-*.parquet"))
    for row in pq.read_table(file).slice(0, 200).to_pylist():
        points = np.stack([row["x"], row["y"]], axis=1).astype(np.float32)
        yield points, np.array(row["stroke_len"])


SECTIONS: dict[str, Callable[[Runner, Path], None]] = {
    "synth": synth,
    "exports": exports,
    "broken": broken,
    "segment": segment,
    "memory": memory,
    "scenes": scenes,
    "real": real,
    "train": train,
    "onnx": onnx,
    "detector": detector,
    "tune": tune,
}
