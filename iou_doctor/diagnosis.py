"""From the evidence to the Report: run the checks, find the root cause, say it in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from iou_doctor import __version__, checks, repairs
from iou_doctor.errors import UsageError
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Outcome, Severity, Status
from iou_doctor.layout import Axes, Relation
from iou_doctor.reading import Encoding
from iou_doctor.repair import REORDER, Repair, Step
from iou_doctor.report import Input, Report, Verdict
from iou_doctor.score import score
from iou_doctor.source import Source
from iou_doctor.stats import PairCounts

Recount = Callable[[Sequence[Step]], PairCounts]


@dataclass(frozen=True)
class Selection:
    """Which rules the user wants to hear: codes, prefixes of codes, or names."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for word in (*self.select, *self.ignore):
            if not any(
                _names(word, check.rule.code, check.rule.name) for check in checks.all_checks()
            ):
                raise UsageError(
                    f"no rule is called {word!r}; `iou-doctor rules` lists codes and names"
                )

    def __contains__(self, outcome: Outcome) -> bool:
        code, name = outcome.rule.code, outcome.rule.name
        wanted = not self.select or any(_names(word, code, name) for word in self.select)
        return wanted and not any(_names(word, code, name) for word in self.ignore)


def _names(word: str, code: str, name: str) -> bool:
    return word.upper() == "ALL" or word == name or (word != "" and code.startswith(word.upper()))


def diagnose(evidence: Evidence, selection: Selection, recount: Recount) -> Report:
    """Return the Report: findings of the selected rules, root cause first.

    Args:
        evidence: the facts.
        selection: which rules to report.
        recount: the doctor's label pairs once more, after steps that move pixels or samples.
    """
    findings, outcomes = checks.run(evidence)
    outcomes = tuple(
        outcome if outcome in selection else Outcome(outcome.rule, Status.SKIPPED, "not selected")
        for outcome in outcomes
    )
    fired = {outcome.rule.code for outcome in outcomes if outcome.status is Status.FIRED}
    findings = tuple(
        _with_score(finding, evidence, recount)
        for finding in findings
        if finding.rule.code in fired
    )
    explains = _explains(findings)
    findings = _ordered(findings, explains)
    reading, layout = evidence.reading, evidence.reading.layout
    return Report(
        version=__version__,
        verdict=_verdict(findings, explains, evidence, recount),
        predictions=_input(evidence.pair.y_pred, layout.y_pred, reading.y_pred),
        masks=_input(evidence.pair.y_true, layout.y_true, reading.y_true),
        reading=reading,
        pixels=evidence.mended.pixels,
        score=evidence.score,
        metric_call=evidence.metric.call,
        metric=evidence.metric_score,
        contracts=(evidence.metric_score,),
        findings=findings,
        explains=explains,
        outcomes=outcomes,
    )


def _with_score(finding: Finding, evidence: Evidence, recount: Recount) -> Finding:
    """Return the finding with the doctor's score after its repair alone."""
    repair, reading = finding.repair, evidence.reading
    if repair is None or reading.layout.relation is Relation.MISMATCHED:
        return finding
    after = _after([repair], evidence, recount)
    return replace(finding, repair=replace(repair, mean_iou_after=after))


def _after(chosen: Sequence[Repair], evidence: Evidence, recount: Recount) -> float | None:
    """Return the doctor's mean IoU after all these repairs, in this order."""
    estimates = [r.mean_iou_after for r in chosen if r.estimated and r.mean_iou_after is not None]
    if estimates:
        return estimates[-1]  # of samples of the data: counts of the whole cannot be added to it
    moving = [step for repair in chosen for step in repair.steps if _to_recount(step, evidence)]
    pairs = recount(moving) if moving else evidence.pairs
    num_classes, ignore_index = evidence.reading.num_classes, evidence.reading.ignore_index
    for repair in chosen:
        pairs = repair.relabel(pairs) if repair.relabel else pairs
        num_classes = repair.num_classes or num_classes
        ignore_index = ignore_index if repair.ignore_index is None else repair.ignore_index
    return score(pairs=pairs, num_classes=num_classes, ignore_index=ignore_index).mean_iou


def _to_recount(step: Step, evidence: Evidence) -> bool:
    """Return whether a step moves pixels that the doctor has not moved already."""
    if step.kind == REORDER:
        return True
    done = {Relation.SWAPPED: "swap_height_width", Relation.SCALED: "resize_nearest"}
    return repairs.moves(step) and done.get(evidence.reading.layout.relation) != step.kind


def _explains(findings: Sequence[Finding]) -> dict[str, tuple[str, ...]]:
    """Return, for each root finding, the rules that fired only because of it."""
    found = {finding.rule.name for finding in findings}
    consequences: set[str] = set()
    explains: dict[str, tuple[str, ...]] = {}
    for finding in _causes_first(findings):
        name = finding.rule.name
        if name in consequences:
            continue
        mine = sorted((finding.rule.explains & found) - consequences - set(explains))
        explains[name] = tuple(mine)
        consequences.update(mine)
    return {name: names for name, names in explains.items() if names}


def _causes_first(findings: Sequence[Finding]) -> list[Finding]:
    """Sort by suspicion, but what another finding explains after all that nothing explains."""
    worst = {finding.rule.name: finding.level.rank for finding in findings}
    explained = {
        name
        for finding in findings
        for name in finding.rule.explains
        if finding.level.rank >= worst.get(name, 0)
    }
    return sorted(
        findings, key=lambda finding: (finding.rule.name in explained, _suspicion(finding))
    )


def _suspicion(finding: Finding) -> tuple[int, int, str]:
    """Sort errors before warnings, then by how early a cause is suspected."""
    return -finding.level.rank, finding.rule.suspicion, finding.rule.code


def _ordered(
    findings: Sequence[Finding], explains: dict[str, tuple[str, ...]]
) -> tuple[Finding, ...]:
    consequences = {name for names in explains.values() for name in names}
    return tuple(
        sorted(
            findings, key=lambda finding: (finding.rule.name in consequences, _suspicion(finding))
        )
    )


def _verdict(
    findings: Sequence[Finding],
    explains: dict[str, tuple[str, ...]],
    evidence: Evidence,
    recount: Recount,
) -> Verdict:
    sick = any(finding.level is Severity.ERROR for finding in findings)
    primary = findings[0] if findings and findings[0].level is not Severity.NOTE else None
    consequences = {name for names in explains.values() for name in names}
    roots = [f for f in sorted(findings, key=_suspicion) if f.rule.name not in consequences]
    after = _after([f.repair for f in roots if f.repair], evidence, recount)
    return Verdict(
        sick=sick,
        primary=primary.rule.name if primary else None,
        summary=_summary(sick, primary, evidence, after),
        mean_iou_after_all=after,
    )


def _summary(sick: bool, primary: Finding | None, evidence: Evidence, after: float | None) -> str:
    value, ours = evidence.metric_score.value, evidence.score
    reads = "your metric raises" if value is None else f"your metric reads {value:.4f}"
    if ours is None:
        agree = "the pixels do not pair up"
    elif ours.mean_iou is None:
        agree = "no pixel counts"
    else:
        agree = f"the arrays agree at {ours.mean_iou:.4f}"
    before = ours.mean_iou if ours else None
    if after is not None and (before is None or f"{before:.4f}" != f"{after:.4f}"):
        agree += f", after the repair at {after:.4f}"
    if sick and primary:
        return f"{reads}, {agree}: {primary.rule.claim}"
    if primary:
        return f"{reads}, {agree}; worth a look: {primary.rule.claim}"
    return f"{reads}, {agree}: no format bug found"


def _input(source: Source, axes: Axes, encoding: Encoding) -> Input:
    return Input(
        path=source.path,
        format=source.format,
        shape=source.shape,
        dtype=str(source.dtype),
        encoding=encoding,
        class_axis=axes.channel if axes.dense else None,
    )
