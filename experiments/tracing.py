r"""Part accuracy of drawings traced from pictures, beside that of the same as strokes.

  python -m experiments.tracing --data C/doodle7-real --hold-out fold-0 \
      --weights runs/default/fold-0/student --out figures/tracing.json

Drawings of a corpus, and generated ones, are drawn at several sizes with lines a hundredth of the
side wide: clean, and as a phone sees them (uneven light, noise, JPEG). Each picture is traced and
labelled, and its category predicted. A figure is P of the bits of the original strokes, each a
hundredth of the side long: a bit of a traced drawing has the part of the nearest traced stroke, and
none where no traced stroke is near. So what is lost, or joined to another part, counts as wrong.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree

from experiments.corpora import held_out_masks
from experiments.plain import read_corpus
from instancesketch.core import storage
from instancesketch.core.errors import SketchError
from instancesketch.core.schema import from_table
from instancesketch.core.sketch import Sketch, join_strokes
from instancesketch.formats.tracing.trace import trace
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import evaluate
from instancesketch.synth.draw import draw

SIDES = (256, 512, 1024)
NOISES = ("clean", "noisy")
MARGIN = 0.06  # of the side
FINER = 4  # times, before it is scaled down for soft edges
BITS = 100  # in a side
NEAR = 3.0  # bits: no traced stroke is the original one's beyond that
TARGETS = {("clean", 512): 95.0, ("noisy", 256): 85.0}  # percent of what strokes themselves give

Floats = npt.NDArray[np.float64]


def fit(sketch: Sketch) -> list[Floats]:
    """Return the strokes in a unit square, with a margin."""
    points = np.stack([sketch.x, sketch.y], 1).astype(float)
    low, size = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-9)
    points = MARGIN + (points - low) / size * (1 - 2 * MARGIN)
    return np.split(points, np.cumsum(sketch.stroke_len)[:-1])


def draw_picture(strokes: Sequence[Floats], side: int) -> Image.Image:
    """Return strokes as dark lines on white, with soft edges and round ends."""
    large = side * FINER
    image = Image.new("L", (large, large), 255)
    pen, radius = ImageDraw.Draw(image), large / 200
    for stroke in strokes:
        line = [(float(x), float(y)) for x, y in stroke * large]
        if len(line) > 1:
            pen.line(line, fill=20, width=round(2 * radius), joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=20)
    return image.resize((side, side), Image.Resampling.BOX)


def spoil(image: Image.Image, seed: int) -> Image.Image:
    """Return a picture as in the light of a lamp at one corner, with a small camera's noise."""
    rng = np.random.default_rng(seed)
    side = image.width
    y, x = np.mgrid[:side, :side] / side
    corner = rng.integers(0, 2, 2)
    light = 1 - 0.5 * np.hypot(x - corner[0], y - corner[1]) / np.sqrt(2)
    gray = (0.2 + 0.8 * np.asarray(image) / 255) * light + rng.normal(0, 0.06, (side, side))
    return Image.fromarray((np.clip(gray, 0, 1) * 255).astype(np.uint8))


def encode(image: Image.Image, noise: str) -> bytes:
    """Return the file: PNG of a clean picture, JPEG of a noisy one."""
    stream = io.BytesIO()
    image.save(stream, "PNG" if noise == "clean" else "JPEG", quality=80)
    return stream.getvalue()


def trace_sketch(sketch: Sketch, side: int, noise: str, seed: int) -> Sketch | None:
    """Return a drawing, drawn and traced, in the unit square; None where nothing was found."""
    image = draw_picture(fit(sketch), side)
    if noise != "clean":
        image = spoil(image, seed)
    try:
        found = trace(encode(image, noise)).strokes
    except SketchError:
        return None
    return Sketch(sketch_id=sketch.sketch_id, **join_strokes([line / side for line in found]))


def cut(strokes: Sequence[Floats]) -> tuple[list[Floats], list[int]]:
    """Return strokes as bits of two points, and the number of each bit's stroke."""
    bits: list[Floats] = []
    owners: list[int] = []
    for i, stroke in enumerate(strokes):
        along = np.concatenate([[0], np.hypot(*np.diff(stroke, axis=0).T).cumsum()])
        number = max(1, round(along[-1] * BITS))
        at = np.linspace(0, along[-1], number + 1)
        points = np.stack([np.interp(at, along, stroke[:, k]) for k in (0, 1)], 1)
        bits += [points[k : k + 2] for k in range(number)]
        owners += [i] * number
    return bits, owners


def in_bits(sketch: Sketch, parts: Sequence[str | None], strokes: Sequence[Floats]) -> Sketch:
    """Return a sketch of bits with the part of the stroke that each is of."""
    bits, owners = cut(strokes)
    # Metrics weigh by whole units of length.
    joined = join_strokes([bit * 100 * BITS for bit in bits])
    return Sketch(
        sketch_id=sketch.sketch_id,
        category=sketch.category,
        part=tuple(parts[i] or "none" for i in owners),
        **joined,
    )


def carry_back(original: Sketch, traced: Sketch | None) -> Sketch:
    """Return the original in bits with the parts that its traced picture was labelled with."""
    strokes = fit(original)
    bits, _ = cut(strokes)
    parts = ["none"] * len(bits)
    if traced is not None and traced.part is not None:
        lines = np.split(np.stack([traced.x, traced.y], 1), np.cumsum(traced.stroke_len)[:-1])
        found, owners = cut([line.astype(float) for line in lines])
        tree = cKDTree(np.array([bit.mean(0) for bit in found]))
        far, nearest = tree.query(np.array([bit.mean(0) for bit in bits]))
        for i, (distance, j) in enumerate(zip(far, nearest, strict=True)):
            if distance <= NEAR / BITS:
                parts[i] = traced.part[owners[j]]
    joined = join_strokes([bit * 100 * BITS for bit in bits])
    category = None if traced is None else traced.category
    return Sketch(sketch_id=original.sketch_id, category=category, part=tuple(parts), **joined)


def measure(model: Segmenter, sketches: list[Sketch], seed: int) -> dict[str, float]:
    """Return P of the strokes themselves and of what was traced at each size and noise."""
    truth = [in_bits(s, s.part or (), fit(s)) for s in sketches]
    unlabelled = [
        Sketch(sketch_id=s.sketch_id, x=s.x, y=s.y, stroke_len=s.stroke_len) for s in sketches
    ]
    own = [
        in_bits(labelled, labelled.part or (None,) * len(labelled), fit(s))
        for s, labelled in zip(sketches, model.label(unlabelled), strict=True)
    ]
    figures = {"strokes": evaluate(own, truth, model.taxonomy).figures["P"]}
    for noise in NOISES:
        for side in SIDES:
            began = time.process_time()
            traced = [trace_sketch(s, side, noise, seed + i) for i, s in enumerate(sketches)]
            seconds = (time.process_time() - began) / len(sketches)
            there = [t for t in traced if t is not None]
            labelled = {s.sketch_id: s for s in model.label(there)}
            back = [carry_back(s, labelled.get(s.sketch_id)) for s in sketches]
            name = f"{noise} {side}"
            figures[name] = evaluate(back, truth, model.taxonomy).figures["P"]
            figures[f"{name} strokes"] = sum(map(len, there)) / len(sketches)
            figures[f"{name} seconds"] = seconds
    return figures


def format_table(results: dict[str, dict[str, float]]) -> str:
    """Return a table of P, and of its share of what the strokes themselves give."""
    lines = []
    for name, figures in results.items():
        lines.append(f"{name}: P of the strokes themselves {figures['strokes']:.2f}")
        for noise in NOISES:
            for side in SIDES:
                key = f"{noise} {side}"
                share = 100 * figures[key] / figures["strokes"]
                target = TARGETS.get((noise, side))
                aim = "" if target is None else f"  (at least {target:g})"
                lines.append(
                    f"  {key:<12} P {figures[key]:6.2f}, {share:6.2f} % of that{aim}, "
                    f"{figures[f'{key} strokes']:.1f} strokes, "
                    f"{figures[f'{key} seconds']:.2f} s of processor"
                )
    return "\n".join(lines)


def main() -> None:
    """Trace a seeded sample, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="CORPUS", help="labelled drawings of doodle7")
    parser.add_argument("--hold-out", metavar="NAME", help="take these alone, as fold-0")
    parser.add_argument("--number", type=int, default=200, metavar="N", help="of each source")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--weights", default="default", metavar="W")
    parser.add_argument("--categories", nargs="+", metavar="C", help="predict one of these")
    parser.add_argument("--out", metavar="FILE", help="figures as JSON")
    args = parser.parse_args()
    model = Segmenter.load(args.weights, categories=args.categories)
    sources = {"generated": [draw(args.seed, i) for i in range(args.number)]}
    if args.data:
        table = read_corpus(args.data)
        if args.hold_out:
            table = table.filter(pa.array(held_out_masks(table)[args.hold_out]))
        order = np.random.default_rng(args.seed).permutation(len(table))[: args.number]
        sources = {"corpus": from_table(table.take(np.sort(order))), **sources}
    results = {name: measure(model, sketches, args.seed) for name, sketches in sources.items()}
    if args.out:
        storage.write_text(args.out, json.dumps(results, indent=2) + "\n")
    print(format_table(results))


if __name__ == "__main__":
    main()
