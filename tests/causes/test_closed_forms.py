"""Numbers that follow from a few facts about the data."""

from __future__ import annotations

import pytest

from iou_doctor.causes import conditions, formulas
from iou_doctor.lookup import parse_score


def values(cause, **known):
    return [form.value for form in formulas(**known) if form.cause.name == cause]


@pytest.mark.parametrize(
    ("classes", "value"), [(2, 0.25), (3, 1 / 3), (4, 0.375), (5, 0.4), (21, 10 / 21)]
)
def test_one_hot_masks_and_softmax_give_half_of_all_but_one_class(classes, value):
    # run with Keras 3.15: (C - 1) / 2C
    assert values("one-hot-masks", num_classes=classes) == [pytest.approx(value)]


def test_without_a_number_of_classes_the_common_ones_are_tried_and_told():
    claims = [form.cause.claim for form in formulas() if form.cause.name == "one-hot-masks"]
    assert any(claim.endswith("C = 3") for claim in claims)
    assert len(claims) > 10


def test_shares_of_the_classes_give_what_a_sigmoid_cast_to_0_gives():
    forms = {form.cause.claim: form.value for form in formulas(num_classes=2, shares=(0.8, 0.2))}
    assert forms["scores cast to 0: half the background's share"] == pytest.approx(0.4)
    soft = [value for claim, value in forms.items() if "2f / (1 + f)" in claim]
    assert soft == [pytest.approx((1.6 / 1.8 + 0.4 / 1.2) / 2)]


def test_the_smooth_term_over_the_channels_cannot_fall_below_0_99():
    forms = formulas(num_classes=2, shares=(0.5, 0.5), accuracy=0.0)
    (value,) = [form.value for form in forms if form.implementation == "jaccard_distance"]
    assert value == pytest.approx(100 / 101)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("0.3333", "the background holds 66.66% of the pixels"),
        ("0.3333", "50.00% of the pixels are right"),
        ("0.0048", "the data are Cityscapes"),
    ],
)
def test_a_number_alone_says_what_the_data_would_have_to_be_like(score, words):
    assert words in [condition.requires for condition in conditions(parse_score(score))]


@pytest.mark.parametrize(("score", "told"), [("2.95", True), ("2.95%", False), ("0.295", False)])
def test_a_number_above_1_without_a_percent_sign_may_be_none(score, told):
    requires = [condition.requires for condition in conditions(parse_score(score))]
    assert (f"{score} is no percentage" in requires) is told


def test_one_channel_through_argmax_is_a_little_less_than_1_in_keras_3():
    near = [one for one in formulas() if one.value in parse_score("0.9999999")]
    assert [one.cause.name for one in near] == ["single-channel-softmax"]
    assert near[0].value == pytest.approx(0.9999998807, abs=1e-10)  # run with Keras 3.15


def test_a_smooth_term_leaves_little_below_1():
    requires = [condition.requires for condition in conditions(parse_score("0.9950"))]
    assert "50.50% of the pixels are wrong" in requires
    assert not any("wrong" in one.requires for one in conditions(parse_score("0.9850")))


def test_no_background_holds_more_than_all_pixels():
    requires = [condition.requires for condition in conditions(parse_score("0.9000"))]
    assert not any("180" in text for text in requires)
