"""`iou_doctor.compare`: why two numbers on the same masks differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from iou_doctor.api.compared import Comparison

EXAMPLE = "y_true=masks, before=old_predictions, after=new_predictions"


def compare(
    *positional: NoReturn,
    y_true: Any = None,
    before: Any = None,
    after: Any = None,
    metric: Any = None,
    versus_metric: Any = None,
    **arguments: Any,
) -> Comparison:
    """Say where the difference of two numbers on the same masks comes from.

    Example:
        >>> print(iou_doctor.compare(y_true=masks, before=old, after=new, num_classes=3))
        >>> iou_doctor.compare(y_true=masks, before=old, versus_metric=keras.metrics.IoU(3, [1]))

    Args:
        positional: none; arguments are given by name.
        y_true: the masks, as for `check`.
        before: the predictions that the others are compared with.
        after: the other predictions; `None` with `versus_metric`, which takes the same ones.
        metric: the metric, as for `check`.
        versus_metric: the metric of the second number; `None`: the same one.
        arguments: further arguments of `check`, for instance `num_classes`.

    Raises:
        iou_doctor.errors.UsageError: predictions of other samples, or as for `check`.
        iou_doctor.errors.SourceError: a file or a value cannot be read as an array.
        iou_doctor.errors.ReadingError: the arrays cannot be understood.
    """
    from iou_doctor.api.check import check
    from iou_doctor.api.words import refuse_positions, refuse_unknown, speak_python
    from iou_doctor.errors import UsageError

    refuse_positions("compare", positional, EXAMPLE)
    refuse_unknown("compare", arguments, check, but={"y_pred", "seen"})
    if before is None or (after is None) == (versus_metric is None):
        raise UsageError(
            "give before= and after= to compare two predictions, or before= and versus_metric= to"
            " compare two metrics on the same predictions"
        )
    with speak_python():
        from iou_doctor.api.compared import with_rendering
        from iou_doctor.api.request import build_request
        from iou_doctor.diagnosis.compare import compare as compare_requests

        shared = {**arguments, "y_true": y_true}
        first = build_request({**shared, "y_pred": before, "metric": metric})
        second = build_request(
            {
                **shared,
                "y_pred": before if after is None else after,
                "metric": metric if versus_metric is None else versus_metric,
            }
        )
        return with_rendering(compare_requests(first, second))
