r"""The default model: five folds, one source left out, ablations, and weights.

  python -m experiments.default --real C/doodle7-real --generated C/generated --spg C/spg-default \
      --words C/quickdraw C/cats C/semantic-parts --out runs/default --ship shipped/default

The corpora are made by `instancesketch ingest` (SPG with `--taxonomy default`) and `instancesketch
synth drawings`. A base is trained on generated drawings, SPG, other words and composed scenes; then
a teacher together with the real drawings of all folds but one; it labels unlabelled drawings, and a
student is trained on all of these. Drawings that are held out are trained on in no stage, and where
a source is left out, neither are its unlabelled drawings of known categories. Every step leaves a
file, and is skipped where the file exists; a training continues from its last epoch. Needs no Ray.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from experiments import results
from experiments.corpora import TAXONOMY, Data, pool_evenly
from experiments.plain import Pool, average, keep_countable, pseudo_label, train
from experiments.plans import PLANS, Plan
from experiments.traced_drawings import trace_corpora
from instancesketch.core import storage
from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.models import weights
from instancesketch.models.packing import pack

SURE = 0.8  # least probability of a predicted label that is trained on
SCENES = 4_000
# What was seen in the drawings of the folds whose category is wrong.
LIMITS = (
    "birds seen from the side are taken for quadrupeds, and quadrupeds of which two legs show for "
    "birds",
    "heads alone, and lions' heads for flowers or suns",
    "clouds of one plain outline, for cars or flowers",
    "writing in place of a drawing gets a category",
    "of words never trained on, one drawing in six is taken for something known with certainty",
)


def pool_base(
    data: Data,
    plan: Plan,
    taxonomy: Taxonomy = TAXONOMY,
    *,
    share: float = 1.0,
    others_share: float = 1.0,
) -> list[Pool]:
    """Return the pools of drawings that no figure is measured on.

    Args:
        data: the corpora.
        plan: how many drawings of each sort an epoch of the base has.
        taxonomy: of the labels.
        share: of these in an epoch.
        others_share: the same of drawings of other words.
    """
    scenes = pack(data.scenes(SCENES), TAXONOMY)
    pools = [
        *((pool, share) for pool in data.pool_generated(plan.generated)),
        (Pool(data.pack_spg(), plan.spg), share),
        (Pool(pack(data.others(unseen=False), taxonomy), plan.others), others_share),
        (Pool(scenes, plan.scenes), share),
    ]
    return [Pool(pool.batch, round(pool.number * part)) for pool, part in pools]


def pool_traced(data: Data, plan: Plan, out: Path, rest: pa.Table, traced: float) -> list[Pool]:
    """Return the pools of traced drawings, of the real ones only of those that are given.

    Args:
        data: the corpora.
        plan: how many drawings of each sort an epoch has.
        out: folder of the run, below which what was traced is kept.
        rest: the real drawings that are trained on.
        traced: number of traced drawings, as a share of the others of their sort.
    """
    found = trace_corpora(data, out / "traced", 1)
    keys = set(rest["sketch_id"].to_pylist())
    real = found.real.filter(pa.array([k in keys for k in found.real["sketch_id"].to_pylist()]))
    share = plan.share * traced
    return [
        Pool(pack(real, TAXONOMY), round(plan.real * traced * len(rest))),
        *data.pool_generated(round(plan.generated * share), found.generated),
        Pool(data.pack_spg(found.spg), round(plan.spg * share)),
        Pool(pack(found.others, TAXONOMY), round(plan.others * plan.others_share * traced)),
    ]


def fit_teacher(
    data: Data, plan: Plan, out: Path, initial: Path, rest: pa.Table, name: str
) -> list[Pool]:
    """Train a teacher below `out`, unless that is done, and return what a student learns from."""
    real = pack(rest, TAXONOMY)
    pools = [
        Pool(real, plan.real * len(real)),
        *pool_base(data, plan, share=plan.share, others_share=plan.others_share),
    ]
    if plan.crops:
        pools.append(Pool(data.pack_crops(SCENES, rest), plan.crops))
    if plan.traced:
        pools += pool_traced(data, plan, out.parent, rest, plan.traced)
    train(plan.teacher, TAXONOMY, pools, initial, out / "teacher")
    unlabelled = pseudo_label(out / "teacher", data.unlabelled(without=name), TAXONOMY, SURE)
    number = min(plan.unlabelled, 2 * len(unlabelled))
    return [*pools, *pool_evenly(unlabelled, number, 1 - plan.evenness)]


def fit_all(data: Data, plan: Plan, out: Path, initial: Path, rest: pa.Table, name: str) -> None:
    """Train teacher, student and refiner on the given real drawings, below `out`."""
    pools = fit_teacher(data, plan, out, initial, rest, name)
    students = []
    for seed in range(1, plan.students + 1):
        place = out / "student" if plan.students == 1 else out / f"student-{seed}"
        students.append(train(replace(plan.student, seed=seed), TAXONOMY, pools, initial, place))
    if len(students) > 1:
        average(students, "segmenter", out / "student")
    real = pools[0].batch
    tuned = [Pool(real, len(real)), *data.pool_generated(len(real))]
    train(plan.refiner_tune, TAXONOMY, keep_countable(tuned, TAXONOMY), initial, out / "student")


def run_hold_out(data: Data, plan: Plan, out: Path, name: str) -> None:
    """Train without the drawings held out, and label them with all models that are compared."""
    # Several of these run side by side, one per process.
    torch.set_num_threads(1)
    mask, folder = data.held_out_masks()[name], out / name
    rest = data.real_table.filter(pa.array(~mask))
    fit_all(data, plan, folder, out / "base", rest, name)
    results.label(data, data.real_table.filter(pa.array(mask)), folder)


def check_corpora(data: Data, out: Path) -> dict[str, Any]:
    """Keep what a run's corpora are, and return it.

    Raises:
        UserError: the run was begun with other drawings or labels.
    """
    file, corpora = str(out / "corpora.json"), data.description
    before = storage.read_json(file)
    if before is None:
        storage.write_text(file, json.dumps(corpora, indent=2) + "\n")
    elif before != corpora:
        changed = [name for name in corpora if corpora[name] != before.get(name)]
        raise UserError(f"{out} was begun with other corpora: {', '.join(changed)}")
    return corpora


def run(data: Data, plan: Plan, out: Path, processes: int, only: Sequence[str]) -> None:
    """Run all steps that are left, and print the tables."""
    check_corpora(data, out)
    torch.set_num_threads(max(1, torch.get_num_threads() // processes))
    taxonomy = data.words_taxonomy() if plan.words else TAXONOMY
    base = train(plan.base, taxonomy, pool_base(data, plan, taxonomy), None, out / "base")
    generated = keep_countable(data.pool_generated(8_000), TAXONOMY)
    train(plan.refiner, TAXONOMY, generated, None, base)
    if plan.traced:
        trace_corpora(data, out / "traced", processes)
    names = [n for n in data.held_out_masks() if n in only or not only]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        # A copy has none of the tables that were read here, which would be sent along each time.
        fresh = replace(data)
        for future in [pool.submit(run_hold_out, fresh, plan, out, name) for name in names]:
            future.result()
    print(results.report(out, data, list(data.held_out_masks())))


def ship(data: Data, plan: Plan, out: Path, target: Path) -> None:
    """Train on all real drawings, and write weights as they ship, in half precision.

    Their logits are divided by the temperatures that `experiments.calibration` found.
    """
    fit_all(data, plan, out / "everything", out / "base", data.real_table, "")
    figures: dict[str, Any] = storage.read_json(str(out / "figures.json"))
    metrics = {
        "folds": figures["folds"]["student"],
        "per_source": figures["per_source"],
        "left_out": {name: rows["student"] for name, rows in figures["left_out"].items()},
    }
    corpora = check_corpora(data, out)
    temperatures: dict[str, float] = storage.read_json(str(out / "temperatures.json"))
    for model_kind in ("segmenter", "refiner"):
        loaded = weights.load([str(out / "everything" / "student")], model_kind)
        tensors, card = dict(loaded.tensors), loaded.config
        card |= {"corpora": corpora, "metrics": metrics, "limits": LIMITS}
        if model_kind == "segmenter":
            for name in [n for n in tensors if n.startswith(("part_head.", "category_head."))]:
                tensors[name] = tensors[name] / temperatures[name.partition("_")[0]]
            card["temperatures"] = temperatures
        weights.save(str(target / model_kind), tensors, card, half=True)


def add_corpora(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the corpora."""
    parser.add_argument("--real", required=True, metavar="CORPUS", help="labelled by hand")
    parser.add_argument("--generated", required=True, metavar="CORPUS", help="by `synth drawings`")
    parser.add_argument("--spg", required=True, metavar="CORPUS", help="SPG, as `default`")
    parser.add_argument("--words", nargs="+", default=[], metavar="CORPUS", help="words alone")


def main() -> None:
    """Train what is left, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_corpora(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="runs and tables")
    parser.add_argument("--plan", choices=list(PLANS), default="whole", help="see PLANS")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="fold-0, source-qd …")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--ship", type=Path, metavar="DIR", help="write weights of everything")
    args = parser.parse_args()
    data = Data(real=args.real, generated=args.generated, spg=args.spg, words=tuple(args.words))
    run(data, PLANS[args.plan], args.out, args.processes, args.only)
    if args.ship:
        ship(data, PLANS[args.plan], args.out, args.ship)


if __name__ == "__main__":
    main()
