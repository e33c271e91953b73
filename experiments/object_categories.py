r"""Categories of a scene's objects: by the grouper, by the segmenter, and by both together.

  python -m experiments.object_categories --real C/doodle7-real --generated C/generated \
      --spg C/spg-default --words C/quickdraw C/cats C/semantic-parts --runs runs/default \
      --scenes C/cbsc C/friss

Scenes are composed of the drawings of each fold (without those that were cut from CBSC's scenes)
and of drawings of words that the segmenter was never trained on; the fold's own segmenter, of a run
of `experiments.default`, labels their objects. Of FrISS the half of the users is measured on which
choices are made. Prints, for products of powers of the two probabilities, the share of objects
found whose category is right, PQ-seven, and how well the product is calibrated; then the accuracy
of parts in the composed scenes, as they are labelled from strokes to parts. Needs no Ray.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from experiments.corpora import FOLDS, SEVEN, Data, source_of
from experiments.default import add_corpora
from experiments.plain import own_names, read_corpus
from experiments.scenes import TAXONOMY, friss_half
from instancesketch.batch.reader import shuffle_strokes
from instancesketch.core.schema import from_table, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.object_grouper import Grouper, choose_categories, find_objects
from instancesketch.inference.scene_segmenter import SceneSegmenter, objects_as_sketches
from instancesketch.inference.segmenter import Segmenter, predict
from instancesketch.metrics import SceneTally, evaluate, scene_weights
from instancesketch.metrics.scenes import judge_scenes
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import object_categories, pack_scenes
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig

# Of each category of the grouper, and last of none, the index among the seven; -1: none of them.
_SEVEN_C = np.array(
    [SEVEN.index(name) if name in SEVEN else -1 for name in TAXONOMY.category_names] + [-1]
)
SCENES = 80  # of each fold
SEED = 7
# Of the grouper's probability, and of the segmenter's.
POWERS = ((1, 0), (0, 1), (1, 0.5), (1, 0.75), (1, 1), (0.75, 0.35), (0.75, 0.5), (0.75, 0.75))
Floats = npt.NDArray[np.float64]
Labelled = tuple[Sketch, Sketch]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The objects found in scenes, with the probabilities of their categories, last of none."""

    # Of `judge_scenes`, but for the predicted categories; the true ones are of the seven.
    arrays: dict[str, Any]
    class_T: npt.NDArray[np.int64]  # true objects' category of all that the grouper knows
    grouper_KC: Floats
    segmenter_KC: Floats

    def join(self, grouper: float, segmenter: float) -> Floats:
        """Return the product of the probabilities to these powers, (K, C + 1)."""
        log_KC = grouper * np.log(self.grouper_KC) + segmenter * np.log(self.segmenter_KC)
        product_KC: Floats = np.exp(log_KC - log_KC.max(1, keepdims=True))
        return product_KC / product_KC.sum(1, keepdims=True)


def find(table: pa.Table, grouper: Grouper, segmenter: Segmenter) -> Found:
    """Find the objects of scenes, in a random order of strokes, and both models' categories."""
    shuffled = to_table([shuffle_strokes(s, SEED) for s in from_table(table)])
    truth = pack_scenes(shuffled, TAXONOMY)
    objects = find_objects(grouper.net, truth)
    assert objects.guess_KC is not None
    whole = replace(truth, part_S=torch.zeros_like(truth.part_S), instance_S=objects.object_S + 1)
    sketches, _ = objects_as_sketches(whole, 1)
    unknown_K = torch.full((len(sketches),), -1)
    _, _, seen_KX = predict(segmenter.net, StrokeFeatures.of(sketches), unknown_K)
    assert seen_KX is not None
    names = segmenter.net_taxonomy.category_names
    seen_KC = seen_KX[:, [names.index(name) for name in TAXONOMY.category_names]]
    seen_KC = torch.cat([seen_KC, 1 - seen_KC.sum(1, keepdim=True)], dim=1)
    category_T, true_N = object_categories(shuffled, TAXONOMY)
    x_P, y_P = truth.points_P2.numpy().T
    arrays = {
        "truth_object": (truth.instance_S - 1).clamp(min=-1).numpy(),
        "object": objects.object_S.numpy(),
        "weight": scene_weights(x_P, y_P, truth.stroke_len_S.numpy()),
        "strokes_per_scene": truth.strokes_N.numpy(),
        "truth_category": _SEVEN_C[category_T.numpy()],
        "truth_objects_per_scene": true_N.numpy(),
        "objects_per_scene": objects.objects_N.numpy(),
    }
    both = (x.double().clamp(min=1e-9).numpy() for x in (objects.guess_KC, seen_KC))
    return Found(
        arrays=arrays,
        class_T=category_T.numpy(),
        grouper_KC=next(both),
        segmenter_KC=next(both),
    )


def label_parts(table: pa.Table, grouper: Grouper, segmenter: Segmenter) -> list[Labelled]:
    """Return scenes in a random order of strokes as they are labelled, each with its truth."""
    truth = [shuffle_strokes(s, SEED) for s in from_table(table)]
    grouped = grouper.group_table(to_table(truth), guesses=True)
    scenes = SceneSegmenter(segmenter, grouper.taxonomy.category_names).label_table(grouped)
    return list(zip(from_table(scenes), truth, strict=True))


def measure(sets: list[Found], grouper: float, segmenter: float) -> tuple[float, float, float]:
    """Return, of the product of powers, three figures over sets of scenes together.

    The percentage of objects found of the seven categories that get theirs; PQ-seven; and the mean
    negative log-likelihood of the categories of all objects found.
    """
    tally = SceneTally.empty((), SEVEN)
    right, likelihoods = [], []
    for found in sets:
        joined_KC = found.join(grouper, segmenter)
        category_K = choose_categories(torch.from_numpy(joined_KC))[0].numpy()
        tally.add_outcomes(judge_scenes(**found.arrays, category=_SEVEN_C[category_K]))
        # Judged by numbers in place of categories, each object found tells which one it is.
        numbers = found.arrays | {"truth_category": np.arange(len(found.class_T))}
        numbered = judge_scenes(**numbers, category=np.arange(len(joined_KC)))
        matched_T = numbered.iou_T > 0
        true_M = found.class_T[numbered.category_T[matched_T]]
        which_M = numbered.predicted_T[matched_T]
        right.append((category_K[which_M] == true_M)[_SEVEN_C[true_M] >= 0])
        likelihoods.append(np.log(joined_KC[which_M, true_M].clip(1e-6)))
    quality = tally.figures()["pq_named"]
    return 100 * np.concatenate(right).mean(), quality, -np.concatenate(likelihoods).mean()


def compose(data: Data) -> Iterator[tuple[int, str, pa.Table]]:
    """Yield composed scenes of each fold: of the seven among other drawings, and of these alone."""
    others = from_table(data.others(unseen=True))
    drawings, names = from_table(data.real_table), own_names(data.real_table)
    for fold in range(FOLDS):
        mask = data.held_out_masks()[f"fold-{fold}"]
        rows = zip(drawings, names, mask, strict=True)
        own = [s for s, name, held in rows if held and source_of(name) != "cbsc"]
        for kind, drawn, share in (("mixed", own + others, 0.35), ("seven", own, 1.0)):
            composer = Composer(drawn, SceneConfig(own_share=share))
            yield fold, kind, to_table([composer.compose(20 + fold, i) for i in range(SCENES)])


def main() -> None:
    """Print a line of figures for each pair of powers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_corpora(parser)
    parser.add_argument("--runs", required=True, type=Path, metavar="DIR", help="default's runs")
    parser.add_argument(
        "--scenes", nargs=2, required=True, metavar="CORPUS", help="of CBSC, of FrISS"
    )
    parser.add_argument("--grouper", default="default", metavar="WEIGHTS", help="shipped, or a run")
    args = parser.parse_args()
    data = Data(real=args.real, generated=args.generated, spg=args.spg, words=tuple(args.words))
    grouper = Grouper.load(args.grouper)
    sets: dict[str, list[Found]] = {"mixed": [], "seven": []}
    labelled: dict[str, list[Labelled]] = {"mixed": [], "seven": []}
    for fold, kind, table in compose(data):
        segmenter = Segmenter.load(str(args.runs / f"fold-{fold}" / "student"))
        sets[kind].append(find(table, grouper, segmenter))
        labelled[kind] += label_parts(table, grouper, segmenter)
    without = Segmenter.load(str(args.runs / "source-cbsc" / "student"))
    sets["CBSC"] = [find(read_corpus(args.scenes[0]), grouper, without)]
    friss = read_corpus(args.scenes[1])
    chosen = friss.filter(pa.array(friss_half(friss)))
    sets["FrISS"] = [find(chosen, grouper, Segmenter.load("default"))]
    for powers in POWERS:
        rows = {name: measure(found, *powers) for name, found in sets.items()}
        cells = (f"{n} {a:.1f} {b:.1f} {c:.3f}" for n, (a, b, c) in rows.items())
        print(f"{powers[0]:5} {powers[1]:5}   " + " | ".join(cells), flush=True)
    for name, pairs in labelled.items():
        found, truth = zip(*pairs, strict=True)
        figures = evaluate(found, truth, Taxonomy.load("doodle7")).figures
        print(f"parts end to end, {name}: {figures['part_accuracy']:.1f}")


if __name__ == "__main__":
    main()
