"""The arrays behind a report, from which a page reads the samples that it shows."""

from __future__ import annotations

from collections.abc import Callable

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.source import Pair
from iou_doctor.ledger.counted import Counted
from iou_doctor.metrics.metric import Metric
from iou_doctor.record import record


@record
class CheckedArrays:
    """The arrays of a report, how they were read, and what was counted."""

    open: Callable[[], Pair]
    """Returns the arrays, opened again if need be.

    It raises a SourceError if they are gone, or are no longer what was checked.
    """
    name_sample: Callable[[int], str]
    """Returns the stem of the file of a sample, or its number."""
    interpretation: Interpretation
    metric: Metric
    """The user's metric, as it reads arrays of this layout."""
    threshold: float
    """The decision threshold with which scores were counted."""
    counted: Counted | None
    """The label pairs after all repairs; `None` if the arrays are misread."""

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Leave the arrays out of a report that is pickled."""
        return type(None), ()
