"""`iou_doctor.fix`: repaired copies of arrays or files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from os import PathLike

    from iou_doctor.api.repaired import Repaired

EXAMPLE = "y_true=masks, y_pred=predictions"


def fix(
    *positional: NoReturn,
    y_true: Any = None,
    y_pred: Any = None,
    output_dir: str | PathLike[str] | None = None,
    unsafe_fixes: bool = False,
    overwrite: bool = False,
    **arguments: Any,
) -> Repaired:
    """Return repaired copies of predictions and masks, and the Report on them.

    The inputs never change.

    Example:
        >>> repaired = iou_doctor.fix(y_true=masks, y_pred=predictions, num_classes=3)
        >>> masks, predictions = repaired.y_true, repaired.y_pred
        >>> print(repaired.report)

    Args:
        positional: none; arguments without a name are refused.
        y_true: masks: a path as for `iou-doctor fix`, or an array or tensor.
        y_pred: predictions, likewise; both are paths, or both are arrays.
        output_dir: the folder for the copies of files, which have the inputs' names.
        unsafe_fixes: also make repairs that may lose or invent information.
        overwrite: replace earlier copies; never an input.
        arguments: further arguments of `check` that say what the arrays are: `num_classes`,
            `metric`, `ignore_index`, `layout`, `threshold`, `predictions_as`, `masks_as`.

    Raises:
        iou_doctor.errors.UsageError: arguments of wrong types, or that do not go together.
        iou_doctor.errors.SourceError: a file or a value cannot be read as an array.
        iou_doctor.errors.ReadingError: the arrays cannot be understood.
        iou_doctor.errors.OutputError: a file cannot be written.
    """
    from iou_doctor.api.repaired import repair
    from iou_doctor.api.words import refuse_positions, speak_python

    refuse_positions("fix", positional, EXAMPLE)
    with speak_python():
        return repair(
            {"y_true": y_true, "y_pred": y_pred, **arguments},
            output_dir=output_dir,
            unsafe=bool(unsafe_fixes),
            overwrite=bool(overwrite),
        )
