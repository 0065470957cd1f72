"""The labels that the codes of a graph's tables stand for, and the ranges of labels with codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Layout
from iou_doctor.counts.label_decoding import VALUE_LIMIT, LabelDecoding, Pairing, encode_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.scan.tensorflow.graph_codes import BINS, TENTHS
from iou_doctor.scan.tensorflow.graph_values import Tensor

VALUES = frozenset(
    {LabelDecoding.LABELS, LabelDecoding.TIMES_255, LabelDecoding.BINS, LabelDecoding.TENTHS}
)
SPANNED = (LabelDecoding.LABELS, LabelDecoding.TIMES_255)
"""Decodings whose range of labels depends on the data."""
FIRST_WIDTH = 32
"""Labels that have a code at first. Most data sets have no others except void labels."""
MOST_WIDTH = 2**12
"""The widest range of labels that gets codes. Tables of wider ranges would be too large, so NumPy
sorts the pairs instead."""

Key = tuple[str, LabelDecoding, bool]
"""The side (`true` or `pred`), the decoding, and whether values are paired one by one."""
Span = tuple[int, int]
"""The smallest label with a code, and the number of labels with one."""
Spans = dict[Key, Span]
LabelTotals = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Labels, and how often each occurs. A label may occur more than once."""
Numbers = dict[str, int | float]
"""The counts and extremes of one array by name; see `TensorForm.read_numbers`."""


def list_keys(pairing: Pairing) -> tuple[Key, Key]:
    """Return the keys of truth and prediction."""
    return ("true", pairing.y_true, pairing.flat), ("pred", pairing.y_pred, pairing.flat)


class CodeTable:
    """The codes of all decodings of a pass."""

    def __init__(self, layout: Layout, pairings: Sequence[Pairing]) -> None:
        self._channels = {"true": layout.y_true.channels, "pred": layout.y_pred.channels}
        self._pairings = pairings
        self.keys = tuple(dict.fromkeys(key for p in pairings for key in list_keys(p)))
        """In the order in which a graph gives their codes."""

    def make_first_spans(self) -> Spans:
        """Return the ranges to begin with."""
        return {key: (0, FIRST_WIDTH) for key in self.keys if key[1] in SPANNED}

    def get_size(self, key: Key, width: Tensor | int) -> Tensor | int:
        """Return the number of codes if `width` labels have one, as an int or a tensor."""
        if key[1] in SPANNED:
            return 2 * width + 1
        sizes = {LabelDecoding.BINS: BINS + 1, LabelDecoding.TENTHS: TENTHS + 1}
        return sizes.get(key[1], 2 * self._channels[key[0]])

    def count_cells(self, spans: Spans) -> int:
        """Return the number of cells of the largest table of an image."""
        sizes = (
            prod(self.get_size(key, spans.get(key, (0, 1))[1]) for key in list_keys(pairing))
            for pairing in self._pairings
        )
        return max(sizes, default=1)

    def list_labels(self, key: Key, spans: Spans) -> NDArray[np.int64]:
        """Return the label that each code stands for."""
        _, decoding, flat = key
        if decoding in SPANNED:
            low, width = spans[key]
            values = np.arange(low, low + width, dtype=np.int64)
            as_they_are = flat or decoding is LabelDecoding.TIMES_255
            odd = values if as_they_are else encode_no_class(values)
            last = np.array([-VALUE_LIMIT])
            return np.concatenate([values, odd, last if as_they_are else encode_no_class(last)])
        size = self.get_size(key, 1)
        codes = np.arange(size)
        if decoding in VALUES:
            return np.where(codes == size - 1, encode_no_class(codes * 0), codes)
        return np.where(codes < size // 2, codes, encode_no_class(codes - size // 2))


def count_labels(name: str, tables: Mapping[Pairing, PairCounts]) -> LabelTotals | None:
    """Return the labels of a side and how often each occurs; `None` if no table has them."""
    for pairing, table in tables.items():
        if name == "true" and pairing.y_true is LabelDecoding.LABELS:
            return table.truth, table.count
        if name == "pred" and pairing.y_pred is LabelDecoding.LABELS:
            return table.prediction, table.count
    return None


def find_wanted_spans(spans: Spans, numbers: Mapping[str, Numbers]) -> Spans | None:
    """Return the range of labels of each decoding; `None` if one is too wide.

    Args:
        spans: the ranges so far.
        numbers: the extremes that were found, by side.
    """
    found: Spans = {}
    for key in spans:
        low, high = _find_range(key[1], numbers[key[0]])
        if low < -VALUE_LIMIT or high > VALUE_LIMIT or high - low >= MOST_WIDTH:
            return None
        found[key] = low, high - low + 1
    return found


def are_within(spans: Spans, others: Spans) -> bool:
    """Return whether each of the other ranges lies within its span."""
    return all(
        spans[key][0] <= other[0] and sum(other) <= sum(spans[key]) for key, other in others.items()
    )


def join_spans(span: Span, other: Span) -> Span:
    """Return a range that holds the wanted one, and the former one if the two are near."""
    low, stop = min(span[0], other[0]), max(sum(span), sum(other))
    if stop - low > MOST_WIDTH:
        low, stop = other[0], sum(other)
    return low, 1 << (stop - low - 1).bit_length()


def _find_range(decoding: LabelDecoding, numbers: Numbers) -> tuple[int, int]:
    """Return the smallest and the largest label, truncated toward zero."""
    low, high = numbers["minimum"], numbers["maximum"]
    if not (math.isfinite(low) and math.isfinite(high)):  # there is no finite value
        return 0, 0
    if decoding is LabelDecoding.TIMES_255:
        low, high = (float(np.rint(np.clip(float(v), -1e300, 1e300) * 255)) for v in (low, high))
    return int(low), int(high)
