"""Each fault of ids is the re-projection that it says it is."""

from __future__ import annotations

import numpy as np
import pytest
from build import noisy, scene

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.scan.numpy.pair_counts import count_pairs
from iou_doctor.score_search.faults.label_faults import list_faults

CLASSES = 3
MASKS = scene(1).astype(np.int64)
LABELS = noisy(MASKS, 2).astype(np.int64)
FLAT = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS, flat=True)


def inputs(masks=MASKS, labels=LABELS, *, classes=CLASSES, ignore_index=None) -> MetricInputs:
    n = len(masks)
    table = count_pairs(
        y_true=masks.reshape(n, -1), y_pred=labels.reshape(n, -1), samples=np.arange(n)
    )
    return MetricInputs(
        form=PredictionForm.LABELS,
        samples=n,
        num_classes=classes,
        ignore_index=ignore_index,
        labels=table,
        true_dtype=masks.dtype,
        pred_dtype=labels.dtype,
        flat={FLAT: table},
    )


def changed(words, read):
    found = [after for cause, after in list_faults(read) if words in cause.claim]
    assert found, [cause.claim for cause, _ in list_faults(read)]
    return found[0]


@pytest.mark.parametrize(
    ("words", "masks", "labels"),
    [
        ("every prediction is class 0", MASKS, LABELS * 0),
        ("every true label is 0", MASKS * 0, LABELS),
        ("the masks are shifted by +1", MASKS + 1, LABELS),
        ("the masks are shifted by -1", MASKS - 1, LABELS),
        ("the predictions are shifted by +1", MASKS, LABELS + 1),
        ("the predictions are shifted by -1", MASKS, LABELS - 1),
        ("became 255", np.where(MASKS == 0, 255, MASKS - 1), LABELS),
        ("are swapped", LABELS, MASKS),
        ("classes 0 and 2 are swapped", MASKS, np.array([2, 1, 0])[LABELS]),
        ("reverse order", MASKS, 2 - LABELS),
        ("the last class of the masks, the first", MASKS, np.array([1, 2, 0])[LABELS]),
        ("the first class of the masks, the last", MASKS, np.array([2, 0, 1])[LABELS]),
    ],
)
def test_a_fault_counts_as_the_arrays_with_it(words, masks, labels):
    assert changed(words, inputs()).labels == inputs(masks, labels).labels


def test_two_classes_may_be_0_and_255_or_inverted():
    masks, labels = (MASKS > 0).astype(np.int64), (LABELS > 0).astype(np.int64)
    read = inputs(masks, labels, classes=2)
    assert changed("0 and 255", read).labels == inputs(masks * 255, labels).labels
    assert changed("are swapped", read).labels == inputs(1 - masks, labels).labels
    assert not [cause for cause, _ in list_faults(inputs()) if "0 and 255" in cause.claim]


def test_void_may_be_undeclared_taken_out_or_counted_as_a_class():
    masks = np.where(MASKS == 1, 255, MASKS)
    read = inputs(masks, ignore_index=255)
    assert changed("is not declared", read).ignore_index is None
    out = changed("removed first", read)
    assert out.ignore_index is None
    assert out.labels.total == int((masks != 255).sum())
    as_background = changed("counted as class 0", read)
    assert as_background.labels == inputs(np.where(masks == 255, 0, masks)).labels
    own = changed("one more class", read)
    assert own.num_classes == CLASSES + 1
    assert own.labels == inputs(np.where(masks == 255, CLASSES, masks)).labels


def test_the_ignore_label_is_not_shifted():
    masks = np.where(MASKS == 1, 255, MASKS)
    shifted = changed("the masks are shifted by +1", inputs(masks, ignore_index=255))
    assert shifted.labels == inputs(np.where(masks == 255, 255, masks + 1)).labels


def test_the_background_may_be_ignored_and_the_number_of_classes_wrong():
    assert changed("class 0 is ignored", inputs()).ignore_index == 0
    assert changed("one too large", inputs()).num_classes == CLASSES + 1
    assert changed("one too small", inputs()).num_classes == CLASSES - 1


def test_batches_are_tried_only_where_their_size_is_not_known():
    sizes = [after.batch_size for _, after in list_faults(inputs()) if after.batch_size]
    assert sizes == [size for size in (1, 2, 4, 8, 16, 32) if size < len(MASKS)]


def test_no_hypothesis_loses_a_pixel_but_those_that_say_so():
    for cause, after in list_faults(inputs()):
        if "row and column" not in cause.claim:
            assert after.labels.total == MASKS.size, cause.claim


@pytest.mark.parametrize(("ignore", "labels"), [(None, {0, 2}), (1, {0, 1, 2}), (255, {0, 2})])
def test_rows_and_columns_of_a_class_are_deleted(ignore, labels):
    found = {
        label: after.labels.total
        for label in range(CLASSES)
        for cause, after in list_faults(inputs(ignore_index=ignore))
        if f"row and column of class {label}" in cause.claim
    }
    kept = {label: ((label != MASKS) & (label != LABELS)).sum() for label in labels}
    assert found == kept
