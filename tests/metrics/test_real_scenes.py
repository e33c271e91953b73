"""Figures of scenes that people drew, and of results derived from them."""

import pytest
from pyarrow import fs

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import FileRange, read
from instancesketch.metrics import evaluate, paired_bootstrap

DOODLE7 = Taxonomy.load("doodle7")


@pytest.fixture(scope="module", params=["friss", "cbsc"])
def real(request, data_dir):
    path = data_dir / "scenes" / f"{request.param}_dev.ndjson"
    piece = FileRange(path=str(path), format="scenes")
    return [record.sketch for record in read(piece, fs.LocalFileSystem())]


def pq_of(real, change):
    return evaluate([s.replace(**change(s)) for s in real], real, DOODLE7)


def test_real_truth_compared_with_itself_is_right(real):
    figures, answers = evaluate(real, real, DOODLE7)
    assert [figures[name] for name in ("pq", "pq_named", "object_f1")] == [100] * 3
    assert figures["scenes"] == len(real)
    words = [w for s in real for w in s.object_category]
    assert figures["objects"] == figures["predicted_objects"] == len(words)
    known = sum(DOODLE7.category_of(w) is not None for w in words)
    assert sum(row["objects"] for row in figures["per_category"].values()) == known > 100
    assert (answers.scenes.outcomes.pq_B == 1).all()
    assert figures["sketches"] == figures["unlabelled"] == 0


def test_real_scenes_as_one_object_or_one_per_stroke_score_low(real):
    whole, _ = pq_of(real, lambda s: {"object": (0,) * len(s), "object_category": (None,)})
    alone, _ = pq_of(
        real, lambda s: {"object": tuple(range(len(s))), "object_category": (None,) * len(s)}
    )
    assert whole["predicted_objects"] == len(real)
    assert 0 < whole["pq"] < 25
    assert alone["predicted_objects"] == sum(len(s) for s in real)
    assert 0 < alone["pq"] < 25
    assert whole["pq_named"] == alone["pq_named"] == 0


def test_the_bootstrap_samples_real_scenes(real):
    def cut(every):
        def change(s):
            first = [k % every == 0 and i == s.object.index(k) for i, k in enumerate(s.object)]
            object_ = tuple(-1 if f else k for f, k in zip(first, s.object, strict=True))
            return {"object": object_}

        return pq_of(real, change).scored

    worse, better = cut(1), cut(3)
    change = better.figures()["pq"] - worse.figures()["pq"]
    mean, low, high = paired_bootstrap(worse, better, figure="pq", samples=60)
    assert 0 < low <= mean <= high
    assert mean == pytest.approx(change, abs=1.5)
    assert better.figure("pq") == better.figures()["pq"]
    assert paired_bootstrap(better, better, figure="object_f1", samples=5) == (0, 0, 0)
