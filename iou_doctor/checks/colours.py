"""Colours and grey channels in place of class ids: count them, name them, and repair grey ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import COLOUR_BASE, decode_colour, is_grey_code
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.first_channel import FirstChannel
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side, Step
from iou_doctor.repairs.times_255 import Times255

Codes = NDArray[np.int64]
"""Labels, among them codes of colours."""


MOST_PAINTED = 64
"""Greys from here on are painted, and fewer of them are classes."""


def count_colours(evidence: Evidence, side: Side) -> dict[int, int]:
    """Return the number of pixels of each colour code of an array; empty if it holds no colours."""
    axes, pairs = get_axes(evidence, side), evidence.pairs
    if not axes.is_colour:
        return {}
    counts = pairs.count_truths() if side is Side.MASKS else pairs.count_predictions()
    return {code: count for code, count in counts.items() if code >= COLOUR_BASE}


def is_all_grey(counts: Mapping[int, int]) -> bool:
    """Return whether every colour has three equal channels."""
    return bool(counts) and bool(is_grey_code(np.array(list(counts))).all())


def build_one_channel_repair(evidence: Evidence, side: Side, greys: Mapping[int, int]) -> Repair:
    """Build the repair that keeps one of three equal channels, and maps its values to ids.

    Args:
        evidence: the facts.
        side: the array with equal channels.
        greys: the number of pixels of each of its colours.
    """
    ids = {code & 255: label for code, label in read_greys(evidence, greys).items()}
    moved = {value: label for value, label in ids.items() if value != label}

    def map_codes(codes: Codes) -> Codes:
        values = np.where(codes >= COLOUR_BASE, codes & 255, codes)
        return Relabel(side, moved).apply(values, spatial=0).astype(np.int64) if moved else values

    def relabel(pairs: PairCounts) -> PairCounts:
        masks = side is Side.MASKS
        return pairs.relabel(truth=map_codes) if masks else pairs.relabel(prediction=map_codes)

    steps: tuple[Step, ...] = (FirstChannel(side),)
    if get_axes(evidence, side).is_unit_colour:
        steps = (Times255(side), *steps)
    if moved:
        steps += (Relabel(side, moved),)
    name = f"take one channel of the {side}"
    if moved:
        name += ", > 127" if moved == {255: 1} else ", and map its values to ids"
    ranked = bool(moved) and moved != {255: 1}
    declared = evidence.interpretation.num_classes_declared
    return Repair(
        name=name,
        safe=True,
        steps=steps,
        relabel=relabel,
        num_classes=len(ids) if ranked and not declared else None,
    )


def read_greys(evidence: Evidence, greys: Mapping[int, int]) -> dict[int, int]:
    """Return the label that each grey stands for: its value, 1 for white, or its rank.

    Greys are ranked if the other array is painted, too, and they are too large for ids.
    """
    if _is_binary(evidence, greys):
        return {code: int(code & 255 == 255) for code in greys}
    both = all(get_axes(evidence, side).is_colour for side in Side)
    if both and max(greys) & 255 >= MOST_PAINTED > len(greys):
        return {code: rank for rank, code in enumerate(sorted(greys))}
    return {code: code & 255 for code in greys}


def format_colour(code: int) -> str:
    """Return a colour as text: `(128, 0, 0)`."""
    return str(decode_colour(code))


def suggest_one_channel(evidence: Evidence, side: Side, greys: Mapping[int, int]) -> str:
    """Return the statement that takes one of three equal channels, and 255 for 1 in two classes."""
    axes = get_axes(evidence, side)
    last = axes.channel == len(axes.shape) - 1
    channel = f"{side}[..., 0]" if last else f"{side}.take(0, axis={axes.channel})"
    if axes.is_unit_colour:
        channel = f'np.rint({channel} * 255).astype("uint8")'
    if _is_binary(evidence, greys):
        return f'{side} = ({channel} > 127).astype("uint8")'
    values = sorted(code & 255 for code in greys)
    if [*read_greys(evidence, greys).values()] != [code & 255 for code in greys]:
        channel = f"np.searchsorted({values}, {channel})"
    return f"{side} = {channel}"


def describe_equal_channels(evidence: Evidence, side: Side) -> str:
    """Return `in all 3 channels`, or `in 3 of 4 channels` if there is an alpha channel."""
    channels = get_axes(evidence, side).channels
    if channels < len("RGB"):
        return "beside a constant alpha channel"
    return "in all 3 channels" if channels == 3 else f"in 3 of {channels} channels"


def get_axes(evidence: Evidence, side: Side) -> Axes:
    """Return the axes of one array."""
    layout = evidence.interpretation.layout
    return layout.y_true if side is Side.MASKS else layout.y_pred


def _is_binary(evidence: Evidence, greys: Mapping[int, int]) -> bool:
    """Return whether the greys are 0 and 255 where 255 means class 1."""
    labels = {code & 255 for code in greys}
    two = evidence.interpretation.num_classes == 2 and labels <= {0, 255} and 255 in labels
    return two and evidence.interpretation.ignore_index != 255
