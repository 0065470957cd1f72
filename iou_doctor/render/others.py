"""What other implementations would report, grouped by the number that people would see."""

from __future__ import annotations

from iou_doctor.metrics.score import REASON_SEPARATOR, ContractScore
from iou_doctor.record import record
from iou_doctor.report.report import Report


@record
class Group:
    """Implementations that print the same number, or give none for the same reason."""

    value: str
    """With four digits; `raises` or `NaN` where there is no number."""
    names: tuple[str, ...]
    why: str
    """Why it is not the doctor's number; empty where it is, or where it is not known.

    True of all of them, or ending with the name of the one of which it is true.
    """


def groups(report: Report) -> tuple[Group, ...]:
    """Return the groups: the doctor's own number first, the largest groups next, errors last."""
    by_value: dict[str, list[ContractScore]] = {}
    for score in report.contracts:
        if score.value is not None or score.error or score.note == "NaN":
            by_value.setdefault(_value(score) + (score.error or ""), []).append(score)
    ours = "" if report.mean_iou is None else f"{report.mean_iou:.4f}"

    def order(item: tuple[str, list[ContractScore]]) -> tuple[bool, bool, int, str]:
        value, members = item
        return value != ours, members[0].value is None, -len(members), value

    return tuple(
        Group(_value(members[0]), tuple(member.short for member in members), _why(members))
        for _, members in sorted(by_value.items(), key=order)
    )


def _value(score: ContractScore) -> str:
    if score.error:
        return "raises"
    return "NaN" if score.value is None else f"{score.value:.4f}"


def _why(members: list[ContractScore]) -> str:
    """Return the reasons that hold for all members, or those of the first one and its name."""
    notes = [member.error or member.note or "" for member in members]
    told = [note.split(REASON_SEPARATOR) for note in notes if note != "NaN"]
    if not any(map(any, told)):
        return ""
    if members[0].error:
        return notes[0]
    if common := [reason for reason in told[0] if all(reason in others for others in told)]:
        return REASON_SEPARATOR.join(common)
    return next(
        f"{note} ({member.short})" for member, note in zip(members, notes, strict=True) if note
    )
