"""Species of four-legged animals: a table of proportions and styles to sample animals from."""

from __future__ import annotations

from dataclasses import dataclass

from instancesketch.synth.canvas import Canvas

Range = tuple[float, float]
Weights = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Species:
    """Ranges and weights of one species; lengths are shares of the body's length."""

    share: float = 1.0  # of all animals, beside the others' shares
    half_height: Range = (0.12, 0.3)  # of the body
    leg_length: Range = (0.15, 0.5)
    head_rise: Range = (0.0, 0.3)  # of the head's centre over the back
    head_reach: Range = (0.45, 0.65)  # of the head's centre from the body's
    head_radius: Range = (0.1, 0.24)
    neck_chance: float = 0.1
    facing_chance: float = 0.3  # that it looks at the viewer
    # Styles by weight; an empty name draws none.
    ears: Weights
    head_shape: Weights  # from the side
    tail: Weights
    coat: Weights
    body: Weights


# Fields of `Species` and of `Animal` that name a style, in the order in which they are sampled.
STYLES = ("ears", "head_shape", "tail", "coat", "body")

_PLAIN_BODIES = {"ring": 5.0, "bean": 3.0, "box": 1.0, "lines": 2.5, "spine": 1.5, "arch": 1.0}
_ANY_EARS = {"pointed": 4.0, "round": 1.5, "bow": 1.5, "floppy": 1.5, "long": 1.2, "": 1.5}
_ANY_HEAD_SHAPES = {"ring": 3.0, "muzzle": 4.0, "wedge": 1.5, "box": 0.8, "trunk": 0.4}
_ANY_TAILS = {
    "line": 4.0, "curl": 0.7, "loop": 1.5, "bushy": 0.7, "tuft": 0.7, "puff": 0.5, "tube": 0.7,
    "": 2.0,
}  # fmt: skip

# Proportions and styles as people draw them, not as the animals are.
SPECIES = {
    # Most drawings of a four-legged animal are of no species that one could name.
    "any": Species(
        share=5,
        ears=_ANY_EARS,
        head_shape=_ANY_HEAD_SHAPES,
        tail=_ANY_TAILS,
        body=_PLAIN_BODIES,
        coat={"": 6.0, "spots": 1.0, "stripes": 1.0, "fur": 1.0, "dark": 0.5},
    ),
    "dog": Species(
        share=4,
        half_height=(0.1, 0.2),
        leg_length=(0.2, 0.45),
        head_rise=(-0.02, 0.3),
        facing_chance=0.12,
        ears={"floppy": 4.0, "pointed": 3.0, "": 2.0},
        head_shape={"muzzle": 6.0, "ring": 2.0, "box": 1.0},
        tail={"line": 6.0, "tube": 2.0, "loop": 1.0, "": 1.0},
        body=_PLAIN_BODIES,
        coat={"": 9.0, "spots": 1.0},
    ),
    "cat": Species(
        share=2.5,
        half_height=(0.12, 0.24),
        leg_length=(0.08, 0.3),
        head_rise=(-0.1, 0.2),
        head_radius=(0.14, 0.26),
        facing_chance=0.8,
        ears={"pointed": 1.0},
        head_shape={"ring": 1.0},
        tail={"line": 4.0, "tube": 2.0, "curl": 1.0},
        body=_PLAIN_BODIES,
        coat={"": 6.0, "stripes": 2.0},
    ),
    "horse": Species(
        share=2,
        half_height=(0.13, 0.19),
        leg_length=(0.3, 0.55),
        head_rise=(0.2, 0.45),
        head_reach=(0.5, 0.7),
        neck_chance=0.7,
        head_radius=(0.09, 0.14),
        facing_chance=0.05,
        ears={"pointed": 3.0, "": 1.0},
        head_shape={"muzzle": 3.0, "wedge": 1.0, "box": 1.0},
        tail={"bushy": 3.0, "line": 2.0, "loop": 2.0},
        body=_PLAIN_BODIES,
        coat={"": 5.0, "stripes": 3.0, "mane": 4.0},
    ),
    "cow, goat, deer": Species(
        share=2,
        half_height=(0.18, 0.3),
        leg_length=(0.15, 0.35),
        head_rise=(-0.1, 0.15),
        facing_chance=0.4,
        ears={"floppy": 1.0, "horns": 4.0, "antlers": 1.0},
        head_shape={"muzzle": 2.0, "box": 1.0, "wedge": 1.0},
        tail={"tuft": 3.0, "line": 2.0, "": 1.0},
        body=_PLAIN_BODIES,
        coat={"spots": 4.0, "": 2.0, "dark": 1.0},
    ),
    "pig": Species(
        share=1.5,
        half_height=(0.22, 0.34),
        leg_length=(0.08, 0.2),
        head_rise=(-0.15, 0.1),
        head_radius=(0.15, 0.25),
        facing_chance=0.5,
        ears={"pointed": 2.0, "floppy": 1.0},
        head_shape={"snout": 3.0, "ring": 1.0},
        tail={"curl": 4.0, "line": 1.0, "": 1.0},
        body={"ring": 5.0, "bean": 1.0, "arch": 1.0},
        coat={"": 8.0, "spots": 1.0},
    ),
    "sheep": Species(
        share=2,
        half_height=(0.25, 0.36),
        leg_length=(0.1, 0.25),
        head_rise=(-0.2, 0.1),
        head_radius=(0.1, 0.2),
        facing_chance=0.4,
        ears={"floppy": 2.0, "": 2.0, "round": 1.0},
        head_shape={"ring": 2.0, "wedge": 1.0, "muzzle": 1.0},
        tail={"": 3.0, "puff": 1.0},
        body={"wool": 8.0, "curls": 1.0},
        coat={"": 5.0, "fur": 1.0},
    ),
    "elephant": Species(
        share=1.8,
        half_height=(0.25, 0.36),
        leg_length=(0.15, 0.3),
        head_rise=(-0.1, 0.15),
        head_radius=(0.16, 0.28),
        facing_chance=0.1,
        ears={"flap": 5.0, "": 1.0},
        head_shape={"trunk": 1.0},
        tail={"line": 3.0, "tuft": 1.0, "": 1.0},
        body={"ring": 3.0, "bean": 2.0, "arch": 3.0},
        coat={"": 1.0},
    ),
    "giraffe": Species(
        share=1.8,
        half_height=(0.11, 0.2),
        leg_length=(0.3, 0.6),
        head_rise=(0.5, 1.2),
        head_reach=(0.5, 0.85),
        head_radius=(0.07, 0.13),
        neck_chance=0.95,
        facing_chance=0.08,
        ears={"knobs": 3.0, "pointed": 1.0, "": 1.0},
        head_shape={"muzzle": 2.0, "ring": 2.0, "wedge": 1.0},
        tail={"line": 3.0, "tuft": 1.0, "": 1.0},
        body=_PLAIN_BODIES,
        coat={"spots": 3.0, "": 4.0},
    ),
    "camel": Species(
        share=1.2,
        half_height=(0.15, 0.25),
        leg_length=(0.3, 0.45),
        head_rise=(0.15, 0.5),
        head_reach=(0.5, 0.7),
        neck_chance=0.7,
        head_radius=(0.09, 0.14),
        facing_chance=0.05,
        ears={"pointed": 1.0, "": 1.0},
        head_shape={"muzzle": 2.0, "ring": 1.0},
        tail={"line": 2.0, "": 1.0},
        body={"hump": 1.0},
        coat={"": 1.0},
    ),
    "lion": Species(
        share=1.2,
        half_height=(0.14, 0.24),
        leg_length=(0.2, 0.4),
        head_rise=(-0.05, 0.2),
        head_radius=(0.17, 0.27),
        facing_chance=0.85,
        ears={"mane": 1.0},
        head_shape={"ring": 1.0},
        tail={"tuft": 4.0, "line": 1.0},
        body=_PLAIN_BODIES,
        coat={"": 1.0},
    ),
    "bear, hippo": Species(
        share=1.5,
        half_height=(0.25, 0.36),
        leg_length=(0.1, 0.25),
        head_rise=(-0.2, 0.05),
        head_radius=(0.14, 0.24),
        facing_chance=0.2,
        ears={"round": 3.0, "bow": 2.0, "": 1.0},
        head_shape={"ring": 2.0, "muzzle": 2.0, "box": 1.0, "horn": 2.0},
        tail={"": 3.0, "line": 1.0, "puff": 1.0},
        body={"ring": 3.0, "arch": 3.0, "bean": 2.0},
        coat={"": 5.0, "dark": 1.0},
    ),
    "mouse, hedgehog": Species(
        share=1.2,
        half_height=(0.18, 0.3),
        leg_length=(0.05, 0.15),
        head_rise=(-0.1, 0.1),
        head_radius=(0.12, 0.22),
        facing_chance=0.15,
        ears={"round": 3.0, "bow": 1.0, "long": 2.0},
        head_shape={"wedge": 3.0, "ring": 2.0},
        tail={"line": 3.0, "puff": 1.0, "": 2.0},
        body={"arch": 4.0, "ring": 2.0, "spiky": 3.0},
        coat={"": 3.0, "fur": 1.0},
    ),
    "fox, squirrel": Species(
        share=1,
        half_height=(0.12, 0.22),
        leg_length=(0.1, 0.3),
        head_rise=(0, 0.2),
        head_radius=(0.12, 0.2),
        facing_chance=0.3,
        ears={"pointed": 1.0},
        head_shape={"wedge": 2.0, "muzzle": 2.0},
        tail={"brush": 4.0, "bushy": 2.0},
        body=_PLAIN_BODIES,
        coat={"": 5.0, "stripes": 1.0},
    ),
}


@dataclass(frozen=True, kw_only=True)
class Animal:
    """One animal: the centre of its body is (0, 0), it looks to the right and is about 1 long."""

    half_height: float
    leg_length: float
    head_x: float
    head_y: float
    head_radius: float
    has_neck: bool
    facing: bool  # looks at the viewer
    ears: str
    head_shape: str
    tail: str
    coat: str
    body: str

    @classmethod
    def sample(cls, canvas: Canvas) -> Animal:
        """Sample an animal of any species."""
        species = SPECIES[canvas.pick({name: s.share for name, s in SPECIES.items()})]
        styles = {name: canvas.pick(getattr(species, name)) for name in STYLES}
        half_height = canvas.uniform(*species.half_height)
        head_radius = canvas.uniform(*species.head_radius)
        return cls(
            half_height=half_height,
            leg_length=canvas.uniform(*species.leg_length),
            head_x=canvas.uniform(*species.head_reach),
            head_y=-half_height * canvas.uniform(0.3, 0.9) - canvas.uniform(*species.head_rise),
            head_radius=head_radius,
            has_neck=canvas.chance(species.neck_chance),
            facing=canvas.chance(species.facing_chance),
            **styles,
        )
