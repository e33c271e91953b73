"""Results compared with the truth by id: every row is scored or counted."""

import re

import pytest

from instancesketch.core.errors import UserError
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy
from instancesketch.metrics import evaluate, format_figures, paired_bootstrap

DOODLE7 = Taxonomy.load("doodle7")


def sketch(name, category, parts, **values):
    strokes = [[(0, 10 * i), (20, 10 * i)] for i in range(len(parts))]
    return Sketch.from_strokes(
        strokes, sketch_id=name, category=category, part=tuple(parts), **values
    )


def result(name, category, parts, **values):
    return sketch(name, category, parts, category_score=0.9, **values)


CAR = sketch("a", "car", ["wheel", "wheel", "frame", "frame"])
DOG = sketch("b", "dog", ["head", "body"])


def test_rows_are_matched_by_id_and_words_resolved_to_categories():
    results = [result("b", "4leg", ["head", "neck"]), result("a", "car", CAR.part)]
    figures, answers = evaluate(results, [CAR, DOG], DOODLE7)
    assert figures["C"] == 75
    assert figures["category_accuracy"] == 100
    assert figures["per_category"]["4leg"]["sketches"] == 1
    assert dict(zip(answers.sketch_ids, answers.shares(), strict=True)) == {"a": 1, "b": 0.5}


def test_a_failed_row_counts_as_wrong():
    failed = Sketch.from_strokes(CAR.to_strokes(), sketch_id="a", error="no memory")
    figures, _ = evaluate([failed, result("b", "4leg", DOG.part)], [CAR, DOG], DOODLE7)
    assert figures["failed"] == 1
    assert figures["category_accuracy"] == 50
    car = figures["per_category"]["car"]
    assert [car[name] for name in ("C", "P", "part_accuracy", "sketches")] == [0, 0, 0, 1]
    frame = DOODLE7.part_names.index("frame")
    assert figures["confusion"]["counts"][frame][-1] == 2


def test_a_failed_row_with_labels_counts_as_wrong():
    figures, _ = evaluate([result("a", "car", CAR.part, error="lost")], [CAR], DOODLE7)
    assert (figures["C"], figures["category_accuracy"]) == (0, 0)


def test_every_row_is_counted_once():
    bare = sketch("c", "car", ["wheel"]).replace(part=None)
    other = sketch("d", "teapot", ["wheel"])
    results = [result(n, "car", ["wheel"]) for n in "cdx"] + [result("a", "car", CAR.part)]
    figures, _ = evaluate(results, [CAR, DOG, bare, other], DOODLE7)
    assert {k: figures[k] for k in ("missing", "unknown", "unlabelled", "failed")} == {
        "missing": 1, "unknown": 1, "unlabelled": 2, "failed": 0,
    }  # fmt: skip
    assert figures["sketches"] == 1


def test_given_categories_are_not_scored():
    figures, _ = evaluate([sketch("a", "car", CAR.part)], [CAR], DOODLE7)
    assert figures["category_accuracy"] is None


def test_parts_of_another_taxonomy_count_as_no_prediction():
    figures, _ = evaluate([result("b", "4leg", ["head", "ear"])], [DOG], DOODLE7)
    assert figures["confusion"]["counts"][DOODLE7.part_names.index("body")][-1] == 1


def test_a_result_without_parts_counts_as_wrong():
    bare = result("b", "4leg", DOG.part).replace(part=None)
    assert evaluate([bare], [DOG], DOODLE7).figures["C"] == 0


@pytest.mark.parametrize(
    ("results", "truth", "said"),
    [
        ([sketch("a", "car", ["wheel"])], [CAR], "'a' has 4 strokes in the truth and 1"),
        ([CAR, CAR], [CAR], "the result has 'a' twice"),
        ([CAR], [CAR, CAR], "the truth has 'a' twice"),
        ([CAR], [sketch("a", "car", ["door"] * 4)], "'a' has the part 'door', unknown to doodle7"),
    ],
)
def test_the_error_names_the_sketch_that_does_not_match(results, truth, said):
    with pytest.raises(UserError, match=said):
        evaluate(results, truth, DOODLE7)


def test_all_figures_are_none_without_sketches():
    figures, _ = evaluate([], [], DOODLE7)
    assert figures["C"] is None
    assert "C -" in format_figures(figures)


LEGS = sketch(
    "c", "dog", ["front-leg", "front-leg", "back-leg", "back-leg", "body"],
    label=("front-left-leg", "front-right-leg", "back-leg", "back-leg", "body"),
    instance=(1, 2, 1, 1, None),
)  # fmt: skip


def of_instances(found):
    figures = evaluate(found, [LEGS, CAR], DOODLE7).figures
    return [figures[name] for name in ("grouping", "ari", "sides", "groups", "sided_strokes")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [100, 100, 100]),
        ({"instance": (2, 1, 5, 5, None)}, [100, 100, 100]),
        ({"instance": (1, 1, 1, 1, None)}, [50, 50, 100]),
        ({"instance": None}, [0, 0, 100]),
        ({"label": None}, [100, 100, 0]),
        ({"label": ("front-left-leg", "front-left-leg", *LEGS.label[2:])}, [100, 100, 50]),
        ({"label": LEGS.part}, [100, 100, 0]),
        ({"part": ("front-leg", "tail", *LEGS.part[2:])}, [50, 100, 50]),
        ({"part": None}, [0, 0, 0]),
        ({"error": "lost"}, [0, 0, 0]),
    ],
)
def test_instances_and_sides_are_compared_with_the_truth(change, expected):
    assert of_instances([LEGS.replace(**change)]) == [*expected, 2, 2]


def test_figures_of_instances_are_reported_by_category_and_part():
    swapped = LEGS.replace(instance=(1, 1, 1, 1, None))
    figures = evaluate([swapped, CAR], [LEGS, CAR], DOODLE7).figures
    assert figures["per_category"]["4leg"]["grouping"] == 50
    assert figures["per_category"]["4leg"]["C"] == 100
    assert figures["per_category"]["car"]["grouping"] is None
    assert figures["per_part"]["front-leg"]["f1"] == 100
    assert figures["per_part"]["front-leg"]["grouping"] == 0
    assert figures["per_part"]["back-leg"]["sided_strokes"] == 0
    text = format_figures(figures)
    assert "grouping 50.00   ARI 50.00   sides 100.00" in text
    assert "2 sketches, 9 strokes, 2 groups, 2 sided strokes" in text
    assert re.search(r"^front-leg +(100\.00 +){3}0\.00 +0\.00 +100\.00 +2 +1$", text, re.MULTILINE)


def test_figures_without_a_truth_are_not_printed():
    figures = evaluate([CAR], [CAR], DOODLE7).figures
    assert [figures[name] for name in ("grouping", "ari", "sides")] == [None] * 3
    text = format_figures(figures)
    assert not [word for word in ("grouping", "ARI", "ari", "sides", "groups") if word in text]


def many(parts_of):
    return [result(f"car-{i}", "car", parts_of(i)) for i in range(60)]


@pytest.fixture
def compared():
    truth = many(lambda i: ["wheel", "frame"])
    worse = many(lambda i: ["wheel", "wheel" if i % 2 else "frame"])
    better = many(lambda i: ["wheel", "wheel" if i % 10 == 1 else "frame"])[::-1]
    return [evaluate(r, truth, DOODLE7).scored for r in (worse, better)]


@pytest.mark.parametrize("figure", ["C", "P", "part_accuracy", "macro_f1", "category_accuracy"])
def test_the_bootstrap_interval_contains_the_difference(compared, figure):
    worse, better = compared
    mean, low, high = paired_bootstrap(worse, better, figure=figure, samples=200)
    change = better.tally().figures()[figure] - worse.tally().figures()[figure]
    assert low <= mean <= high
    assert mean == pytest.approx(change, abs=1.5)
    if figure != "category_accuracy":
        assert low > 0
    assert paired_bootstrap(worse, better, figure=figure, samples=200) == (mean, low, high)
    back = paired_bootstrap(worse, worse, figure=figure, samples=20)
    assert back == (0, 0, 0)


@pytest.fixture
def grouped():
    def dogs(wrong):
        return [
            LEGS.replace(
                sketch_id=f"dog-{i}",
                instance=(1, 1 if i in wrong else 2, 1, 1, None),
                label=LEGS.part if i in wrong else LEGS.label,
            )
            for i in range(60)
        ]

    found = (dogs(range(0, 60, 2)), dogs(range(0, 60, 10))[::-1])
    return [evaluate(r, dogs(()), DOODLE7).scored for r in found]


@pytest.mark.parametrize(("figure", "change"), [("grouping", 20), ("ari", 20), ("sides", 40)])
def test_the_bootstrap_interval_contains_the_difference_in_instances(grouped, figure, change):
    worse, better = grouped
    assert better.figure(figure) - worse.figure(figure) == pytest.approx(change)
    mean, low, high = paired_bootstrap(worse, better, figure=figure, samples=200)
    assert 0 < low <= mean <= high
    assert mean == pytest.approx(change, abs=1.5)
    assert paired_bootstrap(worse, better, figure=figure, samples=200) == (mean, low, high)


def test_the_bootstrap_skips_samples_with_nothing_to_measure():
    truth = [LEGS, *(DOG.replace(sketch_id=f"dog-{i}") for i in range(3))]
    merged = [LEGS.replace(instance=(1, 1, 1, 1, None)), *truth[1:]]
    first, second = (evaluate(r, truth, DOODLE7).scored for r in (merged, truth))
    assert paired_bootstrap(first, second, figure="grouping", samples=50) == (50, 50, 50)
    none = evaluate(truth[1:], truth[1:], DOODLE7).scored
    with pytest.raises(UserError, match="nothing to measure grouping by"):
        paired_bootstrap(none, none, figure="grouping", samples=5)


def test_the_bootstrap_refuses_different_sketches(compared):
    one = evaluate([CAR], [CAR], DOODLE7).scored
    with pytest.raises(UserError, match="same sketches"):
        paired_bootstrap(one, compared[0])


def test_the_text_has_no_empty_tables():
    results = [result("a", "car", ["wheel", "frame", "wheel", "frame"])]
    text = format_figures(evaluate(results, [CAR, DOG], DOODLE7).figures)
    assert "C 50.00" in text
    assert "1 sketches, 4 strokes, 1 missing" in text
    assert re.search(r"^wheel +frame 1$", text, re.MULTILINE)
    assert "cloud" not in text
    assert "petal" not in text
