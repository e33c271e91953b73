r"""The temperatures of the default model's scores, and how well calibrated these are.

  python -m experiments.calibration --real C/doodle7-real --generated C/generated \
      --spg C/spg-default --words C/quickdraw C/cats C/semantic-parts --out runs/default

The scores of each fold's model on the drawings that it never saw, and on those of other words that
no training sees, are divided by temperatures that were fitted on the other folds' models and on
other words. Writes `reliability.svg` and `temperatures.json`, those of all folds together, by which
the weights that ship are divided.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import torch
from torch import Tensor

from experiments import reliability
from experiments.corpora import FOLDS, TAXONOMY, Data
from experiments.default import add_corpora
from instancesketch.core import storage
from instancesketch.core.hashing import hash_bucket
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.metrics import Reliability
from instancesketch.metrics.calibration import reliability as measure
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import pack
from instancesketch.training.calibrate import fit_temperature


class Logits(NamedTuple):
    """Logits and true classes of drawings or strokes that a model never saw."""

    logits_TR: Tensor
    truth_T: Tensor

    @classmethod
    def join(cls, several: Sequence[Logits]) -> Logits:
        """Return all of them as one."""
        logits, truth = zip(*several, strict=True)
        return cls(torch.cat(logits), torch.cat(truth))

    def scores(self, temperature: float) -> tuple[Tensor, Tensor]:
        """Return the score of the likeliest class of each, and whether it is right."""
        score_T, class_T = (self.logits_TR / temperature).softmax(1).max(1)
        return score_T, class_T == self.truth_T


def label_unseen(data: Data, out: Path, fold: int) -> dict[str, Logits]:
    """Return what a fold's model says of drawings that it never saw: `category` and `part`."""
    real = data.real_table.filter(pa.array(data.held_out_masks()[f"fold-{fold}"]))
    others = data.others(unseen=True)
    group = [
        hash_bucket(word, "calibration") * FOLDS // 100 for word in others["category"].to_pylist()
    ]
    others = others.filter(pa.array([g == fold for g in group]))
    model = Segmenter.load(str(out / f"fold-{fold}" / "student"))
    known = pack(real, TAXONOMY)
    parts_SQ, _, _ = predict(model.net, StrokeFeatures.of(known), known.category_N)
    labelled_S = known.part_S >= 0
    categories = []
    for table in (real, others):
        batch = pack(table, TAXONOMY)
        untold_N = torch.full_like(batch.category_N, -1)
        score_NC = predict(model.net, StrokeFeatures.of(batch), untold_N)[2]
        assert score_NC is not None
        categories.append(Logits(score_NC.log(), batch.category_N))
    # A logarithm of probabilities is a row of logits but for a constant.
    part = Logits(parts_SQ[labelled_S].log(), known.part_S[labelled_S])
    return {"category": Logits.join(categories), "part": part}


def calibrate(data: Data, out: Path, folds: Sequence[int]) -> str:
    """Fit temperatures across folds; return the tables, and write the diagram."""
    unseen = [label_unseen(data, out, fold) for fold in folds]
    tables: dict[str, Reliability] = {}
    temperatures: dict[str, float] = {}
    lines: list[str] = []
    for name in ("category", "part"):
        found = [each[name] for each in unseen]
        before = _measure([Logits.join(found).scores(1.0)])
        scores = []
        for fold, logits in enumerate(found):
            others = Logits.join([x for i, x in enumerate(found) if i != fold])
            scores.append(logits.scores(fit_temperature(*others)))
        tables[name] = _measure(scores)
        temperatures[name] = fit_temperature(*Logits.join(found))
        lines += [
            f"{name}: temperature {temperatures[name]:.3f}, ECE without it {before.error:.2f}",
            reliability.to_text(name, tables[name]),
        ]
    storage.write_json(str(out / "temperatures.json"), temperatures)
    reliability.draw(tables).savefig(out / "reliability.svg")
    return "\n".join(lines)


def _measure(scores: Sequence[tuple[Tensor, Tensor]]) -> Reliability:
    score, right = (torch.cat(each) for each in zip(*scores, strict=True))
    return measure(score.numpy(), right.numpy())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_corpora(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the protocol's")
    parser.add_argument("--folds", nargs="*", type=int, default=list(range(FOLDS)), metavar="K")
    args = parser.parse_args()
    data = Data(real=args.real, generated=args.generated, spg=args.spg, words=tuple(args.words))
    print(calibrate(data, args.out, args.folds))


if __name__ == "__main__":
    main()
