"""Tell ink from paper, in uneven light and noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import filters, transform

from instancesketch.core.errors import SketchError

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

NO_LINES = "no lines found"

_PAPER_SIDE = 96  # pixels of the picture that the paper is estimated in
_PAPER_WINDOW = 15  # of them: wider than a line, narrower than a shadow
_PAPER_SHARE = 65  # percent of a window that may be darker than the paper
_FAINTEST = 0.08  # darkness of ink, of that of the paper around it
_NOISE = 5.0  # times its deviation: what is darker isn't noise
_SURE = 0.5  # of the darkness of the ink: every line has a place as dark as this
_SAUVOLA = 0.25  # how much a window without contrast lowers its threshold
_MOST_INK = 0.4  # of a picture's area; lines cover less
# The deviation of a Gaussian that noise is smoothed by, and what is left of it.
_LITTLE, _MUCH = (0.5, 0.65), (1.0, 0.35)
_NOISY = 0.015


def find_ink(gray: Floats) -> Mask:
    """Return where there is ink.

    Raises:
        SketchError: there is nothing like lines on paper.
    """
    noise = _noise(gray)
    sigma, left = _LITTLE if noise < _NOISY else _MUCH
    smooth = ndimage.gaussian_filter(gray, sigma)
    dark = 1 - smooth / _paper(smooth)
    dark -= np.median(dark)
    least = max(_FAINTEST, _NOISE * noise * left)
    there = dark[dark > least]
    ink = float(np.percentile(there, 75)) if there.size else 0.0
    if ink < 1.5 * least:
        raise SketchError(f"{NO_LINES}: nothing on it contrasts with its ground")
    # In windows, since a pencil's lines are not all as dark as each other.
    window = max(15, max(gray.shape) // 24) | 1
    bright = 1 - np.clip(dark / ink, 0, 1)
    local = bright < filters.threshold_sauvola(bright, window, _SAUVOLA, 0.5)
    # In the middle of what is filled no window has a contrast.
    weak = (local | (dark > 0.8 * ink)) & (dark > least)
    found = _keep(weak, dark > max(_SURE * ink, least))
    share = found.mean()
    if share > _MOST_INK:
        raise SketchError(f"{NO_LINES}: dark areas cover {share:.0%} of it, as in a photograph")
    return found


def _paper(gray: Floats) -> Floats:
    """Return the brightness of the paper at each pixel, as if nothing were drawn on it."""
    step = max(1, max(gray.shape) // _PAPER_SIDE)
    small = ndimage.uniform_filter(gray, step)[::step, ::step]
    small = ndimage.percentile_filter(small, _PAPER_SHARE, _PAPER_WINDOW)
    small = ndimage.gaussian_filter(small, _PAPER_WINDOW / 4)
    paper: Floats = transform.resize(small, gray.shape, order=1, mode="edge").astype(np.float32)
    return np.maximum(paper, 0.05)


def _noise(gray: Floats) -> float:
    """Return the deviation of the noise of each pixel; most of a drawing is paper."""
    rough = gray - ndimage.uniform_filter(gray, 3)
    # Of the noise of a pixel, eight ninths of the variance are left; 1.4826: median to deviation.
    return float(np.median(np.abs(rough)) * 1.4826 * np.sqrt(9 / 8))


def _keep(weak: Mask, sure: Mask) -> Mask:
    """Return the connected areas that are sure somewhere."""
    labels, number = ndimage.label(weak, np.ones((3, 3)))
    kept = np.zeros(number + 1, bool)
    kept[np.unique(labels[sure & weak])] = True
    kept[0] = False
    found: Mask = kept[labels]
    return found
