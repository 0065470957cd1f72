"""Infer the number of classes, and name them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.byte_scores import decode_grey_as_labels, find_whole_scores
from iou_doctor.arrays.interpretation import (
    MOST_CLASSES,
    RARE_VOID_LABELS,
    VOID_LABELS,
    Encoding,
    Options,
)
from iou_doctor.arrays.layout import Layout
from iou_doctor.counts.label_decoding import (
    LabelDecoding,
    Pairing,
)
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.errors import UsageError
from iou_doctor.safety.safe_text import escape_name

FEWEST_STRAYS = 30
"""Minimum number of labels between the classes and void that come from interpolation."""
WHITE = 255
"""The largest label of 8 bits, and the most usual void label."""
LARGEST_CLASS, NEAR_VOID = 100, 200
"""The predictions end below the first, and the labels in between go up to the second at least."""

DecodedLabels = NDArray[np.int64]


def infer_num_classes(
    layout: Layout,
    stats: Stats,
    true: Encoding,
    pred: Encoding,
    ignore_index: int | None,
) -> tuple[int, str]:
    """Return the number of classes that the arrays suggest, and why."""
    if pred.is_dense:
        return layout.y_pred.channels, "the predictions have that many channels"
    if true.is_dense:
        return layout.y_true.channels, "the masks have that many channels"
    if pred.is_thresholded:
        return 2, "one channel of scores decides between two classes"
    if not stats.tables:
        return 2, "nothing could be counted"
    first_table = next(iter(stats.tables.values()))
    near = (pairing for pairing in stats.tables if pairing.y_pred is LabelDecoding.NEAREST)
    if (rounded := next(near, None)) is not None:
        table = stats.tables[rounded]
    elif layout.y_true.is_colour or layout.y_pred.is_colour:
        table = decode_grey_as_labels(first_table)
    else:
        table = stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS)) or first_table
    if find_whole_scores(table.pool(), ignore_index) is not None:
        return 2, "the predictions are scores stored as whole numbers"
    return _count_labels(table, ignore_index)


def _count_labels(table: PairCounts, ignore_index: int | None) -> tuple[int, str]:
    """Return the largest label plus 1, and why; void labels and improbable ids do not count."""
    void = {*VOID_LABELS, ignore_index, *_list_rare_void_labels(table)}
    sides: Mapping[str, list[int]] = {
        side: [label for label in counts if 0 <= label < MOST_CLASSES and label not in void]
        for side, counts in (
            ("masks", table.count_truths()),
            ("predictions", table.count_predictions()),
        )
    }
    if _are_ramps_to_void(table, sides):
        last = max(sides["predictions"])
        why = "the masks hold damaged labels, and the largest label in the predictions"
        return max(last, 1) + 1, f"{why} is {last}"
    both = table.count_truths().keys() & table.count_predictions().keys()
    if ignore_index != WHITE and WHITE in both:
        from iou_doctor.interpret.class_255 import is_class_255  # only if both arrays hold it

        if is_class_255(table):
            return WHITE + 1, f"{WHITE} is predicted as well as the other labels, so it is a class"
    largest = {side: max(labels) for side, labels in sides.items() if labels}
    if not largest or max(largest.values()) < 2:
        return 2, "no label is larger than 1"
    side = max(largest, key=lambda key: largest[key])
    return largest[side] + 1, f"the largest label in the {side} is {largest[side]}"


def _are_ramps_to_void(table: PairCounts, sides: Mapping[str, list[int]]) -> bool:
    """Return whether the masks hold labels all the way up to 255, and the predictions do not.

    A resize with interpolation writes them between classes and void.
    """
    if 255 not in table.count_truths() or not sides["predictions"]:
        return False
    last = max(sides["predictions"])
    beyond = [label for label in sides["masks"] if label > last]
    return last < LARGEST_CLASS and len(beyond) >= FEWEST_STRAYS and max(beyond) >= NEAR_VOID


def _list_rare_void_labels(table: PairCounts) -> list[int]:
    """Return the rare void labels of the masks, if no other label lies beyond the predictions."""
    predicted = table.count_predictions()
    classes = [label for label in predicted if 0 <= label < MOST_CLASSES]
    beyond = [label for label in table.count_truths() if label > max(classes, default=0)]
    labels = [label for label in beyond if label in RARE_VOID_LABELS]
    known = {*VOID_LABELS, *RARE_VOID_LABELS}
    return labels if known.issuperset(label for label in beyond if label < MOST_CLASSES) else []


def name_classes(options: Options, classes: int) -> tuple[str, ...]:
    """Return a name for each class: those that were given, or its number.

    Raises:
        UsageError: fewer names than classes were given.
    """
    if not options.class_names:
        return tuple(str(class_id) for class_id in range(classes))
    if (names := len(options.class_names)) < classes:
        raise UsageError(
            f"--class-names has {names} name{'' if names == 1 else 's'} for {classes} classes;"
            " give one name for each class"
        )
    return tuple(map(escape_name, options.class_names[:classes]))
