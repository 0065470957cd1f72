"""Words and numbers that several formats share."""

from __future__ import annotations

from collections.abc import Sequence

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


def name_class(class_id: int | None, names: Sequence[str]) -> str:
    """Return the name of a class, or `class 3` if it has none."""
    if class_id is None:
        return "no class"
    name = names[class_id] if class_id < len(names) else str(class_id)
    return f"class {class_id}" if name == str(class_id) else name


def is_clean(report: Report) -> bool:
    """Return whether a check passes without errors and warnings."""
    return report.primary is None and not is_bad(report)


def is_bad(report: Report) -> bool:
    """Return whether a report shows a cross: there is an error, or the check fails."""
    return report.verdict.sick or report.fails


def name_status(report: Report) -> str:
    """Return the state in one word: `sick`, `failed` for warnings that shall fail, or `healthy`."""
    if report.verdict.sick:
        return "sick"
    return "failed" if report.fails else "healthy"


def explain_exit_code(report: Report) -> str | None:
    """Return why the exit code does not follow from the errors; `None` if it does."""
    if report.fails == report.verdict.sick:
        return None
    return f"exit code {int(report.fails)} because of --fail-on {report.fail_on}"


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


def find_severity(finding: Finding, report: Report) -> Severity:
    """Return the severity of a root cause with what follows from it: the worst of them."""
    names = {finding.rule.name, *report.explains.get(finding.rule.name, ())}
    of_it = [finding, *(other for other in report.findings if other.rule.name in names)]
    return max((one.severity for one in of_it), key=lambda severity: severity.rank)


def list_consequences(report: Report) -> list[Finding]:
    """Return the findings that exist only because of others."""
    return [f for f in report.findings if f.rule.name in report.consequences]


def list_root_repairs(report: Report) -> list[Repair]:
    """Return the repairs of the root causes."""
    return [finding.repair for finding in list_root_causes(report) if finding.repair]


def describe_repair(finding: Finding, report: Report) -> str | None:
    """Return the repair of a finding and the score after it; `None` unless there are several.

    The score is left out if it is that of all repairs: it may then be of this one with others.
    """
    if finding.repair is None or len(list_root_repairs(report)) < 2:
        return None
    after = format_score(finding.repair.mean_iou_after)
    is_last = after == format_score(report.verdict.mean_iou_after_all)
    return finding.repair.name if is_last else f"{finding.repair.name} ({after} alone)"


def describe_consequences(finding: Finding, report: Report) -> str | None:
    """Return codes and names of the consequences of a finding; `None` if it has none."""
    names = report.explains.get(finding.rule.name, ())
    codes = {other.rule.name: other.rule.code for other in report.findings}
    return ", ".join(sorted(f"{codes[name]} {name}" for name in names)) or None


def list_remarks(finding: Finding, report: Report) -> list[str]:
    """Return what is said of a finding, line by line: what was found, the help, what follows."""
    consequences = describe_consequences(finding, report)
    return [
        finding.message,
        *([finding.evidence] if finding.evidence else []),
        f"help: {finding.help}",
        *([f"explains: {consequences}"] if consequences else []),
    ]


def format_class(entry: ClassScore, report: Report) -> str:
    """Return the id of a class, and its name if it has one."""
    name = report.reading.class_names[entry.id]
    return name if name == str(entry.id) else f"{entry.id} {name}"


def order_classes(report: Report, score: Score, most: int) -> list[ClassScore]:
    """Return the classes in order of their ids, or the dearest or worst first if they are many."""
    if len(score.per_class) <= most:
        return list(score.per_class)
    if ledger := report.ledger_as_stored:
        points = {entry.id: entry.points for entry in ledger.by_class}
        return sorted(score.per_class, key=lambda entry: (-points.get(entry.id, 0.0), entry.id))
    return sorted(
        score.per_class, key=lambda entry: (entry.iou is None, entry.iou or 0.0, entry.id)
    )


def describe_selection(report: Report, shown: int, score: Score) -> str:
    """Return which classes are shown if not all are: `the 12 of 19 classes that cost most`."""
    which = "that cost most" if report.ledger_as_stored else "with the lowest IoU"
    return f"the {shown} of {len(score.per_class)} classes {which}"


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
