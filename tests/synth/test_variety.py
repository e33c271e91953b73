"""What the drawings are made of: every style named in a table draws, hands forget and shade."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from instancesketch.core.taxonomy import UNLABELED, Taxonomy
from instancesketch.synth.animals import quadrupeds
from instancesketch.synth.animals.heads import ears, side_head
from instancesketch.synth.animals.species import KINDS, Animal
from instancesketch.synth.canvas import Pad
from instancesketch.synth.draw import DRAWINGS, _inked, draw
from instancesketch.synth.style import _DEVICES, Hand
from instancesketch.synth.things.cars import PROFILES

DOODLE7 = Taxonomy.load("doodle7")
STYLES = {
    name: sorted({style for kind in KINDS for style in getattr(kind, name)})
    for name in ("ears", "shape", "tail", "coat", "body")
}


def pad_of(seed, **habits):
    rng = np.random.default_rng(seed)
    return Pad(rng=rng, hand=replace(Hand.sample(rng), **habits))


def animal_of(pad, **styles):
    return replace(Animal.sample(pad), **styles)


def parts_drawn(pad):
    return {piece.part for mark in pad.marks for piece in mark.pieces}


def test_shares_of_devices_are_of_a_whole():
    assert sum(device.share for device in _DEVICES) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS, ids=range(len(KINDS)))
def test_a_kind_of_animal_is_possible(kind):
    for name in (field.name for field in fields(kind)):
        value = getattr(kind, name)
        if isinstance(value, tuple):
            assert value[0] <= value[1], name
        elif isinstance(value, dict):
            assert sum(value.values()) > 0, name
            assert min(value.values()) >= 0, name
        else:
            assert value >= 0, name


@pytest.mark.parametrize("profile", PROFILES, ids=range(len(PROFILES)))
def test_a_car_goes_from_back_to_front_without_turning_back(profile):
    xs, ys = zip(*profile.points, strict=True)
    assert list(xs) == sorted(xs)
    assert (xs[0], xs[-1]) == (0, 1)
    assert 0 < min(ys) < max(ys) == 1


@pytest.mark.parametrize("style", [s for s in STYLES["ears"] if s])
def test_every_style_of_ears_draws_some(style):
    pad = pad_of(1)
    ears(pad, 0, 0, 1, style, (-1, 1))
    assert parts_drawn(pad) == {"head"}


@pytest.mark.parametrize("shape", STYLES["shape"])
def test_every_shape_of_a_head_draws_one(shape):
    pad = pad_of(2)
    side_head(pad, 0, 0, 1, shape, "")
    assert parts_drawn(pad) == {"head"}
    assert max(np.ptp(mark.path, axis=0).max() for mark in pad.marks) > 1


@pytest.mark.parametrize("style", [s for s in STYLES["tail"] if s])
def test_every_style_of_tail_draws_one(style):
    pad = pad_of(3)
    quadrupeds.tail(pad, 0, 0, style)
    assert parts_drawn(pad) == {"tail"}


@pytest.mark.parametrize("style", STYLES["body"])
def test_every_style_of_body_is_about_as_long(style):
    for seed in range(5):
        pad = pad_of(seed)
        quadrupeds._body(pad, animal_of(pad, body=style))
        assert parts_drawn(pad) == {"body"}
        width = np.ptp(np.concatenate([mark.path for mark in pad.marks])[:, 0])
        assert 0.5 < width < 1.5


@pytest.mark.parametrize("style", [s for s in STYLES["coat"] if s not in ("", "mane")])
def test_every_coat_is_drawn_on_the_body(style):
    pad = pad_of(4)
    quadrupeds._coat(pad, animal_of(pad, coat=style))
    assert parts_drawn(pad) == {"body"}


@pytest.mark.parametrize("category", DRAWINGS)
def test_parts_on_the_pad_are_those_of_the_taxonomy(category):
    known = DOODLE7.categories[category]
    for seed in range(60):
        pad = pad_of(seed)
        DRAWINGS[category](pad)
        for piece in (piece for mark in pad.marks for piece in mark.pieces):
            assert piece.part in {*known.parts, UNLABELED}
            assert piece.unit is None or piece.part in known.countable
            assert np.isfinite(piece.path).all()
            assert len(piece.path) >= 1


@pytest.mark.parametrize("category", DRAWINGS)
def test_who_forgets_keeps_the_main_thing(category):
    main = {"car": "frame", "cloud": "body", "sun": "center", "tree": "leaves"}
    for seed in range(30):
        pad = pad_of(seed, forgets=1.0)
        DRAWINGS[category](pad)
        made = {mark.feature for mark in pad.marks}
        strokes = _inked(pad)
        assert strokes
        if len(made) > 1 and category in main:
            assert main[category] in {part for _, (part, _) in strokes}


def test_who_shades_draws_more_lines_of_what_is_there():
    for seed in range(20):
        inked = []
        for shades in (0.0, 1.0):
            pad = pad_of(seed, shades=shades, forgets=0.0, breaks=0.0, retrace=0.0)
            DRAWINGS["car"](pad)
            inked.append(Counter(what for _, what in _inked(pad)))
        assert set(inked[1]) == set(inked[0])
        assert not inked[0] - inked[1]


@pytest.mark.parametrize("seed", range(5))
def test_smooth_pieces_hold_eight_points_each(seed):
    rng = np.random.default_rng(seed)
    hand = replace(Hand.sample(rng), simplify=3.0, bezier=True)
    inked = hand.ink(np.array([(0, 0), (100, 20), (60, 90), (0, 0)], float), rng)
    assert len(inked) % 8 == 1
    assert len(inked) > 8


def test_a_dot_is_small_and_a_scribble_fills_its_place():
    for seed in range(40):
        pad = pad_of(seed)
        pad.dot(5, 5, 0.1, "head")
        pad.scribble(0, 0, 2, 1, "body", "one")
        dot, fill = (mark.path for mark in pad.marks)
        assert np.abs(dot - 5).max() < 1
        assert (np.abs(fill) <= (2.3, 1.15)).all()
        assert (np.ptp(fill, axis=0) > (1.5, 0.75)).all()
        assert pad.marks[1].what == ("body", "one")


def test_picks_follow_their_weights():
    pad = pad_of(0)
    counts = Counter(pad.pick({"often": 3.0, "never": 0.0, "seldom": 1.0}) for _ in range(2000))
    assert counts["never"] == 0
    assert 0.7 < counts["often"] / 2000 < 0.8


def test_poses_differ():
    """A tenth or more of all animals are faces alone, and some have no head, legs or tail."""
    sketches = [draw(13, i, "4leg") for i in range(150)]
    faces = sum(set(s.part) <= {"head", UNLABELED} for s in sketches)
    assert 10 < faces < 60
    for part in ("head", "tail", "front-leg", "back-leg"):
        assert any(part not in s.part for s in sketches)
    at_once = sum(0 in s.instance for s in sketches)
    assert at_once > 3
