"""What the metrics of torchmetrics report.

Source: torchmetrics 1.9.0, `functional/classification/jaccard.py` and `confusion_matrix.py`,
`functional/segmentation/{mean_iou,dice,utils}.py`; older behaviour from 1.7.0 and 1.8.0.
"""

from dataclasses import replace

from iou_doctor.contract import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Ratio,
    Sigmoid,
    Stray,
)

LIBRARY = "torchmetrics"

_MULTICLASS = Choices(
    floats=Floats.TRUNCATED,
    stray_truth=Stray.WRAPS,
    stray_prediction=Stray.WRAPS,
    distinct=True,
    ignored=Ignored.CLASS_LEAVES,
    absent=Absent.SKIPPED,
    empty=0.0,
)
_BINARY = Choices(
    floats=Floats.THRESHOLDED,
    sigmoid=Sigmoid.BY_UPDATE,
    at_threshold=False,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.ZERO,
    average=Average.FOREGROUND,
)
_MEAN_IOU = Choices(
    floats=Floats.ALL_FOREGROUND,
    stray_truth=Stray.RAISES,
    stray_prediction=Stray.RAISES,
    ignored=Ignored.NO_OPTION,
    absent=Absent.SKIPPED,
    group=Group.IMAGE,
    average=Average.PAIRS,
)
_DICE = replace(_MEAN_IOU, ratio=Ratio.DICE, average=Average.CLASSES)


def _jaccard(average: str, choices: Choices, *, common: bool = False) -> Contract:
    call = "torchmetrics.JaccardIndex(task='multiclass', num_classes={num_classes}"
    return Contract(
        name=f"torchmetrics.JaccardIndex[{average}]",
        library=LIBRARY,
        versions="1.0-1.9",
        call=f"{call}, average='{average}', ignore_index={{ignore_index}})",
        choices=choices,
        short=f"torchmetrics {average}",
        common=common,
    )


def _segmentation(
    name: str, choices: Choices, *, versions: str, arguments: str = "", common: bool = False
) -> Contract:
    metric = name.partition("[")[0].partition("@")[0]
    return Contract(
        name=f"torchmetrics.segmentation.{name}",
        library=LIBRARY,
        versions=versions,
        call=f"torchmetrics.segmentation.{metric}(num_classes={{num_classes}},"
        f" input_format='index'{arguments})",
        choices=choices,
        common=common,
    )


CONTRACTS = (
    _jaccard("macro", _MULTICLASS, common=True),
    _jaccard("micro", replace(_MULTICLASS, average=Average.POOLED), common=True),
    _jaccard("weighted", replace(_MULTICLASS, average=Average.WEIGHTED)),
    _jaccard(
        "none",
        replace(
            _MULTICLASS,
            average=Average.PER_CLASS,
            absent=Absent.ZERO,
            ignored=Ignored.CLASS_STAYS,
        ),
    ),
    Contract(
        name="torchmetrics.JaccardIndex[binary]",
        library=LIBRARY,
        versions="1.4.2-1.9",
        call="torchmetrics.JaccardIndex(task='binary', ignore_index={ignore_index})",
        choices=_BINARY,
        short="torchmetrics binary",
        binary=True,
    ),
    _segmentation("MeanIoU", _MEAN_IOU, versions="1.7.1-1.9", common=True),
    _segmentation(
        "MeanIoU[include_background=False]",
        replace(_MEAN_IOU, background=False),
        versions="1.7.1-1.9",
        arguments=", include_background=False",
    ),
    _segmentation(
        "MeanIoU@1.7.0",
        replace(_MEAN_IOU, floats=Floats.SCORES_REFUSED, absent=Absent.ZERO, batches=True),
        versions="1.4.2-1.7.0",
    ),
    _segmentation("DiceScore", _DICE, versions="1.9"),
    _segmentation(
        "DiceScore[micro]",
        replace(_DICE, average=Average.POOLED),
        versions="1.9",
        arguments=", average='micro'",
    ),
    _segmentation(
        "DiceScore[weighted]",
        replace(_DICE, average=Average.WEIGHTED),
        versions="1.9",
        arguments=", average='weighted'",
    ),
    _segmentation(
        "DiceScore@1.8.0",
        replace(_DICE, floats=Floats.SOFT, average=Average.POOLED),
        versions="1.8.0",
    ),
)
