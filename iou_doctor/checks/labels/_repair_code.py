"""Python that changes label ids, for `help`: it can be pasted and run on the user's arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.layout import Axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.repairs.step import Side

SHORTEST_LOOKUP = 256
"""Length of a lookup table for 8-bit labels, whichever of them occur."""

LONGEST_LOOKUP = 2**16
"""Length from which a lookup table is too long, and the ids are searched instead."""


def write_shift(evidence: Evidence, side: Side, step: int, table: Mapping[int, int]) -> str:
    """Return an assignment that adds `step` to the labels of one array.

    Args:
        evidence: for the labels that occur and the class axis.
        side: the array to change. Arrays with a class axis become class ids first.
        step: 1 or -1.
        table: old label to new label. A label that occurs and is not in it keeps its value.
    """
    ids = _write_ids(evidence, side)
    code = f'{ids}.astype("int32") {"+" if step > 0 else "-"} {abs(step)}'
    occurring = _list_labels(evidence, side)
    exceptions = {k: new for k in occurring if k in table and (new := table[k]) != k + step}
    kept = [label for label in occurring if label not in table]
    for new in sorted(set(exceptions.values())):
        old = [label for label in exceptions if exceptions[label] == new]
        code = f"np.where({_write_condition(ids, old)}, {new}, {code})"
    if kept:
        code = f"np.where({_write_condition(ids, kept)}, {ids}, {code})"
    return f"{side} = {code}"


def write_exchange(evidence: Evidence, side: Side, table: Mapping[int, int]) -> str:
    """Return statements that replace class ids one to one.

    Args:
        evidence: for the labels that occur, the dtype and the class axis.
        side: the array to change. In an array with a class axis the channels are reordered.
        table: old id to new id, a permutation of its keys.
    """
    axes = _get_axes(evidence, side)
    if axes.is_dense:
        old = {new: old for old, new in table.items()}
        order = [old.get(channel, channel) for channel in range(axes.channels)]
        return f"{side} = np.take({side}, {order}, axis={axes.channel})"
    labels = _list_labels(evidence, side)
    source = evidence.pair.y_true if side is Side.MASKS else evidence.pair.y_pred
    ids = f"{side}" if np.issubdtype(source.dtype, np.integer) else f'{side}.astype("int32")'
    size = max(SHORTEST_LOOKUP, *(label + 1 for label in (*labels, *table)))
    lookup = f"lut = np.arange({size}); lut[{list(table)}] = {list(table.values())}"
    if min(labels, default=0) < 0:
        return f"{lookup}; {side} = np.where({side} < 0, {side}, lut[{ids}.clip(0)])"
    return f"{lookup}; {side} = lut[{ids}]"


def write_recoding(evidence: Evidence, side: Side, table: Mapping[int, int]) -> str:
    """Return statements that replace ids by other ids all at once; other labels stay.

    Args:
        evidence: for the labels that occur, the dtype and the class axis.
        side: the array to change; it has no class axis.
        table: old id to new id.
    """
    labels = _list_labels(evidence, side)
    if len(table) == 1:
        [(old, new)] = table.items()
        return f"{side} = np.where({side} == {old}, {new}, {side})"
    step = _find_step(labels, table)
    if step is not None:
        return f"{side} = {side} // {step}"
    if min(labels) >= 0 and max(labels) < LONGEST_LOOKUP:
        return write_exchange(evidence, side, table)
    new_labels = [table.get(label, label) for label in labels]
    return f"{side} = np.array({new_labels})[np.searchsorted({labels}, {side})]"


def _find_step(labels: list[int], table: Mapping[int, int]) -> int | None:
    """Return the number that divides all labels into those of the table; `None` if none does."""
    old, new = max(table.items())
    step = old // new if new > 0 else 0
    fits = step > 1 and all(table.get(label, label) * step == label for label in labels)
    return step if fits else None


def write_complement(evidence: Evidence, side: Side) -> str:
    """Return an assignment that exchanges classes 0 and 1 in one array; void labels stay."""
    interpretation, axes = evidence.interpretation, _get_axes(evidence, side)
    if axes.is_dense:
        return f"{side} = np.flip({side}, {axes.channel})"
    if side is Side.PREDICTIONS and interpretation.y_pred.is_thresholded:
        return f"{side} = {2 * interpretation.threshold:g} - {side}"
    labels = _list_labels(evidence, side)
    white = side is Side.MASKS and evidence.has_found("masks-0-255")
    kept = [label for label in labels if label not in {0, 1, 255 if white else 1}]
    source = evidence.pair.y_true if side is Side.MASKS else evidence.pair.y_pred
    code = f"1 - {side}"
    if white or source.dtype == np.bool_:
        code = f'({side} == 0).astype("uint8")'
    if kept:
        code = f"np.where({_write_condition(str(side), kept)}, {side}, {code})"
    return f"{side} = {code}"


def _write_ids(evidence: Evidence, side: Side) -> str:
    axes = _get_axes(evidence, side)
    return f"{side}.argmax({axes.channel})" if axes.is_dense else f"{side}"


def _write_condition(ids: str, labels: list[int]) -> str:
    return f"{ids} == {labels[0]}" if len(labels) == 1 else f"np.isin({ids}, {labels})"


def _list_labels(evidence: Evidence, side: Side) -> list[int]:
    """Return the labels of one array, without the codes for pixels that have no label."""
    pairs = evidence.pairs.pool()
    counts = pairs.count_truths() if side is Side.MASKS else pairs.count_predictions()
    return [label for label in counts if not is_no_class(label)]


def _get_axes(evidence: Evidence, side: Side) -> Axes:
    layout = evidence.interpretation.layout
    return layout.y_true if side is Side.MASKS else layout.y_pred
