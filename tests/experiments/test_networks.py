"""The choice among networks, with tiny ones, and the comparison of two weights or two runs."""

import re
from dataclasses import replace

import pytest

from experiments import compare, networks, results
from experiments.plain import read_corpus
from instancesketch.core.schema import to_table
from instancesketch.inference.segmenter import Segmenter
from tests.drawings import DOODLE7, TINY, corpus, drawn


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> networks.Trial:
    tiny = {networks.BASE: TINY, "tiny patches": replace(TINY, encoder="patches")}
    monkeypatch.setattr(networks, "NETWORKS", tiny)
    return networks.Trial(
        name="drawings",
        taxonomy=DOODLE7,
        train=to_table(drawn(48)),
        held_out=to_table(drawn(12, seed=1)),
        epochs=1,
    )


def test_every_network_is_trained_once_and_compared_with_the_first(trial, tmp_path, capsys) -> None:
    networks.report([trial], list(networks.NETWORKS), 2, tmp_path)
    runs = {folder.name for folder in (tmp_path / "drawings").iterdir()}
    assert {name[-2:] for name in runs} == {"-0", "-1"}
    assert len(runs) == 4
    first = capsys.readouterr().out
    assert first.count("loss") == 4  # an epoch of each
    networks.report([trial], list(networks.NETWORKS), 2, tmp_path)
    again = capsys.readouterr().out
    assert "loss" not in again
    lines = [line for line in first.splitlines() if line.startswith("tiny patches: ")]
    assert lines == [line for line in again.splitlines() if line.startswith("tiny patches: ")]
    assert len(re.findall(r"told over .*?: [+-]\d", lines[0])) == 2


def test_patches_take_less_arithmetic_than_convolutions(trial) -> None:
    costs = [networks.count_multiply_adds(name, trial) for name in networks.NETWORKS]
    assert costs[0]["encoder"] > costs[1]["encoder"] > 0
    assert costs[0]["transformer"] == costs[1]["transformer"] > 0


def test_weights_are_equal_to_themselves_and_differ_from_others(tmp_path, capsys) -> None:
    data = corpus(tmp_path / "data", [s.replace(split="valid") for s in drawn(24)])
    compare.main(["weights", "--data", data, "--samples", "50", "doodle7", "doodle7"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("given")] == list(compare.TOLD)
    assert all(line.endswith("+0.00 [+0.00, +0.00]") for line in lines)


def test_runs_are_compared_on_the_folds_that_both_have(tmp_path, capsys) -> None:
    data = corpus(
        tmp_path / "data", [s.replace(sketch_id=f"qd-{i}") for i, s in enumerate(drawn(24))]
    )
    table, model = read_corpus(data), Segmenter.load("doodle7")
    for run, folds in (("old", ("fold-0", "fold-1")), ("new", ("fold-0",))):
        for fold in folds:
            (tmp_path / run / fold).mkdir(parents=True)
            for given in ("given", "true", "seven"):
                labelled = model.label_table(table, given_category=given != "seven")
                results.write_table(tmp_path / run / fold / f"student-{given}.parquet", labelled)
    runs = [str(tmp_path / run) for run in ("old", "new")]
    compare.main(["folds", "--data", data, "--samples", "50", *runs])
    out = capsys.readouterr().out
    assert out.startswith("fold-0\n")
    assert "part_accuracy" in out
    assert "grouping" in out
