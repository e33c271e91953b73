"""The page as static files, in a browser: the same labels as the package's, and no server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from instancesketch.cli.main import main
from instancesketch.core.sketch import Sketch
from instancesketch.core.storage import locate
from instancesketch.formats import FileRange, Record, read, sniff
from instancesketch.inference.instances import agglomerate
from instancesketch.inference.segmenter import Segmenter
from instancesketch.models import weights
from instancesketch.models.refiner import RefinerNet
from instancesketch.models.segmenter import SegmenterNet
from tests.drawings import DEFAULT, DOODLE7, ODD, TINY_IMAGE, TINY_REFINER, drawn
from tests.serve.browser_pages import BLANK, label, refusal, start_backend, strokes_of, web_host

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

WAIT_MS = 180_000  # a busy machine takes long to start the model
MOST_APART = 1e-3  # of scores, both computed in float32


def save_varied(folder: Path) -> None:
    """Write weights of the default taxonomy: random, and as sure of their labels as trained ones.

    Where all scores are nearly the same, the last bit would choose the part.
    """
    torch.manual_seed(2)
    net, refiner = SegmenterNet(TINY_IMAGE, DEFAULT), RefinerNet(TINY_REFINER, DEFAULT)
    for head in (net.part_head, net.category_head):
        head.weight.data *= 6
    # The embeddings of an untrained network differ little.
    refiner.scale_Q.data.fill_(40.0)
    refiner.threshold_Q.data.fill_(39.7)
    refiner.several.weight.data *= 20
    refiner.several.bias.data.fill_(1.0)
    for kind, network, shape in (
        ("segmenter", net, TINY_IMAGE),
        ("refiner", refiner, TINY_REFINER),
    ):
        stored = {"taxonomy": DEFAULT.to_dict(), "model": asdict(shape)}
        weights.save(str(folder / kind), network.state_dict(), stored)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_varied(folder)
    return folder


def exported_page(source: str, folder: Path) -> Path:
    """Export weights by the command, with the runtime from npm, and add a page without content."""
    pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    if shutil.which("npm") is None:
        pytest.skip("onnxruntime-web comes by npm, and there is none: install Debian's npm")
    out = folder / "page"
    assert main(["export", source, "--format", "web", "--out", str(out)]) == 0
    (out / "blank.html").write_text(BLANK)
    return out


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported_page(str(trained), tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="module")
def page(browser: Any, exported: Path) -> Iterator[Any]:
    """Yield a page without content whose backend is that of the export."""
    with web_host(exported) as address:
        opened = browser.new_page()
        start_backend(opened, address)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def model(trained: Path) -> Segmenter:
    return Segmenter.load(str(trained))


def expected(labelled: Sketch) -> list[tuple[Any, ...]]:
    """Return part, label, title, second guess and instance of each stroke."""
    if labelled.part is None:
        return [(None,) * 5] * len(labelled)
    titles = [word.replace("-", " ").replace("_", " ") for word in labelled.label]
    columns = labelled.part, labelled.label, titles, labelled.part_2, labelled.instance
    return list(zip(*columns, strict=True))


def compare(answers: Sequence[dict[str, Any]], own: Sequence[Sketch]) -> float:
    """Check labels, all of which must be equal; return the largest difference of scores."""
    worst = 0.0
    for answer, labelled in zip(answers, own, strict=True):
        assert answer["category"] == labelled.category
        names = ("part", "label", "title", "part_2", "instance")
        got = [tuple(stroke[name] for name in names) for stroke in answer["strokes"]]
        assert got == expected(labelled), labelled.sketch_id
        pairs = [(answer["category_score"], labelled.category_score)]
        if labelled.part is not None:
            for name, column in (
                ("score", labelled.part_score),
                ("part_2_score", labelled.part_2_score),
            ):
                assert column is not None
                mine = [stroke[name] for stroke in answer["strokes"]]
                pairs += zip(mine, column, strict=True)
        for a, b in pairs:
            assert (a is None) == (b is None)
            if a is not None and b is not None:
                worst = max(worst, abs(a - b))
    return worst


def real(data_dir: Path, number: int) -> list[Sketch]:
    """Return drawings of doodle7-real, evenly spread over its files."""
    found = all_real(data_dir)
    assert len(found) > number
    return found[:: len(found) // number][:number]


@cache
def all_real(data_dir: Path) -> list[Sketch]:
    found = []
    for path in sorted(p for p in (data_dir / "doodle7-real").rglob("*") if p.is_file()):
        filesystem, place = locate(str(path))
        form = sniff(place, filesystem)
        if form is not None and form != "companion":
            records = read(FileRange(path=place, format=form), filesystem, labels=False)
            found += [record.sketch for record in records if isinstance(record, Record)]
    return found


def test_labels_of_real_drawings_are_those_of_the_package(page, model, data_dir) -> None:
    sketches = real(data_dir, 240)
    assert compare(label(page, sketches), model.label(sketches)) < MOST_APART


def test_labels_of_real_drawings_of_given_category_are_those_of_the_package(
    page, model, data_dir
) -> None:
    names = DOODLE7.category_names
    sketches = [s.replace(category=names[i % 7]) for i, s in enumerate(real(data_dir, 210))]
    options = [{"category": s.category} for s in sketches]
    own = model.label(sketches, given_category=True)
    assert compare(label(page, sketches, options), own) < MOST_APART
    # So that there is something to compare: instances, strokes of several, and sides.
    numbers = [number for sketch in own for number in sketch.instance or ()]
    assert sum(number is not None and number > 1 for number in numbers) > 30
    assert 0 in numbers
    assert any(mine != part for s in own for mine, part in zip(s.label, s.part, strict=True))


def test_labels_of_generated_and_odd_drawings_are_those_of_the_package(page, model) -> None:
    sketches = drawn(40) + [Sketch.from_strokes(s, sketch_id=str(i)) for i, s in enumerate(ODD)]
    assert compare(label(page, sketches), model.label(sketches)) < MOST_APART
    # The same drawing drawn to another scale elsewhere has the same labels.
    own = label(page, drawn(3))
    moved = [s.replace(x=s.x * np.float32(4) + 1024, y=s.y * np.float32(4)) for s in drawn(3)]
    for a, b in zip(own, label(page, moved), strict=True):
        assert [s["label"] for s in a["strokes"]] == [s["label"] for s in b["strokes"]]


def test_categories_are_ranked_and_can_be_restricted(page, trained) -> None:
    sketches, chosen = drawn(8), ["4leg", "car", "tree"]
    for categories in (None, chosen):
        model = Segmenter.load(str(trained), categories=categories)
        answers = label(page, sketches, [{"categories": categories}] * 8)
        assert compare(answers, model.label(sketches)) < MOST_APART
        names = list(model.taxonomy.category_names)
        for answer, scores in zip(answers, model.category_probabilities(sketches), strict=True):
            ranked = answer["categories"]
            assert sorted(names) == sorted(c["name"] for c in ranked)
            assert [c["score"] for c in ranked] == sorted(
                (c["score"] for c in ranked), reverse=True
            )
            own = {c["name"]: c["score"] for c in ranked}
            np.testing.assert_allclose([own[n] for n in names], scores, atol=MOST_APART)
            assert {c["name"]: c["title"] for c in ranked}["4leg"] == DEFAULT.categories[
                "4leg"
            ].title


def test_a_category_that_is_given_has_no_score_and_the_others_stay_as_they_are(page) -> None:
    (sketch,) = drawn(1)
    alone, given, partless = label(
        page, [sketch] * 3, [{}, {"category": "car"}, {"category": "scene"}]
    )
    assert given["category"] == "car"
    assert given["category_score"] is None
    assert given["categories"] == alone["categories"]
    assert {stroke["part"] for stroke in given["strokes"]} <= set(DEFAULT.categories["car"].parts)
    assert len(partless["strokes"]) == len(sketch)
    assert all(value is None for stroke in partless["strokes"] for value in stroke.values())


def test_what_can_not_be_labelled_is_refused_in_one_line(page) -> None:
    (sketch,) = drawn(1)
    assert "nothing drawn" in refusal(page, None, {})
    assert refusal(page, sketch, {"category": "teapot"}) == '"teapot" is no category of this model'
    assert "no category" in refusal(page, sketch, {"categories": ["teapot"]})
    assert "nothing to choose among" in refusal(page, sketch, {"categories": []})
    assert "not among" in refusal(page, sketch, {"category": "car", "categories": ["tree"]})
    assert label(page, [sketch])[0]["strokes"]  # and the next one is labelled


def test_drawings_that_are_asked_for_at_once_are_each_answered(page) -> None:
    sketches = drawn(6)
    answers = page.evaluate(
        "(drawings) => Promise.all(drawings.map((strokes) => backend.label(strokes)))",
        [strokes_of(sketch) for sketch in sketches],
    )
    assert answers == label(page, sketches)


def test_examples_are_of_the_category_and_another_one_each_time(page) -> None:
    shown = page.evaluate(
        """async () => {
          const shown = [];
          for (const name of ["car", "car", null, null]) shown.push(await backend.example(name));
          return shown;
        }"""
    )
    assert [s["category"] for s in shown[:2]] == ["car", "car"]
    assert shown[0]["strokes"] != shown[1]["strokes"]
    assert shown[2]["category"] != shown[3]["category"]
    known = page.evaluate("backend.model.examples")
    assert set(known) == set(DOODLE7.category_names)
    # They are drawings that the backend labels.
    again = page.evaluate("(strokes) => backend.label(strokes)", shown[0]["strokes"])
    assert len(again["strokes"]) == len(shown[0]["strokes"])


def test_clusters_in_the_browser_are_those_of_the_package(page) -> None:
    rng = np.random.default_rng(0)
    groups = []
    for size in range(1, 25):
        raw = rng.normal(-0.2, 1, (size, size)).round(2)
        groups.append(raw + raw.T)
    groups += [np.zeros((4, 4)), np.ones((4, 4)), -np.ones((3, 3))]
    joined = page.evaluate(
        """async (groups) => {
          const { join } = await import("./model/instances.js");
          return groups.map(join);
        }""",
        [group.tolist() for group in groups],
    )
    for group, clusters in zip(groups, joined, strict=True):
        (labels,) = agglomerate(
            torch.tensor(group)[None], torch.ones(1, len(group), dtype=torch.bool)
        ).tolist()
        firsts = sorted(set(labels))
        assert clusters == [[i for i, at in enumerate(labels) if at == first] for first in firsts]


def test_only_what_the_page_needs_is_written(exported) -> None:
    names = {str(p.relative_to(exported)) for p in exported.rglob("*") if p.is_file()}
    assert {n for n in names if n.startswith("runtime/")} == {
        "runtime/ort.js",
        "runtime/ort-wasm-simd-threaded.wasm",
        "runtime/LICENSE.txt",
        "runtime/ThirdPartyNotices.txt",
    }
    assert "MIT License" in (exported / "runtime" / "LICENSE.txt").read_text()
    listed = json.loads((exported / "model.json").read_text())["files"]
    assert set(listed) == names - {"blank.html"}
    assert sum(p.stat().st_size for p in exported.rglob("*") if p.is_file()) < 25e6


def test_the_page_labels_what_is_drawn_and_works_without_a_network(browser, exported) -> None:
    """Draw with a pointer; then stop the web host, load the page again, and draw once more."""
    context = browser.new_context()
    context.set_default_timeout(WAIT_MS)
    opened, asked, said = context.new_page(), [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    with web_host(exported) as address:
        opened.goto(f"{address}/")
        draw_square(opened)
        opened.wait_for_selector("#categories .score:not(:empty)")
        # As on the server, the choice can be limited to some categories.
        opened.locator("#among-open").click()
        opened.locator("#among-list").get_by_label("tree", exact=True).check()
        opened.keyboard.press("Escape")
        opened.locator("#category", has_text="tree 100").wait_for()
        opened.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert said == []
    assert asked
    assert all(url.startswith(f"{address}/") for url in asked)
    opened.reload()
    draw_square(opened)
    opened.wait_for_selector("#categories .score:not(:empty)")
    context.close()


def draw_square(page: Any) -> None:
    page.wait_for_selector("#about:has-text('names the parts')")
    box = page.locator("#sheet").bounding_box()
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.down()
    for dx, dy in ((100, 0), (100, 100), (0, 100), (0, 0)):
        page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()
