"""Make a report from parts: the same flow as a check, with recorded answers."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.diagnosis.pipeline import report_on
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import UsageError
from iou_doctor.parts.part import Part, refuse_missing
from iou_doctor.parts.plan_file import write_again
from iou_doctor.parts.recorded import RecordedArrays, build_pair, refuse_unanswered
from iou_doctor.report.report import Report


def make_report(part: Part, request: CheckRequest) -> Report:
    """Return the report that a check of the same arrays would give.

    Scores that need the arrays once more are estimated, and the report names the questions that a
    second round has to answer.

    Args:
        part: all shards.
        request: what to report; the arrays, their options and the metric are those of the part.

    Raises:
        UsageError: shards are missing, or something was not counted.
        ReadingError: the arrays cannot be understood.
    """
    refuse_missing(part)
    job = part.job
    wanted = request.all_implementations or request.score_to_explain is not None
    if wanted and not job.counts_for_all:
        raise UsageError(
            "--contracts all and --seen need what the parts have not counted; give `iou-doctor scan"
            " --contracts all` as well"
        )
    request = replace(request, options=job.options, metric=job.metric)
    arrays = RecordedArrays(part)
    with refuse_unanswered(part, "the report"):
        report = report_on(build_pair(part), request, arrays)
    return replace(report, again=write_again(arrays.open_questions))
