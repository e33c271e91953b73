"""The shipped weights are small, documented, found by name and accurate enough."""

import json
from pathlib import Path

import pytest
from pyarrow.fs import LocalFileSystem

from instancesketch.batch.reader import shuffle_strokes
from instancesketch.core.schema import from_table, to_table
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import read
from instancesketch.formats.records import FileRange
from instancesketch.inference.instances import countable_parts
from instancesketch.inference.object_grouper import Grouper
from instancesketch.inference.scene_segmenter import SceneSegmenter
from instancesketch.inference.segmenter import Segmenter
from instancesketch.metrics import evaluate
from instancesketch.models import weight_names, weights
from instancesketch.synth.draw import draw
from instancesketch.synth.scenes.composer import Composer
from instancesketch.synth.scenes.config import SceneConfig

MOST_BYTES = 8_000_000  # per file
KINDS = {"default": {"segmenter", "refiner", "grouper", "detector"}, "spg20": {"segmenter"}}


def test_shipped_files_are_small_and_complete() -> None:
    files = [f for f in weight_names.SHIPPED.rglob("*") if f.is_file()]
    assert {f.name for f in files} == {"config.json", "model.safetensors", "NOTICE"}
    assert all(f.stat().st_size <= MOST_BYTES for f in files)
    # Only weights trained with Ultralytics carry the notice of its licence.
    assert [f.parent.name for f in files if f.name == "NOTICE"] == ["detector"]
    assert {f.name: {k.name for k in f.iterdir()} for f in weight_names.SHIPPED.iterdir()} == KINDS


@pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for n, kinds in KINDS.items() for k in sorted(kinds)]
)
def test_each_model_has_a_card_in_its_config(name: str, kind: str) -> None:
    card = json.loads((weight_names.SHIPPED / name / kind / "config.json").read_text())
    assert card["kind"] == kind
    # Boxes are around the seven categories or anything else; objects are of categories with parts,
    # or of none.
    taxonomy = Taxonomy.load("doodle7" if kind == "detector" else name)
    if kind == "grouper":
        with_parts = [c.name for c in taxonomy.categories.values() if c.parts]
        taxonomy = taxonomy.restrict(with_parts)
        assert len(with_parts) == 24
    assert card["taxonomy"] == taxonomy.to_dict()
    assert {"recipe", "scenes" if kind == "detector" else "drawings", "licences", "metrics"} <= set(
        card
    )
    assert isinstance(card["recipe"]["seed"], int)


def test_segmenter_and_refiner_have_a_million_parameters_at_most() -> None:
    # Count the training layout: for labelling some weights are stored in two layouts.
    nets = [weights.build(weights.load(["default"], kind))[0] for kind in ("segmenter", "refiner")]
    assert 700_000 < sum(p.numel() for net in nets for p in net.parameters()) <= 1_000_000


def test_synthetic_drawings_are_labelled_accurately() -> None:
    """Use a seed that was not trained on."""
    model = Segmenter.load("default")
    truth = [draw(123_456, i) for i in range(100)]
    figures = evaluate(model.label(truth), truth, model.taxonomy).figures
    assert figures["category_accuracy"] > 80
    assert figures["part_accuracy"] > 85
    assert figures["grouping"] > 70
    assert figures["sides"] > 80


@pytest.mark.parametrize(
    ("name", "files", "least"),
    [
        (
            "doodle7",
            {"json": "doodle7-real/json/*/*.json", "cvat": "doodle7-real/xml/**/*.xml"},
            88,
        ),
        (
            "default",
            {"json": "doodle7-real/json/*/*.json", "cvat": "doodle7-real/xml/**/*.xml"},
            88,
        ),
        ("spg20", {"spg": "spg/*_valid.ndjson"}, 92),
    ],
)
def test_real_drawings_are_labelled_accurately(
    data_dir: Path, name: str, files: dict[str, str], least: int
) -> None:
    """Check for regressions only: default was trained on these drawings."""
    local, model = LocalFileSystem(), Segmenter.load(name)
    truth = [
        record.sketch
        for form, pattern in files.items()
        for path in sorted(data_dir.glob(pattern))[::7]
        for record in read(FileRange(path=str(path), format=form), local)
    ]
    figures = evaluate(model.label(truth, given_category=True), truth, model.taxonomy).figures
    assert figures["part_accuracy"] > least
    assert bool(countable_parts(model.taxonomy).any()) == (figures["groups"] > 0)


def test_synthetic_scenes_are_grouped_accurately() -> None:
    """Use a seed that was not trained on, with strokes in any order."""
    composer = Composer([draw(98_765, i) for i in range(80)], SceneConfig(own_share=1.0, most=8))
    truth = [shuffle_strokes(composer.compose(4_321, i), 1) for i in range(20)]
    grouper = Grouper.load("default")
    segmenter = SceneSegmenter(Segmenter.load("default"), grouper.taxonomy.category_names)
    found = segmenter.label_table(grouper.group_table(to_table(truth), guesses=True))
    figures = evaluate(from_table(found), truth, Taxonomy.load("doodle7")).figures
    assert figures["pq"] > 65
    assert figures["part_accuracy"] > 50


@pytest.mark.parametrize(("file", "least"), [("cbsc_dev.ndjson", 72), ("friss_dev.ndjson", 60)])
def test_real_scenes_are_grouped_accurately(data_dir: Path, file: str, least: int) -> None:
    """Score scenes of CBSC, which the grouper was trained on, and of FrISS, which it was not."""
    piece = FileRange(path=str(data_dir / "scenes" / file), format="scenes")
    truth = [record.sketch for record in read(piece, LocalFileSystem())][:40]
    shuffled = [shuffle_strokes(s, 2) for s in truth]
    found = Grouper.load("default").group_table(to_table(shuffled))
    assert evaluate(from_table(found), shuffled, Taxonomy.load("doodle7")).figures["pq"] > least
