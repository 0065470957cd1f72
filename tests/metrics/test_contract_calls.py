"""What the report prints as a contract's call is a `--metric` of the same value."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from build import diagnose, one_hot

from iou_doctor.errors import UsageError
from iou_doctor.metrics.registry import CONTRACTS
from iou_doctor.metrics.score import ContractScore

RNG = np.random.default_rng(0)
T = RNG.integers(0, 2, (4, 6, 6))
P = np.where(RNG.random(T.shape) < 0.8, T, 1 - T)
SCORES = np.where(P == 1, 0.7, 0.2).astype(np.float32)
FIRST = one_hot(T, 4).transpose(0, 3, 1, 2), one_hot(P, 4).transpose(0, 3, 1, 2)
LAST = one_hot(T, 4), one_hot(P, 4) * np.float32(0.6) + np.float32(0.1)
GIVEN = {
    "labels": (T, P, 4),
    "scores": (T, np.moveaxis(LAST[1], -1, 1), 4),
    "last": (T, LAST[1], 4),
    "both last": (*LAST, 4),
    "both first": (*FIRST, 4),
    "two classes": (T, P, 2),
    "one channel": (T, SCORES, 2),
    "bytes": (np.uint8(T * 39), np.uint8(P * 39), 40),
    "one-hot masks": (LAST[0], P, 4),
}
ANOTHER_NUMBER = frozenset(
    one.name for one in CONTRACTS if "@" in one.name or one.name.endswith("[global correct]")
)
"""Their call is that of another contract, which is what it means."""
NO_NUMBER = frozenset({"torchmetrics.JaccardIndex[none]"})
"""It gives one for each class."""


@cache
def table(form: str) -> dict[str, ContractScore]:
    """Return what all contracts report of such arrays."""
    truth, predicted, classes = GIVEN[form]
    report = diagnose(y_true=truth, y_pred=predicted, num_classes=classes, all_implementations=True)
    return {one.name: one for one in report.contracts}


def test_the_call_of_each_contract_has_its_value_on_some_arrays():
    called = [one.name for one in CONTRACTS if one.call]
    wanted = [name for name in called if name not in ANOTHER_NUMBER and name not in NO_NUMBER]
    assert len(wanted) == 70
    assert [name for name in wanted if not has_its_value(name)] == []


def has_its_value(name):
    """Return whether the call of a contract gives the value in the table for some arrays."""
    for form in (form for form in GIVEN if name in table(form)):
        truth, predicted, classes = GIVEN[form]
        asked = table(form)[name]
        report = diagnose(y_true=truth, y_pred=predicted, num_classes=classes, metric=asked.call)
        if report.metric.value is not None and report.metric.value == asked.value:
            return True
    return False


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("kornia.metrics.mean_iou(p, t, 4, eps=1e-6).mean().item()", "kornia.mean_iou"),
        ("intersectionAndUnion(prediction+1, truth+1, 4)", "ade20k.intersectionAndUnion"),
        ("compute_metrics_on_folder_simple(a, b, range(4))['foreground_mean']['IoU']",
         "nnunet.foreground_mean[IoU]"),
        ("compute_metrics_on_folder_simple(a, b, range(4))['foreground_mean']['Dice']",
         "nnunet.foreground_mean[Dice]"),
        ("evaluate.load('mean_iou').compute(num_labels=4, ignore_index=255)['mean_iou']",
         "evaluate.mean_iou"),
        ("torchmetrics.JaccardIndex(task='multiclass', num_classes=4, average='micro').compute()",
         "torchmetrics.JaccardIndex[micro]"),
        ("np.nanmean( per_class_iu(hist) )", "fast_hist[nanmean]"),
    ],
)  # fmt: skip
def test_a_call_may_take_the_number_out(call, name):
    found = diagnose(y_true=T, y_pred=P, metric=call, num_classes=4).metric
    assert found.value == table("labels")[name].value


@pytest.mark.parametrize(
    "call",
    [
        "smp.metrics.iou_score(tp, fp, fn, tn, reduction='none').mean()",
        "evaluate.load('mean_iou').compute(num_labels=4, ignore_index=255)['per_category_iou']",
        "np.nanmean(iou)",
    ],
)
def test_what_takes_out_another_number_is_refused(call):
    with pytest.raises(UsageError):
        diagnose(y_true=T, y_pred=P, metric=call, num_classes=4)
