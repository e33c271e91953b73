"""What sets animals on four legs apart: a table of kinds, and the animal drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from instancesketch.synth.canvas import Pad

Range = tuple[float, float]
Weights = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Ranges and weights of one kind; lengths are shares of the body's length."""

    share: float = 1.0
    high: Range = (0.12, 0.3)  # half the body's height
    legs: Range = (0.15, 0.5)
    rise: Range = (0.0, 0.3)  # of the head's middle over the back
    reach: Range = (0.45, 0.65)  # of the head's middle from the body's
    head: Range = (0.1, 0.24)  # radius
    neck: float = 0.1  # chance of one
    faces: float = 0.3  # chance that it looks at us
    ears: Weights
    shape: Weights  # of the head from the side
    tail: Weights
    coat: Weights
    body: Weights


_PLAIN = {"ring": 5.0, "bean": 3.0, "box": 1.0, "lines": 2.5, "spine": 1.5, "arch": 1.0}
_ANY_EARS = {"pointed": 4.0, "round": 1.5, "bow": 1.5, "floppy": 1.5, "long": 1.2, "": 1.5}
_ANY_HEAD = {"ring": 3.0, "muzzle": 4.0, "wedge": 1.5, "box": 0.8, "trunk": 0.4}
_ANY_TAIL = {
    "line": 4.0, "curl": 0.7, "loop": 1.5, "bushy": 0.7, "tuft": 0.7, "puff": 0.5, "tube": 0.7,
    "": 2.0,
}  # fmt: skip

KINDS = (
    # none in particular
    Kind(
        share=5,
        ears=_ANY_EARS,
        shape=_ANY_HEAD,
        tail=_ANY_TAIL,
        body=_PLAIN,
        coat={"": 6.0, "spots": 1.0, "stripes": 1.0, "fur": 1.0, "dark": 0.5},
    ),
    # dog
    Kind(
        share=4,
        high=(0.1, 0.2),
        legs=(0.2, 0.45),
        rise=(-0.02, 0.3),
        faces=0.12,
        ears={"floppy": 4.0, "pointed": 3.0, "": 2.0},
        shape={"muzzle": 6.0, "ring": 2.0, "box": 1.0},
        tail={"line": 6.0, "tube": 2.0, "loop": 1.0, "": 1.0},
        body=_PLAIN,
        coat={"": 9.0, "spots": 1.0},
    ),
    # cat
    Kind(
        share=2.5,
        high=(0.12, 0.24),
        legs=(0.08, 0.3),
        rise=(-0.1, 0.2),
        head=(0.14, 0.26),
        faces=0.8,
        ears={"pointed": 1.0},
        shape={"ring": 1.0},
        tail={"line": 4.0, "tube": 2.0, "curl": 1.0},
        body=_PLAIN,
        coat={"": 6.0, "stripes": 2.0},
    ),
    # horse
    Kind(
        share=2,
        high=(0.13, 0.19),
        legs=(0.3, 0.55),
        rise=(0.2, 0.45),
        reach=(0.5, 0.7),
        neck=0.7,
        head=(0.09, 0.14),
        faces=0.05,
        ears={"pointed": 3.0, "": 1.0},
        shape={"muzzle": 3.0, "wedge": 1.0, "box": 1.0},
        tail={"bushy": 3.0, "line": 2.0, "loop": 2.0},
        body=_PLAIN,
        coat={"": 5.0, "stripes": 3.0, "mane": 4.0},
    ),
    # cow, goat, deer
    Kind(
        share=2,
        high=(0.18, 0.3),
        legs=(0.15, 0.35),
        rise=(-0.1, 0.15),
        faces=0.4,
        ears={"floppy": 1.0, "horns": 4.0, "antlers": 1.0},
        shape={"muzzle": 2.0, "box": 1.0, "wedge": 1.0},
        tail={"tuft": 3.0, "line": 2.0, "": 1.0},
        body=_PLAIN,
        coat={"spots": 4.0, "": 2.0, "dark": 1.0},
    ),
    # pig
    Kind(
        share=1.5,
        high=(0.22, 0.34),
        legs=(0.08, 0.2),
        rise=(-0.15, 0.1),
        head=(0.15, 0.25),
        faces=0.5,
        ears={"pointed": 2.0, "floppy": 1.0},
        shape={"snout": 3.0, "ring": 1.0},
        tail={"curl": 4.0, "line": 1.0, "": 1.0},
        body={"ring": 5.0, "bean": 1.0, "arch": 1.0},
        coat={"": 8.0, "spots": 1.0},
    ),
    # sheep
    Kind(
        share=2,
        high=(0.25, 0.36),
        legs=(0.1, 0.25),
        rise=(-0.2, 0.1),
        head=(0.1, 0.2),
        faces=0.4,
        ears={"floppy": 2.0, "": 2.0, "round": 1.0},
        shape={"ring": 2.0, "wedge": 1.0, "muzzle": 1.0},
        tail={"": 3.0, "puff": 1.0},
        body={"wool": 8.0, "curls": 1.0},
        coat={"": 5.0, "fur": 1.0},
    ),
    # elephant
    Kind(
        share=1.8,
        high=(0.25, 0.36),
        legs=(0.15, 0.3),
        rise=(-0.1, 0.15),
        head=(0.16, 0.28),
        faces=0.1,
        ears={"flap": 5.0, "": 1.0},
        shape={"trunk": 1.0},
        tail={"line": 3.0, "tuft": 1.0, "": 1.0},
        body={"ring": 3.0, "bean": 2.0, "arch": 3.0},
        coat={"": 1.0},
    ),
    # giraffe
    Kind(
        share=1.8,
        high=(0.11, 0.2),
        legs=(0.3, 0.6),
        rise=(0.5, 1.2),
        reach=(0.5, 0.85),
        head=(0.07, 0.13),
        neck=0.95,
        faces=0.08,
        ears={"knobs": 3.0, "pointed": 1.0, "": 1.0},
        shape={"muzzle": 2.0, "ring": 2.0, "wedge": 1.0},
        tail={"line": 3.0, "tuft": 1.0, "": 1.0},
        body=_PLAIN,
        coat={"spots": 3.0, "": 4.0},
    ),
    # camel
    Kind(
        share=1.2,
        high=(0.15, 0.25),
        legs=(0.3, 0.45),
        rise=(0.15, 0.5),
        reach=(0.5, 0.7),
        neck=0.7,
        head=(0.09, 0.14),
        faces=0.05,
        ears={"pointed": 1.0, "": 1.0},
        shape={"muzzle": 2.0, "ring": 1.0},
        tail={"line": 2.0, "": 1.0},
        body={"hump": 1.0},
        coat={"": 1.0},
    ),
    # lion
    Kind(
        share=1.2,
        high=(0.14, 0.24),
        legs=(0.2, 0.4),
        rise=(-0.05, 0.2),
        head=(0.17, 0.27),
        faces=0.85,
        ears={"mane": 1.0},
        shape={"ring": 1.0},
        tail={"tuft": 4.0, "line": 1.0},
        body=_PLAIN,
        coat={"": 1.0},
    ),
    # bear, hippo
    Kind(
        share=1.5,
        high=(0.25, 0.36),
        legs=(0.1, 0.25),
        rise=(-0.2, 0.05),
        head=(0.14, 0.24),
        faces=0.2,
        ears={"round": 3.0, "bow": 2.0, "": 1.0},
        shape={"ring": 2.0, "muzzle": 2.0, "box": 1.0, "horn": 2.0},
        tail={"": 3.0, "line": 1.0, "puff": 1.0},
        body={"ring": 3.0, "arch": 3.0, "bean": 2.0},
        coat={"": 5.0, "dark": 1.0},
    ),
    # mouse, hedgehog
    Kind(
        share=1.2,
        high=(0.18, 0.3),
        legs=(0.05, 0.15),
        rise=(-0.1, 0.1),
        head=(0.12, 0.22),
        faces=0.15,
        ears={"round": 3.0, "bow": 1.0, "long": 2.0},
        shape={"wedge": 3.0, "ring": 2.0},
        tail={"line": 3.0, "puff": 1.0, "": 2.0},
        body={"arch": 4.0, "ring": 2.0, "spiky": 3.0},
        coat={"": 3.0, "fur": 1.0},
    ),
    # fox, squirrel
    Kind(
        share=1,
        high=(0.12, 0.22),
        legs=(0.1, 0.3),
        rise=(0, 0.2),
        head=(0.12, 0.2),
        faces=0.3,
        ears={"pointed": 1.0},
        shape={"wedge": 2.0, "muzzle": 2.0},
        tail={"brush": 4.0, "bushy": 2.0},
        body=_PLAIN,
        coat={"": 5.0, "stripes": 1.0},
    ),
)


@dataclass(frozen=True, kw_only=True)
class Animal:
    """One animal: the middle of its body is (0, 0), and it looks to the right."""

    high: float
    legs: float
    x: float  # the head's middle
    y: float
    r: float
    neck: bool
    faces: bool
    ears: str
    shape: str
    tail: str
    coat: str
    body: str

    @classmethod
    def sample(cls, pad: Pad) -> Animal:
        """Draws an animal of any kind."""
        kind = KINDS[pad.pick({i: k.share for i, k in enumerate(KINDS)})]
        styles = {f.name: pad.pick(getattr(kind, f.name)) for f in fields(kind)[-5:]}
        high, r = pad.between(*kind.high), pad.between(*kind.head)
        return cls(
            high=high,
            legs=pad.between(*kind.legs),
            x=pad.between(*kind.reach),
            y=-high * pad.between(0.3, 0.9) - pad.between(*kind.rise),
            r=r,
            neck=pad.chance(kind.neck),
            faces=pad.chance(kind.faces),
            **styles,
        )
