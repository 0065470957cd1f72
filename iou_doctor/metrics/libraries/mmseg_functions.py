"""The functions of mmsegmentation before version 1, as fractions.

Source: mmsegmentation 0.30.0, `mmseg/core/evaluation/metrics.py` (`mean_iou`, `mean_dice`,
`mean_fscore`, `eval_metrics`). They return the ratio of each class, whose mean without NaN is what
the evaluation hook prints. `ignore_index` has no default.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import choose, parse_integer, refuse_argument
from iou_doctor.metrics.libraries import mmseg
from iou_doctor.metrics.metric import Metric, Signature

_ARRAYS = ("results", "gt_seg_maps")
_METRICS = {"mean_iou": "mIoU", "mean_dice": "mDice", "mean_fscore": "mFscore"}
_LAST: dict[str, object] = {"nan_to_num": None, "label_map": None, "reduce_zero_label": False}
_FIRST: dict[str, object] = {**dict.fromkeys(_ARRAYS), "num_classes": None, "ignore_index": ...}
SIGNATURES: tuple[Signature, ...] = (
    *(
        Signature(
            f"mmseg.core.evaluation.{name}",
            {**_FIRST, **_LAST} | ({"beta": 1} if name == "mean_fscore" else {}),
            free=frozenset(_ARRAYS),
            results=frozenset({"IoU", "Dice", "Fscore"}),
        )
        for name in _METRICS
    ),
    Signature(
        "mmseg.core.evaluation.eval_metrics",
        {**_FIRST, "metrics": ["mIoU"], **_LAST, "beta": 1},
        free=frozenset(_ARRAYS),
        results=frozenset({"IoU", "Dice", "Fscore"}),
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    if arguments["label_map"]:
        raise refuse_argument(name, "label_map", "map the labels of the masks before the check")
    if arguments["reduce_zero_label"] is not False:
        instead = "give masks in which 0 is 255 and the other labels are less 1"
        raise refuse_argument(name, "reduce_zero_label", instead)
    wanted = arguments.get("metrics", [_METRICS.get(name.rpartition(".")[2])])
    settings = {
        "ignore_index": arguments["ignore_index"],
        "iou_metrics": [wanted] if isinstance(wanted, str) else wanted,
        "nan_to_num": arguments["nan_to_num"],
        "beta": choose(name, "beta", arguments.get("beta", 1), {1: 1}),
    }
    metric = mmseg.build_metric("mmseg.evaluation.IoUMetric", settings, call=call)
    classes = parse_integer(name, "num_classes", arguments["num_classes"])
    contract = metric.contract
    assert contract is not None
    short = f"mmseg.{name.rpartition('.')[2]}"
    return replace(metric, name=name, num_classes=classes, contract=replace(contract, name=short))
