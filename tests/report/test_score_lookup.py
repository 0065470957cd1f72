"""What a printed score stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.errors import UsageError
from iou_doctor.report.score_lookup import parse_score


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0.3333", 0.33325, 0.33335),
        (" .3333 ", 0.33325, 0.33335),
        ("33.33", 0.33325, 0.33335),
        ("33.33%", 0.33325, 0.33335),
        ("33.3 %", 0.3325, 0.3335),
        ("0,3333", 0.33325, 0.33335),
        ("33,33 %", 0.33325, 0.33335),
        ("3.333e-01", 0.33325, 0.33335),
        ("3.333E+01", 0.33325, 0.33335),
        ("0.57", 0.565, 0.575),
        ("1.00", 0.995, 1.005),
        ("0.0000", -0.00005, 0.00005),
    ],
)
def test_a_score_stands_for_half_a_unit_of_its_last_digit_either_way(text, low, high):
    printed = parse_score(text)
    assert printed.ranges[0] == pytest.approx((low, high))
    assert low in printed
    assert high in printed
    assert low - 1e-6 not in printed
    assert high + 1e-6 not in printed


@given(st.floats(0, 1), st.integers(2, 8))
def test_a_value_is_in_what_it_is_printed_as(value, digits):
    assert value in parse_score(f"{value:.{digits}f}")
    assert value in parse_score(f"{100 * value:.{digits}f}%")


def test_a_number_above_1_is_percent_but_may_be_a_share_gone_wrong():
    printed = parse_score("2.95")
    assert 0.0295 in printed
    assert 2.95 in printed
    assert 2.95 not in parse_score("2.95%")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.5", 0.5), ("1.0", 1), ("0", 0), ("100", 1), ("50%", 0.5), ("1e-9", 1e-9), ("-2.2", -2.2)],
)
def test_the_numbers_that_people_report_as_stuck_are_read(text, value):
    printed = parse_score(text)
    assert printed.middle == pytest.approx(value)
    assert printed.is_exactly(value)
    assert not printed.is_exactly(value + 2e-6)
    assert 0 not in parse_score("1e-9")


@pytest.mark.parametrize(
    ("text", "share_first"), [("1.0001", True), ("2", True), ("2.01", False), ("150", True)]
)
def test_up_to_2_a_number_is_rather_a_share_than_a_percentage(text, share_first):
    first, second = parse_score(text).ranges
    assert (first[0] > second[0]) is share_first


@pytest.mark.parametrize(("text", "precise"), [("0.333", True), ("0.33", False), ("33.3", True)])
def test_three_digits_are_precise(text, precise):
    assert parse_score(text).is_precise is precise


def test_what_is_no_number_is_refused():
    words = ["", "abc", "nan", "-inf", "1,234.5", "e-3", "0.33.3", "%", ".", "-"]
    for text in (*words, "\u0660.\u0663\u0663\u0663"):
        with pytest.raises(UsageError, match=f"{text}.* is not a score"):
            parse_score(text)


@pytest.mark.parametrize(
    ("text", "words"), [("nan", "a class is in neither array"), ("-Infinity", "divided by 0")]
)
def test_a_number_that_is_none_may_have_a_reason(text, words):
    with pytest.raises(UsageError, match=words):
        parse_score(text)


@pytest.mark.parametrize(("text", "possible"), [("-0.1", False), ("300", False), ("0.99", True)])
def test_some_numbers_are_no_mean_iou(text, possible):
    assert parse_score(text).is_possible is possible
