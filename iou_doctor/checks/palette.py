"""Map colours to class ids: find the palette that the colours come from, or guess one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from iou_doctor.checks.colours import Codes, count_colours, get_axes, is_all_grey
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.unknown_labels import DEFAULT_VOID
from iou_doctor.counts.label_decoding import COLOUR_BASE, decode_colour, encode_colour
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.datasets import DataSet, load_data_sets
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record
from iou_doctor.repairs.decode_colours import DecodeColours
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.times_255 import Times255

LEAST_KNOWN_SHARE = 0.98
"""Minimum share of the pixels that a known palette covers. Smoothed edges between two colours may
take the rest."""
FEWEST_KNOWN_COLOURS = 3
"""Minimum number of colours that identify a known palette. Black and one more colour are in many
palettes.
"""
LEAST_COLOUR_SHARE = 0.001
"""Minimum share of the pixels of a class. Rarer colours come from smoothed edges."""
MOST_GUESSED_COLOURS = 256
"""Maximum number of colours that are taken for classes. More colours are a photograph."""
LEAST_EXCHANGED_GAIN = 0.1
"""Minimum gain in mean IoU from exchanging red and blue, as colours of a palette may be exchanged
colours of the same one."""
EXCHANGED = " with red and blue exchanged, as cv2.imread does"
LEAST_GUESSED_GAIN = 0.2
"""Minimum gain in mean IoU from a guess that takes for a class what a known palette calls void."""
UNUSED_TRAIN_IDS = (-1, DEFAULT_VOID)
"""Train ids of Cityscapes and its relatives for labels that are not trained on."""


@record
class Palette:
    """The class id of each colour."""

    ids: Mapping[int, int]
    """Colour code to id."""
    title: str | None
    """The data set that publishes the palette; `None` if the palette was guessed."""
    void: int
    """The id for colours that mean no class, and for colours that are not in the palette."""
    classes: int
    """The number of classes of the palette."""

    def map_codes(self, codes: Codes) -> Codes:
        """Return the ids of colour codes; labels that are not colours stay as they are."""
        old = np.array(sorted(self.ids), dtype=np.int64)
        new = np.array([self.ids[int(code)] for code in old], dtype=np.int64)
        place = np.searchsorted(old, codes).clip(max=len(old) - 1)
        ids = np.where(old[place] == codes, new[place], self.void)
        return np.where(codes >= COLOUR_BASE, ids, codes)

    def relabel(self, pairs: PairCounts, side: Side) -> PairCounts:
        """Return the label pairs with the colours of one array replaced by ids."""
        if side is Side.MASKS:
            return pairs.relabel(truth=self.map_codes)
        return pairs.relabel(prediction=self.map_codes)


def find_palette(evidence: Evidence, side: Side) -> Palette | None:
    """Return the palette of an array that holds colours, or `None` if none fits.

    Both arrays have the same palette, unless they were painted in different colours.
    """
    sides = {side: counts for side in Side if (counts := count_colours(evidence, side))}
    coloured = [counts for counts in sides.values() if not is_all_grey(counts)]
    if not coloured:
        return None
    if len(sides) == 1:
        return choose_palette(evidence, coloured[0])
    known = _find_known_palette(evidence, coloured)
    if known:
        return known
    from iou_doctor.checks.two_palettes import match_palettes

    major = {painted: _list_major_colours(counts) for painted, counts in sides.items()}
    void = _get_void(evidence)
    ids = match_palettes(evidence, sides, major, void=void)
    if not ids:
        return _guess_palette(evidence, coloured)
    return Palette(ids[side], None, void, max(ids[Side.MASKS].values()) + 1)


def choose_palette(evidence: Evidence, counts: dict[int, int]) -> Palette | None:
    """Return the known palette of the only array with colours, or a guess that fits far better.

    Args:
        evidence: the facts.
        counts: the number of pixels of each colour.
    """
    from iou_doctor.checks.assigned_colours import is_void_predicted

    known = _find_known_palette(evidence, [counts])
    if known and not is_void_predicted(evidence, known.ids, known.void):
        return known
    guessed = _guess_palette(evidence, [counts])
    if known is None or guessed is None:
        return known or guessed
    given, other = (_rank_palette(palette, evidence)[1] for palette in (known, guessed))
    return guessed if other >= given + LEAST_GUESSED_GAIN else known


def build_palette_repair(evidence: Evidence, side: Side, palette: Palette) -> Repair:
    """Build the repair that maps the colours of one array to ids."""
    declared = evidence.interpretation.num_classes_declared
    mapped = palette.relabel(evidence.pairs, side)
    labels = mapped.count_truths() if side is Side.MASKS else mapped.count_predictions()
    classes = (label for label in labels if label != palette.void and label < COLOUR_BASE)
    most = max(classes, default=0) + 1
    undeclared = evidence.interpretation.ignore_index is None and palette.void in labels
    decode = DecodeColours(side, dict(palette.ids), palette.void)
    is_unit = get_axes(evidence, side).is_unit_colour
    return Repair(
        name=f"map the colours of the {side} to class ids",
        safe=palette.title is not None,
        steps=(Times255(side), decode) if is_unit else (decode,),
        relabel=lambda pairs: palette.relabel(pairs, side),
        num_classes=None if declared else max(evidence.interpretation.num_classes, most),
        ignore_index=palette.void if undeclared and side is Side.MASKS else None,
    )


def iterate_known_palettes(evidence: Evidence) -> Iterator[Palette]:
    """Yield the palettes of the known data sets, each with its own ids and with train ids."""
    void = _get_void(evidence)
    for data_set in load_data_sets():
        own = {label.id: label.id for label in data_set.labels}
        for ids in (own, dict(data_set.train_ids)):
            palette = _build_palette(data_set, ids, void)
            if palette.ids:
                yield palette


def _get_void(evidence: Evidence) -> int:
    """Return the id for colours of no class."""
    ignore = evidence.interpretation.ignore_index
    return DEFAULT_VOID if ignore is None else ignore


def _build_palette(data_set: DataSet, ids: Mapping[int, int], void: int) -> Palette:
    """Build the palette of a data set.

    Args:
        data_set: with the label of each colour.
        ids: the class id of each label.
        void: the id for colours of no class.
    """

    def choose_id(label: int) -> int:
        if label in data_set.void or ids.get(label, -1) in UNUSED_TRAIN_IDS:
            return void
        return ids[label]

    table = {encode_colour(*colour): choose_id(label) for colour, label in data_set.colours.items()}
    table = table if ids else {}
    classes = max((label for label in table.values() if label != void), default=0) + 1
    return Palette(table, data_set.title, void, classes)


def _is_covering(palette: Palette, sides: list[dict[int, int]], evidence: Evidence) -> bool:
    """Return whether the palette covers these colours, with ids that are classes here."""
    seen = {code for counts in sides for code in counts} & set(palette.ids)
    ids = {palette.ids[code] for code in seen} - {palette.void}
    if len(seen) < FEWEST_KNOWN_COLOURS or len(ids) < 2:
        return False
    dense = evidence.interpretation.y_pred.is_dense
    limited = evidence.interpretation.num_classes_declared or dense
    if limited and max(ids) >= evidence.interpretation.num_classes:
        return False
    return all(
        sum(count for code, count in counts.items() if code in palette.ids)
        >= LEAST_KNOWN_SHARE * sum(counts.values())
        for counts in sides
    )


def _rank_palette(palette: Palette, evidence: Evidence) -> tuple[bool, float]:
    """Return the sort key of a palette: the declared number of classes first, then the score."""
    pairs = evidence.pairs
    for side in Side:
        if get_axes(evidence, side).is_colour:
            pairs = palette.relabel(pairs, side)
    classes = evidence.interpretation.num_classes
    result = compute_score(pairs=pairs, num_classes=classes, ignore_index=palette.void)
    return palette.classes == classes, result.mean_iou or 0.0


def _find_known_palette(evidence: Evidence, sides: list[dict[int, int]]) -> Palette | None:
    """Return the published palette that fits best, with red and blue exchanged if need be."""
    palettes = list(iterate_known_palettes(evidence))
    best, exchanged = (
        max(
            (palette for palette in some if _is_covering(palette, sides, evidence)),
            key=lambda palette: _rank_palette(palette, evidence),
            default=None,
        )
        for some in (palettes, map(_exchange_red_and_blue, palettes))
    )
    if best is None or exchanged is None:
        return best or exchanged
    given, other = (_rank_palette(palette, evidence)[1] for palette in (best, exchanged))
    return exchanged if other >= given + LEAST_EXCHANGED_GAIN else best


def _exchange_red_and_blue(palette: Palette) -> Palette:
    ids = {_exchange_channels(code): label for code, label in palette.ids.items()}
    return replace(palette, ids=ids, title=f"{palette.title}{EXCHANGED}")


def _exchange_channels(code: int) -> int:
    red, green, blue = decode_colour(code)
    return encode_colour(blue, green, red)


def _guess_palette(evidence: Evidence, sides: list[dict[int, int]]) -> Palette | None:
    """Guess a palette: assign ids to colours so that the other array agrees best.

    If both arrays hold colours, any assignment is as good as another.
    """
    major = sorted({code for counts in sides for code in _list_major_colours(counts)})
    classes, void = evidence.interpretation.num_classes, _get_void(evidence)
    if not 2 <= len(major) <= MOST_GUESSED_COLOURS:
        return None
    if len(sides) == 2:
        fitting = len(major) <= classes or not evidence.interpretation.num_classes_declared
        ids = dict(zip(major, range(len(major)), strict=True))
        return Palette(ids, None, void, len(major)) if fitting else None
    from iou_doctor.checks.assigned_colours import assign_ids

    return Palette(assign_ids(evidence, major, classes, void), None, void, classes)


def _list_major_colours(counts: Mapping[int, int]) -> list[int]:
    total = sum(counts.values())
    return [code for code, count in counts.items() if count >= LEAST_COLOUR_SHARE * total]
