"""A reading that a baseline or the configuration froze, to hold new ones to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iou_doctor.record import record

if TYPE_CHECKING:  # the command line reads settings without loading NumPy
    from iou_doctor.arrays.interpretation import Interpretation
    from iou_doctor.arrays.layout import Axes


@record
class ExpectedInterpretation:
    """How the arrays are expected to be read. Nothing is read differently because of it."""

    origin: str
    """Who froze it: `baseline` or `configuration`."""
    place: str
    """What froze it, for the message: `the baseline`, or the file's path."""
    values: Mapping[str, int | str | None]
    """Some of the fields of `summarize_interpretation`; what is not named may change."""


def summarize_interpretation(interpretation: Interpretation) -> dict[str, int | str | None]:
    """Return what may be frozen of a reading, by field; class axes are counted from the end."""
    return {
        "num_classes": interpretation.num_classes,
        "ignore_index": interpretation.ignore_index,
        "predictions.encoding": interpretation.y_pred.value,
        "predictions.class_axis": _class_axis(interpretation.layout.y_pred),
        "masks.encoding": interpretation.y_true.value,
        "masks.class_axis": _class_axis(interpretation.layout.y_true),
    }


def _class_axis(axes: Axes) -> int | None:
    """Return the class axis, -1 for the last one: a missing sample axis does not move it."""
    if not axes.is_dense or axes.channel is None:
        return None
    return axes.channel - len(axes.shape)
