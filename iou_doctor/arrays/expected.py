"""An interpretation of the arrays that a baseline or the configuration expects.

Rule IOU109 compares it with what is inferred now. It never changes how arrays are interpreted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iou_doctor.record import record

if TYPE_CHECKING:  # the command line loads its settings without NumPy
    from iou_doctor.arrays.interpretation import Interpretation
    from iou_doctor.arrays.layout import Axes


@record
class ExpectedInterpretation:
    """How the arrays were interpreted when the expectation was written down."""

    origin: str
    """What holds the expectation: `baseline` or `configuration`."""
    place: str
    """The same for messages: `the baseline`, or the path of the configuration file."""
    values: Mapping[str, int | str | None]
    """Some of the fields of `summarize_interpretation`; all others may change."""


def summarize_interpretation(interpretation: Interpretation) -> dict[str, int | str | None]:
    """Return the fields of an interpretation that can be expected to stay the same.

    Class axes are counted from the end: -1 is the last axis, with or without a sample axis.
    """
    return {
        "num_classes": interpretation.num_classes,
        "ignore_index": interpretation.ignore_index,
        "predictions.encoding": interpretation.y_pred.value,
        "predictions.class_axis": _count_class_axis_from_end(interpretation.layout.y_pred),
        "masks.encoding": interpretation.y_true.value,
        "masks.class_axis": _count_class_axis_from_end(interpretation.layout.y_true),
    }


def _count_class_axis_from_end(axes: Axes) -> int | None:
    if not axes.is_dense or axes.channel is None:
        return None
    return axes.channel - len(axes.shape)
