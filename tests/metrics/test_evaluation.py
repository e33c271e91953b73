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
        "missing": 1, "unknown": 1, "unlabelled": 1, "failed": 0,
    }  # fmt: skip
    # One of the two has no parts, but a category.
    assert (figures["sketches"], figures["judged"]) == (1, 2)
    given = [r.replace(category_score=None) for r in results]
    figures, _ = evaluate(given, [CAR, DOG, bare, other], DOODLE7)
    assert (figures["unlabelled"], figures["sketches"], figures["judged"]) == (2, 1, 0)


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


DEFAULT = Taxonomy.load("default")
POT = sketch("p", "teapot", ["lid"])
BUS = sketch("q", "bus", ["body"])  # too near to a car to be `other`
BARE_CAR = sketch("r", "police car", ["wheel"]).replace(part=None)


def guess(true, category, score, second, second_score, parts=None):
    return true.replace(
        category=category, category_score=score, category_2=second, category_2_score=second_score,
        part=parts,
    )  # fmt: skip


def test_drawings_of_nothing_known_are_scored_for_their_category_alone():
    results = [
        guess(CAR, "other", 0.6, "car", 0.3),
        guess(POT, "other", 0.9, "car", 0.05),
        guess(BARE_CAR, "car", 0.8, "tree", 0.1, ("frame",)),
        guess(BUS, "other", 0.9, "car", 0.05),
        guess(DOG, "4leg", 0.9, "2leg", 0.1, DOG.part),
    ]
    figures, scored = evaluate(results, [CAR, POT, BARE_CAR, BUS, DOG], DEFAULT)
    assert figures["unlabelled"] == 1
    assert (figures["judged"], figures["sketches"]) == (4, 2)
    assert figures["category_accuracy"] == 75
    # All strokes of the car that is called `other` are wrong.
    assert figures["part_accuracy"] == 100 * 2 / 6
    names = figures["category_confusion"]["categories"]
    counts = figures["category_confusion"]["counts"]
    assert counts[names.index("car")][names.index("other")] == 1
    assert counts[names.index("other")][names.index("other")] == 1
    other = figures["per_category"]["other"]
    assert (other["judged"], other["category_accuracy"], other["C"]) == (1, 100, None)
    assert figures["known_auroc"] == 100
    assert (figures["other_kept"], scored.figure("other_kept")) == (0, 0)
    text = format_figures(figures)
    assert "2 sketches, 6 strokes, 4 judged, 1 unlabelled" in text
    assert "known against other 100.00   other kept 0.00   category ECE" in text
    assert re.search(r"^other +100\.00 +1 +- ", text, re.MULTILINE)
    assert re.search(r"^true category +drawings called something else$", text, re.MULTILINE)
    assert re.search(r"^car +other 1$", text, re.MULTILINE)


def test_a_failed_row_is_as_wrong_as_can_be():
    right = [guess(CAR, "car", 0.6, "other", 0.3, CAR.part), guess(POT, "other", 0.6, "car", 0.3)]
    lost = Sketch.from_strokes(POT.to_strokes(), sketch_id="p", error="lost")
    truth = [CAR, POT]
    assert evaluate(right, truth, DEFAULT).figures["known_auroc"] == 100
    figures, _ = evaluate([right[0], lost], truth, DEFAULT)
    assert (figures["known_auroc"], figures["other_kept"]) == (0, 100)
    assert (figures["category_accuracy"], figures["failed"]) == (50, 1)
    lost = Sketch.from_strokes(CAR.to_strokes(), sketch_id="a", error="lost")
    assert evaluate([lost, right[1]], truth, DEFAULT).figures["known_auroc"] == 0


def test_given_categories_have_no_figures_of_scores():
    results = [sketch("a", "car", CAR.part), sketch("b", "4leg", DOG.part), POT]
    figures, _ = evaluate(results, [CAR, DOG, POT], DEFAULT)
    for name in ("known_auroc", "other_kept", "category_ece", "part_ece"):
        assert figures[name] is None
    assert figures["reliability"] == {"category": [], "part": []}
    assert "ECE" not in format_figures(figures)


def test_scores_are_compared_with_what_is_right():
    wrong = guess(DOG, "2leg", 0.7, "4leg", 0.3, DOG.part).replace(part_score=(1.0, 1.0))
    right = guess(CAR, "car", 0.9, "tree", 0.1, ("wheel", "frame", "frame", "frame"))
    figures, _ = evaluate([wrong, right.replace(part_score=(0.5,) * 4)], [CAR, DOG], DOODLE7)
    assert figures["category_ece"] == pytest.approx(100 * (0.7 + 0.1) / 2)
    assert [(b["count"], b["right"]) for b in figures["reliability"]["category"]] == [
        (1, 0),
        (1, 100),
    ]
    # Three of the car's four parts are right; those of the dog, a bird here, don't count.
    assert figures["part_ece"] == pytest.approx(25)


def test_the_bootstrap_compares_how_known_is_told_from_other():
    truth = [s.replace(sketch_id=f"{s.sketch_id}{i}") for i in range(30) for s in (CAR, POT)]
    best = [guess(s, "car", 0.9, "other", 0.1, s.part) if s.category == "car"
            else guess(s, "other", 0.9, "car", 0.1) for s in truth]  # fmt: skip
    worse = [guess(s, "car", 0.9, "other", 0.1, s.part) for s in truth]
    first, second = (evaluate(r, truth, DEFAULT).scored for r in (worse, best))
    assert paired_bootstrap(first, second, figure="known_auroc", samples=20) == (50, 50, 50)
    mean, low, high = paired_bootstrap(first, second, figure="category_ece", samples=20)
    assert (mean, low, high) == pytest.approx((-30, -30, -30))
