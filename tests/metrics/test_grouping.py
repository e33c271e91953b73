"""Grouping, ARI and sides, compared with slow computations and cases computed by hand."""

import json
from itertools import combinations
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from instancesketch.core.taxonomy import Taxonomy
from instancesketch.formats import FileRange, read
from instancesketch.metrics import GroupingTally, evaluate, judge_groups

PARTS = ("wheel", "leg", "unlabeled")
CATEGORIES = ("car", "dog", "sun")
WHEEL, LEG, UNLABELED, NONE = 0, 1, 2, -1
NULL = -1
LEFT, RIGHT = 1, 2


@st.composite
def drawings(draw, most=8):
    """Draw sketches: (category, strokes of (true part, instance, side, part, instance, side))."""
    part, number, side = st.integers(-1, 2), st.integers(-1, 3), st.integers(0, 2)
    stroke = st.tuples(part, number, side, part, number, side)
    # Random strokes are rarely right in everything, so some drawings are made nearly right.
    near = st.tuples(st.integers(0, 1), st.integers(0, 2), side).flatmap(
        lambda t: st.just((*t, t[0], 3 - t[1] if t[1] else 0, t[2])) | stroke
    )
    strokes = st.lists(stroke, min_size=1, max_size=9) | st.lists(near, min_size=1, max_size=9)
    return draw(st.lists(st.tuples(st.integers(0, 2), strokes), max_size=most))


def tally_of(sketches, times=None):
    tally = GroupingTally.empty(PARTS, CATEGORIES)
    columns = np.array([s for _, strokes in sketches for s in strokes], int).reshape(-1, 6).T
    names = ("truth_part", "truth_instance", "truth_side", "part", "instance", "side")
    tally.add_arrays(
        **dict(zip(names, columns, strict=True)),
        strokes_per_sketch=np.array([len(s) for _, s in sketches], int),
        category=np.array([c for c, _ in sketches], int),
        times=times,
    )
    return tally


def units_of(strokes):
    """Return the strokes of known instance of each part that has two or more."""
    for part in (WHEEL, LEG):
        unit = [s for s in strokes if s[0] == part and s[1] >= 1]
        if len(unit) >= 2:
            yield unit


def is_right(unit):
    return all(s[3] == s[0] and s[4] >= 1 for s in unit) and all(
        (a[1] == b[1]) == (a[4] == b[4]) for a, b in combinations(unit, 2)
    )


def adjusted_rand_score(truth, said):
    from sklearn import metrics  # takes half a second to import

    return metrics.adjusted_rand_score(truth, said)


def rand_index(unit):
    answered = [s[3] == s[0] and s[4] >= 1 for s in unit]
    if not any(answered):
        return 0
    said = [s[4] if a else -1 - i for i, (s, a) in enumerate(zip(unit, answered, strict=True))]
    return adjusted_rand_score([s[1] for s in unit], said)


def expected(sketches):
    units = [unit for _, strokes in sketches for unit in units_of(strokes)]
    sided = [s for _, strokes in sketches for s in strokes if s[0] in (WHEEL, LEG) and s[2]]
    return {
        "grouping": 100 * mean(map(is_right, units)) if units else None,
        "ari": 100 * mean(map(rand_index, units)) if units else None,
        "sides": 100 * mean((s[0], s[2]) == (s[3], s[5]) for s in sided) if sided else None,
        "groups": len(units),
        "sided_strokes": len(sided),
    }


def assert_close(figures, wanted):
    for name, value in wanted.items():
        near = value if value is None else pytest.approx(value, abs=1e-9)
        assert figures[name] == near, name


@given(drawings())
def test_figures_equal_their_definitions(sketches):
    figures = tally_of(sketches).figures()
    assert_close(figures, expected(sketches))
    for k, name in enumerate(CATEGORIES):
        mine = [s for s in sketches if s[0] == k]
        assert_close(figures["per_category"][name], expected(mine))
    for part, name in enumerate(PARTS[:2]):
        mine = [(c, [s for s in strokes if s[0] == part]) for c, strokes in sketches]
        assert_close(figures["per_part"][name], expected(mine))
    assert "unlabeled" not in figures["per_part"]
    assert json.loads(json.dumps(figures)) == figures


numbers = st.integers(1, 5) | st.just(2**31 - 1)


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=40))
def test_the_adjusted_rand_index_equals_scikit_learns(pairs):
    truth, said = zip(*pairs, strict=True)
    nothing = [0] * len(pairs)
    found = judge_groups(
        PARTS,
        truth_part=nothing,
        truth_instance=truth,
        part=nothing,
        instance=said,
        strokes_per_sketch=[len(pairs)],
    )
    assert found.ari_U.tolist() == [pytest.approx(adjusted_rand_score(truth, said), abs=1e-12)]
    assert found.right_U.tolist() == [(found.ari_U[0] == 1)]


@given(drawings(), st.permutations([1, 2, 3]))
def test_the_numbers_of_instances_do_not_matter(sketches, numbers):
    renumbered = [
        (c, [(*s[:4], numbers[s[4] - 1] if s[4] >= 1 else s[4], s[5]) for s in strokes])
        for c, strokes in sketches
    ]
    assert tally_of(renumbered).figures() == tally_of(sketches).figures()


@given(drawings(), st.randoms(use_true_random=False))
def test_the_order_of_strokes_does_not_matter(sketches, random):
    shuffled = [(c, random.sample(strokes, len(strokes))) for c, strokes in sketches]
    assert tally_of(shuffled).figures() == tally_of(sketches).figures()


@given(drawings(), st.randoms(use_true_random=False))
def test_shards_merge_exactly_in_any_order(sketches, random):
    shards = [tally_of([s]) for s in sketches]
    random.shuffle(shards)
    merged = sum(shards, GroupingTally.empty(PARTS, CATEGORIES))
    assert merged.figures() == tally_of(sketches).figures()


@given(drawings(most=5), st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_times_repeats_sketches(sketches, times):
    times = times[: len(sketches)]
    repeated = [s for s, n in zip(sketches, times, strict=True) for _ in range(n)]
    assert tally_of(sketches, times).figures() == tally_of(repeated).figures()


def strokes_of(truth, said):
    """Parse strokes of wheels and legs: `w1` is wheel number 1, `-` a stroke without part."""
    ids = {"w": WHEEL, "l": LEG, "u": UNLABELED, "-": NONE}
    return [
        (ids[t[0]], int(t[1:] or NULL), 0, ids[p[0]], int(p[1:] or NULL), 0)
        for t, p in zip(truth.split(), said.split(), strict=True)
    ]


@pytest.mark.parametrize(
    ("truth", "said", "right", "ari"),
    [
        ("w1 w2", "w1 w2", [True], [1]),
        ("w1 w2", "w2 w1", [True], [1]),  # numbers swapped
        ("w1 w2", "w7 w3", [True], [1]),
        ("w1 w2", "w1 w1", [False], [0]),  # merged
        ("w1 w1", "w1 w1", [True], [1]),  # one instance in two strokes
        ("w1 w1", "w1 w2", [False], [0]),  # split
        ("w1 w1 w2 w2", "w1 w1 w1 w2", [False], [0]),
        ("w1 w1 w2 w2", "w3 w3 w1 w1", [True], [1]),
        ("w1 w1 w2 w2", "w1 w1 w2 l2", [False], [4 / 7]),  # a wrong part is its own group
        ("w1 w1 w2 w2", "w1 w1 w2 -", [False], [4 / 7]),
        ("w1 w1 w2 w2", "w1 w1 w2 w0", [False], [4 / 7]),  # and so is several at once
        ("w1 w2", "w1 w", [False], [1]),  # the partition is right, a number is missing
        ("w1 w2", "w w0", [False], [0]),  # no numbers at all
        ("w1 w2", "l1 -", [False], [0]),
        ("w1 w2 w0", "w1 w2 w1", [True], [1]),  # strokes of truth 0 are ignored
        ("w1 w2 w0", "w1 w2 l", [True], [1]),
        ("w1 w2 w", "w1 w2 l", [True], [1]),
        ("w1 w2 l u", "w1 w2 w1 w1", [True], [1]),  # strokes of other true parts are ignored
        ("w1 w0", "w1 w1", [], []),  # one stroke of known instance makes no unit
        ("w1 l1", "w1 l1", [], []),
        ("u1 u2", "u1 u2", [], []),  # `unlabeled` is never countable
        ("-1 -2", "-1 -2", [], []),
        ("w1 l1 w2 l2", "w1 l1 w2 l1", [True, False], [1, 0]),  # numbers are within a part
    ],
)
def test_cases_computed_by_hand(truth, said, right, ari):
    columns = np.array(strokes_of(truth, said)).T
    found = judge_groups(
        PARTS,
        truth_part=columns[0],
        truth_instance=columns[1],
        part=columns[3],
        instance=columns[4],
        strokes_per_sketch=[columns.shape[1]],
    )
    assert found.right_U.tolist() == right
    assert found.ari_U.tolist() == pytest.approx(ari)
    assert found.part_U.tolist() == [WHEEL, LEG][: len(right)]


def test_instances_of_different_sketches_are_separate_units():
    sketches = [(0, strokes_of("w1 w2", "w1 w2")), (1, strokes_of("w1 w2", "w1 w1"))]
    figures = tally_of(sketches).figures()
    assert (figures["grouping"], figures["ari"], figures["groups"]) == (50, 50, 2)
    assert [figures["per_category"][c]["grouping"] for c in CATEGORIES] == [100, 0, None]
    assert figures["per_part"]["wheel"]["groups"] == 2


def test_a_side_is_right_only_with_its_part():
    said = [(LEG, LEFT), (LEG, RIGHT), (LEG, 0), (WHEEL, LEFT), (NONE, LEFT)]
    strokes = [(LEG, NULL, LEFT, part, NULL, side) for part, side in said]
    strokes += [(LEG, NULL, 0, LEG, NULL, LEFT), (UNLABELED, NULL, LEFT, UNLABELED, NULL, LEFT)]
    figures = tally_of([(1, strokes)]).figures()
    assert (figures["sides"], figures["sided_strokes"]) == (20, 5)
    assert figures["per_part"]["leg"]["sides"] == 20
    assert figures["per_part"]["wheel"]["sides"] is None
    assert figures["grouping"] is None


def test_figures_of_no_sketches_are_none():
    figures = GroupingTally.empty(PARTS, CATEGORIES).figures()
    assert {n: figures[n] for n in ("grouping", "ari", "sides", "groups", "sided_strokes")} == {
        "grouping": None, "ari": None, "sides": None, "groups": 0, "sided_strokes": 0,
    }  # fmt: skip
    assert tally_of([]).figures() == figures


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"part": [0]}, "fit together"),
        ({"truth_side": [0, 1, 2], "side": [0, 0]}, "fit together"),
        ({"truth_side": [0, 1]}, "go together"),
        ({"category": [0, 0]}, "fit together"),
        ({"times": [1, 1]}, "fit together"),
    ],
)
def test_arrays_of_wrong_shape_or_value_are_refused(change, said):
    arrays = {
        "truth_part": [0, 1], "truth_instance": [1, 1], "part": [0, 1], "instance": [1, 1],
        "strokes_per_sketch": [2], "category": [0],
    }  # fmt: skip
    with pytest.raises(ValueError, match=said):
        GroupingTally.empty(PARTS, CATEGORIES).add_arrays(**arrays | change)


def test_tallies_of_different_parts_are_not_added():
    with pytest.raises(ValueError, match="different"):
        GroupingTally.empty(PARTS, CATEGORIES) + GroupingTally.empty(PARTS[:2], CATEGORIES)


# Units and sided strokes of the labelled drawings.
REAL = {
    "car": (237, 0),
    "cloud": (0, 0),
    "flower": (18, 0),
    "sun": (9, 0),
    "tree": (0, 0),
    "4leg": (691, 1463),
    "2leg": (596, 1761),
}
REAL_PARTS = {
    "wheel": 237, "petal": 6, "leaf": 12, "ray": 9,
    "front-leg": 347, "back-leg": 697, "front-foot": 7, "back-foot": 236,
}  # fmt: skip


def read_real(data_dir, every=1):
    """Return the drawings of every so many-th file of the real ones."""
    local = fs.LocalFileSystem()
    folder = data_dir / "doodle7-real"
    paths = {"json": sorted(folder.glob("json/*/*.json")), "cvat": sorted(folder.rglob("*.xml"))}
    return [
        record.sketch
        for form, files in paths.items()
        for path in files[::every]
        for record in read(FileRange(path=str(path), format=form), local)
    ]


@pytest.fixture(scope="module")
def real(data_dir):
    return read_real(data_dir, every=8)


def test_real_truth_compared_with_itself_is_right(real):
    figures, _ = evaluate(real, real, Taxonomy.load("doodle7"))
    assert [figures[name] for name in ("grouping", "ari", "sides")] == [100, 100, 100]
    assert figures["groups"] > 100
    assert figures["sided_strokes"] > 200


@pytest.mark.nightly
def test_all_instances_and_sides_of_the_real_drawings_are_counted(data_dir):
    real = read_real(data_dir)
    figures, answers = evaluate(real, real, Taxonomy.load("doodle7"))
    assert [figures[name] for name in ("grouping", "ari", "sides")] == [100, 100, 100]
    assert (figures["groups"], figures["sided_strokes"]) == (1551, 3224)
    counted = {
        name: (row["groups"], row["sided_strokes"]) for name, row in figures["per_category"].items()
    }
    assert counted == REAL
    per_part = {n: row["groups"] for n, row in figures["per_part"].items() if row["groups"]}
    assert per_part == REAL_PARTS
    birds = answers.category == answers.categories.index("2leg")
    legs = answers.group_outcomes.part_U == answers.parts.index("back-leg")
    assert (birds[answers.group_outcomes.sketch_U] & legs).sum() == 368


def mirrored(sketch):
    """Return labels with left and right swapped, as if the sketch alone were mirrored."""
    other = {"left": "right", "right": "left"}
    labels = tuple("-".join(other.get(w, w) for w in label.split("-")) for label in sketch.label)
    return sketch.replace(label=labels)


def test_swapped_sides_and_merged_legs_lower_the_figures_of_real_drawings(real):
    half = [mirrored(s) if i % 2 else s for i, s in enumerate(real) if s.label is not None]
    figures, _ = evaluate(half, real, Taxonomy.load("doodle7"))
    assert figures["grouping"] == figures["ari"] == 100
    assert 40 < figures["sides"] < 60
    merged = [
        s.replace(instance=tuple(n and 1 for n in s.instance)) if s.instance else s for s in real
    ]
    figures, _ = evaluate(merged, real, Taxonomy.load("doodle7"))
    # An instance drawn in several strokes stays right.
    assert 0 < figures["grouping"] < 10
    assert figures["ari"] == pytest.approx(figures["grouping"])
    assert figures["sides"] == figures["part_accuracy"] == 100
