"""What the user's metric and the axes of two arrays are, before anything is counted."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor import interpret
from iou_doctor.arrays.layout import Assumption, Layout
from iou_doctor.arrays.source import NodataSource, Pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.metrics.user.user_metric import UserMetric


def parse_metric(pair: Pair, request: CheckRequest) -> tuple[Pair, UserMetric]:
    """Return the user's metric; if the masks have a value without data, it is the ignore label."""
    metric = UserMetric.parse(request.metric, request.options)
    nodata = pair.y_true.nodata if isinstance(pair.y_true, NodataSource) else None
    if nodata is None or metric.options.ignore_index is not None:
        return pair, metric
    field, why = "ignore_index", "the value of pixels without data, says the tag GDAL_NODATA"
    if nodata != 0 and nodata not in range(metric.options.num_classes or 0):
        options = replace(request.options, ignore_index=nodata)
        metric = UserMetric.parse(request.metric, options)
        note = Assumption(field, str(nodata), why)
    else:
        remedy = f"--ignore-index {nodata} leaves it out"
        note = Assumption(field, "none", f"{nodata}, {why}, is one of the classes; {remedy}")
    return replace(pair, assumed=(*pair.assumed, note)), metric


def infer_layout(pair: Pair, metric: UserMetric, *, may_be_channels: bool = True) -> Layout:
    """Return what the axes of two arrays mean, which a few windows of them show.

    Args:
        pair: the arrays.
        metric: the user's metric.
        may_be_channels: whether an axis as long as there are classes may hold a mask for each.

    Raises:
        UsageError: `--layout` does not fit the arrays.
        ReadingError: an array has too many axes, or no spatial ones.
        SourceError: an array cannot be read.
    """
    return interpret.infer_layout(
        pair,
        metric.options,
        metric_axis=metric.mask_axis,
        pools_channels=metric.pools_channels,
        may_be_channels=may_be_channels,
    )
