"""Weights folders: they are read back as written, and invalid ones refused in one line."""

import json
import pickle
from dataclasses import asdict

import pytest
import safetensors.torch
import torch

from instancesketch.core.errors import UserError
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.grouper import GrouperNet
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet
from tests.drawings import (
    DOODLE7,
    TINY,
    TINY_GROUPER,
    TINY_REFINER,
    drawn,
)  # fmt: skip

CONFIG = {"kind": "segmenter", "model": asdict(TINY), "taxonomy": DOODLE7.to_dict()}


def network(seed=0):
    torch.manual_seed(seed)
    return SegmenterNet(TINY, DOODLE7)


@pytest.fixture
def folder(tmp_path):
    weights.save(str(tmp_path / "run" / "segmenter"), network().state_dict(), CONFIG)
    return tmp_path / "run"


def refusal(*sources, inspected=True):
    """Return the one-line error of `Segmenter.load`; check that `inspect` raises one as well."""
    names = [str(s) for s in sources]
    with pytest.raises(UserError) as error:
        Segmenter.load(names)
    text = str(error.value)
    assert text
    assert "\n" not in text
    if inspected:
        with pytest.raises(UserError) as error:
            weights.inspect_segmenter(names)
        assert "\n" not in str(error.value)
    return text


def test_saved_weights_are_loaded(folder):
    loaded = weights.load([str(folder)], "segmenter")
    want = network().state_dict()
    assert loaded.tensors.keys() == want.keys()
    assert all(torch.equal(loaded.tensors[k], want[k]) for k in want)
    assert loaded.config == json.loads(json.dumps(CONFIG))
    assert sorted(f.name for f in (folder / "segmenter").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    again = Segmenter.load(str(folder))
    assert again.taxonomy == DOODLE7
    assert again.net.config == TINY
    assert not again.net.training


def test_half_precision_is_loaded_as_float32(folder):
    path = folder / "segmenter" / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    full = Segmenter.load(str(folder)).label(drawn(5))
    half = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    safetensors.torch.save_file(half, path)
    loaded = Segmenter.load(str(folder))
    assert {p.dtype for p in loaded.net.parameters()} == {torch.float32}
    for a, b in zip(full, loaded.label(drawn(5)), strict=True):
        assert a.part_score == pytest.approx(b.part_score, abs=1e-2)


def test_the_last_of_several_sources_is_loaded(folder, tmp_path):
    other = tmp_path / "other"
    weights.save(str(other / "segmenter"), network(1).state_dict(), CONFIG)
    (tmp_path / "without").mkdir()

    def first(*sources):
        return weights.load([str(s) for s in sources], "segmenter").tensors["part_head.weight"]

    assert torch.equal(first(folder, other), first(other))
    assert torch.equal(first(other, folder, tmp_path / "without"), first(folder))
    assert not torch.equal(first(folder), first(other))


def test_missing_sources_are_refused(folder, tmp_path):
    assert "nowhere" in refusal(tmp_path / "nowhere")
    assert "nowhere" in refusal(folder, "nowhere")
    (tmp_path / "empty").mkdir()
    assert "no segmenter in" in refusal(tmp_path / "empty")
    with pytest.raises(UserError, match="no refiner in"):
        weights.load([str(folder)], "refiner")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a file of the user's was unpickled",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        b"\xff" * 64,
        (2**40).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        pickle.dumps(Bomb()),
        pickle.dumps({"net": Bomb()}),
    ],
    ids=["empty", "short", "ones", "huge header", "no tensors", "pickle", "pickled dict"],
)
def test_files_without_tensors_are_refused(folder, data):
    (folder / "segmenter" / "model.safetensors").write_bytes(data)
    assert str(folder) in refusal(folder)


def test_a_torch_file_is_refused_without_unpickling(folder):
    torch.save({"net": Bomb()}, folder / "segmenter" / "model.safetensors")
    assert "holds no tensors" in refusal(folder)


@pytest.mark.parametrize("cut", [0.05, 0.5, 0.99])
def test_truncated_files_are_refused(folder, cut):
    path = folder / "segmenter" / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    assert "holds no tensors" in refusal(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_the_error_names_a_missing_file(folder, name):
    (folder / "segmenter" / name).unlink()
    assert name in refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "\x00", "[]", "5", "null", "{}", '"segmenter"'])
def test_empty_or_malformed_configurations_are_refused(folder, text):
    (folder / "segmenter" / "config.json").write_text(text)
    assert "config.json" in refusal(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "points"},
        {"model": None},
        {"model": {}},
        {"model": asdict(TINY) | {"wings": 2}},
        {"model": asdict(TINY) | {"width": "16"}},
        {"model": asdict(TINY) | {"width": -1}},
        {"model": asdict(TINY) | {"channels": 5}},
        {"model": asdict(TINY) | {"channels": []}},
        {"model": asdict(TINY) | {"channels": [0]}},
        {"model": asdict(TINY) | {"layers": 1.5}},
        {"model": asdict(TINY) | {"encoder": "magic"}},
        {"model": asdict(TINY) | {"width": 32}},
        {"model": asdict(TINY) | {"layers": 2}},
        {"model": asdict(TINY) | {"sketch_token": False}},
        {"taxonomy": None},
        {"taxonomy": []},
        {"taxonomy": "doodle7"},
        {"taxonomy": {"name": "mine", "categories": {"sun": {"parts": []}}}},
        {"taxonomy": {"name": "mine", "categories": {"sun": {"parts": ["ray"]}}}},
        {"taxonomy": {"name": "mine", "categories": {}}},
    ],
    ids=lambda change: str(change)[:60],
)
def test_configurations_that_do_not_match_the_tensors_are_refused(folder, change):
    (folder / "segmenter" / "config.json").write_text(json.dumps(CONFIG | change))
    # A superfluous tensor is only noticed when the network is built.
    inspected = "'sketch_token': False" not in str(change)
    assert str(folder) in refusal(folder, inspected=inspected)


@pytest.mark.parametrize("kind", ["more", "fewer", "other shape"])
def test_missing_extra_or_misshapen_tensors_are_refused(folder, kind):
    path = folder / "segmenter" / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    if kind == "more":
        tensors["strange"] = torch.zeros(3)
    elif kind == "fewer":
        del tensors["transformer.norm.weight"]
    else:
        tensors["transformer.norm.weight"] = torch.zeros(7)
    safetensors.torch.save_file(tensors, path)
    assert "don't fit" in refusal(folder, inspected=kind != "more")


def test_half_precision_halves_the_file_and_keeps_scores_close(folder, tmp_path):
    half = tmp_path / "half"
    weights.save(str(half / "segmenter"), network().state_dict(), CONFIG, half=True)
    path = half / "segmenter" / "model.safetensors"
    kept = safetensors.torch.load_file(path)
    assert {v.dtype for v in kept.values()} <= {torch.float16, torch.int64}
    assert path.stat().st_size < 0.6 * (folder / "segmenter" / path.name).stat().st_size
    for a, b in zip(
        Segmenter.load(str(folder)).label(drawn(5)),
        Segmenter.load(str(half)).label(drawn(5)),
        strict=True,
    ):
        assert a.part_score == pytest.approx(b.part_score, abs=1e-2)


REFINER = {"kind": "refiner", "model": asdict(TINY_REFINER), "taxonomy": DOODLE7.to_dict()}


def refiner(taxonomy=DOODLE7):
    torch.manual_seed(0)
    return RefinerNet(TINY_REFINER, taxonomy)


def test_a_refiner_is_loaded_from_a_second_folder(folder, tmp_path):
    assert Segmenter.load(str(folder)).refiner is None
    assert not weights.holds([str(folder)], "refiner")
    other = tmp_path / "second"
    weights.save(str(other / "refiner"), refiner().state_dict(), REFINER)
    assert weights.holds([str(folder), str(other)], "refiner")
    loaded = Segmenter.load([str(folder), str(other)]).refiner
    want, got = refiner().state_dict(), loaded.state_dict()
    # Batch norms are folded into the encoder, and removing dropout renumbers the last layers.
    kept = [name for name in want if name in got and not name.startswith("encoder.")]
    assert len(kept) > len(want) / 2
    assert all(torch.equal(got[name], want[name]) for name in kept)
    assert not loaded.training


def test_a_refiner_of_another_taxonomy_is_refused(folder, tmp_path):
    spg20 = Taxonomy.load("spg20")
    weights.save(
        str(tmp_path / "r" / "refiner"),
        refiner(spg20).state_dict(),
        REFINER | {"taxonomy": spg20.to_dict()},
    )
    assert "parts of doodle7, the refiner those of spg20" in refusal(folder, tmp_path / "r")


def test_a_refiner_folder_with_another_config_is_refused(folder, tmp_path):
    weights.save(str(tmp_path / "r" / "refiner"), refiner().state_dict(), CONFIG)
    assert "describes no refiner" in refusal(folder, tmp_path / "r")


GROUPER = {"kind": "grouper", "model": asdict(TINY_GROUPER), "taxonomy": DOODLE7.to_dict()}


@pytest.mark.parametrize("kind", ["segmenter", "refiner", "grouper", "detector"])
def test_inspection_agrees_with_loading(kind):
    info, loaded = weights.inspect(["doodle7"], kind), weights.load(["doodle7"], kind)
    assert info.taxonomy.to_dict() == loaded.config["taxonomy"]
    assert info.shapes == {name: tuple(value.shape) for name, value in loaded.tensors.items()}
    if kind != "detector":
        assert info.network == weights.build(loaded)[0].config


def test_detectors_with_unknown_layers_are_refused(tmp_path):
    config = weights.load(["doodle7"], "detector").config
    config["model"]["head"][0][2] = "Unpickle"
    weights.save(str(tmp_path / "detector"), {}, config)
    with pytest.raises(UserError, match="describes no detector: unknown layer"):
        weights.inspect([str(tmp_path)], "detector")


@pytest.mark.parametrize("half", [False, True])
def test_a_grouper_is_built_from_its_folder(tmp_path, half):
    torch.manual_seed(0)
    want = GrouperNet(TINY_GROUPER, DOODLE7).state_dict()
    weights.save(str(tmp_path / "grouper"), want, GROUPER, half=half)
    assert weights.holds([str(tmp_path)], "grouper")
    net, taxonomy = weights.build(weights.load([str(tmp_path)], "grouper"))
    assert (net.config, taxonomy) == (TINY_GROUPER, DOODLE7)
    for name, value in net.state_dict().items():
        assert value.dtype == want[name].dtype
        torch.testing.assert_close(value, want[name], rtol=1e-3 * half, atol=1e-6 * half)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": asdict(TINY)}, "grouper: config.json describes no grouper"),
        ({"model": asdict(TINY_GROUPER) | {"pair_width": "8"}}, "describes no grouper"),
        ({"model": asdict(TINY_GROUPER) | {"pair_width": 8}}, "don't fit"),
        ({"taxonomy": Taxonomy.load("spg20").to_dict()}, "don't fit"),
    ],
    ids=["segmenter", "words", "width", "taxonomy"],
)
def test_a_grouper_that_does_not_match_its_config_is_refused(tmp_path, change, told):
    tensors = GrouperNet(TINY_GROUPER, DOODLE7).state_dict()
    weights.save(str(tmp_path / "grouper"), tensors, GROUPER | change)
    with pytest.raises(UserError, match=told) as error:
        weights.build(weights.load([str(tmp_path)], "grouper"))
    assert "\n" not in str(error.value)


def test_a_refiner_is_adapted_to_another_taxonomy() -> None:
    other = Taxonomy.load("spg20")
    loaded = weights.load(["doodle7"], "refiner")
    net, theirs = weights.build(loaded)
    fresh = RefinerNet(net.config, other).state_dict()
    tensors = weights.adapt(loaded, other, fresh)
    RefinerNet(net.config, other).load_state_dict(tensors)
    for key in ("part.weight", "scale_Q", "threshold_Q"):
        for row, name in enumerate(other.part_names):
            known = name in theirs.part_names
            source = (
                loaded.tensors[key][theirs.part_names.index(name)] if known else fresh[key][row]
            )
            assert torch.equal(tensors[key][row], source)
    assert set(other.part_names) & set(theirs.part_names)
    same = weights.adapt(loaded, theirs, loaded.tensors)
    assert all(torch.equal(same[k], loaded.tensors[k]) for k in same)
