"""What a fresh process imports for a command, and that models work in it without a network.

One process answers all questions, each in its turn, because importing torch takes seconds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# The questions, from those that may import least to those that import most. Each prints a line.
SCRIPT = """
import json, sys

def answer(name, value=None):
    tops = sorted({module.split(".")[0] for module in sys.modules})
    print("answer", json.dumps([name, tops, value]), flush=True)

import instancesketch
answer("the package")

from contextlib import redirect_stdout, suppress
from io import StringIO
from instancesketch.cli.main import VERBS, main
for verb in VERBS:
    with redirect_stdout(StringIO()), suppress(SystemExit):
        main([verb, "--help"])
answer("help")

import instancesketch.core.model_kinds, instancesketch.training.recipes
import instancesketch.distributed.train.config
answer("configs")

from instancesketch.models import weights
for kind in ("segmenter", "refiner", "grouper", "detector"):
    weights.inspect(["doodle7"], kind)
answer("inspection")

from instancesketch import Segmenter, Sketch
answer("public names")

import socket
def refuse(*args, **kwargs):
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.create_connection = socket.getaddrinfo = refuse

from instancesketch.synth.draw import draw
sun = draw(1, 1, "sun")
(labelled,) = Segmenter.load("doodle7").label([sun])
answer("labelling", labelled.category)

import instancesketch.distributed.train.in_process
answer("training in one process")

from instancesketch.core.schema import to_table
from instancesketch.inference import detector
from instancesketch.models.packing import pack
answer("importing the detector")
from instancesketch.synth.scenes.composer import compose
from instancesketch.synth.scenes.config import SceneConfig
scene = compose([draw(1, i) for i in range(20)], 1, 0, SceneConfig(own_share=1.0))
model = detector.load("doodle7")
boxes = model.detect(pack(to_table([scene]), model.taxonomy, labels=False))
found = {model.taxonomy.category_names[i] for i in boxes.category_B.tolist()}
answer("detection", [sorted(found), sorted(set(scene.object_category))])
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[set[str], Any]]:
    """Return, by question, the libraries imported until then and the value printed."""
    folder = tmp_path_factory.mktemp("home")
    root = Path(__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"YOLO_CONFIG_DIR": str(folder), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith("answer ")]
    parsed = [json.loads(line.removeprefix("answer ")) for line in lines]
    assert ended.returncode == 0, (ended.stderr, parsed[-1:])
    return {name: (set(modules), value) for name, modules, value in parsed}


@pytest.mark.parametrize(
    ("question", "without"),
    [
        ("the package", {"torch", "numpy"}),
        (
            "help",
            {"matplotlib", "numpy", "optuna", "pyarrow", "ray", "sklearn", "torch", "ultralytics"},
        ),
        ("configs", {"torch", "ray", "sklearn", "numpy"}),
        ("inspection", {"torch", "ultralytics"}),
        ("public names", {"ray"}),
        ("labelling", {"ray"}),
        ("training in one process", {"ray", "matplotlib"}),
        ("importing the detector", {"ray", "ultralytics"}),
    ],
)
def test_libraries_that_are_not_needed_are_not_imported(answers, question, without) -> None:
    loaded, _ = answers[question]
    assert not without & loaded


def test_shipped_weights_label_a_drawing_without_a_network(answers) -> None:
    assert answers["labelling"][1] == "sun"


def test_shipped_weights_detect_objects_without_a_network(answers) -> None:
    found, drawn = answers["detection"][1]
    assert set(found) & set(drawn)
