"""Exchange of parts between drawings: the strokes replaced, their donors and their place."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instancesketch.training.augment import exchange_parts
from tests.drawings import batches, drawn, packed, split_strokes

CATEGORIES = ("car", "flower", "4leg")


def exchanged(batch, p=1.0, seed=0):
    return exchange_parts(batch.normalised(), p, torch.Generator().manual_seed(seed))


def of_part(batch, sketch, part):
    strokes = batch.strokes_of(torch.tensor([sketch]))
    return strokes[batch.part_S[strokes] == part]


def box_of(batch, strokes):
    points = torch.cat(
        [torch.split(batch.points_P2, batch.stroke_len_S.tolist())[s] for s in strokes]
    )
    return torch.stack([points.amin(0), points.amax(0)])


@pytest.fixture(scope="module")
def mixed():
    return packed([s for i, c in enumerate(CATEGORIES) for s in drawn(8, seed=i, category=c)])


def replaced_parts(before, after):
    """List for each drawing the parts whose strokes have changed."""
    old, new = split_strokes(before), split_strokes(after)
    found = []
    for i in range(len(before)):
        parts = before.part_S[before.strokes_of(torch.tensor([i]))].unique().tolist()
        found.append([])
        for part in parts:
            first, second = of_part(before, i, part), of_part(after, i, part)
            starts = (int(before.strokes_N[:i].sum()), int(after.strokes_N[:i].sum()))
            was = [old[i][int(s) - starts[0]] for s in first]
            now = [new[i][int(s) - starts[1]] for s in second]
            same = len(was) == len(now) and all(
                a.shape == b.shape and (a == b).all() for a, b in zip(was, now, strict=True)
            )
            if not same:
                found[-1].append(part)
    return found


def test_one_part_of_each_drawing_is_replaced(mixed) -> None:
    before, after = mixed.normalised(), exchanged(mixed)
    parts = replaced_parts(before, after)
    assert {len(p) for p in parts} == {1}
    assert torch.equal(before.category_N, after.category_N)


def test_a_part_fills_the_box_of_the_old_one_and_its_position_in_the_order(mixed) -> None:
    before, after = mixed.normalised(), exchanged(mixed)
    for i, (part,) in enumerate(replaced_parts(before, after)):
        old, new = of_part(before, i, part), of_part(after, i, part)
        # Only the centres: sides may differ where equal ones would distort the part too much.
        a, b = box_of(before, old), box_of(after, new)
        torch.testing.assert_close(a.mean(0), b.mean(0), atol=1e-4, rtol=0)
        first_old = int(old[0] - before.strokes_N[:i].sum())
        first_new = int(new[0] - after.strokes_N[:i].sum())
        assert first_old == first_new
        kept = [s for s in before.strokes_of(torch.tensor([i])).tolist() if s not in old.tolist()]
        others = [s for s in after.strokes_of(torch.tensor([i])).tolist() if s not in new.tolist()]
        assert before.part_S[kept].tolist() == after.part_S[others].tolist()
        assert before.instance_S[kept].tolist() == after.instance_S[others].tolist()


def test_new_strokes_come_from_another_drawing_of_the_category(mixed) -> None:
    before, after = mixed.normalised(), exchanged(mixed)
    many = before.stroke_len_S.tolist()
    for i, (part,) in enumerate(replaced_parts(before, after)):
        lengths = after.stroke_len_S[of_part(after, i, part)].tolist()
        like = before.category_N == before.category_N[i]
        donors = [
            [many[s] for s in of_part(before, j, part)]
            for j in like.nonzero()[:, 0].tolist()
            if j != i
        ]
        assert lengths in donors


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_only_a_share_of_the_drawings_is_changed(p) -> None:
    batch = packed(drawn(300, category="flower"))
    share = sum(map(len, replaced_parts(batch.normalised(), exchanged(batch, p)))) / len(batch)
    assert share == pytest.approx(p, abs=0.1)


def test_nothing_changes_without_labels_or_another_drawing_of_the_category() -> None:
    for batch in (
        packed([drawn(1, category=c)[0] for c in CATEGORIES]),
        packed(drawn(9), labels=False),
    ):
        after = exchanged(batch)
        assert torch.equal(after.points_P2, batch.normalised().points_P2)
        assert torch.equal(after.strokes_N, batch.strokes_N)


@given(batches(), st.floats(0, 1), st.integers(0, 100))
def test_any_batch_stays_valid_and_repeatable(batch, p, seed) -> None:
    after = exchanged(batch, p, seed)
    assert bool(after.points_P2.isfinite().all())
    assert len(after) == len(batch)
    assert bool((after.strokes_N > 0).all())
    assert int(after.strokes_N.sum()) == len(after.stroke_len_S)
    again = exchanged(batch, p, seed)
    assert torch.equal(after.points_P2, again.points_P2)
