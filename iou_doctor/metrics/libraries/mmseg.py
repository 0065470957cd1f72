"""`IoUMetric` of mmsegmentation, as a fraction (it prints percent).

Source: mmsegmentation 1.2.2, `mmseg/evaluation/metrics/iou_metric.py` (`intersect_and_union`,
`total_area_to_metrics`). Pixels whose truth is `ignore_index` are left out. Then it counts three
histograms over the classes. Float maps are compared with the labels unchanged.
"""

from collections.abc import Mapping
from dataclasses import replace

from iou_doctor.errors import UsageError
from iou_doctor.metrics.call_arguments import choose, parse_integer, wrap_contract
from iou_doctor.metrics.definition import (
    Absent,
    Choices,
    Contract,
    Floats,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch
from iou_doctor.metrics.metric import Metric, Signature

LIBRARY = "mmsegmentation"
_MEAN_IOU = Choices(
    floats=Floats.COMPARED,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.CLASS_STAYS,
    ignores_in_mask_dtype=True,
    absent=Absent.SKIPPED,
)
_TAKES = InputSpec(
    errors={
        Mismatch.SHAPES: (
            "IndexError: the shape of the mask does not match that of the indexed tensor"
        )
    }
)


def _build_contract(metric: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name="mmseg.IoUMetric" + ("" if metric == "mIoU" else f"[{metric}]"),
        library=LIBRARY,
        versions="1.0-1.2",
        call=f"IoUMetric(ignore_index={{ignore_index}}, iou_metrics=['{metric}'])",
        choices=choices,
        takes=_TAKES,
        short=f"mmseg {metric}",
        common=common,
    )


SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "mmseg.evaluation.IoUMetric",
        {
            "ignore_index": 255,
            "iou_metrics": ["mIoU"],
            "nan_to_num": None,
            "beta": 1,
            "collect_device": None,
            "output_dir": None,
            "format_only": None,
            "prefix": None,
        },
        free=frozenset({"collect_device", "output_dir", "format_only", "prefix"}),
    ),
)
CONTRACTS: tuple[Contract, ...] = (
    _build_contract("mIoU", _MEAN_IOU, common=True),
    _build_contract("mDice", replace(_MEAN_IOU, ratio=Ratio.DICE)),
    _build_contract("mFscore", replace(_MEAN_IOU, ratio=Ratio.DICE, absent=Absent.SKIPPED_MISSED)),
    Contract(
        name="mmseg.IoUMetric[ignore_index=255]",
        library=LIBRARY,
        versions="1.0-1.2",
        call="IoUMetric(ignore_index=255)",
        choices=replace(_MEAN_IOU, ignored=Ignored.IS_255),
        takes=_TAKES,
        short="mmseg mIoU (255 ignored)",
    ),
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:
    """Return the metric of a parsed call: the first of several `iou_metrics`.

    Raises:
        UsageError: an argument has a value that is not supported.
    """
    wanted = arguments["iou_metrics"]
    if not isinstance(wanted, (list, tuple)) or not wanted:
        raise UsageError(f"--metric {name}: iou_metrics must be a list such as ['mIoU']")
    known: dict[str, Contract] = dict(zip(("mIoU", "mDice", "mFscore"), CONTRACTS, strict=False))
    contract = choose(name, "iou_metrics", wanted[0], known)
    choose(name, "beta", arguments["beta"], {1: None})
    absent = choose(
        name,
        "nan_to_num",
        arguments["nan_to_num"],
        {None: contract.choices.absent, 0: Absent.ZERO, 1: Absent.ONE},
    )
    return wrap_contract(
        replace(contract, choices=replace(contract.choices, absent=absent)),
        name=name,
        call=call,
        ignore=parse_integer(name, "ignore_index", arguments["ignore_index"]),
        ignores=True,
    )
