"""Numbers that follow from a few facts about the data."""

from __future__ import annotations

import numpy as np
import pytest
from build import noisy, scene
from score_search.faults.test_label_faults import inputs

from iou_doctor.report.score_lookup import parse_score
from iou_doctor.score_search.faults.closed_forms import list_formulas
from iou_doctor.score_search.faults.conditions import list_conditions
from iou_doctor.score_search.faults.formula import Facts
from iou_doctor.score_search.faults.measure_facts import measure_facts


def values(cause, **known):
    return [form.value for form in list_formulas(**known) if form.cause.name == cause]


@pytest.mark.parametrize(
    ("classes", "value"), [(2, 0.25), (3, 1 / 3), (4, 0.375), (5, 0.4), (21, 10 / 21)]
)
def test_one_hot_masks_and_softmax_give_half_of_all_but_one_class(classes, value):
    # run with Keras 3.15: (C - 1) / 2C
    assert values("one-hot-masks", num_classes=classes) == [pytest.approx(value)]


def test_without_a_number_of_classes_the_common_ones_are_tried_and_told():
    claims = [form.cause.claim for form in list_formulas() if form.cause.name == "one-hot-masks"]
    assert any(claim.endswith("C = 3") for claim in claims)
    assert len(claims) > 10


def test_shares_of_the_classes_give_what_a_sigmoid_cast_to_0_gives():
    facts = Facts(shares=(0.8, 0.2), accuracy=0.9, softmax_dice=0.6)
    forms = {form.implementation: form.value for form in list_formulas(num_classes=2, facts=facts)}
    assert forms["Keras MeanIoU(2)"] == pytest.approx(0.4)
    assert forms["np.logical_and"] == pytest.approx(0.2)
    assert forms["MONAI DiceMetric"] == pytest.approx(0.6)
    assert forms["sklearn jaccard_similarity_score"] == pytest.approx(0.9)
    assert forms["jaccard_distance"] == pytest.approx(1 - 0.1 / 101)


def test_facts_are_those_of_the_arrays():
    masks, labels = scene(1).astype(np.int64), noisy(scene(1), 2).astype(np.int64)
    masks[1, :2] = 255
    masks[0] = 0
    kept = masks != 255
    facts = measure_facts(inputs(masks, labels, ignore_index=255))
    assert facts.shares == pytest.approx([(masks[kept] == c).mean() for c in range(3)])
    assert facts.accuracy == pytest.approx((masks == labels)[kept].mean())
    dice = []
    for mask in masks:
        shares = np.array([(mask[mask != 255] == label).mean() for label in np.unique(mask)])
        shares = shares[shares > 0]
        dice.append((2 * shares / (1 + shares)).mean())
    assert facts.softmax_dice == pytest.approx(np.mean(dice))


def test_arrays_without_a_counted_pixel_give_no_numbers():
    masks = np.full((1, 2, 2), 255)
    forms = list(
        list_formulas(
            num_classes=3, facts=measure_facts(inputs(masks, masks * 0, ignore_index=255))
        )
    )
    assert not any(np.isnan(form.value) for form in forms)


def test_the_smooth_term_over_the_channels_cannot_fall_below_0_99():
    forms = list_formulas(num_classes=2, facts=Facts((0.5, 0.5), accuracy=0.0, softmax_dice=0.6))
    (value,) = [form.value for form in forms if form.implementation == "jaccard_distance"]
    assert value == pytest.approx(100 / 101)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("0.3333", "the background holds 66.66% of the pixels"),
        ("0.3333", "50.00% of the pixels are correct"),
        ("0.0048", "the data set is Cityscapes"),
        ("0.3333", "33.33% times K of the pixels are predicted as class 0"),
        ("0.3333", "66.66% of the true background is predicted as background"),
        ("0.3333", "33.33% or 66.66% of the true foreground is found"),
        ("0.9123", "91.23% of the true foreground is found"),
        ("0.9123", "91.23% of the pixels are correct"),
        ("0.9123", "the foreground holds 91.23% of the pixels"),
    ],
)
def test_a_number_alone_says_what_the_data_would_have_to_be_like(score, words):
    assert words in [condition.requires for condition in list_conditions(parse_score(score))]


@pytest.mark.parametrize(("score", "listed"), [("2.95", True), ("2.95%", False), ("0.295", False)])
def test_a_number_above_1_without_a_percent_sign_may_be_none(score, listed):
    requires = [condition.requires for condition in list_conditions(parse_score(score))]
    assert (f"{score} is not a percentage" in requires) is listed


@pytest.mark.parametrize(
    ("score", "classes", "listed"),
    [("0.6000", 2, True), ("0.4444", 3, True), ("0.6000", 3, False), ("0.6000", None, False)],
)
def test_softmax_taken_for_foreground_has_a_range_for_each_number_of_classes(
    score, classes, listed
):
    # run with MONAI 1.6: the mean of 2f / (1 + f), at most 2 / (C + 1)
    found = list_conditions(parse_score(score), num_classes=classes)
    assert any("2f / (1 + f)" in condition.requires for condition in found) is listed


def test_what_two_classes_alone_can_do_is_not_said_of_three():
    found = list_conditions(parse_score("0.3333"), num_classes=3)
    assert not {"unthresholded-sigmoid", "ignored-class-in-range", "masks-0-255"} & {
        condition.cause.name for condition in found
    }


def test_the_most_common_cause_comes_first():
    priors = [condition.cause.prior for condition in list_conditions(parse_score("0.3333"))]
    assert priors == sorted(priors, reverse=True)


def test_masks_of_255_are_perfect_for_a_metric_that_drops_them():
    near = [one for one in list_formulas(num_classes=2) if one.value in parse_score("0.9999999")]
    assert "Keras BinaryIoU (>= 3.15)" in [one.implementation for one in near]
    assert "masks-0-255" not in [
        one.cause.name for one in list_formulas(num_classes=3) if 0.9 < one.value <= 1
    ]


def test_one_channel_through_argmax_is_a_little_less_than_1_in_keras_3():
    near = [one for one in list_formulas(num_classes=3) if one.value in parse_score("0.9999999")]
    value = {one.cause.name: one.value for one in near}["single-channel-softmax"]
    assert value == pytest.approx(0.9999998807, abs=1e-10)  # run with Keras 3.15


def test_a_smooth_term_leaves_little_below_1():
    requires = [condition.requires for condition in list_conditions(parse_score("0.9950"))]
    assert "50.50% of the pixels are wrong" in requires
    assert not any("wrong" in one.requires for one in list_conditions(parse_score("0.9850")))


def test_no_background_holds_more_than_all_pixels():
    requires = [condition.requires for condition in list_conditions(parse_score("0.9000"))]
    assert not any("180" in text for text in requires)
