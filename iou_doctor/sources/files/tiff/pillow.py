"""The TIFFs that Pillow reads as something else, or better not at all."""

from __future__ import annotations

from PIL import TiffImagePlugin

from iou_doctor.errors import SourceError
from iou_doctor.sources.source_errors import source_error

_SAMPLE_FORMAT_TAG = 339
"""The TIFF tag that says how sample values are to be understood."""
_SAMPLES_TAG = 277
"""The TIFF tag with the number of samples of a pixel."""
_PHOTOMETRIC_TAG, _PLAIN_PHOTOMETRICS = 262, (1, 3)
"""The TIFF tag that says what values mean, and what it says of grey values and palettes."""
_MOST_WHOLE_PIXELS = 1 << 24
"""The maximum number of pixels of a TIFF that is decoded as a whole if there is another way."""
_SIGNED_INTEGERS = 2
"""The value of that tag for signed integers."""


class UnreadTiffError(SourceError):
    """A TIFF of a kind that Pillow does not read, or reads as something else."""


class LargeTiffError(UnreadTiffError):
    """A TIFF that Pillow would decode as a whole, and that is better read part by part."""


def check_large_tiff(file: str, image: TiffImagePlugin.TiffImageFile) -> None:
    """Refuse a TIFF that takes much memory if it is decoded as a whole.

    Raises:
        LargeTiffError: it does.
    """
    is_plain = image.tag_v2.get(_PHOTOMETRIC_TAG) in _PLAIN_PHOTOMETRICS
    if is_plain and image.width * image.height > _MOST_WHOLE_PIXELS:
        raise LargeTiffError(str(source_error(file, "Pillow decodes it as a whole")))


def check_tiff(file: str, image: TiffImagePlugin.TiffImageFile) -> None:
    """Refuse what Pillow reads as something else.

    Raises:
        UnreadTiffError: it is of such a kind.
        SourceError: strips or tiles are missing.
    """
    if _measure_tiles(image) < image.width * image.height:
        raise source_error(file, "some of its strips or tiles are missing; save it again")
    signed = _SIGNED_INTEGERS in image.tag_v2.get(_SAMPLE_FORMAT_TAG, ())
    is_packed = image.info.get("compression") != "raw"
    why = None
    if signed and image.mode not in ("I", "F"):
        why = "its pixels are signed 8-bit integers"  # -1 would become 255
    elif image.tag_v2.get(_SAMPLES_TAG, 1) > len(image.getbands()):
        why = "it has several bands"  # only the first one would be read
    elif is_packed and image.mode in ("I", "F") and image.tag_v2.prefix == b"MM":
        why = "its values are compressed in big-endian order"  # their bytes would be swapped twice
    if why is not None:
        raise UnreadTiffError(str(source_error(file, f"{why}; save them as .npy")))


def _measure_tiles(image: TiffImagePlugin.TiffImageFile) -> int:
    """Return the number of pixels that strips or tiles hold; Pillow leaves all others black."""
    extents = [tile[1] or (0, 0, *image.size) for tile in image.tile]
    return sum((right - left) * (bottom - top) for left, top, right, bottom in extents)
