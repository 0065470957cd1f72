"""Check what one metric has received."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.api.report import Report, with_rendering
from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.training.ignored_object import may_ignore_object
from iou_doctor.training.keras_types import Metric
from iou_doctor.training.log_texts import add_weights_note
from iou_doctor.training.metric_call import write_call
from iou_doctor.training.situation import (
    Fit,
    Situation,
    Stage,
    list_doubtful_rules,
    list_unreported_rules,
)
from iou_doctor.training.step_recorder import Arrays, StepRecorder
from iou_doctor.training.weights import drop_unweighted_pixels


def describe_situation(
    training: StepRecorder | None, key: str, metric: Metric, *, stage: Stage, fit: Fit
) -> Situation:
    """Return what is known when a metric is checked.

    Args:
        training: the recorder of the training step; `None` in `evaluate`.
        key: the metric's key in `StepRecorder.metrics`.
        metric: the metric.
        stage: when it is checked.
        fit: how well the network fits its training masks.
    """
    has_epoch = training is not None and stage in {Stage.EPOCH, Stage.VALIDATION}
    return Situation(
        stage=stage,
        fit=fit,
        may_lack_object=may_ignore_object(metric),
        lacks_object=has_epoch and training is not None and training.lacks_object(key),
    )


def check_metric(
    metric: Metric,
    arrays: Arrays,
    situation: Situation,
    *,
    class_names: tuple[str, ...],
    ignore: tuple[str, ...],
) -> tuple[Report, str | None]:
    """Return the report on what a metric received, and a note about its weights, if any.

    Args:
        metric: the metric.
        arrays: what it received.
        situation: what is known of the training.
        class_names: one name for each class.
        ignore: rules that the user does not want to be reported.

    Raises:
        IouDoctorError: the arrays cannot be understood.
    """
    (y_true, y_pred), note = drop_unweighted_pixels(*arrays)
    request = CheckRequest(
        predictions=y_pred,
        masks=y_true,
        options=Options(class_names=class_names),
        metric=write_call(metric),
        lacks_object=situation.lacks_object,
        selection=Selection(ignore=(*ignore, *list_unreported_rules(situation))),
    )
    report = check(request)
    doubtful = list_doubtful_rules(report, situation)
    if doubtful:  # once more, because they may have hidden other findings
        selection = replace(request.selection, ignore=(*request.selection.ignore, *doubtful))
        report = check(replace(request, selection=selection))
    report = with_rendering(report)
    return report if note is None else add_weights_note(report, note), note
