"""Paint label maps and error maps, and encode them as PNG inside the page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import COLOUR_BASE
from iou_doctor.datasets import Colour
from iou_doctor.record import record
from iou_doctor.render.html.palettes import CHANGES, ERRORS, LEFT_OUT, LUMA, NO_CLASS
from iou_doctor.report.gallery import Labels, Maps, PixelError

MOST_COLOURS = 256
"""The number of colours that a PNG with a palette holds."""
COMPRESSION = 6
"""The level of zlib. The highest one takes ten times as long and saves little."""
DARKEST, BRIGHTNESS = 34, 0.28
"""The grey of a right pixel: this, plus this share of the brightness of what lies below."""
Pixels = NDArray[np.uint8]


@record
class Painter:
    """Paints the classes of one report."""

    palette: Sequence[Colour]
    """The colour of each class."""
    ignore_index: int | None

    def paint_labels(self, labels: Labels) -> Pixels:
        """Return a label map in colours, shape (height, width, 3)."""
        known = (labels >= 0) & (labels < len(self.palette))
        colours = np.array([*map(self.pick, range(len(self.palette))), NO_CLASS], np.uint8)
        painted: Pixels = colours[np.where(known, labels, len(self.palette))]
        strays, places = np.unique(labels[~known], return_inverse=True)
        if len(strays):  # colours of a compressed picture are many
            painted[~known] = np.array([*map(self.pick, strays.tolist())], np.uint8)[places]
        return painted

    def pick(self, label: int) -> Colour:
        """Return the colour of a label."""
        if label == self.ignore_index:
            return LEFT_OUT
        if 0 <= label < len(self.palette):
            return self.palette[label]
        if COLOUR_BASE <= label < 2 * COLOUR_BASE:  # the code of a colour
            return (label >> 16) & 255, (label >> 8) & 255, label & 255
        return NO_CLASS

    def paint_errors(self, maps: Maps, image: Pixels | None = None) -> Pixels | None:
        """Return an error map in colours; `None` if the pixels do not pair up.

        Args:
            maps: the label maps and their errors.
            image: what shines through where the prediction is right. The truth does so if it is
                `None` or has another size.
        """
        colours = {int(error): colour for error, (colour, _) in ERRORS.items()}
        return self._paint_over(maps, image, maps.errors, colours)

    def paint_changes(
        self, maps: Maps, image: Pixels | None, changes: Pixels | None
    ) -> Pixels | None:
        """Return a map of changes in colours; `None` if the pixels do not pair up.

        Args:
            maps: the label maps.
            image: what shines through, as in `paint_errors`.
            changes: members of `PixelChange`.
        """
        colours = {int(change): colour for change, (colour, _) in CHANGES.items()}
        return self._paint_over(maps, image, changes, colours)

    def _paint_over(
        self,
        maps: Maps,
        image: Pixels | None,
        codes: Pixels | None,
        colours: Mapping[int, Colour],
    ) -> Pixels | None:
        """Return a dim grey picture in which pixels with some codes have colours."""
        if codes is None:
            return None
        if image is not None and image.shape[:2] == maps.truth.shape:
            below = image
        else:
            below = self.paint_labels(maps.truth)
        grey = np.rint(DARKEST + BRIGHTNESS * (below @ np.array(LUMA))).astype(np.uint8)
        painted = np.repeat(grey[..., np.newaxis], 3, axis=2)
        for code, colour in colours.items():
            painted[codes == code] = colour
        return painted


def list_errors(maps: Sequence[Maps]) -> list[PixelError]:
    """Return the kinds of errors that some maps hold, in the order of the legend."""
    found: set[int] = set()
    for one in maps:
        if one.errors is not None:
            found.update(np.unique(one.errors).tolist())
    return [error for error in ERRORS if int(error) in found]


def encode(pixels: Pixels) -> str:
    """Return a picture, shape (height, width, 3), as the data URI of a PNG."""
    from PIL import Image

    flat = pixels.reshape(-1, 3).astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    colours = np.unique(flat)
    if len(colours) > MOST_COLOURS:
        image = Image.fromarray(np.ascontiguousarray(pixels))
    else:
        places = np.searchsorted(colours, flat).astype(np.uint8)
        image = Image.fromarray(places.reshape(pixels.shape[:2]))
        image.putpalette([int(one) >> shift & 255 for one in colours for shift in (16, 8, 0)])
    stream = BytesIO()
    image.save(stream, "PNG", compress_level=COMPRESSION)
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode('ascii')}"
