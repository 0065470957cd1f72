"""What `jaccard_score` of scikit-learn reports on flattened label maps.

Source: scikit-learn 1.9.1, `sklearn/metrics/_classification.py` (`jaccard_score`,
`multilabel_confusion_matrix`). It has no ignore label: such pixels are taken out first.
"""

from dataclasses import replace

from iou_doctor.contract import Absent, Average, Choices, Contract, Floats, Ignored, Stray

LIBRARY = "scikit-learn"
_SEEN = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.OWN_CLASS,
    stray_prediction=Stray.OWN_CLASS,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.ZERO,
    single=False,
)
_LISTED = replace(_SEEN, stray_truth=Stray.OTHER_SIDE, stray_prediction=Stray.OTHER_SIDE)
_AVERAGES = {
    "macro": Average.CLASSES,
    "micro": Average.POOLED,
    "weighted": Average.WEIGHTED,
}


def _contract(average: str, *, listed: bool) -> Contract:
    choices = replace(_LISTED if listed else _SEEN, average=_AVERAGES[average])
    labels = ", labels=range({num_classes})" if listed else ""
    return Contract(
        name=f"sklearn.jaccard_score[{average}{',labels' if listed else ''}]",
        library=LIBRARY,
        versions="0.21-1.9",
        call=f"sklearn.metrics.jaccard_score(y_true, y_pred, average='{average}'{labels})",
        choices=choices,
        short=f"sklearn {average}{' with labels' if listed else ''}",
        common=average == "macro",
    )


CONTRACTS = (
    *(_contract(average, listed=listed) for average in _AVERAGES for listed in (False, True)),
    Contract(
        name="sklearn.jaccard_score[binary]",
        library=LIBRARY,
        versions="0.21-1.9",
        call="sklearn.metrics.jaccard_score(y_true, y_pred)",
        choices=replace(
            _SEEN,
            stray_truth=Stray.RAISES,
            stray_prediction=Stray.RAISES,
            average=Average.FOREGROUND,
        ),
        short="sklearn binary",
        binary=True,
    ),
)
