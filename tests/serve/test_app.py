"""The server's answers: labels of drawings, and one clear line for anything else."""

import json

import numpy as np
import pytest

from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.inference.segmenter import Segmenter
from instancesketch.serve.columns import columns_of
from instancesketch.serve.requests import MOST_BYTES, MOST_POINTS, MOST_STROKES
from instancesketch.synth.draw import draw
from tests.serve.conftest import ADDRESS

CAR = draw(20, 21, "car")
LINE = [[[0, 10, 20], [0, 5, 0]]]


def error_of(response, status: int) -> str:
    """Return the one line of a refusal, which has this status and no traceback."""
    assert response.status_code == status, response.text
    answer = response.json()
    assert list(answer) == ["error"]
    assert "\n" not in answer["error"]
    assert "Traceback" not in answer["error"]
    assert 8 < len(answer["error"]) < 400
    return answer["error"]


def as_sent(sketch: Sketch) -> Sketch:
    strokes = [np.transpose(stroke) for stroke in columns_of(sketch)]
    return Sketch.from_strokes(strokes, sketch_id="sent")


def test_labels_are_those_of_the_segmenter(client):
    answer = client.post("/api/label", json={"strokes": columns_of(CAR)}).json()
    expected = Segmenter.load("doodle7")(as_sent(CAR))
    assert answer["category"] == expected.category == "car"
    assert answer["category_score"] == pytest.approx(expected.category_score, abs=1e-5)
    for name in ("part", "label", "instance", "part_2"):
        assert [stroke[name] for stroke in answer["strokes"]] == list(getattr(expected, name))
    scores = [stroke["score"] for stroke in answer["strokes"]]
    assert scores == pytest.approx(expected.part_score, abs=1e-5)
    assert answer["strokes"][0]["title"] == answer["strokes"][0]["label"].replace("-", " ")


def test_all_categories_come_with_their_probabilities_highest_first(client):
    answer = client.post("/api/label", json={"strokes": columns_of(CAR)}).json()
    scores = [each["score"] for each in answer["categories"]]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-4)
    names = {each["name"] for each in answer["categories"]}
    assert names == set(Segmenter.load("doodle7").taxonomy.category_names)


def test_a_given_category_decides_the_parts_and_has_no_score(client):
    body = {"strokes": columns_of(CAR), "category": "dog"}
    answer = client.post("/api/label", json=body).json()
    assert answer["category"] == "4leg"
    assert answer["category_score"] is None
    parts = Taxonomy.load("doodle7").categories["4leg"].parts
    assert {stroke["part"] for stroke in answer["strokes"]} <= set(parts)
    # The bars show what the model would say by itself.
    assert answer["categories"][0]["name"] == "car"


def test_only_given_categories_are_chosen_among(client):
    body = {"strokes": columns_of(CAR), "categories": ["tree", "sun"]}
    answer = client.post("/api/label", json=body).json()
    assert {each["name"] for each in answer["categories"]} == {"tree", "sun"}
    assert answer["category"] in ("tree", "sun")


def test_a_scene_is_grouped_into_objects(client):
    sun = draw(20, 13, "sun")
    strokes = columns_of(CAR) + [[[x + 400 for x in xs], ys] for xs, ys in columns_of(sun)]
    answer = client.post("/api/scene", json={"strokes": strokes}).json()
    assert len(answer["strokes"]) == len(strokes)
    assert {each["category"] for each in answer["objects"]} == {"car", "sun"}
    assert {stroke["object"] for stroke in answer["strokes"]} == set(range(len(answer["objects"])))
    assert all(each["colour"].startswith("#") for each in answer["objects"])


def scene_of(client, **values):
    """Return the objects of a car beside a sun, and the object of each stroke."""
    sun = draw(20, 13, "sun")
    strokes = columns_of(CAR) + [[[x + 400 for x in xs], ys] for xs, ys in columns_of(sun)]
    response = client.post("/api/scene", json={"strokes": strokes} | values)
    assert response.status_code == 200, response.text
    answer = response.json()
    return answer["objects"], [stroke["object"] for stroke in answer["strokes"]], answer["strokes"]


def test_objects_that_a_person_made_stay_as_they_are(client):
    _, model, _ = scene_of(client)
    # The first wheel is an object of its own, and what is left of the car one of another category.
    wheel = next(i for i, part in enumerate(CAR.part or ()) if part == "wheel")
    chosen = [0 if i == wheel else 1 if i < len(CAR) else None for i in range(len(model))]
    values = {"object": chosen, "object_category": [None, "tree"]}
    objects, of, strokes = scene_of(client, **values)
    car = {of[i] for i in range(len(CAR)) if i != wheel}
    assert len(car) == 1
    assert car != {of[wheel]}
    assert len(set(of[len(CAR) :])) == 1
    (rest,) = car
    assert (objects[rest]["category"], objects[rest]["score"]) == ("tree", None)
    assert objects[of[wheel]]["score"] is None
    assert objects[of[-1]]["category"] == "sun"
    last = next(i for i in range(len(CAR)) if i != wheel)
    assert strokes[last]["part"] in Taxonomy.load("doodle7").categories["tree"].parts
    # A stroke that nobody has placed goes with those that the model has it with.
    values["object"] = [None if i == last else number for i, number in enumerate(chosen)]
    assert scene_of(client, **values)[1][last] == rest


def test_objects_of_a_scene_are_of_the_given_categories(client):
    objects, of, strokes = scene_of(client, categories=["car", "tree"])
    assert {each["category"] for each in objects} <= {"car", "tree"}
    assert {each["category"] for each in scene_of(client, categories=["car"])[0]} == {"car"}
    values = {"object": [0] * len(of), "object_category": ["other"]}
    (only,), of, strokes = scene_of(client, **values)
    assert (only["category"], only["title"]) == (None, "nothing it knows")
    assert {(stroke["part"], stroke["score"]) for stroke in strokes} == {("unlabeled", None)}
    assert scene_of(client, **values | {"object": [-1] * len(of)})[0] == []


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"[]", 400, "a list"),
        (b"\xff\xfe", 400, "not UTF-8"),
        (b'{"strokes": [[[NaN], [0]]]}', 400, "NaN"),
        (b'{"strokes": [[[Infinity], [0]]]}', 400, "Infinity"),
        (b'{"strokes": [[[1' + b"0" * 6000 + b"], [0]]]}", 400, "digits"),
        (b'{"strokes": ' + b"[" * 100_000, 400, "nested"),
        (b"{}", 422, "null"),
        (b'{"strokes": []}', 422, "no strokes"),
        (b'{"strokes": [[]]}', 422, "0 lists"),
        (b'{"strokes": [[[], []]]}', 422, "no points"),
        (b'{"strokes": [[[1, 2], [1]]]}', 422, "unequal"),
        (b'{"strokes": [[["1"], ["2"]]]}', 422, "string"),
        (b'{"strokes": [[[true], [1]]]}', 422, "true or false"),
        (b'{"strokes": [[[1e999], [1]]]}', 422, "finite"),
        (b'{"strokes": [[[1e30], [1]]]}', 422, "beyond"),
        (b'{"strokes": [[[1' + b"0" * 400 + b"], [1]]]}", 422, "enormous"),
        (b'{"strokes": "strokes"}', 422, "string"),
        (b'{"strokes": [[[1], [1]]], "category": 3}', 422, "number"),
        (b'{"strokes": [[[1], [1]]], "category": "spaceship"}', 422, "spaceship"),
        (b'{"strokes": [[[1], [1]]], "categories": []}', 422, "empty"),
        (b'{"strokes": [[[1], [1]]], "categories": ["spaceship"]}', 422, "spaceship"),
        (b'{"strokes": [[[1], [1]]], "categories": "car"}', 422, "string"),
        (b'{"strokes": [[[1], [1]]], "object": [0]}', 422, "null"),
        (b'{"strokes": [[[1], [1]]], "object": [0, 0], "object_category": [null]}', 422, "entries"),
        (b'{"strokes": [[[1], [1]]], "object": [1], "object_category": [null]}', 422, "object 1"),
        (b'{"strokes": [[[1], [1]]], "object": [-2], "object_category": [null]}', 422, "-2"),
        (b'{"strokes": [[[1], [1]]], "object": [true], "object_category": [null]}', 422, "True"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["label", "scene"])
def test_what_is_no_drawing_gets_one_clear_line(client, path, body, status, words):
    headers = {"content-type": "application/json"}
    response = client.post(f"/api/{path}", content=body, headers=headers)
    assert words in error_of(response, status)


@pytest.mark.parametrize(
    "strokes",
    [
        [[[0], [0]]],
        [[[5, 5, 5], [5, 5, 5]]],
        [[[-1e7, 1e7], [0, 0]]],
        [[[0, 1e-30], [0, 0]]],
        LINE * 300,
    ],
    ids=["a dot", "a point drawn again", "very wide", "very small", "many equal strokes"],
)
@pytest.mark.parametrize("path", ["label", "scene"])
def test_odd_drawings_are_labelled(client, path, strokes):
    response = client.post(f"/api/{path}", json={"strokes": strokes})
    assert response.status_code == 200, response.text
    assert len(response.json()["strokes"]) == len(strokes)


def test_too_many_strokes_and_points_are_refused(client):
    many = client.post("/api/label", json={"strokes": LINE * 5_000})
    assert f"at most {MOST_STROKES:,}" in error_of(many, 413)
    long = [[list(range(MOST_POINTS + 1))] * 2]
    answer = client.post("/api/label", json={"strokes": long})
    assert f"at most {MOST_POINTS:,}" in error_of(answer, 413)


@pytest.mark.parametrize("path", ["label", "scene", "corpus"])
def test_a_body_that_is_too_large_is_refused(client, path):
    headers = {"content-type": "application/json"}
    body = b" " * (MOST_BYTES + 1)
    assert "4 MB" in error_of(client.post(f"/api/{path}", content=body, headers=headers), 413)
    # In pieces, without a word of their size.
    pieces = (b" " * 100_000 for _ in range(100))
    assert "4 MB" in error_of(client.post(f"/api/{path}", content=pieces, headers=headers), 413)


def test_other_types_methods_and_paths_are_refused(client):
    text = client.post("/api/label", content=json.dumps({"strokes": LINE}))
    assert "application/json" in error_of(text, 415)
    error_of(client.get("/api/label"), 405)
    for path in ("/nothing", "/api/nothing", "/../app.py", "/%2e%2e/app.py", "/backend.py"):
        error_of(client.get(path), 404)


def test_a_failure_is_one_line_and_its_reason_is_logged(client, labeller, monkeypatch, caplog):
    def fail(request):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(labeller, "label", fail)
    assert "terminal" in error_of(client.post("/api/label", json={"strokes": LINE}), 500)
    assert "ZeroDivisionError" in caplog.text


def test_examples_are_drawings_of_the_category_and_another_one_each_time(client):
    first, second = (client.get("/api/example?category=car").json() for _ in range(2))
    assert first["category"] == second["category"] == "car"
    assert first["strokes"] != second["strokes"]
    assert client.get("/api/example").json()["title"]
    assert "spaceship" in error_of(client.get("/api/example?category=spaceship"), 404)


def test_the_page_and_its_modules_are_served(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for name in ("app.js", "backend.js", "shared/names.js"):
        assert client.get(f"/{name}").headers["content-type"].startswith("text/javascript")
    assert ADDRESS not in page.text


def test_a_drawing_added_twice_is_one_line_that_ingest_reads(client, drawn, tmp_path):
    from instancesketch.cli.main import main
    from instancesketch.core.parquet import read_sketches

    data = {
        "key_id": "drawn-1", "category": "car", "drawing": [*LINE, [[3], [4]]],
        "part": ["frame", "wheel"], "label": ["frame", "wheel"], "instance": [None, 1],
        "made_with": "instancesketch draw",
    }  # fmt: skip
    assert client.post("/api/corpus", json=data).status_code == 200
    again = client.post("/api/corpus", json=data | {"instance": [None, 2]}).json()
    assert again["location"] == str(drawn / "drawn-1.ndjson")
    assert main(["ingest", str(drawn), "--out", str(tmp_path / "corpus"), "--quiet"]) == 0
    (sketch,) = read_sketches(str(tmp_path / "corpus"))
    assert (sketch.category, sketch.part, sketch.instance) == ("car", ("frame", "wheel"), (None, 2))
    wrong = client.post("/api/corpus", json=data | {"label": ["frame", "wing"]})
    assert "'wing'" in error_of(wrong, 422)
    away = client.post("/api/corpus", json=data | {"key_id": "../../away"}).json()
    assert away["location"].startswith(str(drawn))


def test_a_file_is_opened_with_its_labels(client):
    (drawing,) = client.post("/api/open?name=car.svg", content=CAR.to_svg()).json()["drawings"]
    assert drawing["category"] == "car"
    assert drawing["part"] == list(CAR.part or ())
    assert drawing["object"] is None
    scene = CAR.replace(object=(0,) * len(CAR), object_category=("police car",), category=None)
    (drawing,) = client.post("/api/open?name=a.svg", content=scene.to_svg()).json()["drawings"]
    assert (drawing["object"], drawing["object_category"]) == ([0] * len(CAR), ["car"])
    assert "a.svg" in error_of(client.post("/api/open?name=a.svg", content=b"<svg"), 422)
