"""Words and numbers that the formats for people share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from iou_doctor.arrays.layout import Assumption
from iou_doctor.metrics.score import ClassScore, Pixels, Score
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding
from iou_doctor.report.report import Report

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
"""Characters that XML forbids and a page does not show."""


def printable(text: str) -> str:
    """Return the text with a sign in the place of each character that cannot be shown."""
    return UNPRINTABLE.sub("\ufffd", text)


def number(value: float | None) -> str:
    """Return a score with four digits."""
    return "none" if value is None else f"{value:.4f}"


def share(part: int, whole: int) -> str:
    """Return a part of the whole in per cent."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def three_numbers(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield what each number is, the number, and a remark."""
    error = report.metric.error
    reads = "raises" if error else number(report.metric.value)
    note = report.metric.note
    if note == "NaN":
        reads, note = "NaN", None
    told = f": {error}" if error else f" ({note})" if note else ""
    yield "your metric reads", reads, report.metric_call + told
    unpaired = "" if report.score else "the pixels do not pair up as they are"
    yield "the arrays agree at", number(report.mean_iou), unpaired
    if repairs := root_repairs(report):
        guess = " (estimated)" if any(repair.estimated for repair in repairs) else ""
        names = ", then ".join(repair.name for repair in repairs)
        yield "after the repair", number(report.verdict.mean_iou_after_all), f"{names}{guess}"


def roots(report: Report) -> list[Finding]:
    """Return the findings that no other one explains."""
    return [f for f in report.findings if f.rule.name not in report.consequences]


def consequences(report: Report) -> list[Finding]:
    """Return the findings that are there only because of another one."""
    return [f for f in report.findings if f.rule.name in report.consequences]


def root_repairs(report: Report) -> list[Repair]:
    """Return the repairs of the root causes."""
    return [finding.repair for finding in roots(report) if finding.repair]


def repair_alone(finding: Finding, report: Report) -> str | None:
    """Return the finding's repair and what it is worth, where it is one of several."""
    if finding.repair is None or len(root_repairs(report)) < 2:
        return None
    return f"{finding.repair.name} ({number(finding.repair.mean_iou_after)} alone)"


def explained_by(finding: Finding, report: Report) -> str | None:
    """Return codes and names of the findings that are consequences of this one."""
    names = report.explains.get(finding.rule.name, ())
    codes = {other.rule.name: other.rule.code for other in report.findings}
    return ", ".join(sorted(f"{codes[name]} {name}" for name in names)) or None


def class_name(entry: ClassScore, report: Report) -> str:
    """Return the id and the name of a class, if it has one."""
    name = report.reading.class_names[entry.id]
    return name if name == str(entry.id) else f"{entry.id} {name}"


def worst_classes(score: Score, most: int) -> list[ClassScore]:
    """Return all classes if there are at most `most`, else those with the lowest IoU, by id."""
    if len(score.per_class) <= most:
        return list(score.per_class)
    worst = sorted(
        score.per_class, key=lambda entry: (entry.iou is None, entry.iou or 0.0, entry.id)
    )
    return sorted(worst[:most], key=lambda entry: entry.id)


def means(score: Score) -> list[str]:
    """Return the averages over the classes and pixels."""
    return [
        f"mean {number(score.mean_iou)}",
        f"pixel accuracy {number(score.pixel_accuracy)}",
        f"Dice {number(score.mean_dice)}",
        f"per image {number(score.per_image_mean_iou)}",
    ]


def pixel_counts(pixels: Pixels) -> list[str]:
    """Return where the pixels went."""
    return [
        f"{pixels.total:,} in all",
        f"{pixels.counted:,} counted",
        f"{pixels.ignored:,} ignored",
        f"{pixels.out_of_range:,} out of range",
    ]


def assumed(guess: Assumption) -> str:
    """Return a guess as a phrase."""
    array, _, field = guess.field.rpartition(".")
    match field:
        case "encoding":
            return f"{array} are {guess.value}"
        case "class_axis":
            return f"axis {guess.value} of the {array} holds the classes"
        case _:
            return f"{guess.field} {guess.value}"
