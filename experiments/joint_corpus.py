r"""One corpus of all drawings that the default model learns from but those of a fold, for `tune`.

  python -m experiments.joint_corpus --real C/doodle7-real --generated C/generated \
      --spg C/spg-default --words C/quickdraw C/cats C/semantic-parts --number 20000 --out C/joint
  instancesketch tune segmenter --data C/joint --taxonomy default --run sweep --select tenth

Nothing that is measured on elsewhere is in it: not the fold that ablations are measured on, nor
SPG's valid, nor the other words that are never trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experiments.corpora import Data
from experiments.default import SCENES, add_corpora
from experiments.plain import read_corpus
from instancesketch.core import parquet, storage
from instancesketch.core.schema import SCHEMA, cast_to_schema

_FOLD = "fold-0"
# Shares of the rows besides the real drawings, which are all there.
_SHARES = {"generated": 0.5, "spg": 0.27, "others": 0.19, "scenes": 0.04}


def collect(data: Data, number: int, seed: int = 0) -> pa.Table:
    """Return the rows, in a random order, all of the split `train`.

    Args:
        data: the corpora.
        number: of rows in all, more than there are real drawings.
        seed: of the sample and the order.
    """
    real = data.real_table.filter(pa.array(~data.held_out_masks()[_FOLD]))
    spg = data.spg_table("train")
    sources = {
        "generated": read_corpus(data.generated),
        # Parts that ours don't have are there as `unlabeled`, which is no label to learn.
        "spg": spg.filter(pc.not_equal(spg["category"], "4leg")),
        "others": data.others(unseen=False),
        "scenes": data.scenes(SCENES),
    }
    rng = np.random.default_rng(seed)
    tables = [real]
    for name, table in sources.items():
        wanted = round((number - len(real)) * _SHARES[name])
        tables.append(table.take(np.sort(rng.permutation(len(table))[:wanted])))
    rows = pa.concat_tables([cast_to_schema(table, SCHEMA.names) for table in tables])
    rows = rows.take(rng.permutation(len(rows)))
    split = pa.array(["train"] * len(rows), pa.string())
    return rows.set_column(rows.column_names.index("split"), "split", split)


def main(argv: Sequence[str] | None = None) -> None:
    """Write the corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_corpora(parser)
    parser.add_argument("--number", type=int, default=20_000, metavar="N", help="rows (20000)")
    parser.add_argument("--out", required=True, metavar="CORPUS")
    args = parser.parse_args(argv)
    data = Data(real=args.real, generated=args.generated, spg=args.spg, words=tuple(args.words))
    rows = collect(data, args.number)
    parquet.write_table(storage.join(args.out, "rows.parquet"), rows)
    print(f"{len(rows):,} drawings -> {args.out}")


if __name__ == "__main__":
    main()
