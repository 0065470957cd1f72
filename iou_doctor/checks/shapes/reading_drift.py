"""The arrays are interpreted differently from the baseline, or from what the configuration expects.

Two scores are comparable only if they have the same number of classes, the same ignore label, and
arrays of the same encoding with the class axis in the same place. If an export changes from labels
to probabilities, or from NHWC to NCHW, iou-doctor can interpret both, but your metric may not.

    baseline   8 classes, ignore label 255, predictions probabilities
    now        9 classes, no ignore label, predictions labels

The expected interpretation is that of the report given with --baseline, and the one that
`iou-doctor init` wrote under `expect` in the configuration. It does not influence how the arrays
are interpreted now, so another rule may say what is wrong with them. Pass the options of the
baseline (--num-classes, --ignore-index, --layout, --predictions-as, --masks-as). If the change is
intended, write the baseline and the configuration again.
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
    suspicion=Suspicion.DEFINITIONS,  # a fault of the arrays says more than that they changed
    claim="the arrays are interpreted differently than before",
    symptom=Symptom.ENCODING,
    explains=Symptom.BASELINE,
)


HELP = {
    "baseline": "pass the baseline's options, or replace it with --write-baseline",
    "configuration": "if this is intended, edit `expect` or run `iou-doctor init --overwrite`",
}
"""The help for each origin of the expected interpretation."""


def find(evidence: Evidence) -> Result:
    """Compare the interpretation with that of the baseline and of the configuration."""
    baseline = evidence.baseline
    expectations = [one for one in (baseline and baseline.interpretation, evidence.expected) if one]
    if not expectations:
        return Skipped(
            "there is no --baseline, and no configuration that expects an interpretation"
        )
    now = summarize_interpretation(evidence.interpretation)
    drifts = [(one, drift) for one in expectations if (drift := _list_changes(one, now))]
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
                f"the interpretation differs from that in {one.place}: {join_words(drift.values())}"
                for one, drift in drifts
            ),
            help="; ".join(HELP[one.origin] for one, _ in drifts),
            facts={field: {**was, "now": now[field]} for field, was in facts.items()},
        )
    ]


def _list_changes(
    expected: ExpectedInterpretation, now: Mapping[str, int | str | None]
) -> dict[str, str]:
    """Return the change in words for each field that differs."""
    return {
        field: f"{field} {_format_value(now[field])}, was {_format_value(was)}"
        for field, was in expected.values.items()
        if was != now[field]
    }


def _format_value(value: object) -> str:
    return "none" if value is None else str(value)
