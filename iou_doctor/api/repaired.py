"""What `iou_doctor.fix` returns, and how arrays pass through the same code as files."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from iou_doctor.api.report import Report, with_rendering
from iou_doctor.api.request import build_request
from iou_doctor.errors import UsageError
from iou_doctor.file_repair.run import RepairedFiles, repair_files
from iou_doctor.record import record
from iou_doctor.sources.memory.array_or_tensor import copy_to_host
from iou_doctor.sources.memory.tensor import convert_to_numbers

TAKEN = frozenset(
    {
        *("y_true", "y_pred", "num_classes", "metric", "ignore_index", "ignore_class"),
        *("class_names", "layout", "threshold", "predictions_as", "masks_as", "batch_size"),
    }
)
"""The arguments of `check` that `fix` takes, too."""


@record
class Repaired:
    """Repaired copies, and the Report on them."""

    y_true: Any
    """The masks to use from now on: an array, or the path of the copy or of the input."""
    y_pred: Any
    """Likewise the predictions."""
    repairs: tuple[str, ...]
    """What was done, in words; empty if nothing was."""
    report: Report
    """The report on the copies."""

    def __repr__(self) -> str:
        done = "; ".join(self.repairs) or "nothing to repair"
        return f"<Repaired: {done}; {self.report.verdict.summary}>"


def repair(
    arguments: dict[str, Any],
    *,
    output_dir: str | PathLike[str] | None,
    unsafe: bool,
    overwrite: bool,
) -> Repaired:
    """Repair two files, or two arrays.

    Args:
        arguments: those of `check` that `fix` takes.
        output_dir: the folder for the copies of files; `None` for arrays.
        unsafe: whether to apply repairs that may lose or invent information.
        overwrite: whether earlier copies may be replaced.

    Raises:
        UsageError: arguments that do not go together; others as `iou_doctor.fix` raises.
    """
    for name in arguments:
        if name not in TAKEN:
            raise UsageError(f"fix() takes no argument {name}=")
    are_paths = [isinstance(arguments[name], (str, PathLike)) for name in ("y_true", "y_pred")]
    if not any(are_paths):
        if output_dir is not None:
            raise UsageError("output_dir= is for files; arrays are returned")
        return _repair_arrays(arguments, unsafe=unsafe)
    if not all(are_paths):
        raise UsageError("give both y_true and y_pred as paths, or both as arrays")
    if output_dir is None:
        raise UsageError("output_dir= is missing: the folder for the repaired copies of the files")
    paths = {name: fspath(arguments[name]) for name in ("y_true", "y_pred")}
    request = build_request({**arguments, **paths})
    repaired = repair_files(
        request, output_dir=Path(output_dir), unsafe=unsafe, overwrite=overwrite
    )
    return _describe(repaired, repaired.masks, repaired.predictions)


def _repair_arrays(arguments: dict[str, Any], *, unsafe: bool) -> Repaired:
    """Repair two arrays by way of files, so that there is one way to do it."""
    build_request(arguments)  # refuses what is wrong before anything is written
    with TemporaryDirectory(prefix="iou-doctor-") as folder:
        arrays, places = {}, {}
        for name in ("y_true", "y_pred"):
            arrays[name] = copy_to_host(convert_to_numbers(arguments[name], name), ())
            places[name] = Path(folder, f"{name}.npy")
            np.save(places[name], arrays[name], allow_pickle=False)
        request = build_request({**arguments, **{name: str(at) for name, at in places.items()}})
        repaired = repair_files(request, output_dir=Path(folder, "copies"), unsafe=unsafe)
        found = {"y_true": repaired.masks, "y_pred": repaired.predictions}
        for name, place in found.items():
            if Path(place) != places[name]:
                arrays[name] = np.load(place, allow_pickle=False)
    described = _describe(repaired, arrays["y_true"], arrays["y_pred"])
    return replace(described, report=_rename_inputs(described.report))


def _rename_inputs(report: Report) -> Report:
    """Return the report with the names of the arguments in place of temporary files."""
    masks = replace(report.masks, path="y_true", format="array")
    return replace(
        report, masks=masks, predictions=replace(report.predictions, path="y_pred", format="array")
    )


def _describe(repaired: RepairedFiles, y_true: Any, y_pred: Any) -> Repaired:
    done = dict.fromkeys(
        f"{finding.repair.name} ({finding.rule.name})"
        for copy in repaired.copies
        for finding in copy.causes
        if finding.repair
    )
    return Repaired(y_true, y_pred, tuple(done), with_rendering(repaired.report))
