"""Report the samples whose masks hold 255 in place of 1, in channels that overlap."""

from __future__ import annotations

from collections.abc import Sequence

from iou_doctor.arrays.white_masks import WHITE
from iou_doctor.checks.alignment._relabelled_samples import count_samples
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import name_samples
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity


def report_white_masks(rule: Rule, evidence: Evidence, samples: Sequence[int]) -> Finding:
    """Return the finding on masks of 0 and 255 among others of 0 and 1.

    Args:
        rule: the rule that reports them.
        evidence: the facts.
        samples: the numbers of the samples that hold 255.
    """
    some = f"masks[{list(samples)}]"
    noun, hold = ("masks", "hold") if len(samples) > 1 else ("mask", "holds")
    is_array = evidence.pair.y_true.names is None
    return Finding(
        rule,
        message=f"{count_samples(evidence, len(samples))}: the {noun} of"
        f" {name_samples(evidence, samples)} {hold} {WHITE} in place of 1",
        help=f"{some} = {some} > 127"
        if is_array
        else "save the masks of these samples again, with 1 in place of 255",
        facts={"samples": evidence.interpretation.layout.samples, "faulty": list(samples)},
        repair=Repair(
            "use 1 for 255 in these masks",
            safe=True,
            steps=(RelabelSome(Side.MASKS, {WHITE: 1}, tuple(samples)),),
        ),
        severity_override=Severity.ERROR,
    )
