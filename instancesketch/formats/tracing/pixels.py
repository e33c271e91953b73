"""Decode a picture to the darkness of its ink, in a size that lines can be found in."""

from __future__ import annotations

import io
import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from instancesketch.core.errors import SketchError

Floats = npt.NDArray[np.float32]

# Decoded, that many take 320 MB at most. Phones take pictures of 50 million.
MAX_PIXELS = 80_000_000
# Lines of a larger picture are wide enough to be found in a smaller one, in less time.
MAX_SIDE = 1_600
# Of Pillow's many decoders only those that people's pictures need.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


class Pixels(NamedTuple):
    """A picture as brightness of dark ink on bright paper, 0 to 1, and its size before scaling."""

    gray: Floats  # (rows, columns)
    width: int
    height: int


def decode(data: bytes) -> Pixels:
    """Return the pixels of a picture, as upright as it is shown.

    Raises:
        SketchError: it is damaged or has too many pixels.
    """
    try:
        with warnings.catch_warnings():
            # Its size is checked here, to a limit that doesn't depend on what else was imported.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _decode(image)
    except Image.DecompressionBombError:
        raise SketchError(_too_large("far more than that")) from None
    except SketchError:
        raise
    # Damaged data make its decoders raise errors of all kinds.
    except Exception as error:
        text = " ".join(str(error).split())[:100]
        raise SketchError(f"a damaged picture: {text or type(error).__name__}") from None


def _decode(image: Image.Image) -> Pixels:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise SketchError(_too_large(f"{pixels:,}"))
    image.draft(None, (MAX_SIDE, MAX_SIDE))  # what JPEG can leave out is never decoded
    turned = image.getexif().get(0x0112, 1) >= 5
    full = (image.height, image.width) if turned else image.size
    shown = ImageOps.exif_transpose(image)
    shown.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    return Pixels(_to_gray(shown), *full)


def _too_large(pixels: str) -> str:
    return f"a picture of {pixels} pixels; at most {MAX_PIXELS:,} are read: scale it down"


def _to_gray(image: Image.Image) -> Floats:
    """Return brightness, turned over where the lines are bright on a dark ground."""
    if image.mode[0] in "IF":  # 16 bits and more
        values = np.asarray(image, np.float32)
        low, high = float(values.min()), float(values.max())
        rgb = ((values - low) / max(high - low, 1e-9))[..., None]
    elif image.has_transparency_data:
        rgb = _on_paper(np.asarray(image.convert("RGBA"), np.float32) / np.float32(255))
    else:
        rgb = np.asarray(image.convert("RGB"), np.float32) / np.float32(255)
    # Coloured ink is darkest in the channel that it lacks; bright ink on black the other way.
    if np.median(rgb) < 0.5:
        gray: Floats = 1 - rgb.max(2)
    else:
        gray = rgb.min(2)
    return gray


def _on_paper(rgba: Floats) -> Floats:
    """Return what is painted on paper that contrasts with it."""
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    ink = float((rgb * alpha).sum() / max(3 * alpha.sum(), 1e-9))
    paper = 1.0 if ink < 0.6 else 0.0
    return np.asarray(rgb * alpha + paper * (1 - alpha), np.float32)
