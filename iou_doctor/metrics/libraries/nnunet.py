"""The `foreground_mean` of the evaluation of nnU-Net.

Source: nnunetv2 2.8.1, `nnunetv2/evaluation/evaluate_predictions.py` (`compute_metrics`,
`compute_metrics_on_folder`). There is a float64 ratio for each case and label, NaN if neither map
holds the label. Each label is averaged over the cases that have it. The result is the plain mean
over all labels but 0, which is NaN if no case has one of them. Voxels whose reference is the
ignore label are left out.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.metrics.call_arguments import parse_class_ids, parse_integer, wrap_contract
from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch
from iou_doctor.metrics.metric import Metric, Signature

_DICE = Choices(
    floats=Floats.EXACT,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.CLASS_LEAVES,
    absent=Absent.SKIPPED,
    group=Group.IMAGE,
    average=Average.CLASS_MEANS,
    ratio=Ratio.DICE,
    background=False,
    single_precision=False,
)


def _build_contract(ratio: str, choices: Choices) -> Contract:
    return Contract(
        name=f"nnunet.foreground_mean[{ratio}]",
        library="nnU-Net",
        versions="2.8",
        call="compute_metrics_on_folder(folder_ref, folder_pred, output_file, image_reader_writer,"
        " file_ending, range(1, {num_classes}), ignore_label={ignore_index})"
        f"['foreground_mean']['{ratio}']",
        choices=choices,
        takes=InputSpec(
            refuses_extra_axes=True,
            errors={
                Mismatch.SHAPES: "ValueError: operands could not be broadcast together with shapes"
            },
        ),
        short=f"nnU-Net {ratio}",
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("Dice", _DICE),
    _build_contract("IoU", replace(_DICE, ratio=Ratio.IOU)),
)
_FOLDERS = ("folder_ref", "folder_pred")
_FREE = frozenset(
    {*_FOLDERS, "output_file", "image_reader_writer", "file_ending", "num_processes", "chill"}
)
_MODULE = "nnunetv2.evaluation.evaluate_predictions"
SIGNATURES: tuple[Signature, ...] = (
    Signature(
        f"{_MODULE}.compute_metrics_on_folder_simple",
        {
            **dict.fromkeys((*_FOLDERS, "labels", "output_file", "num_processes", "ignore_label")),
            "chill": False,
        },
        free=_FREE,
    ),
    Signature(
        f"{_MODULE}.compute_metrics_on_folder",
        {
            **dict.fromkeys((*_FOLDERS, "output_file", "image_reader_writer", "file_ending")),
            **dict.fromkeys(("regions_or_labels", "ignore_label", "num_processes")),
            "chill": True,
        },
        free=_FREE,
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call: the Dice score, by which nnU-Net ranks, or `['IoU']`.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    argument = "regions_or_labels" if "regions_or_labels" in arguments else "labels"
    labels = arguments[argument]
    if labels is not None:
        labels = tuple(label for label in parse_class_ids(name, argument, labels) if label != 0)
    ignore = parse_integer(name, "ignore_label", arguments["ignore_label"])
    asked = CONTRACTS[call.rstrip().endswith(("['IoU']", '["IoU"]'))]
    return wrap_contract(
        replace(asked, choices=replace(asked.choices, target_class_ids=labels)),
        name=name,
        call=call,
        ignore=ignore,
        ignores=ignore is not None,
    )
