from __future__ import annotations

import numpy as np
import pytest
from build import layout_of, logits, one_hot, pair_of, scene, sigmoid

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.arrays.pairings import (
    count_flat_labels,
    find_flat_pairing,
    list_doctor_pairings,
)
from iou_doctor.counts.label_decoding import LabelDecoding as Decoding
from iou_doctor.counts.label_decoding import Pairing

T = scene(1, classes=2)
FLOATS = T.astype(np.float32)
SCORES = sigmoid(T, 2)
DENSE = logits(scene(1), 2, classes=3)
FIRST = np.moveaxis(DENSE, -1, 1)


def pairs_of(y_true, y_pred, **options):
    pair = pair_of(y_true=y_true, y_pred=y_pred)
    layout = layout_of(y_true=y_true, y_pred=y_pred)
    return {(p.y_true, p.y_pred) for p in list_doctor_pairings(pair, layout, Options(**options))}


@pytest.mark.parametrize(
    ("y_true", "y_pred", "options", "expected"),
    [
        (T, T, {}, {(Decoding.LABELS, Decoding.LABELS)}),
        (T, DENSE, {}, {(Decoding.LABELS, Decoding.ARGMAX)}),
        (
            T,
            SCORES,
            {},
            {
                (Decoding.LABELS, Decoding.LABELS),
                (Decoding.LABELS, Decoding.BINS),
                (Decoding.LABELS, Decoding.TENTHS),
            },
        ),
        (T, SCORES, {"predictions_as": Encoding.LABELS}, {(Decoding.LABELS, Decoding.LABELS)}),
        (
            T,
            SCORES,
            {"predictions_as": Encoding.SIGMOID},
            {(Decoding.LABELS, Decoding.BINS), (Decoding.LABELS, Decoding.TENTHS)},
        ),
        (
            FLOATS,
            T,
            {},
            {
                (Decoding.LABELS, Decoding.LABELS),
                (Decoding.TIMES_255, Decoding.LABELS),
                (Decoding.BINS, Decoding.LABELS),
            },
        ),
        (FLOATS, T, {"masks_as": Encoding.SIGMOID}, {(Decoding.BINS, Decoding.LABELS)}),
        (T[:, :-1], T, {}, set()),
    ],
)
def test_each_possible_interpretation_has_its_pairing(y_true, y_pred, options, expected):
    assert pairs_of(y_true, y_pred, **options) == expected


@pytest.mark.parametrize(
    ("y_true", "y_pred", "decodings", "expected"),
    [
        (T, T, (Decoding.LABELS, Decoding.LABELS), Pairing(Decoding.LABELS, Decoding.LABELS)),
        (
            T,
            DENSE,
            (Decoding.LABELS, Decoding.ARGMAX_LAST),
            Pairing(Decoding.LABELS, Decoding.ARGMAX),
        ),
        (
            one_hot(scene(1), 3),
            DENSE,
            (Decoding.LABELS, Decoding.LABELS),
            Pairing(Decoding.LABELS, Decoding.LABELS, flat=True),
        ),
        (T, DENSE, (Decoding.LABELS, Decoding.LABELS), None),
        (T, FIRST, (Decoding.LABELS, Decoding.ARGMAX_LAST), None),
        (T[:1], T, (Decoding.LABELS, Decoding.LABELS), None),
    ],
)
def test_a_metric_that_flattens_has_a_pairing_if_the_lengths_are_equal(
    y_true, y_pred, decodings, expected
):
    layout = layout_of(y_true=y_true, y_pred=y_pred)
    assert find_flat_pairing(layout, *decodings) == expected


def test_an_argmax_along_the_class_axis_is_the_one_of_the_doctor():
    layout = layout_of(y_true=T, y_pred=FIRST)
    found = find_flat_pairing(layout, Decoding.LABELS, Decoding.ARGMAX_LAST, axis=1)
    assert found == Pairing(Decoding.LABELS, Decoding.ARGMAX)
    assert find_flat_pairing(layout, Decoding.LABELS, Decoding.ARGMAX_LAST, axis=2) is None


def test_labels_are_counted_after_an_argmax_and_before():
    layout = layout_of(y_true=T, y_pred=DENSE)
    values = Pairing(Decoding.LABELS, Decoding.LABELS, flat=True)
    assert count_flat_labels(layout, values) == (T.size, DENSE.size)
    argmax = Pairing(Decoding.LABELS, Decoding.ARGMAX_LAST, flat=True)
    assert count_flat_labels(layout, argmax) == (T.size, T.size)
