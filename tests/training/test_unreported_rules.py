"""The rules that a training leaves out, before and after its first epoch."""

from __future__ import annotations

from iou_doctor.training.unreported_rules import list_unreported_rules

NEVER = {
    "absent-class",
    "averaging-gap",
    "class-imbalance",
    "collapsed-predictions",
    "counter-overflow",
    "duplicated-samples",
    "extra-axis",
    "index-overflow",
    "mostly-ignored",
    "never-predicted-class",
    "num-classes-too-large",
    "shared-padding",
    "suspicious-perfect-score",
    "threshold-off",
    "unlabelled-class-predicted",
    "weak-agreement",
}
ABOUT_A_TRAINED_NETWORK = {
    "axes-permuted",
    "double-activation",
    "faulty-samples",
    "flipped-samples",
    "height-width-swapped",
    "inputs-swapped",
    "inverted-masks",
    "labels-off-by-one",
    "misplaced-tiles",
    "outlying-samples",
    "permuted-classes",
    "relu-before-sigmoid",
    "recoded-class-ids",
    "shifted-predictions",
    "shuffled-samples",
    "zero-label-reduced",
}


def test_rules_about_all_samples_or_hand_written_metrics_are_never_reported():
    assert {*list_unreported_rules(trained=True)} == NEVER


def test_rules_about_a_trained_network_wait_for_the_first_epoch():
    assert {*list_unreported_rules(trained=False)} == NEVER | ABOUT_A_TRAINED_NETWORK
