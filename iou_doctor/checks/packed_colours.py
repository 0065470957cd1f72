"""Colours that are no palette: an id, or a class and the number of an object, in three channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.colours import count_colours
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.palette import Palette
from iou_doctor.checks.unknown_labels import DEFAULT_VOID
from iou_doctor.counts.label_decoding import COLOUR_BASE
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.step import Side

Channel = NDArray[np.int64]

LEAST_COLOURS_PER_CLASS = 1.5
"""Minimum ratio of colours to classes. A palette has one colour for each class."""
FEWEST_GROUPS = 3
"""Minimum number of ids that the colours of a packing make."""
LEAST_PURITY = 0.9
"""Minimum ratio of the pixels that agree if each id is a class to those that agree if each colour
is one. A packing that fits by chance mixes classes."""
LEAST_AGREEING = 0.4
"""Minimum share of the pixels whose prediction is that of most pixels of their id."""
MOST_SPECK_PIXELS, FEWEST_SPECKS, LEAST_SPECK_SHARE = 2, 12, 0.35
"""Colours of at most MOST_SPECK_PIXELS pixels are specks. JPEG, or a resize that overshoots, makes
0.4 to 0.85 of all colours specks along edges. Objects are larger."""
FEWEST_SEGMENTS = 30
"""Minimum number of colours that may be the numbers of segments."""
LARGEST_SHARE_REPEATED = 0.1
"""Largest share of the colours of segments that may occur in two images or more."""
FEWEST_IMAGES = 3
"""Minimum number of images that show that colours do not repeat."""


class Packing(NamedTuple):
    """A way to keep an id in the channels of a colour."""

    title: str
    """For messages: what the colours are."""
    code: str
    """NumPy code for the ids, of `masks` with the channels last."""
    unpack: Callable[[Channel, Channel, Channel], Channel]


class PackedColours(NamedTuple):
    """The packing of the masks' colours, and the class of each colour."""

    packing: Packing
    palette: Palette


def _unpack_panoptic(red: Channel, green: Channel, blue: Channel) -> Channel:
    ids = red + 256 * green + 65_536 * blue
    return np.where(ids >= 1000, ids // 1000, ids)


PACKINGS = (
    Packing(
        "ADE20K's classes and objects, R // 10 * 256 + G and B",
        "masks[..., 0].astype(int) // 10 * 256 + masks[..., 1]",
        lambda red, green, blue: red // 10 * 256 + green,  # noqa: ARG005
    ),
    Packing(
        "1000 times a class plus a number, as R + 256 G + 65536 B (panoptic PNG)",
        "(masks.astype(int) @ [1, 256, 65536]) // 1000",
        _unpack_panoptic,
    ),
    Packing(
        "a class in R and a number in G and B",
        "masks[..., 0]",
        lambda red, green, blue: red,  # noqa: ARG005
    ),
)


def find_packed_colours(evidence: Evidence) -> PackedColours | None:
    """Return the packing of the masks' colours; `None` if they are a palette or unknown."""
    pairs = evidence.pairs.pool()
    pairs = pairs.keep_rows((pairs.truth >= COLOUR_BASE) & (pairs.prediction >= 0))
    colours, place = np.unique(pairs.truth, return_inverse=True)
    decoded = _find_decoded_ids(evidence, pairs, colours, place)
    if decoded is not None:
        return decoded
    if len(colours) < LEAST_COLOURS_PER_CLASS * len(pairs.count_predictions()):
        return None
    if _has_specks(count_colours(evidence, Side.MASKS)):
        return None
    channels = (colours >> 16) & 255, (colours >> 8) & 255, colours & 255
    least = max(LEAST_PURITY * _find_favourites(place, pairs)[1], LEAST_AGREEING * pairs.total)
    found: dict[int, PackedColours] = {}
    for packing in PACKINGS:
        ids, group = np.unique(packing.unpack(*channels), return_inverse=True)
        if len(ids) < FEWEST_GROUPS or len(colours) < LEAST_COLOURS_PER_CLASS * len(ids):
            continue
        classes, agreeing = _find_favourites(group[place], pairs)
        if agreeing >= least:
            table = dict(zip(colours.tolist(), classes[group].tolist(), strict=True))
            palette = _build_palette(evidence, packing, table)
            found.setdefault(len(ids), PackedColours(packing, palette))
    return found[min(found)] if found else None  # the one with the fewest ids


def _has_specks(counts: Mapping[int, int]) -> bool:
    specks = sum(count <= MOST_SPECK_PIXELS for count in counts.values())
    return specks >= max(FEWEST_SPECKS, LEAST_SPECK_SHARE * len(counts))


def _find_decoded_ids(
    evidence: Evidence, pairs: PairCounts, colours: Channel, place: NDArray[np.intp]
) -> PackedColours | None:
    """Return the packing whose ids are those of the predictions, if there is one.

    Args:
        evidence: the facts.
        pairs: the rows with a colour as truth.
        colours: the colours of the rows, ascending.
        place: the index of the colour of each row, shape (rows,).
    """
    channels = (colours >> 16) & 255, (colours >> 8) & 255, colours & 255
    counts = np.where(pairs.prediction == 0, 0, pairs.count)  # 0 is in every packing
    for packing in PACKINGS:
        ids = packing.unpack(*channels)
        agreeing = counts[ids[place] == pairs.prediction].sum()
        many = len(set(ids.tolist())) >= FEWEST_GROUPS
        if many and agreeing >= max(1, LEAST_AGREEING * counts.sum()):
            table = dict(zip(colours.tolist(), ids.tolist(), strict=True))
            return PackedColours(packing, _build_palette(evidence, packing, table))
    return None


def _find_favourites(groups: NDArray[np.intp], pairs: PairCounts) -> tuple[Channel, int]:
    """Return the commonest prediction of each group, and how many pixels have it.

    Args:
        groups: the group of each row, from 0 without gaps, shape (rows,).
        pairs: the rows.
    """
    names, column = np.unique(pairs.prediction, return_inverse=True)
    met = np.zeros((int(groups.max()) + 1, len(names)), np.int64)
    np.add.at(met, (groups, column), pairs.count)
    return names[met.argmax(axis=1)], int(met.max(axis=1).sum())


def _build_palette(evidence: Evidence, packing: Packing, table: dict[int, int]) -> Palette:
    ignored = evidence.interpretation.ignore_index
    void = DEFAULT_VOID if ignored is None else ignored
    return Palette(table, packing.title, void, max(table.values(), default=0) + 1)


def are_numbers_of_segments(evidence: Evidence) -> bool:
    """Return whether the masks' colours are numbers of segments, different ones in each image."""
    if evidence.interpretation.layout.samples < FEWEST_IMAGES:
        return False
    images: dict[int, set[int]] = {}
    for block in evidence.pairs.iterate_blocks():
        for image, code in set(zip(block.image.tolist(), block.truth.tolist(), strict=True)):
            if code >= COLOUR_BASE:
                images.setdefault(code, set()).add(image)
    repeated = sum(len(where) > 1 for where in images.values())
    classes = len(evidence.pairs.count_predictions())
    enough = len(images) >= max(FEWEST_SEGMENTS, LEAST_COLOURS_PER_CLASS * classes)
    return enough and repeated <= LARGEST_SHARE_REPEATED * len(images)
