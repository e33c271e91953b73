"""The taxonomy of a run: the one that its corpora were made with, unless another is given."""

from pathlib import Path

import pytest

from instancesketch.cli.main import main
from instancesketch.core.errors import UserError
from instancesketch.core.run_folder import made_with
from instancesketch.core.sketch import Sketch
from instancesketch.core.sketches import Sketches
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.distributed.train.config import TrainDetectorConfig
from instancesketch.distributed.train.resolve import resolve
from instancesketch.distributed.train.train_detector import resolve_detector
from instancesketch.formats import write
from instancesketch.training.config import DetectorConfig
from tests.distributed.train.runs import config_of, write_files
from tests.drawings import drawn, sketch_of

OWN = """
name = "own"
[categories.sun]
parts = ["center", "ray", "unlabeled"]
countable = ["ray"]
"""


# Categories of drawings; `default` has those of all of these, `doodle7` and `spg20` of some.
CORPORA = {
    "seven": ["car", "tree", "dog"],
    "spg": ["pig", "face", "airplane"],
    "both": ["face", "airplane", "tree", "car"],
    "seven and others": ["car", "teapot", "castle", "anvil"],
}


def labelled(category: str, number: int, spg: bool) -> Sketch:
    """Return a drawing to train on, labelled unless its category has no parts anywhere."""
    known = any(Taxonomy.load(name).category_of(category) for name in Taxonomy.shipped())
    # SPG has no strokes without a part.
    part = Taxonomy.load("spg20").categories[category].parts[0] if spg else "unlabeled"
    return sketch_of(
        [(0, 0), (9, 9)],
        sketch_id=f"{category}-{number}",
        category=category,
        split="train",
        part=(part,) if known else None,
    )


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a corpus of an own taxonomy, `own`, and one without, `plain`."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "own.toml").write_text(OWN)
    suns = [s.replace(split="train") for s in drawn(30) if s.category == "sun"]
    write(suns, "cvat", str(folder / "in"))
    ingest = ["ingest", str(folder / "in"), "--split-by", "sketch"]
    given = ["--taxonomy", str(folder / "own.toml")]
    # Words and parts as they are, without a taxonomy.
    for name, categories in CORPORA.items():
        drawings = [labelled(c, i, name == "spg") for i, c in enumerate(categories)]
        write_files(folder / name, drawings)
    assert main([*ingest, *given, "--out", str(folder / "own")]) == 0
    assert main([*ingest, "--out", str(folder / "plain")]) == 0
    write([s.replace(split="valid") for s in suns], "cvat", str(folder / "valid"))
    assert main(["ingest", str(folder / "valid"), *given, "--out", str(folder / "own-valid")]) == 0
    # It is in the corpus, not in a file that may be gone.
    (folder / "own.toml").unlink()
    return folder


@pytest.mark.parametrize(
    ("corpus", "given", "expected"),
    [
        ("seven", None, "doodle7"),
        ("spg", None, "spg20"),
        ("both", None, "default"),
        ("seven and others", None, "doodle7"),
        ("own", None, "own"),
        ("own", "doodle7", "doodle7"),
        ("plain", None, "doodle7"),
    ],
)
def test_run_takes_the_taxonomy_of_its_corpus_unless_one_is_given(
    corpora: Path, corpus: str, given: str | None, expected: str
) -> None:
    config = config_of(str(corpora / corpus), corpora, "run", taxonomy=given, selection="none")
    settings, train, _ = resolve(config)
    assert settings["taxonomy"]["name"] == expected
    assert sum(group.rows for group in train) > 0


@pytest.fixture(scope="module")
def own_scenes(corpora: Path) -> str:
    """Return scenes that are composed of drawings of the own taxonomy."""
    scenes, sources = corpora / "scenes", [str(corpora / name) for name in ("own", "own-valid")]
    options = ["--number", "20", "--most", "3", "--own-share", "1"]
    assert main(["synth", "scenes", "--from", *sources, *options, "--out", str(scenes)]) == 0
    return str(scenes)


def test_scenes_take_the_taxonomy_of_the_drawings_that_they_are_composed_of(
    own_scenes: str,
) -> None:
    assert [taxonomy.name for taxonomy in made_with([own_scenes])] == ["own"]
    scenes = list(Sketches.from_corpus(own_scenes))
    assert {part for scene in scenes for part in scene.part or ()} >= {"center", "ray"}
    assert {word for scene in scenes for word in scene.object_category or ()} == {"sun"}


@pytest.mark.parametrize(("given", "expected"), [(None, "own"), ("doodle7", "doodle7")])
def test_a_detector_takes_the_taxonomy_of_its_scenes_unless_one_is_given(
    own_scenes: str, tmp_path: Path, given: str | None, expected: str
) -> None:
    config = TrainDetectorConfig(
        data=(own_scenes,),
        run="boxes",
        storage=str(tmp_path),
        recipe=DetectorConfig(),
        taxonomy=given,
    )
    assert resolve_detector(config)["taxonomy"]["name"] == expected


def test_scenes_take_the_taxonomy_that_is_given(corpora: Path, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(OWN.replace('"own"', '"other"'))
    command = ["synth", "scenes", "--from", str(corpora / "own"), "--number", "2", "--most", "2"]
    given = ["--taxonomy", str(tmp_path / "other.toml"), "--out", str(tmp_path / "scenes")]
    assert main([*command, *given]) == 0
    assert [t.name for t in made_with([str(tmp_path / "scenes")])] == ["other"]


def test_drawings_of_unknown_categories_alone_are_nothing_to_train_on(tmp_path: Path) -> None:
    robot = sketch_of([(0, 0), (9, 9)], category="robot", split="train", part=("arm",))
    corpus = write_files(tmp_path / "robots", [robot])
    with pytest.raises(UserError, match="no labelled drawing to train on"):
        resolve(config_of(corpus, tmp_path, "run", taxonomy=None, selection="none"))


def test_the_taxonomy_of_the_default_weights_is_given_by_name(tmp_path: Path) -> None:
    words = ["police car", "palm tree", "teapot", "scene"]
    drawings = [
        sketch_of([(0, 0), (9, 9)], sketch_id=word, category=word).replace(category=None, word=word)
        for word in words
    ]
    write(drawings, "quickdraw", str(tmp_path / "in"))
    out = str(tmp_path / "corpus")
    assert main(["ingest", str(tmp_path / "in"), "--taxonomy", "default", "--out", out]) == 0
    found = {s.word: s.category for s in Sketches.from_corpus(out)}
    assert found == {
        "police car": "car",
        "palm tree": "palm tree",
        "teapot": "teapot",
        "scene": "scene",
    }
