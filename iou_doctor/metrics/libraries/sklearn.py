"""`jaccard_score` of scikit-learn on flattened label maps.

Source: scikit-learn 1.9.1, `sklearn/metrics/_classification.py` (`jaccard_score`,
`multilabel_confusion_matrix`). It has no ignore label: the contract removes such pixels first.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import ZERO_DIVISION, choose, parse_class_ids, wrap_contract
from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Ignored,
    Stray,
)
from iou_doctor.metrics.input_spec import Flattens, InputSpec, Mismatch
from iou_doctor.metrics.metric import RESULT, Metric, Signature

LIBRARY = "scikit-learn"
_REFUSAL = "ValueError: Classification metrics can't handle a mix of {kind} and continuous targets"
_SEEN = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.OWN_CLASS,
    stray_prediction=Stray.OWN_CLASS,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.ZERO,
    empty=0.0,
    single_precision=False,
    takes_fractional_masks=False,
)
_LISTED = replace(_SEEN, stray_truth=Stray.OTHER_SIDE, stray_prediction=Stray.OTHER_SIDE)
_TAKES = InputSpec(
    flattens=Flattens.ALWAYS,
    errors={
        Mismatch.SHAPES: "ValueError: Found input variables with inconsistent numbers of samples",
    },
)
_AVERAGES: dict[str | None, Average] = {
    "macro": Average.CLASSES,
    "micro": Average.POOLED,
    "weighted": Average.WEIGHTED,
}


def _build_contract(average: str, *, listed: bool) -> Contract:
    choices = replace(_LISTED if listed else _SEEN, average=_AVERAGES[average])
    labels = ", labels=range({num_classes})" if listed else ""
    return Contract(
        name=f"sklearn.jaccard_score[{average}{',labels' if listed else ''}]",
        library=LIBRARY,
        versions="0.21-1.9",
        call=f"sklearn.metrics.jaccard_score(y_true, y_pred, average='{average}'{labels})",
        choices=choices,
        refusal=_REFUSAL,
        takes=_TAKES,
        short=f"sklearn {average}{' with labels' if listed else ''}",
        common=average == "macro",
    )


SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "sklearn.metrics.jaccard_score",
        {
            "y_true": None,
            "y_pred": None,
            "labels": None,
            "pos_label": 1,
            "average": "binary",
            "sample_weight": None,
            "zero_division": "warn",
        },
        free=frozenset({"y_true", "y_pred"}),
    ),
)
CONTRACTS: tuple[Contract, ...] = (
    *(
        _build_contract(average, listed=listed)
        for average in ("macro", "micro", "weighted")
        for listed in (False, True)
    ),
    Contract(
        name="sklearn.jaccard_score[binary]",
        library=LIBRARY,
        versions="0.21-1.9",
        call="sklearn.metrics.jaccard_score(y_true, y_pred)",
        choices=replace(
            _SEEN,
            stray_truth=Stray.NOT_1,
            stray_prediction=Stray.NOT_1,
            average=Average.FOREGROUND,
        ),
        refusal=_REFUSAL,
        takes=_TAKES,
        short="sklearn binary",
        binary=True,
    ),
)

_BINARY_CALL = replace(
    CONTRACTS[-1],
    num_classes=2,
    binary=False,  # for any number of classes: it raises if there are more than two
    instead="average='macro': the default, 'binary', is for the labels 0 and 1 only",
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    choose(name, "sample_weight", arguments["sample_weight"], {None: None})
    choose(name, "pos_label", arguments["pos_label"], {1: None})
    averages = {"binary": Average.FOREGROUND, **_AVERAGES, None: Average.PER_CLASS}
    average = choose(name, "average", arguments["average"], averages)
    if average is Average.PER_CLASS and arguments.get(RESULT) == "mean":
        average = Average.CLASSES
    absent = choose(
        name,
        "zero_division",
        arguments["zero_division"],
        {"warn": Absent.ZERO, **ZERO_DIVISION},
    )
    if average is Average.FOREGROUND:
        return wrap_contract(_BINARY_CALL, name=name, call=call)
    labels = arguments["labels"]
    targets = None if labels is None else parse_class_ids(name, "labels", labels)
    choices = replace(
        _SEEN if targets is None else _LISTED,
        average=average,
        absent=absent,
        target_class_ids=targets,
    )
    listed = None if targets is None else max(targets) + 1  # a label need not occur
    contract = replace(CONTRACTS[0], choices=choices, num_classes=listed)
    return wrap_contract(contract, name=name, call=call)
