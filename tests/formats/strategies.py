"""Sketches for property tests, with labels of doodle7."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from instancesketch.core.schema import SCHEMA
from instancesketch.core.sketch import Sketch
from instancesketch.core.taxonomy import Taxonomy, with_side

DOODLE7 = Taxonomy.load("doodle7")
COORDINATES = st.floats(-1e7, 1e7, width=32)
# Any text that UTF-8 can encode.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
# Text without the characters that XML cannot represent.
PRINTABLE = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12
).filter(bool)
SIZES = st.none() | st.floats(0, 5000, width=32)


@st.composite
def labels(draw: st.DrawFn, category: str) -> tuple[str, str, int | None]:
    """Draw the part, label and instance of a stroke of a category."""
    known = DOODLE7.categories[category]
    part = draw(st.sampled_from(known.parts))
    sides = ["left", "right"] if part in known.sided else []
    side = draw(st.sampled_from([None, *sides]))
    number = draw(st.integers(0, 9)) if part in known.countable else None
    return part, with_side(part, side) if side else part, number


@st.composite
def sketches(draw: st.DrawFn, text: st.SearchStrategy[str] = TEXT) -> Sketch:
    """Draw a drawing or a scene, with or without labels and the other optional columns."""
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    xy = draw(nps.arrays(np.float32, (sum(lengths), 2), elements=COORDINATES))
    values = {
        "source": draw(st.none() | text),
        "word": draw(st.none() | text),
        "split": draw(st.none() | st.sampled_from(["train", "valid", "test"])),
        "width": draw(SIZES),
        "height": draw(SIZES),
    }
    names = draw(st.lists(st.none() | st.sampled_from(DOODLE7.category_names), max_size=3))
    of_stroke: list[str | None]
    if draw(st.booleans()):
        objects = [draw(st.integers(-1, len(names) - 1)) for _ in lengths]
        values |= {"object": tuple(objects), "object_category": tuple(names)}
        of_stroke = [names[i] if i >= 0 else None for i in objects]
    else:
        values["category"] = draw(st.sampled_from(DOODLE7.category_names))
        of_stroke = [values["category"]] * len(lengths)
    if draw(st.booleans()):
        drawn = [draw(labels(c)) if c else ("unlabeled", "unlabeled", None) for c in of_stroke]
        part, label, instance = zip(*drawn, strict=True)
        values |= {"part": part, "label": label}
        values["instance"] = draw(st.sampled_from([None, instance]))
    return Sketch(
        sketch_id=draw(text), x=xy[:, 0], y=xy[:, 1], stroke_len=np.array(lengths), **values
    )


def columns(sketch: Sketch) -> set[str]:
    """Return the names of the columns that are not null."""
    return {name for name in SCHEMA.names if getattr(sketch, name) is not None}
