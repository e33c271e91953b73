r"""The seven categories on real drawings: five folds, one source left out, ablations, and weights.

  python -m experiments.doodle7 --real C/doodle7-real --generated C/generated \
      --unlabelled C/quickdraw C/semantic-parts C/spg --out runs/doodle7 --ship shipped/doodle7

The corpora are made by `instancesketch ingest` and `instancesketch synth drawings`. A model is
trained on generated drawings, then together with the real ones of all folds but one; it labels
unlabelled drawings, and is trained further on those of its labels that it is certain of. Drawings
that are held out are trained on in no stage: no unlabelled drawing has labels in any corpus. Every
step leaves a file, and is skipped where the file exists. Needs no Ray.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from experiments import tables, touching
from experiments.corpora import held_out_masks
from experiments.plain import (
    BFLOAT16,
    Pool,
    keep_countable,
    own_names,
    pseudo_label,
    read_corpus,
    train,
)
from experiments.results import write_table
from instancesketch.core import storage
from instancesketch.core.schema import build_result_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import find_instances, number_clusters
from instancesketch.inference.result_columns import Vocabulary, instance_columns
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import pack
from instancesketch.models.refiner import RefinerNet
from instancesketch.training.config import (
    AugmentConfig,
    RefinerFitConfig,
    SegmenterFitConfig,
    seed_refiner,
)

TAXONOMY = Taxonomy.load("doodle7")
SURE = 0.8  # least probability of a predicted label that is trained on
# Shares of categories among an epoch's generated drawings: the harder, the more.
SHARES = {
    "4leg": 0.34, "2leg": 0.22, "car": 0.14, "flower": 0.1, "sun": 0.08, "tree": 0.07,
    "cloud": 0.05,
}  # fmt: skip

# Generated drawings are drawn in an order of their own: where pairs know it, and where parts are
# exchanged, the category of real drawings is right less often.
_RECIPE = SegmenterFitConfig(
    model=replace(SegmenterFitConfig().model, pair_order=False),
    augment=AugmentConfig(),
    bfloat16=BFLOAT16,
)
PRETRAIN = replace(_RECIPE, epochs=8)
TUNE = replace(_RECIPE, epochs=14, learning_rate=7e-4)
ALONE = replace(_RECIPE, epochs=25)  # real drawings, from random weights
# Unlabelled drawings have a category, so that there are enough to learn to predict it.
STUDENT = replace(
    _RECIPE, epochs=20, learning_rate=1e-3, category_given_p=0.4, category_loss=0.6, seed=1
)
REFINER = RefinerFitConfig(epochs=12)
REFINER_TUNE = RefinerFitConfig(epochs=12, learning_rate=7e-4)
K_MEANS = replace(seed_refiner(), epochs=20, passes=1)


@dataclass(frozen=True, kw_only=True)
class Data:
    """The locations of the corpora."""

    real: str
    generated: str
    unlabelled: tuple[str, ...]

    def held_out_masks(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return masks over the rows of the real drawings by name, as `fold-0` and `source-qd`."""
        return held_out_masks(read_corpus(self.real))

    def read_unlabelled(self) -> pa.Table:
        """Return drawings of the seven categories that have labels in no corpus."""
        known = set(own_names(read_corpus(self.real)))
        # The labelled corpus prefixes a drawing's name with its source.
        known |= {i.partition("-")[2] for i in known}
        table = pa.concat_tables([read_corpus(corpus) for corpus in self.unlabelled])
        mask = [
            TAXONOMY.category_of(word) is not None and key not in known and split != "valid"
            for key, word, split in zip(
                *(table[c].to_pylist() for c in ("sketch_id", "category", "split")), strict=True
            )
        ]
        return table.filter(pa.array(mask))


def pool_generated(data: Data, number: int) -> list[Pool]:
    """Return pools of generated drawings, one per category, with its share of an epoch."""
    batch = pack(read_corpus(data.generated), TAXONOMY)
    by_category = [
        Pool(batch.select((batch.category_N == i).nonzero()[:, 0]), 0)
        for i in range(len(TAXONOMY.category_names))
    ]
    return resize_pools(by_category, number)


def resize_pools(by_category: Sequence[Pool], number: int) -> list[Pool]:
    """Return the pools with each category's share of another number of drawings."""
    shares = [SHARES[name] for name in TAXONOMY.category_names]
    return [
        Pool(p.batch, round(number * share)) for p, share in zip(by_category, shares, strict=True)
    ]


def fit_all(data: Data, out: Path, initial: Path, rest: pa.Table, *, alone: bool) -> None:
    """Train all models that are compared, on the given real drawings.

    Writes `out/teacher` (real and generated drawings), `out/student` (with self-training, and the
    refiner) and, with `alone`, `out/alone` (real drawings only) and `out/k-means` (the published
    refiner).
    """
    real = pack(rest, TAXONOMY)
    whole, generated = Pool(real, len(real)), pool_generated(data, len(real))
    train(TUNE, TAXONOMY, [whole, *generated], initial, out / "teacher")
    unlabelled = pseudo_label(out / "teacher", data.read_unlabelled(), TAXONOMY, SURE)
    pools = [whole, *resize_pools(generated, len(real) // 2), Pool(unlabelled, len(real))]
    train(STUDENT, TAXONOMY, pools, out / "teacher", out / "student")
    train(
        REFINER_TUNE,
        TAXONOMY,
        keep_countable([whole, *generated], TAXONOMY),
        initial,
        out / "student",
    )
    if alone:
        train(ALONE, TAXONOMY, [whole], None, out / "alone")
        train(K_MEANS, TAXONOMY, keep_countable([whole], TAXONOMY), None, out / "k-means")


def run_hold_out(data: Data, out: Path, name: str) -> None:
    """Train without the drawings held out, and label them with all models that are compared."""
    # Several of these run side by side, one per process.
    torch.set_num_threads(1)
    mask, real, folder = data.held_out_masks()[name], read_corpus(data.real), out / name
    fit_all(data, folder, out / "generated", real.filter(pa.array(~mask)), alone="fold" in name)
    table = real.filter(pa.array(mask))
    for method, sources in tables.METHODS.items():
        if all((folder / source).is_dir() for source in sources):
            model = Segmenter.load([str(folder / source) for source in sources])
            write_table(
                folder / f"{method}-given.parquet", model.label_table(table, given_category=True)
            )
            write_table(folder / f"{method}-predicted.parquet", model.label_table(table))
            write_table(folder / f"{method}-true.parquet", group_true_parts(table, model.refiner))
    given = pq.read_table(folder / "student-given.parquet")
    write_table(folder / "touching-given.parquet", group_true_parts(given, None))
    write_table(folder / "touching-true.parquet", group_true_parts(table, None))


def group_true_parts(table: pa.Table, refiner: RefinerNet | None) -> pa.Table:
    """Return a result with the table's own parts; instances by a refiner, or by touching."""
    batch = pack(table, TAXONOMY)
    by_touching = partial(number_clusters, touching.cluster_touching)
    finder = partial(find_instances, refiner) if refiner else by_touching
    features = StrokeFeatures.of(batch)
    vocabulary = Vocabulary(TAXONOMY)
    columns = instance_columns(finder, features, batch.part_S, batch.category_N, vocabulary)
    return build_result_table(table, columns)


def run(data: Data, out: Path, processes: int, only: Sequence[str]) -> None:
    """Run all steps that are left, and print the tables."""
    torch.set_num_threads(max(1, torch.get_num_threads() // processes))
    generated = pool_generated(data, 15_000)
    initial = train(PRETRAIN, TAXONOMY, generated, None, out / "generated")
    train(
        REFINER, TAXONOMY, keep_countable(resize_pools(generated, 8_000), TAXONOMY), None, initial
    )
    names = [n for n in data.held_out_masks() if n in only or not only]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for future in [pool.submit(run_hold_out, data, out, name) for name in names]:
            future.result()
    print(tables.report(out, read_corpus(data.real), list(data.held_out_masks()), TAXONOMY))


def ship(data: Data, out: Path, target: Path) -> None:
    """Train on all real drawings, and write weights as they ship, in half precision."""
    fit_all(data, out / "everything", out / "generated", read_corpus(data.real), alone=False)
    figures = storage.read_json(str(out / "figures.json"))["folds"]["student"]
    for model_kind in ("segmenter", "refiner"):
        loaded = weights.load([str(out / "everything" / "student")], model_kind)
        card = loaded.config | {"metrics": figures}
        weights.save(str(target / model_kind), loaded.tensors, card, half=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, metavar="CORPUS", help="labelled by hand")
    parser.add_argument(
        "--generated", required=True, metavar="CORPUS", help="made by `synth drawings`"
    )
    parser.add_argument("--unlabelled", nargs="*", default=[], metavar="CORPUS")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="runs and tables")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="fold-0, source-qd …")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--ship", type=Path, metavar="DIR", help="write weights of everything")
    args = parser.parse_args()
    data = Data(real=args.real, generated=args.generated, unlabelled=tuple(args.unlabelled))
    run(data, args.out, args.processes, args.only)
    if args.ship:
        ship(data, args.out, args.ship)


if __name__ == "__main__":
    main()
