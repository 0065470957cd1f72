"""The arrays are no longer read as they were for the baseline, or as the configuration expects.

A score is comparable with an earlier one only if both mean the same: as many classes, the same
ignore label, and arrays of the same encoding with the class axis in the same place. When an export
changes from labels to probabilities, or from NHWC to NCHW, the doctor reads both, but your metric
may not.

    baseline   8 classes, ignore label 255, predictions probabilities
    now        9 classes, no ignore label, predictions labels

The reading is that of the report given with --baseline, and that which `iou-doctor init` wrote
under `expect` in the configuration. It never changes how the arrays are read, so another rule may
say what is wrong with them. Give the options of the baseline (--num-classes, --ignore-index,
--layout, --predictions-as, --masks-as), or write both anew if the change is meant.
"""

from __future__ import annotations

from collections.abc import Mapping

from iou_doctor.arrays.expected import ExpectedInterpretation, summarize_interpretation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU109",
    name="reading-drift",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,  # a concrete fault of the arrays says more than "changed"
    claim="the arrays are no longer read as they were",
    symptom=Symptom.ENCODING,
    explains=Symptom.BASELINE,
)


HELP = {
    "baseline": "give the baseline's options, or write it anew with --write-baseline",
    "configuration": "if the change is meant, change `expect`, or `iou-doctor init --overwrite`",
}


def find(evidence: Evidence) -> Result:
    """Compare the reading with those that were frozen."""
    baseline = evidence.baseline
    frozen = [one for one in (baseline and baseline.interpretation, evidence.expected) if one]
    if not frozen:
        return Skipped("no --baseline given, and no configuration expects a reading")
    now = summarize_interpretation(evidence.interpretation)
    drifts = [(one, drift) for one in frozen if (drift := _drift(one, now))]
    if not drifts:
        return []
    facts: dict[str, dict[str, int | str | None]] = {}
    for one, drift in drifts:
        for field in drift:
            facts.setdefault(field, {})[one.origin] = one.values[field]
    return [
        Finding(
            RULE,
            message="; ".join(
                f"another reading than in {one.place}: {join_words(drift.values())}"
                for one, drift in drifts
            ),
            help="; ".join(HELP[one.origin] for one, _ in drifts),
            facts={field: {**was, "now": now[field]} for field, was in facts.items()},
        )
    ]


def _drift(frozen: ExpectedInterpretation, now: Mapping[str, int | str | None]) -> dict[str, str]:
    """Return, for each field that is read otherwise, the change in words."""
    return {
        field: f"{field} {_word(now[field])}, was {_word(was)}"
        for field, was in frozen.values.items()
        if was != now[field]
    }


def _word(value: object) -> str:
    return "none" if value is None else str(value)
