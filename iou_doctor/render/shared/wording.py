"""Words and numbers that several formats share."""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.arrays.layout import Assumption
from iou_doctor.metrics.score import ClassScore, Pixels, Score
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import replace_unsafe


def replace_unprintable(text: str) -> str:
    """Replace each character that cannot or must not be shown by the replacement character."""
    text = replace_unsafe(text, lambda _: "\ufffd")
    return text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")  # XML forbids them


def format_score(value: float | None) -> str:
    """Format a score with four decimals."""
    return "none" if value is None else f"{value:.4f}"


def format_share(part: int, whole: int) -> str:
    """Format a part of a whole as a percentage; empty if the whole is 0."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def list_scores(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield the scores at the top of a report: what each is, its value, and a remark."""
    error = report.metric.error
    reads = "raises" if error else format_score(report.metric.value)
    note = report.metric.note
    if note == "NaN":
        reads, note = "NaN", None
    remark = f": {error}" if error else f" ({note})" if note else ""
    yield "your metric reads", reads, report.metric_call + remark
    unpaired = "" if report.score else "the pixels do not pair up as they are"
    yield "counted as stored", format_score(report.mean_iou), unpaired
    if repairs := list_root_repairs(report):
        guess = " (estimated)" if any(repair.estimated for repair in repairs) else ""
        names = ", then ".join(repair.name for repair in repairs)
        yield "after the repair", format_score(report.verdict.mean_iou_after_all), f"{names}{guess}"


def find_right_score(report: Report) -> float | None:
    """Return the mean IoU that the report ends with; `None` if no repair leads to one."""
    if list_root_repairs(report):
        return report.verdict.mean_iou_after_all
    return None if report.ledger is None else report.mean_iou


def count_findings(report: Report) -> str:
    """Return how many errors, warnings and notes there are: `1 error, 2 notes`."""
    counts = []
    for severity in Severity:
        count = sum(finding.severity is severity for finding in list_root_causes(report))
        if count:
            counts.append(f"{count} {severity.value}{'s' if count > 1 else ''}")
    return ", ".join(counts) or "no findings"


def list_root_causes(report: Report) -> list[Finding]:
    """Return the findings that are not consequences of others."""
    return [f for f in report.findings if f.rule.name not in report.consequences]


def list_consequences(report: Report) -> list[Finding]:
    """Return the findings that exist only because of others."""
    return [f for f in report.findings if f.rule.name in report.consequences]


def list_root_repairs(report: Report) -> list[Repair]:
    """Return the repairs of the root causes."""
    return [finding.repair for finding in list_root_causes(report) if finding.repair]


def describe_repair(finding: Finding, report: Report) -> str | None:
    """Return the repair of a finding and the score after it; `None` unless there are several."""
    if finding.repair is None or len(list_root_repairs(report)) < 2:
        return None
    return f"{finding.repair.name} ({format_score(finding.repair.mean_iou_after)} alone)"


def describe_consequences(finding: Finding, report: Report) -> str | None:
    """Return codes and names of the consequences of a finding; `None` if it has none."""
    names = report.explains.get(finding.rule.name, ())
    codes = {other.rule.name: other.rule.code for other in report.findings}
    return ", ".join(sorted(f"{codes[name]} {name}" for name in names)) or None


def format_class(entry: ClassScore, report: Report) -> str:
    """Return the id of a class, and its name if it has one."""
    name = report.reading.class_names[entry.id]
    return name if name == str(entry.id) else f"{entry.id} {name}"


def select_worst_classes(score: Score, most: int) -> list[ClassScore]:
    """Return the `most` classes with the lowest IoU, in order of their ids."""
    if len(score.per_class) <= most:
        return list(score.per_class)
    worst = sorted(
        score.per_class, key=lambda entry: (entry.iou is None, entry.iou or 0.0, entry.id)
    )
    return sorted(worst[:most], key=lambda entry: entry.id)


def format_averages(score: Score) -> list[str]:
    """Return the averages over classes, pixels and images, each as a phrase."""
    return [
        f"mean {format_score(score.mean_iou)}",
        f"pixel accuracy {format_score(score.pixel_accuracy)}",
        f"Dice {format_score(score.mean_dice)}",
        f"per image {format_score(score.per_image_mean_iou)}",
    ]


def format_pixel_counts(pixels: Pixels) -> list[str]:
    """Return how many pixels were counted or left out, each as a phrase."""
    return [
        f"{pixels.total:,} in all",
        f"{pixels.counted:,} counted",
        f"{pixels.ignored:,} ignored",
        f"{pixels.out_of_range:,} out of range",
    ]


def describe_assumption(guess: Assumption) -> str:
    """Return an assumption as a phrase."""
    array, _, field = guess.field.rpartition(".")
    match field:
        case "encoding":
            return f"{array} are {guess.value}"
        case "class_axis":
            return f"axis {guess.value} of the {array} holds the classes"
        case "values":
            return f"missing {array} are {guess.value}"
        case _:
            return f"{guess.field} {guess.value}"
