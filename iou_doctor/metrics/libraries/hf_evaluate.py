"""The metric `mean_iou` of Hugging Face's evaluate.

Source: evaluate 0.4.6, `metrics/mean_iou/mean_iou.py` at commit a7dd338. It computes what
mmsegmentation computes, in float64. `nan_to_num` is applied after the mean and never changes it.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import parse_integer, refuse_argument, wrap_contract
from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch
from iou_doctor.metrics.metric import RESULT, Metric, Signature

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "evaluate.mean_iou",
        {
            "predictions": None,
            "references": None,
            "num_labels": None,
            "ignore_index": None,
            "nan_to_num": None,
            "label_map": None,
            "reduce_labels": False,
        },
        free=frozenset({"predictions", "references", "nan_to_num"}),
        keywords=True,
        results=frozenset({"mean_iou", "mean_accuracy", "overall_accuracy"}),
    ),
)
CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="evaluate.mean_iou",
        library="evaluate",
        versions="0.4",
        call="evaluate.load('mean_iou').compute(predictions=predictions, references=references,"
        " num_labels={num_classes}, ignore_index={ignore_index!s})",  # it has no default
        choices=Choices(
            floats=Floats.COMPARED,
            stray_truth=Stray.OTHER_SIDE,
            stray_prediction=Stray.OTHER_SIDE,
            ignored=Ignored.CLASS_STAYS,
            absent=Absent.SKIPPED,
            takes_short_types=False,
            single_precision=False,
        ),
        takes=InputSpec(
            errors={Mismatch.SHAPES: "IndexError: boolean index did not match the indexed array"}
        ),
        short="evaluate",
        common=True,
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call; `nan_to_num` does not matter for the mean.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    if arguments["label_map"]:
        raise refuse_argument(name, "label_map", "map the labels of the masks before the check")
    if arguments["reduce_labels"] is not False:
        raise refuse_argument(
            name, "reduce_labels", "give masks in which 0 is 255 and the other labels are less 1"
        )
    choices = CONTRACTS[0].choices
    if arguments[RESULT] in {"mean_accuracy", "overall_accuracy"}:
        pooled = arguments[RESULT] == "overall_accuracy"
        average = Average.POOLED if pooled else Average.CLASSES
        choices = replace(choices, ratio=Ratio.RECALL, average=average)
    ignore = parse_integer(name, "ignore_index", arguments["ignore_index"])
    return wrap_contract(
        replace(CONTRACTS[0], choices=choices),
        name=name,
        call=call,
        num_classes=parse_integer(name, "num_labels", arguments["num_labels"]),
        ignore=ignore,
        ignores=ignore is not None,
    )
