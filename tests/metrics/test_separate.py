"""What separates two metrics is named: pairs of contracts from the registry, on arrays where they
differ.

The names are judged by arithmetic that shares nothing with the package: if the first metric decided
what is named as the second does, it would report the number of the second, and nothing that is
named can be left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from metrics.build_inputs import build_inputs

from iou_doctor.metrics.definition import Absent, Average, Contract, Group, Ignored, Ratio
from iou_doctor.metrics.engine.separate import Setup, separate
from iou_doctor.metrics.registry import CONTRACTS, evaluate

VISIBLE = 5e-5
RATIOS = {
    Ratio.IOU: lambda t, p, i: (i, t + p - i),
    Ratio.DICE: lambda t, p, i: (2 * i, t + p),
    Ratio.RECALL: lambda t, _, i: (i, t),
    Ratio.PRECISION: lambda _, p, i: (i, p),
}
ABSENT = {Absent.SKIPPED: None, Absent.ZERO: 0.0, Absent.ONE: 1.0}
JUDGED = ("ratio", "group", "average", "absent", "background", "averages_batches")
"""The choices that the slow arithmetic knows."""


def make_arrays(seed):
    """Return masks and predictions with classes that are absent here and there, and void."""
    rng = np.random.default_rng(seed)
    samples, classes = int(rng.integers(2, 9)), int(rng.integers(2, 6))
    truth = rng.integers(0, classes, (samples, 40)) * (rng.random((samples, 40)) < 0.5)
    other = rng.integers(0, classes, truth.shape)
    predicted = np.where(rng.random(truth.shape) < 0.3, other, truth)
    if rng.random() < 0.5:
        truth[truth == classes - 1] = 0
    if rng.random() < 0.3:
        predicted[predicted == classes - 1] = 0
    void = 255 if rng.random() < 0.4 else None
    if void:
        truth[rng.random(truth.shape) < 0.1] = void
    return truth, predicted, classes, void


def score_slowly(arrays, choices):
    """Return the number of a metric with such choices; `None` where this does not know it."""
    truth, predicted, classes, void = arrays
    groups = [(truth, predicted)]
    if choices["group"] is Group.IMAGE:
        groups = [*zip(truth, predicted, strict=True)]
    found = [_score_group(*group, classes, void, choices) for group in groups]
    known = [one for one in found if one is not None]
    return float(np.mean(known)) if known else None


def _score_group(truth, predicted, classes, void, choices):
    counts = truth != void
    truth, predicted = truth[counts], predicted[counts]
    ids = range(0 if choices["background"] else 1, classes)
    fractions, weights = [], []
    for label in ids:
        t, p = (truth == label).sum(), (predicted == label).sum()
        fractions.append(
            RATIOS[choices["ratio"]](t, p, ((truth == label) & (predicted == label)).sum())
        )
        weights.append(t)
    ratios = [over / under if under else ABSENT[choices["absent"]] for over, under in fractions]
    average = choices["average"]
    if average is Average.POOLED:
        over, under = map(sum, zip(*fractions, strict=True))
        return over / under if under else None
    if average is Average.WEIGHTED:
        return sum(w * (r or 0) for w, r in zip(weights, ratios, strict=True)) / max(
            sum(weights), 1
        )
    if average is Average.FOREGROUND:
        return dict(zip(ids, ratios, strict=True)).get(1)
    known = [ratio for ratio in ratios if ratio is not None]
    return float(np.mean(known)) if known else None


def list_choices(choices):
    return {name: getattr(choices, name) for name in JUDGED}


def is_known(choices):
    """Return whether the slow arithmetic knows such choices."""
    return (
        choices.average in {Average.CLASSES, Average.POOLED, Average.WEIGHTED, Average.FOREGROUND}
        and choices.group is not Group.BATCH
        and not choices.averages_batches
        and choices.absent in ABSENT
        and choices.ratio in RATIOS
        and choices.smooth == 0
        and choices.ignored in {Ignored.CLASS_STAYS, Ignored.CLASS_LEAVES, Ignored.IS_255}
    )


def is_close(one, other):
    return one is not None and other is not None and abs(one - other) < VISIBLE


def set_up(contract, arrays):
    return Setup(contract.choices, contract.num_classes or arrays[2], arrays[3])


def judge(first, second, arrays, names):
    """Return whether the names, all of them and no fewer, turn the one number into the other."""
    before, after = (list_choices(one.choices) for one in (first, second))
    number = score_slowly(arrays, after)

    def turns(some):
        return is_close(
            score_slowly(arrays, {**before, **{one: after[one] for one in some}}), number
        )

    return (
        set(names) <= set(JUDGED)
        and turns(names)
        and not any(turns([one for one in names if one != left]) for left in names)
    )


def test_pairs_of_contracts_are_told_apart_by_the_right_cause():
    known = [one for one in CONTRACTS if one.pairing is None and is_known(one.choices)]
    assert len(known) > 20
    verdicts = Counter()
    for seed in count():
        if verdicts.total() == 200:
            break
        arrays = make_arrays(seed)
        inputs = build_inputs(
            y_true=arrays[0], y_pred=arrays[1], num_classes=arrays[2], ignore_index=arrays[3]
        )
        rng = np.random.default_rng(10_000 + seed)
        first, second = (known[at] for at in rng.choice(len(known), 2, replace=False))
        numbers = [evaluate(one, inputs).value for one in (first, second)]
        slow = [score_slowly(arrays, list_choices(one.choices)) for one in (first, second)]
        agree = all(is_close(*both) for both in zip(numbers, slow, strict=True))
        if not agree or abs(numbers[0] - numbers[1]) < 4 * VISIBLE:
            continue
        setups = [set_up(one, arrays) for one in (first, second)]
        found = separate(*setups, inputs, tuple(numbers)) or ()
        verdicts[judge(first, second, arrays, [one.choice for one in found])] += 1
    assert verdicts[True] >= 0.97 * 200


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ratio", Ratio.DICE),
        ("average", Average.POOLED),
        ("average", Average.WEIGHTED),
        ("group", Group.IMAGE),
        ("absent", Absent.ZERO),
        ("absent", Absent.ONE),
        ("background", False),
    ],
)
def test_a_single_planted_choice_is_the_whole_cause(name, other):
    (macro,) = [one for one in CONTRACTS if one.name == "torchmetrics.JaccardIndex[macro]"]
    macro = replace(macro, choices=replace(macro.choices, absent=Absent.SKIPPED))
    planted = replace(macro, choices=replace(macro.choices, **{name: other}))
    moved = 0
    for seed in range(40):
        arrays = make_arrays(seed)
        inputs = build_inputs(
            y_true=arrays[0], y_pred=arrays[1], num_classes=arrays[2], ignore_index=arrays[3]
        )
        numbers = [evaluate(one, inputs).value for one in (macro, planted)]
        if None in numbers or abs(numbers[0] - numbers[1]) < 4 * VISIBLE:
            continue
        moved += 1
        for order in (1, -1):
            setups = [set_up(one, arrays) for one in (macro, planted)][::order]
            (found,) = separate(*setups, inputs, tuple(numbers[::order]))
            assert found.choice == name
            assert found.before != found.after
    assert moved > 3


def test_other_arguments_are_named_too():
    truth, predicted, _, _ = make_arrays(3)
    truth[0, :9] = 255
    inputs = build_inputs(y_true=truth, y_pred=predicted, num_classes=5, ignore_index=255)
    (macro,) = [one for one in CONTRACTS if one.name == "plain.mean_iou[absent 0]"]
    setup = Setup(macro.choices, 5, 255)
    for other, name in (
        (replace(setup, num_classes=9), "num_classes"),
        (replace(setup, ignore_index=None), "ignore_index"),
    ):
        numbers = setup.evaluate(inputs), other.evaluate(inputs)
        if numbers[0] == numbers[1]:
            continue
        assert [one.choice for one in separate(setup, other, inputs, numbers)] == [name]


def test_a_label_and_a_score_of_0_are_something():
    truth, predicted, _, _ = make_arrays(3)
    inputs = build_inputs(y_true=truth, y_pred=predicted, num_classes=5)
    (macro,) = [one for one in CONTRACTS if one.name == "plain.mean_iou[absent 0]"]
    setup, other = Setup(macro.choices, 5, None), Setup(macro.choices, 5, 0)
    numbers = setup.evaluate(inputs), other.evaluate(inputs)
    (found,) = separate(setup, other, inputs, numbers)
    assert (found.before, found.after) == ("nothing ignored", "0 ignored")


def test_a_number_that_the_choices_do_not_give_is_not_explained_by_them():
    arrays = make_arrays(0)
    inputs = build_inputs(y_true=arrays[0], y_pred=arrays[1], num_classes=arrays[2])
    (macro,) = [one for one in CONTRACTS if one.name == "torchmetrics.JaccardIndex[macro]"]
    assert isinstance(macro, Contract)
    setup = set_up(macro, arrays)
    assert separate(setup, setup, inputs, (0.1, 0.2)) is None
