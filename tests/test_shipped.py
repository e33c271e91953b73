"""The weights that come with the package: small, described, found by name, and of use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow.fs import LocalFileSystem

from instancesketch import weights
from instancesketch.formats import read
from instancesketch.formats.record import Piece
from instancesketch.instances import countable_parts
from instancesketch.metrics import evaluate
from instancesketch.segmenter import Segmenter
from instancesketch.synth import draw
from instancesketch.taxonomy import Taxonomy

MOST_BYTES = 8_000_000
KINDS = {"doodle7": {"segmenter", "refiner"}, "spg20": {"segmenter"}}


def test_all_together_are_small() -> None:
    files = [f for f in weights.SHIPPED.rglob("*") if f.is_file()]
    assert {f.name for f in files} == {"config.json", "model.safetensors"}
    assert sum(f.stat().st_size for f in files) <= MOST_BYTES
    assert {f.name: {k.name for k in f.iterdir()} for f in weights.SHIPPED.iterdir()} == KINDS


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, kinds in KINDS.items() for k in kinds])
def test_each_has_a_card(name: str, kind: str) -> None:
    card = json.loads((weights.SHIPPED / name / kind / "config.json").read_text())
    assert card["kind"] == kind
    assert card["taxonomy"]["name"] == name
    assert card["taxonomy"] == Taxonomy.load(name).to_dict()
    assert {"recipe", "drawings", "licences", "metrics"} <= set(card)
    assert isinstance(card["recipe"]["seed"], int)


def test_parameters_of_segmenter_and_refiner_are_a_million_at_most() -> None:
    model = Segmenter.load("doodle7")
    assert model.refiner is not None
    nets = (model.net, model.refiner)
    assert sum(p.numel() for net in nets for p in net.parameters()) <= 1_000_000


def test_drawings_made_by_rule_are_understood() -> None:
    """Of another seed than those that it was trained on."""
    model = Segmenter.load("doodle7")
    truth = [draw(123_456, i) for i in range(300)]
    figures = evaluate(model.label(truth), truth, model.taxonomy).figures
    assert figures["category_accuracy"] > 80
    assert figures["part_accuracy"] > 85
    assert figures["grouping"] > 70
    assert figures["sides"] > 80


def test_they_load_by_name_in_a_process_without_ray_or_network() -> None:
    script = (
        "import socket, sys\n"
        "def refuse(*args, **kwargs): raise OSError('no network here')\n"
        "socket.socket.connect = socket.create_connection = refuse\n"
        "from instancesketch.segmenter import Segmenter\n"
        "from instancesketch.synth import draw\n"
        "[got] = Segmenter.load('doodle7').label([draw(1, 1, 'sun')])\n"
        "assert 'ray' not in sys.modules\n"
        "print(got.category)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "sun", done.stderr


@pytest.mark.parametrize(
    ("name", "files", "least"),
    [
        (
            "doodle7",
            {"json": "doodle7-real/json/*/*.json", "cvat": "doodle7-real/xml/**/*.xml"},
            88,
        ),
        ("spg20", {"spg": "spg/*_valid.ndjson"}, 92),
    ],
)
def test_real_drawings_are_understood(
    data_dir: Path, name: str, files: dict[str, str], least: int
) -> None:
    """Not a figure of how good they are: doodle7 was trained on these."""
    local, model = LocalFileSystem(), Segmenter.load(name)
    truth = [
        record.sketch
        for form, pattern in files.items()
        for path in sorted(data_dir.glob(pattern))[:300]
        for record in read(Piece(path=str(path), format=form), local)
    ]
    figures = evaluate(model.label(truth, given_category=True), truth, model.taxonomy).figures
    assert figures["part_accuracy"] > least
    assert bool(countable_parts(model.taxonomy).any()) == (figures["groups"] > 0)
