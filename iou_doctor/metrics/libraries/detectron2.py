"""`SemSegEvaluator` of detectron2, as a fraction (it prints percent).

Source: detectron2 commit 02b5c4e2, `evaluation/sem_seg_evaluation.py`. Its matrix, prediction by
truth, has one more row and column than classes, filled by `(C + 1) * prediction + truth`. The
ignore label is counted in the additional class. The mean is over the classes that the masks hold.
It argmaxes the scores of each image. Label maps are evaluated as the result of that argmax.
"""

from collections.abc import Mapping

from iou_doctor.metrics.call_arguments import parse_integer, wrap_contract
from iou_doctor.metrics.definition import (
    Absent,
    Choices,
    Contract,
    Floats,
    Ignored,
    Stray,
    Wrap,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch, PixelContent
from iou_doctor.metrics.metric import Metric, Signature

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "detectron2.evaluation.SemSegEvaluator",
        {
            **dict.fromkeys(("dataset_name", "distributed", "output_dir")),
            "sem_seg_loading_fn": None,
            "num_classes": None,
            "ignore_label": None,
        },
        free=frozenset({"dataset_name", "distributed", "output_dir", "sem_seg_loading_fn"}),
    ),
)
CONTRACTS: tuple[Contract, ...] = (
    Contract(
        name="detectron2.SemSegEvaluator",
        library="detectron2",
        versions="0.6",
        call="SemSegEvaluator(dataset_name)",
        choices=Choices(
            floats=Floats.REFUSED,
            stray_truth=Stray.WRAPS,
            stray_prediction=Stray.RAISES,
            wrap=Wrap.WITH_VOID,
            ignored=Ignored.CLASS_STAYS,
            absent=Absent.SKIPPED_UNLABELLED,
            single_precision=False,
        ),
        takes=InputSpec(
            predictions=PixelContent.EITHER,
            errors={Mismatch.SHAPES: "ValueError: operands could not be broadcast together"},
        ),
        short="detectron2",
        common=True,
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call; without `ignore_label`, the data set's entry has it."""
    ignore = parse_integer(name, "ignore_label", arguments["ignore_label"])
    return wrap_contract(
        CONTRACTS[0],
        name=name,
        call=call,
        num_classes=parse_integer(name, "num_classes", arguments["num_classes"]),
        ignore=ignore,
        ignores=ignore is not None,
    )
