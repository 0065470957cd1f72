"""Scores that scripts compute with the stored numbers themselves, as if they were 0 and 1.

`p & t`, `p * t` and `p + t == 2` mean the intersection for zeros and ones only. For other numbers
and other dtypes they mean something else, and the counts of pairs of stored numbers show what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.added_arrays import (
    FOREGROUND_255,
    Flags,
    Sums,
    average_ratios,
    build_candidate,
    compare_sums,
    sum_values,
)
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.threshold_means import average_thresholds

STORED = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS)
BYTE = 256
LARGEST_BYTE = 127
MOST_CLASSES = 40
"""The maximum number of classes whose areas are wrapped."""

_BITWISE = Cause(
    "metric-misreads-arrays",
    "bitwise `&` and `|` of the stored numbers",
    "compare with the class id first: (p == c) & (t == c)",
    prior=0.6,
)
_PRODUCTS = Cause(
    "metric-misreads-arrays",
    "sums of products of class ids: p * t is the intersection for 0 and 1 only",
    "compare with the class id first: (p == c) * (t == c)",
    prior=0.5,
)
_PRODUCTS_255 = Cause(
    "masks-0-255",
    "sums of products p * t, but an array holds 255 in place of 1",
    "use masks > 127, or divide by 255",
    prior=0.6,
)
_WRAPPED_PRODUCTS = replace(
    _PRODUCTS_255,
    claim="products in uint8 that wrap at 256: 255 * 255 is 1",
    next_step="use masks > 127, or convert both arrays to float first",
    prior=0.4,
)
_FOREGROUND = Cause(
    "metric-misreads-arrays",
    "all class ids above 0 count as one class, as astype(bool) makes of them",
    "compare with each class id: p == c and t == c",
    prior=0.7,
)
CONFUSED_PRIOR = 0.95
"""The prior where classes alone would score badly: above that of arrays after repairs."""
_WRAPPED_AREAS = Cause(
    "counter-overflow",
    "areas counted in uint8, which wrap at 256",
    "sum in int64: array.sum(dtype=np.int64)",
    prior=0.5,
)
_SIGNED_AREAS = replace(_WRAPPED_AREAS, claim="areas counted in int8, which wrap at 128", prior=0.2)


@record
class _Product:
    """Something that scripts take for the areas: of the truth, the prediction, and of both."""

    cause: Cause
    words: str
    truth: Sums
    predicted: Sums
    both: Sums
    union: Sums | None = None
    """`None` where the script subtracts the intersection from the sum of both areas."""


def evaluate_stored_values(evidence: Evidence) -> Iterator[Candidate]:
    """Yield the values of arithmetic on the stored numbers, if both arrays store integers."""
    pairs = _find_stored_pairs(evidence)
    if pairs is None:
        return
    yield from compare_sums(evidence, pairs)
    for product in _list_products(evidence, pairs):
        for words, value in _form_ratios(product):
            yield build_candidate(product.cause, f"{words} of {product.words}", value)
    yield from average_thresholds(pairs)


def _find_stored_pairs(evidence: Evidence) -> PairCounts | None:
    layout = evidence.interpretation.layout
    if layout.relation is not Relation.EQUAL or layout.y_true.is_dense or layout.y_pred.is_dense:
        return None
    pairs = evidence.stats.tables.get(STORED)
    if pairs is None or not len(pairs):
        return None
    pooled = pairs.pool()
    strange = is_no_class(pooled.truth).any() or is_no_class(pooled.prediction).any()
    return None if strange else pairs


def _list_products(evidence: Evidence, pairs: PairCounts) -> Iterator[_Product]:
    """Yield the areas that scripts compute from the stored numbers."""
    highest = max(pairs.truth_span[1], pairs.prediction_span[1])
    lowest = min(pairs.truth_span[0], pairs.prediction_span[0])
    is_binary = lowest >= 0 and highest <= 1
    for groups, where in ((pairs.pool(), ""), (pairs, " of each image")):
        if where and groups.image_span[0] == groups.image_span[1]:
            continue
        if not is_binary:
            yield from _count_foreground(groups, where)
            yield from _multiply(groups, where)
            yield from _combine_bits(evidence, groups, where)
        if lowest >= 0:
            yield from _wrap_areas(groups, where)


def _count_foreground(pairs: PairCounts, where: str) -> Iterator[_Product]:
    """Yield the areas of everything but 0, if that is more than one class on either side."""
    if max(len({*found} - {0}) for found in (pairs.count_truths(), pairs.count_predictions())) < 2:
        return
    true, pred = pairs.truth != 0, pairs.prediction != 0
    areas = sum_values(pairs, true), sum_values(pairs, pred), sum_values(pairs, true & pred)
    right = pairs.count[true & (pairs.truth == pairs.prediction)].sum()
    confused = 2 * right < pairs.count[true & pred].sum()  # most of it has another class
    cause = replace(_FOREGROUND, prior=CONFUSED_PRIOR) if confused else _FOREGROUND
    yield _Product(cause, f"the foreground{where}", *areas)


def _multiply(pairs: PairCounts, where: str) -> Iterator[_Product]:
    true, pred = pairs.truth, pairs.prediction
    bright = {0, FOREGROUND_255} in ({*pairs.count_truths()}, {*pairs.count_predictions()})
    cause = _PRODUCTS_255 if bright else _PRODUCTS
    plain, both = (sum_values(pairs, true), sum_values(pairs, pred)), sum_values(pairs, true * pred)
    yield _Product(cause, f"p * t{where}", *plain, both)
    squares = sum_values(pairs, true * true), sum_values(pairs, pred * pred)
    yield _Product(cause, f"p * t, over squares{where}", *squares, both)
    if bright:
        wrapped = sum_values(pairs, (true * pred) % BYTE)
        yield _Product(_WRAPPED_PRODUCTS, f"p * t in uint8{where}", *plain, wrapped)


def _combine_bits(evidence: Evidence, pairs: PairCounts, where: str) -> Iterator[_Product]:
    kinds = {source.dtype.kind for source in (evidence.pair.y_true, evidence.pair.y_pred)}
    if not kinds <= set("iub"):
        return
    true, pred = pairs.truth, pairs.prediction
    both, either = true & pred, true | pred
    yield _Product(
        _BITWISE,
        f"p & t and p | t{where}",
        sum_values(pairs, true),
        sum_values(pairs, pred),
        sum_values(pairs, both),
        sum_values(pairs, either),
    )
    yield _Product(
        _BITWISE,
        f"(p & t) != 0 and (p | t) != 0{where}",
        sum_values(pairs, true != 0),
        sum_values(pairs, pred != 0),
        sum_values(pairs, both != 0),
        sum_values(pairs, either != 0),
    )


def _wrap_areas(pairs: PairCounts, where: str) -> Iterator[_Product]:
    """Yield the areas of the foreground, and those of all classes, summed in one byte."""
    true, pred = pairs.truth, pairs.prediction
    yield from _wrap(f"the foreground{where}", pairs, [(true > 0, pred > 0)])
    labels = sorted(pairs.count_truths())
    if len(labels) <= MOST_CLASSES:
        yield from _wrap(
            f"each class{where}", pairs, [(true == label, pred == label) for label in labels]
        )


def _wrap(words: str, pairs: PairCounts, classes: list[tuple[Flags, Flags]]) -> Iterator[_Product]:
    exact = [
        np.concatenate([sum_values(pairs, table) for table in tables])
        for tables in zip(
            *((true, pred, true & pred, true | pred) for true, pred in classes), strict=True
        )
    ]
    for cause, wrap in ((_WRAPPED_AREAS, _wrap_byte), (_SIGNED_AREAS, _wrap_signed)):
        wrapped = [wrap(sums) for sums in exact]
        *changed, union = (
            not np.array_equal(new, old) for new, old in zip(wrapped, exact, strict=True)
        )
        true, pred, both, either = wrapped
        if any(changed):
            yield _Product(cause, words, true, pred, both)
        if union or any(changed):
            yield _Product(cause, f"{words}, with its union", true, pred, both, either)


def _wrap_byte(sums: Sums) -> Sums:
    return np.mod(sums, BYTE)


def _wrap_signed(sums: Sums) -> Sums:
    half = LARGEST_BYTE + 1
    return np.mod(sums + half, BYTE) - half


def _form_ratios(product: _Product) -> Iterator[tuple[str, float]]:
    """Yield the means over the groups of the ratios that scripts form."""
    areas = product.truth + product.predicted
    union = areas - product.both if product.union is None else product.union
    wraps: Callable[[Sums], Sums] | None = None
    if product.cause is _WRAPPED_AREAS:
        wraps = _wrap_byte
    elif product.cause is _SIGNED_AREAS:
        wraps = _wrap_signed
    yield from average_ratios("IoU", product.both, union)
    yield from average_ratios("Dice", 2 * product.both, areas)
    if wraps is not None:
        yield from average_ratios("Dice", wraps(2 * product.both), wraps(areas))
        yield from average_ratios("IoU", product.both, wraps(union))
