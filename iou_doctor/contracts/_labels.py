"""From a table of class ids to areas: odd labels, ignored ones, cells and their counters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.contract import Choices, Counting, Floats, Ignored, Stray, Wrap
from iou_doctor.contracts._areas import (
    Areas,
    Raises,
    RaisesForLabel,
    count_areas,
)
from iou_doctor.derivation import Derivation, Pairing, is_no_class, naive_answer
from iou_doctor.given import Form, Given
from iou_doctor.stats import PairCounts

STOPS_AT = 2**24
"""In float32, 2**24 + 1 is 2**24."""


def class_ids(given: Given, choices: Choices) -> PairCounts:
    """Return the pairs as the library reads them where it takes class ids."""
    if choices.integers and given.pred_dtype.kind == "f" and given.form is not Form.CHANNELS:
        raise Raises(f"TypeError: label maps of {given.pred_dtype} are not integers")
    broken = is_no_class(given.labels.prediction) & (given.labels.count > 0)
    if choices.floats is Floats.REFUSED and given.form is not Form.CHANNELS and broken.any():
        raise Raises("ValueError: continuous is not supported")
    return given.labels.relabel(truth=naive_answer, prediction=naive_answer)


def flattened(given: Given, pairing: Pairing) -> PairCounts:
    """Return what an implementation reads that casts both sides to integers.

    Raises:
        Raises: the two sides flatten to different lengths.
    """
    if pairing not in given.flat:
        raise Raises(size_error(given.lengths.get(pairing, (None, None))))
    pairs = given.flat[pairing].relabel(truth=naive_answer, prediction=naive_answer)
    if pairing.pred is Derivation.BINS:
        return pairs.relabel(prediction=lambda codes: (codes % 3 >= 1).astype(np.int64))
    return pairs


def of_pairs(pairs: PairCounts, given: Given, choices: Choices) -> Areas:
    """Return the areas of a table of ids, after the contract's rules for odd ones."""
    pairs = without_ignored(pairs, given, choices)
    if choices.stray_truth is Stray.OWN_CLASS:
        return _of_seen_labels(pairs, given)
    if choices.distinct:
        _check_distinct(given)
    cells = _in_cells(pairs, given.num_classes, choices)
    dropped = pairs.total - cells.total
    if choices.counting is Counting.STOPS and given.batch_size is not None:
        cells = saturated(cells, given.batch_size)
    found = count_areas(cells, images=given.samples, classes=given.num_classes)
    found = replace(found, dropped=dropped, largest=int(cells.pooled().count.max(initial=0)))
    if choices.ignored is Ignored.CLASS_CLEARED and given.ignore_index is not None:
        found = _cleared(found, given.ignore_index)
    return found


def without_ignored(pairs: PairCounts, given: Given, choices: Choices) -> PairCounts:
    """Return the pairs without those whose truth the contract ignores."""
    ignore, rule = given.ignore_index, choices.ignored
    if rule is Ignored.BELOW_0_TOO:
        pairs = pairs.where(pairs.truth >= 0)
    if rule is Ignored.IS_255:
        ignore = 255
    if ignore is None or rule in {Ignored.NO_OPTION, Ignored.CLASS_CLEARED}:
        return pairs
    if rule is Ignored.INSIDE_ONLY and not 0 <= ignore < given.num_classes:
        return pairs
    if rule is Ignored.OUTSIDE_ONLY and 0 <= ignore < given.num_classes:
        raise Raises("ValueError: `ignore_index` should be outside the class values range")
    return pairs.where(pairs.truth != ignore)


def saturated(cells: PairCounts, batch_size: int) -> PairCounts:
    """Return the counts of updates of so many images, each cell stopping at 2**24."""
    updates = PairCounts.from_rows(
        image=cells.image // batch_size,
        truth=cells.truth,
        prediction=cells.prediction,
        count=cells.count,
    )
    return replace(updates, count=updates.count.clip(max=STOPS_AT))


def _check_distinct(given: Given) -> None:
    """Raise where torchmetrics does, which counts values and does not look at them."""
    allowed = given.num_classes + (given.ignore_index is not None)
    if given.pred_dtype.kind == "f":
        return
    for side, labels, most in (
        ("target", given.labels.truth, allowed),
        ("preds", given.labels.prediction, given.num_classes),
    ):
        if given.form is Form.LABELS and len(np.unique(labels)) > most:
            raise Raises(f"RuntimeError: Detected more unique values in `{side}` than expected")


def _cleared(found: Areas, label: int) -> Areas:
    parts = [found.truth.copy(), found.predicted.copy(), found.intersection.copy()]
    for part in parts:
        if 0 <= label < part.shape[1]:
            part[:, label] = 0
    return Areas.of(parts)


def _of_seen_labels(pairs: PairCounts, given: Given) -> Areas:
    """Return the areas where every label that occurs is a class."""
    seen = np.unique(np.concatenate([pairs.truth, pairs.prediction]))
    ids = pairs.relabel(
        truth=lambda labels: np.searchsorted(seen, labels),
        prediction=lambda labels: np.searchsorted(seen, labels),
    )
    return count_areas(ids, images=given.samples, classes=len(seen))


def _in_cells(pairs: PairCounts, classes: int, choices: Choices) -> PairCounts:
    """Return the pairs in the cells where the implementation counts them.

    A side that is left out gets the label -1.
    """
    pairs = _side(pairs, "truth", classes, choices.stray_truth)
    pairs = _side(pairs, "prediction", classes, choices.stray_prediction)
    if Stray.WRAPS in {choices.stray_truth, choices.stray_prediction}:
        pairs = _wrapped(pairs, classes, choices.wrap)
    return pairs


def _side(pairs: PairCounts, side: str, classes: int, stray: Stray) -> PairCounts:
    labels = getattr(pairs, side)
    inside = (labels >= 0) & (labels < classes)
    if inside.all() or stray is Stray.WRAPS:
        return pairs
    if stray is Stray.RAISES:
        first = int(labels[~inside][0])
        raise RaisesForLabel(first, "masks" if side == "truth" else "predictions", classes)
    if stray is Stray.DROPPED:
        return pairs.where(inside)
    return replace(pairs, **{side: np.where(inside, labels, -1)})


def _wrapped(pairs: PairCounts, classes: int, wrap: Wrap) -> PairCounts:
    truth_major = wrap is Wrap.TRUTH_MAJOR
    width = classes + 1 if wrap is Wrap.WITH_VOID else classes
    major, minor = (
        (pairs.truth, pairs.prediction) if truth_major else (pairs.prediction, pairs.truth)
    )
    index = width * major + minor
    if len(index) and (index.min() < 0 or index.max() >= width * width):
        raise Raises(f"ValueError: cannot reshape into ({width}, {width})")
    one, other = np.divmod(index, width)
    truth, prediction = (one, other) if truth_major else (other, one)
    cells = PairCounts(pairs.image, truth, prediction, pairs.count)
    return cells.where((truth < classes) & (prediction < classes))


def size_error(lengths: tuple[int | None, int | None]) -> str:
    """Return the error of two arrays that flatten to different lengths."""
    true, pred = lengths
    if true is None or pred is None:
        return "ValueError: the images differ in size and cannot be stacked into one array"
    return (
        "InvalidArgumentError: shapes must match after flattening:"
        f" [{true}] masks, [{pred}] predictions"
    )
