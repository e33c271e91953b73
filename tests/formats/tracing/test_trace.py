"""Lines of pictures that were made from known points, and pictures without lines."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps
from scipy.spatial import cKDTree

from instancesketch.core.errors import SketchError
from tests.formats.tracing.pictures import RING, Line, paint, to_bytes

pytest.importorskip("skimage", reason="needs the extra `trace`")
from skimage import data

from instancesketch.formats.tracing.trace import trace

Strokes = list[npt.NDArray[np.float64]]
ACROSS, DOWN = [(20, 100), (180, 100)], [(100, 20), (100, 180)]
SLANTED = [(40, 20), (160, 180)]


def traced(image: Image.Image, form: str = "PNG") -> Strokes:
    return trace(to_bytes(image, form)).strokes


def lie_on(strokes: Strokes, *lines: Line) -> None:
    """Assert that strokes are the lines, each once, in any order and direction, within 2 pixels."""
    assert len(strokes) == len(lines)
    finely = [_finely(np.array(line, float)) for line in lines]
    for stroke in strokes:
        distances = [
            max(
                cKDTree(line).query(_finely(stroke))[0].max(), cKDTree(stroke_).query(line)[0].max()
            )
            for line in finely
            for stroke_ in [_finely(stroke)]
        ]
        nearest = int(np.argmin(distances))
        assert distances[nearest] <= 3, (distances, stroke)
        finely.pop(nearest)


def _finely(line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    along = np.concatenate([[0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    at = np.linspace(0, along[-1], 400)
    return np.stack([np.interp(at, along, line[:, k]) for k in (0, 1)], 1)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([ACROSS, DOWN], id="cross"),
        pytest.param([ACROSS, SLANTED], id="slanted cross"),
        pytest.param([ACROSS, DOWN, SLANTED], id="three through about one point"),
        pytest.param([ACROSS, [(100, 100), (100, 180)]], id="T"),
        pytest.param([[(30, 30), (30, 170), (170, 170)]], id="corner"),
        pytest.param([RING], id="ring"),
        pytest.param([RING, [(20, 100), (180, 100)]], id="ring that is crossed"),
        pytest.param([[(50, 60)], [(150, 140)]], id="dots"),
        pytest.param([ACROSS, [(100, 60)]], id="line and dot"),
    ],
)
def test_lines_are_followed_through_crossings(lines: list[Line]) -> None:
    lie_on(traced(paint(*lines)), *lines)


def test_a_ring_is_closed_and_begins_at_the_upper_left_and_goes_down() -> None:
    (ring,) = traced(paint(RING))
    assert (ring[0] == ring[-1]).all()
    assert (ring[0] < 80).all()
    assert ring[len(ring) // 3, 1] > 100 > ring[-len(ring) // 3, 1]


@pytest.mark.parametrize("line", [ACROSS, DOWN, SLANTED, [(30, 170), (170, 100)]])
def test_lines_go_down_and_to_the_right_whichever_way_they_were_drawn(line: Line) -> None:
    for points in (line, line[::-1]):
        (stroke,) = traced(paint(points))
        assert stroke[-1].sum() > stroke[0].sum()


def test_a_spur_is_dropped() -> None:
    lie_on(traced(paint(ACROSS, [(80, 100), (80, 104)], width=5)), ACROSS)


def test_specks_and_pinholes_are_left_out() -> None:
    image = paint(ACROSS, width=8)
    for x, y in ((40, 30), (120, 160)):
        image.putpixel((x, y), 0)  # dirt
    image.putpixel((90, 100), 255)  # a hole, that the line would go around
    lie_on(traced(image), ACROSS)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_uneven_light_and_noise_hide_no_line(form: str) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:400, :400] / 400
    line, ring = [(40, 330), (360, 330)], [(2 * x, 2 * y) for x, y in RING]
    clean = np.asarray(paint(line, ring, size=(400, 400))) / 255
    shaded = (0.25 + 0.75 * clean) * (1 - 0.3 * x - 0.3 * y) + rng.normal(0, 0.05, x.shape)
    image = Image.fromarray((shaded.clip(0, 1) * 255).astype(np.uint8))
    lie_on(traced(image, form), line, ring)


def test_bright_lines_on_a_dark_ground_are_lines() -> None:
    lie_on(traced(ImageOps.invert(paint(ACROSS, DOWN))), ACROSS, DOWN)


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255), (250, 220, 0)])
def test_lines_on_nothing_are_seen_in_any_colour(ink: tuple[int, int, int]) -> None:
    image = Image.new("RGBA", (200, 200), ink)
    image.putalpha(ImageOps.invert(paint(ACROSS, DOWN)))
    lie_on(traced(image), ACROSS, DOWN)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "I;16"])
def test_pictures_of_any_depth_are_read(mode: str) -> None:
    image = paint(ACROSS, width=6)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    lie_on(traced(image), ACROSS)


def test_coordinates_are_those_of_the_picture_even_if_a_smaller_one_is_traced() -> None:
    line = [(300, 900), (2700, 600)]
    found = trace(to_bytes(paint(line, size=(3000, 1500), width=30)))
    assert (found.width, found.height) == (3000, 1500)
    (stroke,) = found.strokes
    assert np.abs(stroke[[0, -1]] - line).max() < 20


def test_a_picture_is_upright_as_its_camera_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    upright = paint([(20, 30), (20, 270)], size=(200, 300))
    found = trace(to_bytes(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif))
    assert (found.width, found.height) == (200, 300)
    lie_on(found.strokes, [(20, 30), (20, 270)])


@pytest.mark.parametrize(
    "name", ["astronaut", "camera", "chelsea", "coffee", "coins", "rocket", "gravel", "grass",
             "moon", "horse", "retina", "hubble_deep_field"]
)  # fmt: skip
def test_photographs_have_no_lines(name: str) -> None:
    image = Image.fromarray(np.asarray(getattr(data, name)()))
    with pytest.raises(SketchError, match="no lines found"):
        trace(to_bytes(image.convert("RGB"), "JPEG"))


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
def test_blank_paper_has_no_lines(noise: float) -> None:
    rng = np.random.default_rng(1)
    gray = (0.8 + rng.normal(0, noise, (300, 300))).clip(0, 1)
    with pytest.raises(SketchError, match="no lines found"):
        traced(Image.fromarray((gray * 255).astype(np.uint8)))
