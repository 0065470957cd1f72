"""Which rules the user wants to hear, and what is said of a word that is no rule."""

import pytest

from iou_doctor.diagnosis.selection import Selection
from iou_doctor.errors import UsageError


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("unargmaxd-probabilities", "unargmaxed-probabilities"),
        ("IOU999", "IOU"),
        ("Mask-0-255", "masks-0-255"),
    ],
)
@pytest.mark.parametrize("option", ["select", "ignore"])
def test_a_word_that_is_no_rule_is_answered_with_the_nearest_one(option, word, near):
    with pytest.raises(UsageError, match=f"no rule is called '{word}'; did you mean {near}"):
        Selection(**{option: (word,)})


def test_a_word_that_resembles_no_rule_gets_no_guess():
    with pytest.raises(UsageError, match="'zzz'; `iou-doctor rules` lists them all"):
        Selection(select=("zzz",))
