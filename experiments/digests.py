"""Write digests of what the package computes, to show that a change of code leaves it the same.

Run it on the code before a change and on the code after, on the same machine, and compare:

    python experiments/digests.py --code OLD --out before.json --work /tmp/digests-before
    python experiments/digests.py --code NEW --out after.json --work /tmp/digests-after
    python experiments/digests.py --compare before.json after.json

It uses only the command line, in this process, the four documented imports, and the files that
these write, so it runs unchanged on both. --code is the folder that holds the package
`instancesketch`; by default it is the repository that this file is in. A run takes some minutes on
one core; --only NAME … runs some of the sections (and those they need), and --detector and --tune
add two slow ones. Where INSTANCESKETCH_DATA names the folder of real drawings, they are used too.

--compare prints every name whose value differs and exits with 1 if there is any. Digests must be
equal; the outputs of ONNX models must be within 1e-5. Arrays of floats are kept in a folder beside
the JSON, so that a difference is shown with its size.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

# Set before numpy and torch are imported; sums in another order are other sums.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

ONNX_TOLERANCE = 1e-5
DECIMALS = 5
# Texts may be written more plainly, so they are counted but not compared.
TEXT_COLUMNS = ("error", "reason")
FORMATS = ("json", "cvat", "svg", "quickdraw", "labelstudio")
# Words of keys whose values depend on the machine's speed and memory.
MEASURED = ("seconds", "memory", "speed", "per_second")
TINY = (
    "model.width=16",
    "model.heads=2",
    "model.layers=1",
    "model.feedforward=32",
    "model.samples=8",
    "model.channels=[8, 8]",
)
SEED_TINY = ("model.width=16", "model.heads=2", "model.layers=1", "model.feedforward=32")
ROBOTS = """\
name = "things"

[categories.car]
parts = ["wheel", "frame", "unlabeled"]
countable = ["wheel"]

[categories.sun]
parts = ["ray", "center", "unlabeled"]
countable = ["ray"]
"""


class Results:
    """Digests by name, and beside them what may differ and the arrays of floats."""

    def __init__(self) -> None:
        self.digests: dict[str, Any] = {}
        self.may_differ: dict[str, Any] = {}
        self.arrays: dict[str, np.ndarray] = {}

    def add_floats(self, name: str, values: np.ndarray) -> None:
        """Add an array of floats: exact, rounded, and its values for the size of a difference."""
        values = np.ascontiguousarray(values).ravel()
        self.arrays[name] = values
        rounded = np.round(values.astype(np.float64), DECIMALS) + 0.0  # no negative zeros
        self.digests[name] = {
            "exact": digest(values.tobytes()),
            "rounded": digest(rounded.tobytes()),
            "number": len(values),
        }

    def add_table(self, name: str, table: pa.Table) -> None:
        """Add every column of a table but texts of errors and reasons."""
        self.digests[f"{name}/schema"] = [f"{f.name}: {f.type}" for f in table.schema]
        self.digests[f"{name}/rows"] = len(table)
        for column in table.column_names:
            where = f"{name}/{column}"
            values = table[column].combine_chunks()
            if column in TEXT_COLUMNS:
                known = values.drop_null().to_pylist()
                self.digests[f"{where}/number"] = len(known)
                self.may_differ[where] = counted(known)
                continue
            if pa.types.is_list(values.type):
                lengths = values.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
                self.digests[f"{where}/lengths"] = digest(lengths.astype(np.int32).tobytes())
                values = values.flatten()
            if pa.types.is_floating(values.type):
                nulls = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
                self.digests[f"{where}/nulls"] = digest(nulls.tobytes())
                self.add_floats(where, values.fill_null(0).to_numpy(zero_copy_only=False))
            else:
                self.digests[where] = digest(json.dumps(plain(values.to_pylist())).encode())

    def add_rows(self, name: str, folder: Path) -> None:
        """Add the rows of a corpus or result, their files, its rejections and its counts."""
        files = sorted(folder.glob("[!_.]*.parquet"))
        tables = [pq.read_table(file) for file in files]
        self.digests[f"{name}/files"] = [
            [f.name, len(t)] for f, t in zip(files, tables, strict=True)
        ]
        self.add_table(name, pa.concat_tables(tables))
        self.add_table(f"{name}/rejected", pq.read_table(folder / "_rejected.parquet"))
        summary = json.loads((folder / "summary.json").read_text())
        for key in TEXT_KEYS & summary.keys():
            self.may_differ[f"{name}/summary/{key}"] = plain(summary.pop(key))
        # How fast a stage was differs; that there are figures of it doesn't.
        self.digests[f"{name}/figures of"] = {
            key: sorted(summary.pop(key, {})) for key in ("stages", "peak_memory_mb", "speed")
        }
        self.digests[f"{name}/summary"] = plain(summary)

    def add_bytes(self, name: str, folder: Path) -> None:
        """Add the files of a folder by their bytes."""
        content = hashlib.blake2b(digest_size=16)
        files = sorted(f for f in folder.rglob("*") if f.is_file())
        for file in files:
            data = file.read_bytes()
            for path, word in PLACES.items():
                data = data.replace(path.encode(), word.encode())
            content.update(f"{file.relative_to(folder)}\0{digest(data)}\n".encode())
        self.digests[name] = {"files": len(files), "digest": content.hexdigest()}

    def add_run(self, name: str, run: Path, kind: str) -> None:
        """Add the weights, config and figures of a training run."""
        from safetensors.numpy import load_file

        for tensor, values in sorted(load_file(run / kind / "model.safetensors").items()):
            if np.issubdtype(values.dtype, np.floating):
                self.add_floats(f"{name}/weights/{tensor}", values)
            else:
                self.digests[f"{name}/weights/{tensor}"] = digest(values.tobytes())
        lines = (run / "metrics.jsonl").read_text().splitlines()
        self.digests[f"{name}/metrics"] = [plain(json.loads(line)) for line in lines]
        for file in ("config.json", f"{kind}/config.json", "summary.json"):
            self.digests[f"{name}/{file}"] = plain(json.loads((run / file).read_text()))
        names = {str(f.relative_to(run)) for f in run.rglob("*") if f.is_file()}
        stable = {n for n in names if not n.startswith(("_ray", "tensorboard", "_checkpoints"))}
        self.digests[f"{name}/files"] = sorted(stable)

    def write(self, out: Path, about: Mapping[str, Any]) -> None:
        """Write the JSON file and, in a folder beside it, the arrays."""
        out.parent.mkdir(parents=True, exist_ok=True)
        whole = {"about": about, "digests": self.digests, "may_differ": self.may_differ}
        out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
        np.savez_compressed(arrays_of(out), **{key_of(n): a for n, a in self.arrays.items()})


TEXT_KEYS = {"rejected_by_reason", "reason", "error"}
PLACES: dict[str, str] = {}  # folders that differ between runs, and the word that stands for each


def arrays_of(out: Path) -> Path:
    """Return the file of the arrays that belong to a JSON file."""
    return out.with_suffix(".arrays.npz")


def key_of(name: str) -> str:
    """Return the name of an array inside a zip file."""
    return name.replace("/", "|")


def digest(data: bytes) -> str:
    """Return the digest of some bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def counted(values: Iterable[str]) -> dict[str, int]:
    """Count texts, most frequent first."""
    counts: dict[str, int] = {}
    for value in values:
        text = plain(value)
        counts[text] = counts.get(text, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def plain(value: Any) -> Any:
    """Return a value of JSON without folders of this run and without what the clock measured."""
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if not any(w in str(k) for w in MEASURED)}
        return {k: plain(v) for k, v in kept.items() if k not in ("stages", "at", "pid")}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        for path, word in PLACES.items():
            value = value.replace(path, word)
    return value


class Runner:
    """Runs the sections, each once and after those that it needs, in one folder."""

    def __init__(self, work: Path, results: Results, data: Path | None) -> None:
        self.work, self.results, self.data = work, results, data
        self.done: dict[str, float] = {}

    def cli(self, *argv: str | Path, quiet: bool = True) -> str:
        """Run a command in this process; return what it prints.

        Raises:
            RuntimeError: its exit status is not 0.
        """
        from instancesketch.__main__ import main

        words = [str(word) for word in argv] + (["--quiet"] if quiet else [])
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = main(words)
        if status:
            raise RuntimeError(f"{' '.join(words)} ended with {status}: {printed.getvalue()}")
        return printed.getvalue()

    def run(self, name: str) -> Path:
        """Run a section unless it has been run; return its folder."""
        folder = self.work / name
        if name not in self.done:
            started = time.perf_counter()
            folder.mkdir(parents=True)
            SECTIONS[name](self, folder)
            self.done[name] = round(time.perf_counter() - started, 1)
            print(f"{name}: {self.done[name]} s", file=sys.stderr)
        return folder

    def ingest(self, name: str, *argv: str | Path) -> Path:
        """Ingest sources and add the corpus to the results."""
        out = self.work / "corpora" / name
        self.cli("ingest", *argv, "--out", out)
        self.results.add_rows(f"ingest/{name}", out)
        return out

    def segment(self, name: str, *argv: str | Path) -> Path:
        """Segment sources and add the result to the results."""
        out = self.work / "results" / name
        self.cli("segment", *argv, "--out", out)
        self.results.add_rows(f"segment/{name}", out)
        return out

    def evaluate(self, name: str, truth: Path, *argv: str) -> None:
        """Compare a result with its truth and add the figures."""
        out = self.work / "results" / f"{name}.metrics.json"
        self.cli(
            "evaluate",
            self.work / "results" / name,
            "--truth",
            truth,
            "--out",
            out,
            *argv,
            quiet=False,
        )
        self.results.digests[f"evaluate/{name}"] = plain(json.loads(out.read_text()))

    def info(self, name: str, folder: Path) -> None:
        """Add the counts that `info` prints."""
        counts = json.loads(self.cli("info", folder, "--json", quiet=False))
        for key in TEXT_KEYS & counts.keys():
            self.results.may_differ[f"info/{name}/{key}"] = plain(counts.pop(key))
        for drawing in counts["drawings"]:
            drawing.pop("error", None)
        self.results.digests[f"info/{name}"] = plain(counts)

    def export(self, name: str, folder: Path, format: str, *argv: str) -> Path:
        """Write a corpus or result in another format and add the bytes of the files."""
        out = self.work / "exports" / f"{name}-{format}{''.join(argv)}"
        self.cli("export", folder, "--format", format, "--out", out, *argv, quiet=False)
        self.results.add_bytes(f"export/{name}/{format}{''.join(argv)}", out)
        return out

    def train(self, name: str, kind: str, *argv: str | Path, sets: Iterable[str] = TINY) -> Path:
        """Train a model and add its weights and figures."""
        runs = self.work / "runs"
        changes = [word for change in sets for word in ("--set", change)]
        self.cli("train", kind, "--run", name, "--storage", runs, "--seed", "5", *changes, *argv)
        self.results.add_run(f"train/{name}", runs / name, kind)
        return runs / name


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
    scores = [score for sketch in labelled for score in sketch.part_score]
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
    """Train tiny networks of every kind for an epoch or two, and segment with them."""
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
    (folder / "things.toml").write_text(ROBOTS)
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
    outputs: dict[str, list[np.ndarray]] = {}
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


def onnx_drawings(run: Runner) -> Iterator[tuple[np.ndarray, np.ndarray]]:
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
SLOW = ("detector", "tune")


def compare(before: Path, after: Path) -> int:
    """Print what differs between two files; return 1 if anything does, else 0."""
    old, new = (json.loads(path.read_text()) for path in (before, after))
    arrays = [np.load(arrays_of(path)) for path in (before, after)]
    partial = set(old["about"]["sections"]) ^ set(new["about"]["sections"])
    lines: list[str] = []
    for name in sorted(old["digests"].keys() | new["digests"].keys()):
        if name not in old["digests"] or name not in new["digests"]:
            if not partial:
                lines.append(f"{name}: only in {before if name in old['digests'] else after}")
            continue
        found = list(differences(name, old["digests"][name], new["digests"][name]))
        if found and all(key_of(name) in a for a in arrays):
            found = [f"{name}: {size_of(*(a[key_of(name)] for a in arrays))}"]
        lines += found
    lines += onnx_differences(*arrays)
    for line in lines:
        print(line)
    may = [n for n in old["may_differ"] if old["may_differ"][n] != new["may_differ"].get(n)]
    for name in may if not partial else ():
        print(
            f"(text, may differ) {name}: {old['may_differ'][name]} -> "
            f"{new['may_differ'].get(name)}"[:600]
        )
    if partial:
        print(f"(compared only where both have digests; not in both: {', '.join(sorted(partial))})")
    print(f"{len(lines)} differences among {len(old['digests'])} digests")
    return int(bool(lines))


def differences(name: str, old: Any, new: Any) -> Iterator[str]:
    """Yield a line for each place at which two values of JSON differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in old or key not in new:
                yield f"{name}/{key}: only {'before' if key in old else 'after'}"
            else:
                yield from differences(f"{name}/{key}", old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(f"{name}[{i}]", *pair)
    elif json.dumps(old) != json.dumps(new):  # so that NaN equals NaN
        yield f"{name}: {json.dumps(old)[:300]} -> {json.dumps(new)[:300]}"


def onnx_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each output of an ONNX model that is further off than it may be."""
    for key in [k for k in old if k.startswith("onnx|") and k in new]:
        a, b = old[key], new[key]
        equal = a.shape == b.shape and np.allclose(
            a.astype(np.float64), b.astype(np.float64), rtol=0, atol=ONNX_TOLERANCE, equal_nan=True
        )
        if not equal:
            yield f"{key.replace('|', '/')}: {size_of(a, b)}"


def size_of(old: np.ndarray, new: np.ndarray) -> str:
    """Describe how far two arrays are from each other."""
    if old.shape != new.shape:
        return f"{len(old)} numbers -> {len(new)}"
    # Equal infinities have no difference, which would be NaN.
    gap = np.where(old == new, 0.0, np.abs(old.astype(np.float64) - new.astype(np.float64)))
    return f"{np.count_nonzero(gap)} of {len(gap)} numbers differ, by at most {gap.max():.3g}"


def main(argv: list[str] | None = None) -> int:
    """Run the sections and write the digests, or compare two files of them."""
    args = parse(argv)
    if args.compare:
        return compare(*args.compare)
    code, work, out = args.code.resolve(), args.work.resolve(), args.out.resolve()
    # Processes that Ray starts import the same code as this one.
    os.environ["PYTHONPATH"] = str(code)
    sys.path[:] = [str(code), *(p for p in sys.path if Path(p or ".").resolve() not in OWN)]
    data = data_folder()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    os.chdir(work)  # Ray puts the current folder first on the path of its processes
    import instancesketch

    if Path(instancesketch.__file__).resolve().parent != code / "instancesketch":
        raise SystemExit(f"imported {instancesketch.__file__}, not that of {code}")
    PLACES.update(
        {str(work): "WORK", str(code): "CODE"} | ({str(data.parent): "DATA"} if data else {})
    )
    names = args.only or [n for n in SECTIONS if n not in SLOW or getattr(args, n)]
    results = Results()
    runner = Runner(work, results, data)
    failed = [name for name in names if not attempt(runner, name)]
    about = {"code": str(code), "sections": runner.done, "failed": failed, "data": str(data)}
    results.write(out, about)
    print(f"{len(results.digests)} digests -> {out}; failed: {', '.join(failed) or 'none'}")
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()
    return int(bool(failed))


def attempt(runner: Runner, name: str) -> bool:
    """Run a section; return whether it succeeded, and note it among the digests where not."""
    try:
        runner.run(name)
    except Exception as error:
        traceback.print_exc()
        runner.results.digests[f"{name}/FAILED"] = plain(f"{type(error).__name__}: {error}")
        return False
    return True


def data_folder() -> Path | None:
    """Return the folder of real drawings; None where there is none."""
    data = os.environ.get("INSTANCESKETCH_DATA")
    return Path(data).resolve() if data and Path(data).is_dir() else None


OWN = {Path(__file__).resolve().parent, Path.cwd()}


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    parser.add_argument("--work", type=Path, help="folder to work in; it is emptied first")
    parser.add_argument(
        "--code",
        type=Path,
        default=Path(os.environ.get("PYTHONPATH") or Path(__file__).resolve().parents[1]),
        help="folder that holds the package (default: PYTHONPATH, or the repository of this file)",
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="sections to run")
    parser.add_argument("--detector", action="store_true", help="also a detector; slow")
    parser.add_argument("--tune", action="store_true", help="also a sweep; slow")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar="FILE", help="two files to compare"
    )
    args = parser.parse_args(argv)
    if not args.compare and not (args.out and args.work):
        parser.error("give --out and --work, or --compare")
    return args


if __name__ == "__main__":
    sys.exit(main())
