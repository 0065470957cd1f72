"""Colours instead of class ids: which palette they come from, and which id each one means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import COLOUR_BASE, colour_code, colour_of_code, is_grey
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.datasets import DataSet, data_sets
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record
from iou_doctor.repairs.decode_colours import DecodeColours
from iou_doctor.repairs.first_channel import FirstChannel
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side, Step

KNOWN_SHARE = 0.98
"""A palette covers nearly all pixels; smoothed edges between two colours may take the rest."""
KNOWN_COLOURS = 3
"""Black and one more colour belong to many palettes."""
RARE_SHARE = 0.001
"""Colours below this share of the pixels are smoothed edges rather than classes."""
GUESSED_COLOURS = 256
"""More colours than classes can have are a picture."""
VOID_LABEL = 255
UNUSED_TRAIN_IDS = (-1, VOID_LABEL)

Codes = NDArray[np.int64]


@record
class Palette:
    """Which class id each colour means."""

    ids: Mapping[int, int]
    """Colour code to id."""
    title: str | None
    """The data set that publishes it; `None` for the assignment that fits the other array best."""
    void: int
    """The id of colours that mean no class, and of colours that are not in the palette."""
    classes: int
    """How many classes it has."""

    def map_codes(self, codes: Codes) -> Codes:
        """Return ids for colour codes; labels that are no colours stay."""
        old = np.array(sorted(self.ids), dtype=np.int64)
        new = np.array([self.ids[int(code)] for code in old], dtype=np.int64)
        place = np.searchsorted(old, codes).clip(max=len(old) - 1)
        ids = np.where(old[place] == codes, new[place], self.void)
        return np.where(codes >= COLOUR_BASE, ids, codes)

    def relabel(self, pairs: PairCounts, side: Side) -> PairCounts:
        """Return the label pairs with the colours of one side replaced by ids."""
        if side is Side.MASKS:
            return pairs.relabel(truth=self.map_codes)
        return pairs.relabel(prediction=self.map_codes)


def count_colours(evidence: Evidence, side: Side) -> dict[int, int]:
    """Return the pixels of each colour code of an array; nothing where it holds no colours."""
    axes, pairs = _get_axes(evidence, side), evidence.pairs
    if not axes.is_colour:
        return {}
    counts = pairs.truth_counts() if side is Side.MASKS else pairs.prediction_counts()
    return {code: count for code, count in counts.items() if code >= COLOUR_BASE}


def is_all_grey(counts: Mapping[int, int]) -> bool:
    """Return whether every colour has three equal channels."""
    return bool(counts) and bool(is_grey(np.array(list(counts))).all())


def find_palette(evidence: Evidence) -> Palette | None:
    """Return the palette of the arrays that hold colours, or `None` where nothing fits."""
    sides = [counts for side in Side if (counts := count_colours(evidence, side))]
    coloured = [counts for counts in sides if not is_all_grey(counts)]
    if not coloured:
        return None
    known = [
        palette
        for palette in iterate_known_palettes(evidence)
        if _is_covering(palette, coloured, evidence)
    ]
    if known:
        return max(known, key=lambda palette: _rank_palette(palette, evidence))
    return _guess_palette(evidence, coloured)


def build_palette_repair(evidence: Evidence, side: Side, palette: Palette) -> Repair:
    """Return the repair that maps the colours of one array to ids."""
    declared = evidence.interpretation.num_classes_declared
    mapped = palette.relabel(evidence.pairs, side)
    labels = mapped.truth_counts() if side is Side.MASKS else mapped.prediction_counts()
    most = max((label for label in labels if label != palette.void), default=0) + 1
    undeclared = evidence.interpretation.ignore_index is None and palette.void in labels
    return Repair(
        name=f"map the colours of the {side} to class ids",
        safe=palette.title is not None,
        steps=(DecodeColours(side, dict(palette.ids), palette.void),),
        relabel=lambda pairs: palette.relabel(pairs, side),
        num_classes=None if declared else max(evidence.interpretation.num_classes, most),
        ignore_index=palette.void if undeclared and side is Side.MASKS else None,
    )


def build_one_channel_repair(evidence: Evidence, side: Side, greys: Mapping[int, int]) -> Repair:
    """Return the repair that takes one of three equal channels, and 255 for 1 in two classes."""
    binary = _is_binary(evidence, greys)

    def map_codes(codes: Codes) -> Codes:
        values = np.where(codes >= COLOUR_BASE, codes & 255, codes)
        return np.where(values == 255, 1, values) if binary else values

    def relabel(pairs: PairCounts) -> PairCounts:
        masks = side is Side.MASKS
        return pairs.relabel(truth=map_codes) if masks else pairs.relabel(prediction=map_codes)

    steps: tuple[Step, ...] = (FirstChannel(side),)
    if binary:
        steps += (Relabel(side, {255: 1}),)
    name = f"take one channel of the {side}" + (", > 127" if binary else "")
    return Repair(name=name, safe=True, steps=steps, relabel=relabel)


def suggest_one_channel(evidence: Evidence, side: Side, greys: Mapping[int, int]) -> str:
    """Return the statement that takes one of three equal channels, and 255 for 1 in two classes."""
    axes = _get_axes(evidence, side)
    last = axes.channel == len(axes.shape) - 1
    channel = f"{side}[..., 0]" if last else f"{side}.take(0, axis={axes.channel})"
    return f"{side} = " + (
        f'({channel} > 127).astype("uint8")' if _is_binary(evidence, greys) else channel
    )


def _is_binary(evidence: Evidence, greys: Mapping[int, int]) -> bool:
    """Return whether the greys are 0 and 255 where 255 means class 1."""
    labels = {code & 255 for code in greys}
    two = evidence.interpretation.num_classes == 2 and labels <= {0, 255} and 255 in labels
    return two and evidence.interpretation.ignore_index != 255


def describe_equal_channels(evidence: Evidence, side: Side) -> str:
    """Return `in all 3 channels`, or `in 3 of 4 channels` if there is an alpha channel."""
    channels = _get_axes(evidence, side).channels
    return "in all 3 channels" if channels == 3 else f"in 3 of {channels} channels"


def format_colour(code: int) -> str:
    """Return `(128, 0, 0)`."""
    return str(colour_of_code(code))


def _get_axes(evidence: Evidence, side: Side) -> Axes:
    layout = evidence.interpretation.layout
    return layout.y_true if side is Side.MASKS else layout.y_pred


def iterate_known_palettes(evidence: Evidence) -> Iterator[Palette]:
    """Yield the palettes of the known data sets, with their own ids and with train ids."""
    ignore = evidence.interpretation.ignore_index
    void = VOID_LABEL if ignore is None else ignore
    for data_set in data_sets():
        own = {label.id: label.id for label in data_set.labels}
        for ids in (own, dict(data_set.train_ids)):
            palette = _build_palette(data_set, ids, void)
            if palette.ids:
                yield palette


def _build_palette(data_set: DataSet, ids: Mapping[int, int], void: int) -> Palette:
    def final(label: int) -> int:
        if label in data_set.void or ids.get(label, -1) in UNUSED_TRAIN_IDS:
            return void
        return ids[label]

    table = {colour_code(*colour): final(label) for colour, label in data_set.colours.items()}
    table = table if ids else {}
    classes = max((label for label in table.values() if label != void), default=0) + 1
    return Palette(table, data_set.title, void, classes)


def _is_covering(palette: Palette, sides: list[dict[int, int]], evidence: Evidence) -> bool:
    """Return whether the palette covers these colours with ids that are classes here."""
    seen = {code for counts in sides for code in counts} & set(palette.ids)
    ids = {palette.ids[code] for code in seen} - {palette.void}
    if len(seen) < KNOWN_COLOURS or len(ids) < 2:
        return False
    dense = evidence.interpretation.y_pred.is_dense
    limited = evidence.interpretation.num_classes_declared or dense
    if limited and max(ids) >= evidence.interpretation.num_classes:
        return False
    return all(
        sum(count for code, count in counts.items() if code in palette.ids)
        >= KNOWN_SHARE * sum(counts.values())
        for counts in sides
    )


def _rank_palette(palette: Palette, evidence: Evidence) -> tuple[bool, float]:
    """Prefer the palette that has as many classes as the user says, then the best score."""
    pairs = evidence.pairs
    for side in Side:
        if _get_axes(evidence, side).is_colour:
            pairs = palette.relabel(pairs, side)
    classes = evidence.interpretation.num_classes
    result = compute_score(pairs=pairs, num_classes=classes, ignore_index=palette.void)
    return palette.classes == classes, result.mean_iou or 0.0


def _guess_palette(evidence: Evidence, sides: list[dict[int, int]]) -> Palette | None:
    """Return the assignment of colours to ids that fits best; any, where both hold colours."""
    major = sorted({code for counts in sides for code in _list_major_colours(counts)})
    classes, ignore = evidence.interpretation.num_classes, evidence.interpretation.ignore_index
    void = VOID_LABEL if ignore is None else ignore
    if not 2 <= len(major) <= GUESSED_COLOURS:
        return None
    if len(sides) == 2:
        fitting = len(major) <= classes or not evidence.interpretation.num_classes_declared
        ids = dict(zip(major, range(len(major)), strict=True))
        return Palette(ids, None, void, len(major)) if fitting else None
    return Palette(_assign_ids(evidence, major, classes, void), None, void, classes)


def _list_major_colours(counts: Mapping[int, int]) -> list[int]:
    total = sum(counts.values())
    return [code for code, count in counts.items() if count >= RARE_SHARE * total]


def _assign_ids(evidence: Evidence, major: list[int], classes: int, void: int) -> dict[int, int]:
    """Return an id for each colour such that the sum of their IoU is largest."""
    from scipy.optimize import linear_sum_assignment

    pairs = evidence.pairs
    coloured, other = pairs.truth, pairs.prediction
    if not _get_axes(evidence, Side.MASKS).is_colour:
        coloured, other = other, coloured
    old = np.array(major)
    place = np.searchsorted(old, coloured).clip(max=len(old) - 1)
    good = (old[place] == coloured) & (other >= 0) & (other < classes)
    met = np.zeros((len(old), classes))
    np.add.at(met, (place[good], other[good]), pairs.count[good])
    union = met.sum(axis=1, keepdims=True) + met.sum(axis=0, keepdims=True) - met
    rows, ids = linear_sum_assignment(-met / np.maximum(union, 1))
    table = {int(old[row]): int(label) for row, label in zip(rows, ids, strict=True)}
    return {code: table.get(code, void) for code in major}
