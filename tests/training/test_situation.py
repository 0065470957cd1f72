"""The rules that a training leaves out: at the start, after an epoch, and in a validation."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from build import names, one_hot
from field.arrays import draw_masks, predict

from iou_doctor.training.metric_check import check_metric
from iou_doctor.training.situation import Fit, Situation, Stage, list_unreported_rules

METRICS = keras.metrics
NEVER = {
    "absent-class",
    "averaging-gap",
    "channels-not-normalised",
    "class-imbalance",
    "collapsed-predictions",
    "counter-overflow",
    "duplicated-samples",
    "extra-axis",
    "index-overflow",
    "mostly-ignored",
    "never-predicted-class",
    "num-classes-too-large",
    "predictions-equal-masks",
    "shared-padding",
    "suspicious-perfect-score",
    "threshold-off",
    "unlabelled-class-predicted",
    "weak-agreement",
}
OF_A_TRAINED_NETWORK = {
    "axes-permuted",
    "double-activation",
    "flipped-samples",
    "height-width-swapped",
    "inputs-swapped",
    "misplaced-tiles",
    "relu-before-sigmoid",
    "shuffled-samples",
}
OF_A_FITTING_NETWORK = {"faulty-samples", "outlying-samples"}
OF_NEW_DATA = {
    "constant-output",
    "inverted-masks",
    "labels-off-by-one",
    "objects-as-channels",
    "permuted-classes",
    "recoded-class-ids",
    "shifted-predictions",
    "zero-label-reduced",
}
GOOD = Fit(is_good=True, labels=frozenset({0, 1, 2, 3}))
MASKS = draw_masks((8, 32, 32), 2, smoothness=4.0)


@pytest.mark.parametrize(
    ("situation", "unreported"),
    [
        (
            Situation(stage=Stage.FIRST_BATCHES),
            OF_A_TRAINED_NETWORK | OF_A_FITTING_NETWORK | OF_NEW_DATA,
        ),
        (Situation(stage=Stage.EPOCH), OF_NEW_DATA),
        (Situation(stage=Stage.VALIDATION), OF_A_FITTING_NETWORK | OF_NEW_DATA),
        (Situation(stage=Stage.VALIDATION, fit=GOOD), set()),
        (Situation(stage=Stage.EVALUATION), set()),
        (Situation(stage=Stage.EPOCH, may_lack_object=True), OF_NEW_DATA | {"masks-0-255"}),
        (Situation(stage=Stage.EPOCH, may_lack_object=True, lacks_object=True), OF_NEW_DATA),
        (Situation(stage=Stage.VALIDATION, fit=GOOD, may_lack_object=True), set()),
    ],
)
def test_rules_wait_until_they_can_be_judged(situation, unreported):
    assert {*list_unreported_rules(situation)} == NEVER | unreported


def list_rules(metric, y_true, y_pred, **situation) -> list[str]:
    """Return the rules that are reported on what a metric received, without the notes."""
    arrays = y_true, y_pred, None
    report, _ = check_metric(metric, arrays, Situation(**situation), class_names=(), ignore=())
    return [name for name in names(report) if name != "weak-agreement"]


def test_samples_that_differ_are_named_only_if_the_network_fits_the_others():
    metric, predicted = METRICS.MeanIoU(2), predict(MASKS, 2)
    some = np.where(np.arange(8)[:, np.newaxis, np.newaxis] < 1, 1 - MASKS, MASKS)
    assert list_rules(metric, some, predicted, stage=Stage.EPOCH) == ["faulty-samples"]
    hardly_trained = np.ones_like(MASKS)
    hardly_trained[:6, 0] = np.eye(32, dtype=np.uint8)[:6]
    hardly_trained[6] = hardly_trained[3]  # two equal predictions
    assert list_rules(metric, MASKS, hardly_trained, stage=Stage.EPOCH) == []


@pytest.mark.parametrize(
    ("known", "rules"), [({0, 1, 2, 3}, []), ({0, 1, 2}, ["recoded-class-ids"])]
)
def test_a_class_that_is_not_learned_yet_is_not_taken_for_another_id(known, rules):
    masks = draw_masks((8, 32, 32), 3, smoothness=4.0) + 1
    scores = one_hot(np.where(masks == 3, 0, masks), 4, np.float32) * 0.7 + 0.075
    metric, fit = (
        METRICS.MeanIoU(4, sparse_y_pred=False),
        Fit(is_good=True, labels=frozenset(known)),
    )
    assert list_rules(metric, masks, scores, stage=Stage.VALIDATION, fit=fit) == rules


@pytest.mark.parametrize(("pixels", "rules"), [(2, []), (4, ["shifted-predictions"])])
def test_a_small_shift_in_a_validation_may_be_that_of_a_young_network(pixels, rules):
    masks = draw_masks((8, 64, 64), 2, smoothness=3.0)
    shifted = np.roll(masks, pixels, axis=2)
    situation = {"stage": Stage.VALIDATION, "fit": GOOD}
    assert list_rules(METRICS.MeanIoU(2), masks, shifted, **situation) == rules
    situation = {"stage": Stage.EVALUATION}
    assert list_rules(METRICS.MeanIoU(2), masks, shifted, **situation) == ["shifted-predictions"]


@pytest.mark.parametrize(("found", "rules"), [(MASKS, ["masks-0-255"]), (0 * MASKS, [])])
def test_a_network_that_knows_the_object_must_find_it_where_a_validation_ignores(found, rules):
    metric = METRICS.MeanIoU(2, ignore_class=255)
    situation = {"stage": Stage.VALIDATION, "fit": GOOD, "may_lack_object": True}
    assert list_rules(metric, MASKS * 255, found, **situation) == rules
