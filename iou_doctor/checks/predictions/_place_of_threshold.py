"""Say where to set another threshold."""

from __future__ import annotations

from iou_doctor.metrics.metric import Metric


def name_place(metric: Metric, threshold: float) -> str:
    """Return where to set the threshold: in the call of a metric that has one, or in the option."""
    if metric.threshold is None:
        return f"pass it as --threshold {threshold:g}"
    return f"pass it to the metric, as threshold={threshold:g} in {metric.short_name}"


def advise_on_threshold(choice: str) -> str:
    """Return the advice on a threshold that does not fit.

    Args:
        choice: what to choose, and where to set it.
    """
    return (
        f"find out why the scores need another threshold, or choose {choice}; tuning it on the data"
        " that are scored is not a repair"
    )
