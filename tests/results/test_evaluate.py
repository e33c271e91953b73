"""Evaluation of a result folder against a corpus."""

from pathlib import Path

import pytest

from instancesketch.batch.reader import shuffle_strokes
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, SCHEMA, to_table
from instancesketch.results import evaluate
from instancesketch.synth.draw import draw


def test_split_limits_the_evaluation(corpus: str, result: str) -> None:
    assert evaluate.evaluate(result, corpus).figures["failed"] == 1
    valid = evaluate.evaluate(result, corpus, "valid").figures
    assert (valid["sketches"], valid["failed"], valid["unknown"], valid["C"]) == (10, 0, 0, 100.0)


def test_figures_do_not_depend_on_the_order_of_strokes(
    corpus: str, result: str, tmp_path: Path
) -> None:
    tables = {}
    for name, seed in (("result", 1), ("truth", 2)):
        folder = result if name == "result" else corpus
        rows = [shuffle_strokes(sketch, seed) for sketch in parquet.read_sketches(folder)]
        tables[name] = str(tmp_path / f"shuffled-{name}")
        schema = RESULT_SCHEMA if name == "result" else SCHEMA
        parquet.write_table(f"{tables[name]}/part-0.parquet", to_table(rows, schema))
    summary = storage.read_json(f"{result}/summary.json")
    storage.write_json(f"{tables['result']}/summary.json", summary)
    plain = evaluate.evaluate(result, corpus).figures
    assert plain["part_accuracy"] > 90
    for truth in (corpus, tables["truth"]):
        shuffled = evaluate.evaluate(tables["result"], truth).figures
        assert shuffled["confusion"] == plain["confusion"]
        assert shuffled["grouping"] == plain["grouping"]
        assert shuffled["P"] == pytest.approx(plain["P"])


def test_folders_that_do_not_match_raise(corpus: str, result: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a result"):
        evaluate.evaluate(corpus, corpus)
    with pytest.raises(UserError, match="no rows of the split 'test'"):
        evaluate.evaluate(result, corpus, "test")
    with pytest.raises(UserError, match="is not a corpus"):
        evaluate.evaluate(result, str(tmp_path))
    others = str(tmp_path / "others")
    parquet.write_table(f"{others}/part-0.parquet", to_table([draw(1, 0)]))
    with pytest.raises(UserError, match=r"has none of the drawings of .*, such as 'synth-1-0'"):
        evaluate.evaluate(result, others)
