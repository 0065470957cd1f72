"""No choice of a contract can be changed without a recorded or hand-made answer that says so."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from metrics.answers import NOT_RECORDED, collect_answers
from metrics.build_inputs import build_fixture_inputs, build_inputs
from metrics.golden import RAISES, Answer, Fixture, agrees

from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Group,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.registry import CONTRACTS, evaluate

BY_NAME = {one.name: one for one in CONTRACTS if one.name not in NOT_RECORDED}
VALUES = {
    "absent": tuple(Absent),
    "ignored": tuple(Ignored),
    "average": tuple(Average),
    "group": tuple(Group),
    "averages_batches": (False, True),
    "background": (False, True),
}


def gives(contract: Contract, fixture: Fixture, answer: Answer, batch_size: int | None) -> bool:
    score = evaluate(contract, replace(build_fixture_inputs(fixture), batch_size=batch_size))
    if (score.error is not None) != (answer.value == RAISES) or not agrees(score.value, answer):
        return False
    if answer.per_class is None:
        return True
    return score.per_class is not None and score.per_class == pytest.approx(
        answer.per_class, abs=2e-6
    )


@pytest.mark.parametrize("name", BY_NAME)
def test_no_choice_of_a_contract_can_be_changed_unseen(name):
    contract = BY_NAME[name]
    unseen = []
    for choice, values in VALUES.items():
        for value in values:
            changed = replace(contract.choices, **{choice: value})
            if changed == contract.choices or same_by_definition(contract.choices, changed):
                continue
            mutant = replace(contract, choices=changed)
            if all(gives(mutant, *known) for known in collect_answers()[name]):
                unseen.append((choice, value.name if hasattr(value, "name") else value))
    assert unseen == []


def same_by_definition(one: Choices, other: Choices) -> bool:
    """Return whether two records that differ in one choice compute the same, whatever the arrays.

    These are the reasons why a change needs no answer that shows it.
    """
    if one.absent is not other.absent:
        return _absent_is_idle(one, {one.absent, other.absent})
    if one.average is not other.average:
        return _same_average(one, {one.average, other.average})
    if one.ignored is not other.ignored:
        return _ignored_as(one, one.ignored) is _ignored_as(one, other.ignored)
    if one.background is not other.background:
        return _one_class(one)
    if one.averages_batches is not other.averages_batches:
        return one.group is Group.BATCH  # one ratio for each batch, averaged
    if one.group is not other.group:
        return _same_group(one, {one.group, other.group})
    return False


def _one_class(choices: Choices) -> bool:
    return choices.average is Average.FOREGROUND or choices.target_class_ids == (1,)


def _same_group(choices: Choices, groups: set[Group]) -> bool:
    if choices.average is Average.ACCURACY:
        return True
    if choices.averages_batches and groups == {Group.DATA_SET, Group.BATCH}:
        return True
    # it is the accuracy, and images of one array are of one size
    return choices.average is Average.POOLED and choices.ratio is Ratio.DICE


def _absent_is_idle(choices: Choices, rules: set[Absent]) -> bool:
    if choices.smooth or choices.average in {Average.POOLED, Average.ACCURACY}:
        return True  # 0 / 0 occurs only where there is no pixel at all
    if choices.average is Average.LABELLED:
        return Absent.SKIPPED_MISSED not in rules
    if choices.stray_truth is Stray.OWN_CLASS and not _one_class(choices):
        return not rules & {Absent.SKIPPED_UNLABELLED, Absent.SKIPPED_MISSED} or (
            choices.average is Average.WEIGHTED
        )
    if choices.average is Average.WEIGHTED:
        return Absent.NAN not in rules  # its weight is 0
    if choices.ratio is Ratio.RECALL and rules == {Absent.SKIPPED, Absent.SKIPPED_UNLABELLED}:
        return True
    if not _one_class(choices):
        return False
    nothing = {Absent.NAN} if choices.empty is None else {Absent.ZERO}
    return rules <= nothing | {Absent.SKIPPED, *_skipping(choices)}


def _skipping(choices: Choices) -> set[Absent]:
    """Return the rules that give the one class 0 where it has no true or no right pixel."""
    return {Absent.SKIPPED_UNLABELLED, Absent.SKIPPED_MISSED} if choices.empty == 0 else set()


def _same_average(choices: Choices, rules: set[Average]) -> bool:
    if rules <= {Average.CLASSES, Average.PAIRS, Average.CLASS_MEANS}:
        all_count = choices.absent in {Absent.ZERO, Absent.ONE, Absent.NAN} or choices.smooth
        if Average.CLASS_MEANS in rules:  # which is NaN where a class is nowhere
            return bool(all_count or choices.stray_truth is Stray.OWN_CLASS)
        return bool(choices.group is Group.DATA_SET or all_count)
    if rules == {Average.CLASSES, Average.LABELLED} and (
        choices.absent in {Absent.SKIPPED_UNLABELLED, Absent.SKIPPED_MISSED}
        or choices.ratio is Ratio.RECALL
    ):
        return True
    if rules == {Average.POOLED, Average.ACCURACY}:
        return choices.ratio is Ratio.DICE
    return _one_class(choices) and not rules & {Average.PER_CLASS, Average.ACCURACY}


def _ignored_as(choices: Choices, rule: Ignored) -> Ignored:
    """Return the first of the rules that do the same as this one."""
    dropped = choices.stray_truth is Stray.DROPPED  # labels outside the classes leave anyway
    if rule is Ignored.IS_255 and dropped:
        return Ignored.NO_OPTION
    if rule in {Ignored.BELOW_0_TOO, Ignored.INSIDE_ONLY} and dropped:
        return Ignored.CLASS_STAYS
    truth_only = choices.average is Average.ACCURACY or choices.ratio is Ratio.RECALL
    if rule is Ignored.MEAN_ONLY:
        return _mean_only_as(choices, truth_only=truth_only)
    if rule is Ignored.CLASS_CLEARED and truth_only:
        return Ignored.CLASS_STAYS
    stays = (
        truth_only
        or choices.average is Average.WEIGHTED
        or choices.absent is Absent.SKIPPED_UNLABELLED
        or _one_class(choices)
    )
    return Ignored.CLASS_STAYS if rule is Ignored.CLASS_LEAVES and stays else rule


def _mean_only_as(choices: Choices, *, truth_only: bool) -> Ignored:
    """Return the rule that does the same as taking a class out of the mean, pixels and all."""
    if _one_class(choices):
        return Ignored.NO_OPTION  # which class is in the mean is said already
    if truth_only:
        return Ignored.CLASS_STAYS
    unlabelled = choices.absent is Absent.SKIPPED_UNLABELLED
    return Ignored.CLASS_CLEARED if unlabelled else Ignored.MEAN_ONLY


@pytest.mark.parametrize(
    ("truth", "predicted", "answer"),
    [
        ([-1, 1], [1, 1], 0.5),
        ([1, 5], [1, 1], 0.5),
        ([5, 5], [5, 5], 0.0),
        ([255, 255], [1, 1], 0.0),
        ([0, 2], [0, 0], "ValueError: pos_label=1 is not a valid label. It should be one of [0 2]"),
        ([-1, 0], [0, 0], "ValueError: pos_label=1 is not a valid label."),
        ([0, 1], [1, 2], "ValueError: Target is multiclass but average='binary'."),
    ],
)
def test_the_binary_score_of_scikit_learn_takes_1_and_one_more_label(truth, predicted, answer):
    contract = next(one for one in CONTRACTS if one.name == "sklearn.jaccard_score[binary]")
    pair = {"y_true": np.array([[truth]]), "y_pred": np.array([[predicted]])}
    found = evaluate(contract, build_inputs(**pair, num_classes=2))
    assert (found.value if found.error is None else found.error[: len(str(answer))]) == answer
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    if isinstance(answer, str):
        with pytest.raises(ValueError, match=re.escape(answer.partition(": ")[2])):
            metrics.jaccard_score(truth, predicted)
    else:
        assert metrics.jaccard_score(truth, predicted, zero_division=0) == answer
