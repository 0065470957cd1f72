"""`iou_doctor.why`: what a printed score can mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from iou_doctor.api.explanation import Explanation

EXAMPLE = "score='0.3333', y_true=masks, y_pred=predictions"


def why(
    score: str | float,
    *positional: NoReturn,
    y_true: Any = None,
    y_pred: Any = None,
    versus: str | float | None = None,
    num_classes: int | None = None,
    **arguments: Any,
) -> Explanation:
    """Find the implementations, conventions and faults that give exactly this number.

    Example:
        >>> print(iou_doctor.why("0.3333", y_true=masks, y_pred=predictions))
        >>> print(iou_doctor.why("0.5"))  # without arrays: what would have to be true of the data

    Args:
        score: the score as it was printed, "0.3333" or "33.33%"; or the number itself.
        positional: none; the arrays are given by name.
        y_true: masks, as for `check`; `None`: the score alone is explained.
        y_pred: predictions, likewise.
        versus: another printed score: `separation` then says what separates the two.
        num_classes: number of classes, background included; `None`: inferred, or unknown.
        arguments: further arguments of `check`, for instance `batch_size`.

    Raises:
        iou_doctor.errors.UsageError: the score is no number, or as for `check`.
        iou_doctor.errors.SourceError: a file or a value cannot be read as an array.
        iou_doctor.errors.ReadingError: the arrays cannot be understood.
    """
    from dataclasses import replace

    from iou_doctor.api.check import check
    from iou_doctor.api.check_types import take_integer, take_score
    from iou_doctor.api.explanation import with_rendering
    from iou_doctor.api.request import build_request
    from iou_doctor.api.words import refuse_positions, refuse_unknown, speak_python
    from iou_doctor.diagnosis import pipeline
    from iou_doctor.errors import UsageError
    from iou_doctor.report.score_lookup import parse_score
    from iou_doctor.score_search.formula_candidates import collect_formulas
    from iou_doctor.score_search.search import look_up_both
    from iou_doctor.sources.files.bus_errors import BUS_ERRORS

    refuse_positions("why", positional, EXAMPLE)
    refuse_unknown("why", arguments, check, but={"seen"})
    text = take_score("score", score)
    if text is None:
        raise UsageError(
            "score=None: give the score as it was printed, score='0.3333' for instance"
        )
    with speak_python():
        printed = parse_score(text)
        second = take_score("versus", versus)
        other = None if second is None else parse_score(second)
        if y_true is None and y_pred is None and arguments.get("pairs") is None:
            classes = take_integer("num_classes", num_classes, least=2)
            return with_rendering(look_up_both(printed, other, collect_formulas(classes)))
        request = build_request(
            {**arguments, "y_true": y_true, "y_pred": y_pred, "num_classes": num_classes}
        )
        with BUS_ERRORS.catch():
            report = pipeline.check(replace(request, score_to_explain=printed, versus=other))
    if report.lookup is None:
        raise AssertionError("a check with a score to explain gives a report with a lookup")
    return with_rendering(report.lookup)
