"""Words and numbers that several formats share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iou_doctor.arrays.layout import Assumption
from iou_doctor.metrics.score import ClassScore, Pixels, Score
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import UNEXPLAINED, Report
from iou_doctor.safety.safe_text import replace_unsafe

RIGHT = " (right)"
"""What marks the right one of the scores."""
OUTSIDE_CLASSES = frozenset({"label-out-of-range", "prediction-out-of-range"})
"""Rules of labels that are no class. As long as nothing maps them, nobody knows the right score."""

DOUBTFUL = frozenset({"undeclared-void-label"})
"""Rules of labels that may be void or a class. Without a repair, nobody knows which."""


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


def list_scores(report: Report) -> Iterator[tuple[str, str, str]]:
    """Yield the scores of a report: what each is, its value, and a remark. One may be `(right)`."""
    reads, note = format_metric(report), report.metric.note
    error = report.metric.error
    remark = f": {error}" if error else f" ({note})" if note and note != "NaN" else ""
    stored = format_score(report.mean_iou)
    right = find_right_score(report)
    repairs = list_root_repairs(report)
    is_right = not repairs and reads_right(report)
    yield f"your metric{RIGHT * is_right}", reads, report.metric_call + remark
    if not (is_right and reads == stored):
        unpaired = "" if report.score else "the pixels do not pair up as they are"
        yield "counted as stored", stored, unpaired
    if repairs:
        guess = " (estimated)" if any(repair.estimated for repair in repairs) else ""
        names = ", then ".join(repair.name for repair in repairs)
        mark = RIGHT if right is not None and _may_be_right(report) else ""
        yield f"after the repair{mark}", format_score(right), f"{names}{guess}"


def format_metric(report: Report) -> str:
    """Return what the user's metric reads, with four decimals, or that it raises."""
    if report.metric.error:
        return "raises"
    return "NaN" if report.metric.note == "NaN" else format_score(report.metric.value)


def describe_scores(report: Report) -> str:
    """Return the score of the user's metric, and the right one if it is known to be another."""
    reads, right = format_metric(report), find_right_score(report)
    if right is None:
        return f"your metric {reads}"
    if reads_right(report):
        return f"your metric {reads} is right"
    if reads == format_score(right):
        return f"your metric {reads}"  # nobody knows whether it is right
    what = "counted as stored"
    if list_root_repairs(report):
        what = "right" if _may_be_right(report) else "after the repair"
    return f"your metric {reads}, {what} {format_score(right)}"


def reads_right(report: Report) -> bool:
    """Return whether the user's metric reads the right score, to four decimals.

    If the score is low for unknown reasons, nobody knows whether it is right.
    """
    right = find_right_score(report)
    if any(finding.rule.name == UNEXPLAINED for finding in report.findings):
        return False
    is_equal = right is not None and format_metric(report) == format_score(right)
    return is_equal and _may_be_right(report)


def _may_be_right(report: Report) -> bool:
    """Return whether nothing leaves labels outside the classes, whatever is repaired."""
    return not any(
        finding.repair is None
        and (
            (finding.rule.name in OUTSIDE_CLASSES and finding.severity is Severity.ERROR)
            or (finding.rule.name in DOUBTFUL and finding.severity is not Severity.NOTE)
        )
        for finding in list_root_causes(report)
    )


def find_right_score(report: Report) -> float | None:
    """Return the mean IoU that the report ends with; `None` if no repair leads to one."""
    if list_root_repairs(report):
        return report.verdict.mean_iou_after_all
    return None if report.ledger is None else report.mean_iou


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
