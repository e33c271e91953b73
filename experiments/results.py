"""Results and tables of the protocol of the default model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from experiments.corpora import SEVEN, TAXONOMY, Data
from experiments.plain import own_name
from instancesketch.core import storage
from instancesketch.core.schema import build_result_table, from_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import PARTLESS
from instancesketch.inference.instances import find_instances
from instancesketch.inference.result_columns import Vocabulary, instance_columns
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import ScoredSketches, evaluate
from instancesketch.models.features import StrokeFeatures
from instancesketch.models.packing import pack
from instancesketch.models.refiner import RefinerNet

METHODS = ("teacher", "student")
TITLES = {"teacher": "generated and real drawings", "student": "+ self-training"}
_SPG = "category given, SPG's valid"
_KNOWN_KEPT = 95  # percent, where the share of other drawings that are kept is reported


def label(data: Data, table: pa.Table, folder: Path) -> None:
    """Label drawings with the models below a folder, and write the results there.

    `given`: the category is given; `true`: the parts are, too; `seven`: the category is predicted
    among the seven. And how likely known and other drawings are to be known, `known.npz`.
    """
    others, spg = data.others(unseen=True), data.spg_table("valid")
    for method in METHODS:
        # The refiner is the student's.
        sources = [str(folder / "student"), str(folder / method)]
        model = Segmenter.load(sources)
        assert model.refiner is not None
        results = {
            "given": model.label_table(table, given_category=True),
            "true": group_true_parts(table, model.refiner),
            "seven": Segmenter.load(sources, categories=SEVEN).label_table(table),
            "spg": model.label_table(spg, given_category=True),
        }
        for name, result in results.items():
            write_table(folder / f"{method}-{name}.parquet", result)
        np.savez(
            folder / f"{method}-known.npz",
            known=known_scores(model, table),
            other=known_scores(model, others),
            spg=known_scores(model, spg),
            right=right_among_all(model, table),
        )


def known_scores(model: Segmenter, table: pa.Table) -> np.ndarray[Any, Any]:
    """Return each drawing's probability to be of a known category."""
    unknown = [TAXONOMY.category_names.index(name) for name in PARTLESS]
    return np.asarray(1 - model.category_probabilities(from_table(table))[:, unknown].sum(1))


def right_among_all(model: Segmenter, table: pa.Table) -> np.ndarray[Any, Any]:
    """Return whether each drawing's category is right among all of the taxonomy."""
    truth = pack(table, TAXONOMY).category_N.numpy()
    right_N = model.category_probabilities(from_table(table)).argmax(1) == truth
    return np.asarray(right_N)


def group_true_parts(table: pa.Table, refiner: RefinerNet) -> pa.Table:
    """Return a result with the table's own parts, and instances by a refiner."""
    batch = pack(table, TAXONOMY)
    finder = partial(find_instances, refiner)
    with torch.inference_mode():
        features = StrokeFeatures.of(batch)
        columns = instance_columns(
            finder, features, batch.part_S, batch.category_N, Vocabulary(TAXONOMY)
        )
    return build_result_table(table, columns)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table, whole or not at all."""
    storage.write_atomically(str(path), lambda part: pq.write_table(table, part))


class Results:
    """The results of a run of the protocol, and their truth."""

    def __init__(self, out: Path, data: Data) -> None:
        self.out, self.data = out, data
        self.truth = {s.sketch_id: s for s in from_table(data.real_table)}
        self.spg = from_table(data.spg_table("valid"))

    def has(self, names: Sequence[str], method: str) -> bool:
        """Return whether a method labelled all these sets."""
        return all((self.out / name / f"{method}-known.npz").exists() for name in names)

    def evaluate(
        self, names: Sequence[str], method: str, kind: str, source: str = ""
    ) -> ScoredSketches:
        """Evaluate a method on all these sets together, on one source or on all."""
        return evaluate_files(self.out, names, method, kind, self.truth, source)

    def known_figures(self, names: Sequence[str], method: str) -> dict[str, float]:
        """Return how well known drawings are told from those of words never trained on.

        Known are the real drawings of the seven categories; for `all_auroc` and `all_others_kept`
        SPG's valid, of the other categories, too.
        """
        files = [np.load(self.out / name / f"{method}-known.npz") for name in names]
        scores = {k: np.concatenate([f[k] for f in files]) for k in files[0].files}
        found = {"right_among_all": 100 * float(np.mean(scores["right"]))}
        for prefix, known in (("", ("known",)), ("all_", ("known", "spg"))):
            score = np.concatenate([*(scores[k] for k in known), scores["other"]])
            truth = np.arange(len(score)) < len(score) - len(scores["other"])
            wrongly, rightly, _ = roc_curve(truth, score)
            found[f"{prefix}auroc"] = 100 * float(roc_auc_score(truth, score))
            kept = wrongly[np.searchsorted(rightly, _KNOWN_KEPT / 100)]
            found[f"{prefix}others_kept"] = 100 * float(kept)
        return found

    def spg_figures(self, name: str, method: str) -> dict[str, float]:
        """Return the figures on SPG's valid, of the categories that are not of the seven."""
        truth = [s for s in self.spg if s.category not in SEVEN]
        wanted = {s.sketch_id for s in truth}
        found = read_result(self.out, [name], method, "spg")
        labelled = [s for s in found if s.sketch_id in wanted]
        figures = evaluate(labelled, truth, TAXONOMY).figures
        return {key: figures[key] for key in ("C", "P")}


def read_result(out: Path, names: Sequence[str], method: str, kind: str) -> Iterator[Sketch]:
    """Yield what a method labelled of sets that were held out."""
    for name in names:
        file = out / name / f"{method}-{kind}.parquet"
        if kind == "seven" and not file.exists():  # a run that knew no other categories
            file = out / name / f"{method}-predicted.parquet"
        yield from from_table(pq.read_table(file))


def evaluate_files(
    out: Path,
    names: Sequence[str],
    method: str,
    kind: str,
    truth: Mapping[str, Sketch],
    source: str = "",
) -> ScoredSketches:
    """Evaluate a method on sets that were held out, together, on one source or on all."""
    labelled = [s for s in read_result(out, names, method, kind) if of_source(s, source)]
    return evaluate(labelled, [truth[s.sketch_id] for s in labelled], TAXONOMY).scored


def of_source(sketch: Sketch, source: str) -> bool:
    """Return whether a drawing is of a source; of any for the empty name."""
    return own_name(sketch.sketch_id).startswith(source)


def figures(
    results: Results, names: Sequence[str], method: str, source: str = ""
) -> dict[str, float | None]:
    """Return the figures of a row: category given; grouping of true parts; category predicted."""
    given = results.evaluate(names, method, "given", source).figures()
    row = {name: given[name] for name in ("part_accuracy", "macro_f1", "grouping", "sides")}
    true = results.evaluate(names, method, "true", source).figures()
    row["true_parts_grouping"] = true["grouping"]
    untold = results.evaluate(names, method, "seven", source).figures()
    row["category_accuracy"] = untold["category_accuracy"]
    row["untold_part_accuracy"] = untold["part_accuracy"]
    if not source:
        row |= results.known_figures(names, method) | results.spg_figures(names[0], method)
    return row


def report(out: Path, data: Data, names: Sequence[str]) -> str:
    """Return all tables as text, and write their figures to `figures.json`."""
    results = Results(out, data)
    folds = [n for n in names if n.startswith("fold-") and results.has([n], "student")]
    sources = [n for n in names if n.startswith("source-")]
    saved: dict[str, Any] = {"folds": {}, "per_source": {}, "left_out": {}}
    lines = [f"Folds, pooled: {' '.join(folds)}", _head("")]
    for method in METHODS if folds else ():
        saved["folds"][method] = figures(results, folds, method)
        lines.append(_line(TITLES[method], saved["folds"][method]))
    for name in sources if folds else ():
        source = name.removeprefix("source-")
        saved["per_source"][source] = figures(results, folds, "student", source)
        lines.append(_line(source, saved["per_source"][source]))
    lines += ["", _head("a source left out")]
    for name in sources:
        for method in METHODS if results.has([name], "student") else ():
            row = figures(results, [name], method)
            saved["left_out"].setdefault(name.removeprefix("source-"), {})[method] = row
            lines.append(_line(f"{name.removeprefix('source-')}, {TITLES[method]}", row))
    left_out = [rows["student"] for rows in saved["left_out"].values()]
    if left_out:
        # Too few drawings may leave a figure unmeasured.
        means = {
            k: float(np.mean([row[k] for row in left_out]))
            for k in _COLUMNS
            if all(row[k] is not None for row in left_out)
        }
        lines.append(_line(f"mean of {len(left_out)}, {TITLES['student']}", means))
    storage.write_json(str(out / "figures.json"), saved)
    return "\n".join(lines)


_COLUMNS = {
    "part_accuracy": "parts told", "macro_f1": "macro-F1", "grouping": "grouping", "sides": "sides",
    "true_parts_grouping": "group. true", "category_accuracy": "category",
    "untold_part_accuracy": "untold", "right_among_all": "among all", "auroc": "AUROC",
    "others_kept": "others kept", "all_auroc": "AUROC 24", "all_others_kept": "kept 24",
    "C": "SPG C", "P": "SPG P",
}  # fmt: skip


def _head(title: str) -> str:
    return f"{title:36}" + "".join(f"{name:>12}" for name in _COLUMNS.values())


def _line(title: str, row: Mapping[str, float | None]) -> str:
    cells = [row.get(name) for name in _COLUMNS]
    return f"{title:36}" + "".join(f"{'-' if v is None else f'{v:.2f}':>12}" for v in cells)
