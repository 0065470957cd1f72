"""More scores of scikit-learn on flattened label maps.

Source: scikit-learn 1.9.1, `sklearn/metrics/_classification.py` (`f1_score`, `precision_score`,
`recall_score`, `accuracy_score`, `balanced_accuracy_score`). `jaccard_similarity_score`, up to
0.22, is the accuracy for label maps, by its documentation (read and not run).
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import choose, parse_flag, wrap_contract
from iou_doctor.metrics.definition import Absent, Average, Ratio, Stray
from iou_doctor.metrics.libraries import sklearn
from iou_doctor.metrics.metric import Metric, Signature

_JACCARD = sklearn.SIGNATURES[0]
_RATIOS = {
    "f1_score": Ratio.DICE,
    "precision_score": Ratio.PRECISION,
    "recall_score": Ratio.RECALL,
}
_ACCURACIES = ("accuracy_score", "jaccard_similarity_score")
_ARRAYS: dict[str, object] = {"y_true": None, "y_pred": None}
SIGNATURES: tuple[Signature, ...] = (
    *(
        Signature(f"sklearn.metrics.{name}", _JACCARD.parameters, free=_JACCARD.free)
        for name in _RATIOS
    ),
    *(
        Signature(
            f"sklearn.metrics.{name}",
            {**_ARRAYS, "normalize": True, "sample_weight": None},
            free=frozenset(_ARRAYS),
        )
        for name in _ACCURACIES
    ),
    Signature(
        "sklearn.metrics.balanced_accuracy_score",
        {**_ARRAYS, "sample_weight": None, "adjusted": False},
        free=frozenset(_ARRAYS),
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    function = name.rpartition(".")[2]
    if function in _RATIOS:
        metric = sklearn.build_metric("sklearn.metrics.jaccard_score", arguments, call=call)
        contract = metric.contract
        assert contract is not None
        choices = replace(contract.choices, ratio=_RATIOS[function])
        named = replace(contract, name=f"sklearn.{function}", choices=choices)
        return replace(metric, name=name, contract=named)
    choose(name, "sample_weight", arguments["sample_weight"], {None: None})
    if not parse_flag(name, "normalize", arguments.get("normalize", True)):
        choose(name, "normalize", False, {True: None})
    choose(name, "adjusted", arguments.get("adjusted", False), {False: None})
    macro = sklearn.CONTRACTS[0]
    average, absent, ratio = Average.ACCURACY, Absent.SKIPPED, Ratio.IOU
    if function == "balanced_accuracy_score":
        average, absent, ratio = Average.CLASSES, Absent.SKIPPED_UNLABELLED, Ratio.RECALL
    choices = replace(
        macro.choices, average=average, absent=absent, ratio=ratio, stray_truth=Stray.OWN_CLASS
    )
    return wrap_contract(
        replace(macro, name=f"sklearn.{function}", choices=choices), name=name, call=call
    )
