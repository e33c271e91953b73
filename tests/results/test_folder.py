import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from instancesketch.batch.reader import shuffle_strokes
from instancesketch.cli.main import main
from instancesketch.core import parquet, storage
from instancesketch.core.errors import UserError
from instancesketch.core.schema import RESULT_SCHEMA, SCHEMA, to_table
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import WRITERS
from instancesketch.results import evaluate, export, info, report
from instancesketch.synth.draw import draw
from tests.drawings import composed


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    """Twenty labelled drawings, half of them `valid`."""
    drawings = [draw(0, i).replace(split=("train", "valid")[i % 2]) for i in range(20)]
    parquet.write_table(str(tmp_path / "corpus" / "part-0.parquet"), to_table(drawings))
    return str(tmp_path / "corpus")


@pytest.fixture
def result(tmp_path: Path, corpus: str) -> str:
    """A result that is right about all but the first drawing, which failed."""
    first, *others = parquet.read_sketches(corpus)
    nothing = dict.fromkeys(("category", "part", "label", "instance"))
    rows: list[Sketch] = [first.replace(error="no", **nothing), *others]
    folder = tmp_path / "result"
    parquet.write_table(str(folder / "part-0.parquet"), to_table(rows, RESULT_SCHEMA))
    taxonomy = Taxonomy.load("doodle7").to_dict()
    storage.write_json(str(folder / "summary.json"), {"taxonomy": taxonomy})
    return str(folder)


def test_evaluate_by_split(corpus: str, result: str) -> None:
    assert evaluate.evaluate(result, corpus).figures["failed"] == 1
    valid = evaluate.evaluate(result, corpus, "valid").figures
    assert (valid["sketches"], valid["failed"], valid["unknown"], valid["C"]) == (10, 0, 0, 100.0)


def test_evaluate_finds_strokes_that_were_shuffled(
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
        found = evaluate.evaluate(tables["result"], truth).figures
        assert found["confusion"] == plain["confusion"]
        assert found["grouping"] == plain["grouping"]
        assert found["P"] == pytest.approx(plain["P"])


def test_evaluate_says_what_does_not_fit(corpus: str, result: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no result"):
        evaluate.evaluate(corpus, corpus)
    with pytest.raises(UserError, match="no rows of the split 'test'"):
        evaluate.evaluate(result, corpus, "test")
    with pytest.raises(UserError, match="is no corpus"):
        evaluate.evaluate(result, str(tmp_path))
    others = str(tmp_path / "others")
    parquet.write_table(f"{others}/part-0.parquet", to_table([draw(1, 0)]))
    with pytest.raises(UserError, match=r"has none of the drawings of .*, such as 'synth-1-0'"):
        evaluate.evaluate(result, others)


@pytest.mark.parametrize("format", WRITERS)
def test_export_writes_every_format_into_a_new_folder(
    corpus: str, tmp_path: Path, format: str
) -> None:
    out = tmp_path / "exported"
    assert export.export(corpus, format, str(out)) == 20
    assert [p for p in out.rglob("*") if p.is_file()]
    with pytest.raises(UserError, match="is there already"):
        export.export(corpus, format, str(out))


def test_export_refuses_before_it_writes(corpus: str, tmp_path: Path) -> None:
    for source, format in ((corpus, "npz"), (str(tmp_path / "nothing"), "svg")):
        with pytest.raises(UserError):
            export.export(source, format, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_export_of_what_is_least_sure(corpus: str, tmp_path: Path) -> None:
    rows = [s.replace(part=s.part, label=s.part) for s in parquet.read_sketches(corpus)]
    sure = [
        s.replace(part_score=(0.05 * (7 * i % 20),) * len(s), category_score=0.9)
        for i, s in enumerate(rows)
    ]
    sure[3] = sure[3].replace(error="too odd", part_score=None)
    parquet.write_table(str(tmp_path / "r" / "rows.parquet"), to_table(sure, RESULT_SCHEMA))
    out = tmp_path / "out"
    assert export.export(str(tmp_path / "r"), "quickdraw", str(out), uncertain=5) == 5
    found = [json.loads(line)["key_id"] for line in (out / "sketches.ndjson").open()]
    expected = sorted(sure, key=lambda s: s.confidence or 0)[:5]
    assert sure[3] in expected[:2]
    assert found == [s.sketch_id for s in expected]
    with pytest.raises(UserError, match="has no scores"):
        export.export(corpus, "svg", str(tmp_path / "none"), uncertain=5)
    with pytest.raises(UserError, match="a number of drawings from 1"):
        export.export(corpus, "svg", str(tmp_path / "none"), uncertain=0)
    with pytest.raises(UserError, match="--images goes with --format cvat"):
        export.export(corpus, "svg", str(tmp_path / "none"), images=True)


def test_report_is_a_page(corpus: str, result: str, tmp_path: Path) -> None:
    report.report(result, str(tmp_path / "report.html"), corpus)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<html" in page
    assert "synth-0-3" in page


def test_a_report_of_one_split(corpus: str, result: str, tmp_path: Path) -> None:
    wanted = {s.sketch_id for s in parquet.read_sketches(corpus, "valid")}
    others = {s.sketch_id for s in parquet.read_sketches(corpus)} - wanted
    assert wanted
    assert others
    for of, truth in ((result, corpus), (corpus, None)):
        report.report(of, str(tmp_path / "report.html"), truth, "valid")
        page = (tmp_path / "report.html").read_text("utf-8")
        assert all(f'"{i}"' in page for i in wanted)
        assert not any(f'"{i}"' in page for i in others)
    with pytest.raises(UserError, match="no rows of the split 'nowhere'"):
        report.report(result, str(tmp_path / "report.html"), corpus, "nowhere")


def test_info_counts(corpus: str, result: str) -> None:
    drawings = list(parquet.read_sketches(corpus))
    found = info.info(corpus)
    assert found["sketches"] == 20
    assert found["strokes"] == sum(map(len, drawings)) == sum(found["part"].values())
    assert found["points"] == sum(len(d.x) for d in drawings)
    assert found["split"] == {"train": 10, "valid": 10}
    failed = info.info(result)
    assert (failed["failed"], failed["error"], failed["object_category"]) == (1, {"no": 1}, {})


def test_info_counts_the_objects_of_scenes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = composed(1)[0].replace(sketch_id="s")
    parquet.write_table(str(tmp_path / "part-0.parquet"), to_table([scene]))
    found = info.info(str(tmp_path), 1)
    assert found["object_category"] == dict(Counter(scene.object_category))
    assert found["drawings"][0]["object_category"] == list(scene.object_category)
    assert main(["info", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "object category" in printed
    assert f"s: scene of {len(scene.object_category)} (" in printed
    assert "(unknown)" not in printed.partition("s: scene")[0].partition("split")[0]


def test_damaged_rows_are_named(corpus: str) -> None:
    table = parquet.read_table(f"{corpus}/part-0.parquet")
    lengths = table["stroke_len"].to_pylist()
    lengths[3] = [1]
    index = table.schema.get_field_index("stroke_len")
    field = table.schema.field(index)
    damaged = table.set_column(index, field, pa.array(lengths, field.type))
    parquet.write_table(f"{corpus}/part-0.parquet", damaged)
    with pytest.raises(UserError, match="corpus, row 3: x has"):
        list(parquet.read_sketches(corpus))
