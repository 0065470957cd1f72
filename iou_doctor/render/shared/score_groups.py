"""Group what other implementations report by the number that they would print."""

from __future__ import annotations

from iou_doctor.metrics.score import REASON_SEPARATOR, ContractScore
from iou_doctor.record import record
from iou_doctor.report.report import Report


@record
class ScoreGroup:
    """Implementations that print the same number, or none for the same reason."""

    value: str
    """With four decimals; `raises` or `NaN` if there is no number."""
    names: tuple[str, ...]
    why: str
    """Why the number differs from the doctor's; empty if it does not, or if the reason is unknown.

    The reason holds for all members, or ends with the name of the member it holds for.
    """


def group_scores(report: Report) -> tuple[ScoreGroup, ...]:
    """Return the groups: the doctor's own number, then the largest groups, then errors."""
    by_value: dict[str, list[ContractScore]] = {}
    for score in report.contracts:
        if score.value is not None or score.error or score.note == "NaN":
            by_value.setdefault(_format_value(score) + (score.error or ""), []).append(score)
    ours = "" if report.mean_iou is None else f"{report.mean_iou:.4f}"

    def order(item: tuple[str, list[ContractScore]]) -> tuple[bool, bool, int, str]:
        value, members = item
        return value != ours, members[0].value is None, -len(members), value

    return tuple(
        ScoreGroup(
            _format_value(members[0]), tuple(member.short for member in members), _explain(members)
        )
        for _, members in sorted(by_value.items(), key=order)
    )


def _format_value(score: ContractScore) -> str:
    if score.error:
        return "raises"
    return "NaN" if score.value is None else f"{score.value:.4f}"


def _explain(members: list[ContractScore]) -> str:
    """Return the reasons that all members share, else those of one member with its name."""
    notes = [member.error or member.note or "" for member in members]
    reasons = [note.split(REASON_SEPARATOR) for note in notes if note != "NaN"]
    if not any(map(any, reasons)):
        return ""
    if members[0].error:
        return notes[0]
    if common := [reason for reason in reasons[0] if all(reason in other for other in reasons)]:
        return REASON_SEPARATOR.join(common)
    return next(
        f"{note} ({member.short})" for member, note in zip(members, notes, strict=True) if note
    )
