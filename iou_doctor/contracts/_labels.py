"""From a table of class ids to areas: odd labels, ignored ones, cells and their counters."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from iou_doctor.contract import Choices, Counting, Floats, Ignored, Stray, Wrap
from iou_doctor.contracts._areas import (
    Areas,
    Raises,
    RaisesForLabel,
    count_areas,
)
from iou_doctor.derivation import Derivation, Pairing, is_code_of_no_class, naive_answer
from iou_doctor.given import Form, Given
from iou_doctor.stats import PairCounts

STOPS_AT = 2**24
"""In float32, 2**24 + 1 is 2**24."""
MOST_KEPT = 2**22
"""Images times classes (100 MB of areas); beyond it they are counted for each contract anew."""


def class_ids(given: Given, choices: Choices) -> PairCounts:
    """Return the pairs as the library reads them where it takes class ids."""
    if choices.integers and given.pred_dtype.kind == "f" and given.form is not Form.CHANNELS:
        raise Raises(f"TypeError: label maps of {given.pred_dtype} are not integers")
    broken = is_code_of_no_class(given.labels.prediction_span[0])
    if choices.floats is Floats.REFUSED and given.form is not Form.CHANNELS and broken:
        raise Raises("ValueError: continuous is not supported")
    return naive(given.labels)


def naive(pairs: PairCounts) -> PairCounts:
    """Return the pairs with what a library reads where there is no class; equal rows may occur."""

    def answered() -> PairCounts:
        return replace(
            pairs, truth=naive_answer(pairs.truth), prediction=naive_answer(pairs.prediction)
        )

    lowest = min(pairs.truth_span[0], pairs.prediction_span[0])
    return pairs.once("naive", answered) if is_code_of_no_class(lowest) else pairs


def flattened(given: Given, pairing: Pairing) -> PairCounts:
    """Return what an implementation reads that casts both sides to integers.

    Raises:
        Raises: the two sides flatten to different lengths.
    """
    if pairing not in given.flat:
        raise Raises(size_error(given.lengths.get(pairing, (None, None))))
    pairs = naive(given.flat[pairing])
    if pairing.pred is Derivation.BINS:
        return pairs.once("above", lambda: _above(pairs))
    return pairs


def _above(pairs: PairCounts) -> PairCounts:
    return replace(pairs, prediction=(pairs.prediction % 3 >= 1).astype(np.int64))


def of_pairs(pairs: PairCounts, given: Given, choices: Choices) -> Areas:
    """Return the areas of a table of ids, after the contract's rules for odd ones."""
    pairs = without_ignored(pairs, given, choices)
    if choices.stray_truth is Stray.OWN_CLASS:
        return _of_seen_labels(pairs, given)
    if choices.distinct:
        _check_distinct(given)
    found = _counted(pairs, given, choices)
    return cleared(found, given.ignore_index) if choices.ignored is Ignored.CLASS_CLEARED else found


def _counted(pairs: PairCounts, given: Given, choices: Choices) -> Areas:
    """Return the areas of the cells where the pairs are counted; many contracts share them."""
    classes, images = given.num_classes, given.samples

    def counted() -> Areas:
        cells = _in_cells(pairs, classes, choices)
        dropped = 0 if cells is pairs else pairs.total - cells.total
        largest = _largest(cells, classes) if choices.counting is Counting.STOPS else 0
        if largest > STOPS_AT and given.batch_size is not None:
            cells = saturated(cells, given.batch_size)
        found = count_areas(cells, images=images, classes=classes)
        return replace(found, dropped=dropped, largest=largest)

    odd = not (_inside(pairs.truth_span, classes) and _inside(pairs.prediction_span, classes))
    stops = choices.counting is Counting.STOPS
    rules = (choices.stray_truth, choices.stray_prediction, choices.wrap) if odd else ()
    if images * classes > MOST_KEPT:
        return counted()
    return pairs.once(("areas", images, classes, stops and given.batch_size, stops, rules), counted)


def _largest(cells: PairCounts, classes: int) -> int:
    """Return the largest count of a cell over all images; -1 stands for no label."""
    index = (cells.truth + 1) * (classes + 1) + cells.prediction + 1
    return int(np.bincount(index, weights=cells.count, minlength=1).max())


def _inside(span: tuple[int, int], classes: int) -> bool:
    return span[0] >= 0 and span[1] < classes


def without_ignored(pairs: PairCounts, given: Given, choices: Choices) -> PairCounts:
    """Return the pairs without those whose truth the contract ignores."""
    ignore, rule = given.ignore_index, choices.ignored
    if rule is Ignored.BELOW_0_TOO:
        pairs = _without(pairs, "below 0")
    if rule is Ignored.IS_255:
        ignore = 255
    if ignore is None or rule in {Ignored.NO_OPTION, Ignored.CLASS_CLEARED}:
        return pairs
    if rule is Ignored.INSIDE_ONLY and not 0 <= ignore < given.num_classes:
        return pairs
    if rule is Ignored.OUTSIDE_ONLY and 0 <= ignore < given.num_classes:
        raise Raises("ValueError: `ignore_index` should be outside the class values range")
    return _without(pairs, ignore)


def _without(pairs: PairCounts, label: int | str) -> PairCounts:
    """Return the pairs without those of one true label, or without those below 0."""

    def kept() -> PairCounts:
        return pairs.where(pairs.truth >= 0 if isinstance(label, str) else pairs.truth != label)

    return pairs.once(("without", label), kept)


def _distinct(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    # asked for counts, NumPy does not import numpy.ma, which takes longer than a small check
    values, _ = np.unique(labels, return_counts=True)
    return values


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
    if given.pred_dtype.kind == "f" or given.form is not Form.LABELS:
        return
    pairs = given.labels
    for side, labels, span, most in (
        ("target", pairs.truth, pairs.truth_span, allowed),
        ("preds", pairs.prediction, pairs.prediction_span, given.num_classes),
    ):
        if not _inside(span, most) and len(_distinct(labels)) > most:
            raise Raises(f"RuntimeError: Detected more unique values in `{side}` than expected")


def cleared(found: Areas, label: int | None) -> Areas:
    """Return the areas without those of one class."""
    if label is None or not 0 <= label < found.truth.shape[1]:
        return found
    keep = np.arange(found.truth.shape[1]) != label
    return Areas.of(np.where(keep, part, 0) for part in found.parts)


def _of_seen_labels(pairs: PairCounts, given: Given) -> Areas:
    """Return the areas where every label that occurs is a class."""

    def counted() -> Areas:
        seen = _distinct(np.concatenate([pairs.truth, pairs.prediction]))
        ids = replace(
            pairs,
            truth=np.searchsorted(seen, pairs.truth),
            prediction=np.searchsorted(seen, pairs.prediction),
        )
        return count_areas(ids, images=given.samples, classes=len(seen))

    return pairs.once(("areas of all labels", given.samples), counted)


def _in_cells(pairs: PairCounts, classes: int, choices: Choices) -> PairCounts:
    """Return the pairs in the cells where the implementation counts them.

    A side that is left out gets the label -1.
    """
    pairs = _side(pairs, "truth", classes, choices.stray_truth)
    pairs = _side(pairs, "prediction", classes, choices.stray_prediction)
    wraps = Stray.WRAPS in {choices.stray_truth, choices.stray_prediction}
    inside = _inside(pairs.truth_span, classes) and _inside(pairs.prediction_span, classes)
    if wraps and not inside:
        pairs = _wrapped(pairs, classes, choices.wrap)
    return pairs


def _side(pairs: PairCounts, side: str, classes: int, stray: Stray) -> PairCounts:
    if stray is Stray.WRAPS or _inside(getattr(pairs, f"{side}_span"), classes):
        return pairs
    labels = getattr(pairs, side)
    inside = (labels >= 0) & (labels < classes)
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
    outside = (index < 0) | (index >= width * width)
    if outside.any():
        _refuse_label(pairs.where(outside), classes)
    one, other = np.divmod(index, width)
    truth, prediction = (one, other) if truth_major else (other, one)
    cells = PairCounts(pairs.image, truth, prediction, pairs.count)
    return cells.where((truth < classes) & (prediction < classes))


def _refuse_label(pairs: PairCounts, classes: int) -> NoReturn:
    """Raise for the first label outside the classes, that of the masks before the predictions."""
    for side, labels in (("masks", pairs.truth), ("predictions", pairs.prediction)):
        odd = labels[(labels < 0) | (labels >= classes)]
        if len(odd):
            raise RaisesForLabel(int(odd[0]), side, classes)
    raise AssertionError("labels within the classes have a cell")


def size_error(lengths: tuple[int | None, int | None]) -> str:
    """Return the error of two arrays that flatten to different lengths."""
    true, pred = lengths
    if true is None or pred is None:
        return "ValueError: the images differ in size and cannot be stacked into one array"
    return (
        "InvalidArgumentError: shapes must match after flattening:"
        f" [{true}] masks vs. [{pred}] predictions"
    )
