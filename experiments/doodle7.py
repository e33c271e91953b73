r"""The seven categories on real drawings: five folds, one source left out, ablations, and weights.

  python -m experiments.doodle7 --real C/doodle7-real --generated C/generated \
      --unlabelled C/quickdraw C/semantic-parts C/spg --out runs/doodle7 --ship shipped/doodle7

The corpora are made by `instancesketch ingest` and `instancesketch synth drawings`. A model is
trained on generated drawings, then together with the real ones of all folds but one; it labels
unlabelled drawings, and goes on with those of its labels that it is sure of. What is held out is
never trained on, in no stage: of the unlabelled drawings none has labels anywhere. Every step that
is done leaves a file, and is not done again. Needs no Ray.
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
from experiments.plain import BFLOAT16, Pool, read, train
from instancesketch.core import storage
from instancesketch.core.hashing import hash_bucket
from instancesketch.core.schema import build_result_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.instances import find, find_by
from instancesketch.inference.segmenter import Segmenter, instance_columns, predict
from instancesketch.models import weights
from instancesketch.models.config import SegmenterConfig
from instancesketch.models.packing import Batch, pack
from instancesketch.models.refiner import RefinerNet
from instancesketch.training.config import (
    AugmentConfig,
    RefinerFitConfig,
    SegmenterFitConfig,
    seed_refiner,
)

TAXONOMY = Taxonomy.load("doodle7")
FOLDS = 5
SURE = 0.8  # the least probability of a label that another training may learn
# Of the generated drawings, how many of each category an epoch has: as hard as they are.
SHARES = {
    "4leg": 0.34, "2leg": 0.22, "car": 0.14, "flower": 0.1, "sun": 0.08, "tree": 0.07,
    "cloud": 0.05,
}  # fmt: skip

# What ships was trained before parts were exchanged and pairs told their order.
_PLAIN = SegmenterFitConfig(model=SegmenterConfig(), augment=AugmentConfig(), bfloat16=BFLOAT16)
PRETRAIN = replace(_PLAIN, epochs=8)
TUNE = replace(_PLAIN, epochs=14, learning_rate=7e-4)
ALONE = replace(_PLAIN, epochs=25)  # real drawings, from chance
# Unlabelled drawings have a category: now it is learned in earnest.
STUDENT = replace(
    _PLAIN, epochs=10, learning_rate=5e-4, category_given_p=0.4, category_loss=0.6, seed=1
)
REFINER = RefinerFitConfig(epochs=12)
REFINER_TUNE = RefinerFitConfig(epochs=12, learning_rate=7e-4)
K_MEANS = replace(seed_refiner(), epochs=20, passes=1)


@dataclass(frozen=True, kw_only=True)
class Data:
    """What there is to learn from, as tables of corpora."""

    real: str
    generated: str
    unlabelled: tuple[str, ...]

    def held_out(self) -> dict[str, np.ndarray[Any, Any]]:
        """By name of what is held out, which rows of the real drawings that is."""
        ids = read(self.real)["sketch_id"].to_pylist()
        fold = np.array([hash_bucket(i, "fold") * FOLDS // 100 for i in ids])
        source = np.array([source_of(i) for i in ids])
        return {f"fold-{k}": fold == k for k in range(FOLDS)} | {
            f"source-{name}": source == name for name in np.unique(source)
        }

    def unlabelled_table(self) -> pa.Table:
        """The drawings of the seven categories that nobody labelled."""
        known = set(read(self.real)["sketch_id"].to_pylist())
        known |= {i.partition("-")[2] for i in known}
        table = pa.concat_tables([read(corpus) for corpus in self.unlabelled])
        wanted = [
            TAXONOMY.category_of(word) is not None and key not in known and split != "valid"
            for key, word, split in zip(
                *(table[c].to_pylist() for c in ("sketch_id", "category", "split")), strict=True
            )
        ]
        return table.filter(pa.array(wanted))


def source_of(sketch_id: str) -> str:
    """Where a real drawing comes from, by how its name begins."""
    return sketch_id.partition("-")[0]


def generated_pools(data: Data, number: int) -> list[Pool]:
    """The generated drawings by category, each by its share of an epoch's number."""
    batch = pack(read(data.generated), TAXONOMY)
    by_category = [
        Pool(batch.select((batch.category_N == i).nonzero()[:, 0]), 0)
        for i in range(len(TAXONOMY.category_names))
    ]
    return shared(by_category, number)


def shared(by_category: Sequence[Pool], number: int) -> list[Pool]:
    """The same drawings, each category by its share of another number."""
    shares = [SHARES[name] for name in TAXONOMY.category_names]
    return [
        Pool(p.batch, round(number * share)) for p, share in zip(by_category, shares, strict=True)
    ]


def labelled_by(teacher: Path, table: pa.Table) -> Batch:
    """Drawings with those labels of a teacher that it is sure of; no instances."""
    batch = pack(table, TAXONOMY)
    net = Segmenter.load(str(teacher)).net
    parts_SQ, _, _ = predict(net, batch, batch.category_N)
    sure_S, part_S = parts_SQ.max(1)
    return replace(
        batch,
        part_S=torch.where(sure_S >= SURE, part_S, -1),
        instance_S=torch.full_like(part_S, -1),
    )


def counted(pools: Sequence[Pool]) -> list[Pool]:
    """Without the drawings of categories that have nothing to count."""
    some = torch.tensor([bool(c.countable) for c in TAXONOMY.categories.values()])
    kept = [(p, p.batch.select(some[p.batch.category_N].nonzero()[:, 0])) for p in pools]
    return [Pool(b, round(p.number * len(b) / len(p.batch))) for p, b in kept if len(b)]


def fit_all(data: Data, out: Path, before: Path, rest: pa.Table, *, alone: bool) -> None:
    """Trains everything that is compared, on the given real drawings.

    Leaves `out/alone` (real drawings only), `out/teacher` (generated ones, too), `out/student`
    (with self-training, and the refiner) and `out/k-means` (the published refiner).
    """
    real = pack(rest, TAXONOMY)
    whole, made = Pool(real, len(real)), generated_pools(data, len(real))
    train(TUNE, TAXONOMY, [whole, *made], before, out / "teacher")
    guessed = labelled_by(out / "teacher", data.unlabelled_table())
    pools = [whole, *shared(made, len(real) // 2), Pool(guessed, len(real))]
    train(STUDENT, TAXONOMY, pools, out / "teacher", out / "student")
    train(REFINER_TUNE, TAXONOMY, counted([whole, *made]), before, out / "student")
    if alone:
        train(ALONE, TAXONOMY, [whole], None, out / "alone")
        train(K_MEANS, TAXONOMY, counted([whole]), None, out / "k-means")


def hold_out(data: Data, out: Path, name: str) -> None:
    """Trains without what is held out, and labels it with everything that is compared."""
    torch.set_num_threads(1)
    mask, real, folder = data.held_out()[name], read(data.real), out / name
    fit_all(data, folder, out / "generated", real.filter(pa.array(~mask)), alone="fold" in name)
    table = real.filter(pa.array(mask))
    for way, sources in tables.WAYS.items():
        if all((folder / source).is_dir() for source in sources):
            model = Segmenter.load([str(folder / source) for source in sources])
            write(folder / f"{way}-given.parquet", model.label_table(table, given_category=True))
            write(folder / f"{way}-predicted.parquet", model.label_table(table))
            write(folder / f"{way}-true.parquet", with_true_parts(table, model.refiner))
    given = pq.read_table(folder / "student-given.parquet")
    write(folder / "touching-given.parquet", with_true_parts(given, None))
    write(folder / "touching-true.parquet", with_true_parts(table, None))


def with_true_parts(table: pa.Table, refiner: RefinerNet | None) -> pa.Table:
    """A result whose parts are those of the table; instances by a refiner, or by what touches."""
    batch = pack(table, TAXONOMY)
    finder = partial(find, refiner) if refiner else partial(find_by, touching.cluster)
    columns = instance_columns(finder, batch, batch.part_S, batch.category_N, TAXONOMY)
    return build_result_table(table, columns)


def write(path: Path, table: pa.Table) -> None:
    """Writes a table, whole or not at all."""
    storage.write_atomically(str(path), lambda part: pq.write_table(table, part))


def run(data: Data, out: Path, processes: int, only: Sequence[str]) -> None:
    """Does what is left to do, and prints the tables of what is done."""
    torch.set_num_threads(max(1, torch.get_num_threads() // processes))
    made = generated_pools(data, 15_000)
    before = train(PRETRAIN, TAXONOMY, made, None, out / "generated")
    train(REFINER, TAXONOMY, counted(shared(made, 8_000)), None, before)
    names = [n for n in data.held_out() if n in only or not only]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for waiting in [pool.submit(hold_out, data, out, name) for name in names]:
            waiting.result()
    print(tables.report(out, read(data.real), list(data.held_out()), TAXONOMY))


def ship(data: Data, out: Path, where: Path) -> None:
    """Trains on all real drawings, and writes weights as they ship, in half precision."""
    fit_all(data, out / "everything", out / "generated", read(data.real), alone=False)
    figures = storage.read_json(str(out / "figures.json"))["folds"]["student"]
    for kind in ("segmenter", "refiner"):
        loaded = weights.load([str(out / "everything" / "student")], kind)
        card = loaded.config | {"metrics": figures}
        weights.save(str(where / kind), loaded.tensors, card, half=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", required=True, metavar="CORPUS", help="labelled by hand")
    parser.add_argument("--generated", required=True, metavar="CORPUS", help="made by rule")
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
