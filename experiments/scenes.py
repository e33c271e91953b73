r"""Scenes: panoptic quality on scenes that people drew, beside two rules; and weights.

  python -m experiments.scenes --composed C/composed --crowded C/crowded --cbsc C/cbsc \
      --friss C/friss --drawings C/quickdraw --detector default \
      --segmenter runs/default/source-cbsc/student --out runs/scenes --ship shipped/default

`composed` is made by `instancesketch synth scenes` from drawings that are in neither set, `crowded`
with more objects of a sort beside each other (`--repeat 0.55`). A grouper is trained on the first,
then on both, then further on real scenes, on scenes composed of their objects among other
drawings, and on `composed`. The real scenes are those of all users of CBSC but one, whose scenes it
then groups; or those of all users: this grouper ships, and groups FrISS. No scene of FrISS is
trained on. Constants (`join`, the weights of boxes) are chosen on one half of its users by hash,
and the other half is reported. Objects' categories, in PQ-seven, are those of a segmenter that saw
no drawing of either set. Every step leaves a file, and is skipped where the file exists. Needs no
Ray.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch

from experiments import scene_rules, scene_tables
from experiments.plain import BFLOAT16, Pool, read_corpus, train
from experiments.results import write_table
from instancesketch.batch.reader import shuffle_strokes
from instancesketch.core import storage
from instancesketch.core.hashing import hash_bucket
from instancesketch.core.schema import build_result_table, from_table, to_table
from instancesketch.core.taxonomy import PARTLESS, Taxonomy
from instancesketch.inference import detector as detectors
from instancesketch.inference.object_grouper import Grouper
from instancesketch.inference.scene_segmenter import SceneSegmenter
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.packing import pack, pack_scenes
from instancesketch.synth.scenes.composer import Composer, split_scene
from instancesketch.synth.scenes.config import SceneConfig
from instancesketch.training.config import GrouperFitConfig

SEVEN = Taxonomy.load("doodle7")  # of composed scenes' parts, of the detector, and of PQ-seven
_DEFAULT = Taxonomy.load("default")
# What is of none of these categories, the grouper calls none: it needs no `other`.
TAXONOMY = _DEFAULT.restrict([n for n in _DEFAULT.category_names if n not in PARTLESS])
MOST_STROKES = 64  # of a composed scene: larger ones are slow, and few real scenes are as large
SEED = 7  # of the random stroke order, and of scenes composed anew
# Real scenes are drawn with coarser devices than most drawings that scenes are composed of.
_AUGMENT = replace(GrouperFitConfig().augment, device_p=0.15)
PRETRAIN = GrouperFitConfig(epochs=16, augment=_AUGMENT, bfloat16=BFLOAT16)
CROWDED = replace(PRETRAIN, epochs=4, learning_rate=7e-4, seed=2)
COMPOSED = 4_000  # of the first composed scenes in an epoch of crowded ones
TUNE = replace(PRETRAIN, epochs=2, learning_rate=5e-4, seed=1)
LABELS = ("object", "object_category")  # columns of the truth
REPEATS = 5  # of a real scene in an epoch of tuning


@dataclass(frozen=True, kw_only=True)
class Data:
    """The locations of corpora and weights."""

    composed: str
    crowded: str
    cbsc: str
    friss: str
    drawings: str
    detector: str | None
    segmenter: str

    def sets(self) -> dict[str, pa.Table]:
        """Return real scenes by use: a set per user of CBSC; FrISS to choose on, and to report."""
        cbsc, friss = read_corpus(self.cbsc), read_corpus(self.friss)
        user_of = np.array([i.split("_")[0] for i in cbsc["sketch_id"].to_pylist()])
        half = friss_half(friss)
        users = {u: cbsc.filter(pa.array(user_of == u)) for u in np.unique(user_of)}
        return users | {
            "friss-choose": friss.filter(pa.array(half)),
            "friss-report": friss.filter(pa.array(~half)),
        }

    def composed_pool(self, number: int | None = None, *, crowded: bool = False) -> Pool:
        """Return the composed scenes that are not too large, `number` (None: all) per epoch."""
        table = read_corpus(self.crowded if crowded else self.composed)
        table = table.filter(pc.equal(table["split"], "train"))
        batch = pack_scenes(table, TAXONOMY)
        batch = batch.select((batch.strokes_N <= MOST_STROKES).nonzero()[:, 0])
        return Pool(batch, number or len(batch))


def friss_half(friss: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which scenes of FrISS are of the users that choices are made on."""
    users = (i.rpartition("-")[2] for i in friss["sketch_id"].to_pylist())
    return np.array([hash_bucket(user, "friss-half") < 50 for user in users])


def remix_objects(data: Data, real: pa.Table, number: int) -> Pool:
    """Return scenes composed anew of the objects of real ones, among other drawings."""
    drawings = [d for s in from_table(real) for d in split_scene(s)]
    others = from_table(read_corpus(data.drawings))
    composer = Composer([*drawings, *others], SceneConfig(own_share=0.3))
    batch = pack_scenes(to_table([composer.compose(SEED, i) for i in range(number)]), TAXONOMY)
    batch = batch.select((batch.strokes_N <= MOST_STROKES).nonzero()[:, 0])
    return Pool(batch, len(batch))


def pretrain(data: Data, out: Path) -> Path:
    """Train a grouper on composed scenes, then on crowded ones, too."""
    composed = train(PRETRAIN, TAXONOMY, [data.composed_pool()], None, out / "composed")
    both = [data.composed_pool(crowded=True), data.composed_pool(COMPOSED)]
    return train(CROWDED, TAXONOMY, both, composed, out / "crowded")


def tune(data: Data, out: Path, name: str, real: pa.Table) -> Path:
    """Train the grouper of composed scenes further, on real scenes among composed ones."""
    # Several of these run side by side, one per process.
    torch.set_num_threads(1)
    scenes = pack_scenes(real, TAXONOMY)
    number = REPEATS * len(scenes)
    pools = [
        Pool(scenes, number),
        data.composed_pool(number // 2),
        remix_objects(data, real, number),
    ]
    return train(TUNE, TAXONOMY, pools, out / "crowded", out / name)


def label_set(data: Data, out: Path, name: str, table: pa.Table, source: Path) -> None:
    """Group scenes by every method that is compared, in file order and in a random order."""
    grouper = Grouper.load(str(source))
    segmenter = SceneSegmenter(Segmenter.load(data.segmenter), grouper.taxonomy.category_names)
    detector = detectors.load(data.detector) if data.detector else None
    shuffled = to_table([shuffle_strokes(s, SEED) for s in from_table(table)])
    for order, rows in (("file", table), ("random", shuffled)):
        batch = pack(rows, SEVEN, labels=False)
        results = {
            "touching": scene_rules.group_touching(rows, batch, SEVEN),
            "grouper": segmenter.label_table(grouper.group_table(rows, guesses=True)),
        }
        if order == "file":
            ordered = grouper.group_table(rows, drawing_order=True, guesses=True)
            results["ordered"] = segmenter.label_table(ordered)
        if detector is not None:
            boxes = detector.detect(batch)
            results["most points"] = scene_rules.group_by_boxes(rows, batch, boxes, SEVEN)
            results["with boxes"] = segmenter.label_table(
                grouper.group_table(rows, boxes, guesses=True)
            )
        for method, result in results.items():
            write_table(out / name / f"{method}-{order}.parquet", result)
    write_table(
        out / name / "truth.parquet", build_result_table(table, {c: table[c] for c in LABELS})
    )


def run(data: Data, out: Path, processes: int) -> None:
    """Run all steps that are left, and print the tables."""
    sets = data.sets()
    users = {n: t for n, t in sets.items() if not n.startswith("friss")}
    pretrain(data, out)
    trainings = {"everything": list(users.values())}
    trainings |= {n: [t for u, t in users.items() if u != n] for n in users}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(tune, data, out, f"tuned-{n}", pa.concat_tables(t))
            for n, t in trainings.items()
        ]
        for future in futures:
            future.result()
    for name, table in sets.items():
        trained = "everything" if name.startswith("friss") else name
        if not (out / name / "truth.parquet").exists():
            label_set(data, out, name, table, out / f"tuned-{trained}")
    print(scene_tables.report(out, list(users), SEVEN))


def ship(out: Path, target: Path) -> None:
    """Write the grouper of all users as it ships, in half precision, with its figures."""
    loaded = weights.load([str(out / "tuned-everything")], "grouper")
    figures = storage.read_json(str(out / "figures.json"))
    card = loaded.config | {"metrics": figures}
    weights.save(str(target / "grouper"), loaded.tensors, card, half=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--composed", required=True, metavar="CORPUS", help="made by `synth scenes`"
    )
    parser.add_argument("--crowded", required=True, metavar="CORPUS", help="with --repeat 0.55")
    parser.add_argument("--cbsc", required=True, metavar="CORPUS", help="scenes to train on")
    parser.add_argument(
        "--friss", required=True, metavar="CORPUS", help="scenes that are not trained on"
    )
    parser.add_argument(
        "--drawings", required=True, metavar="CORPUS", help="drawings of other words"
    )
    parser.add_argument(
        "--detector", metavar="WEIGHTS", help="a detector trained on composed scenes"
    )
    parser.add_argument(
        "--segmenter", default="default", metavar="WEIGHTS", help="weights that label objects"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="runs and tables")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--ship", type=Path, metavar="DIR", help="write weights of everything")
    args = parser.parse_args()
    data = Data(
        composed=args.composed,
        crowded=args.crowded,
        cbsc=args.cbsc,
        friss=args.friss,
        drawings=args.drawings,
        detector=args.detector,
        segmenter=args.segmenter,
    )
    run(data, args.out, args.processes)
    if args.ship:
        ship(args.out, args.ship)


if __name__ == "__main__":
    main()
