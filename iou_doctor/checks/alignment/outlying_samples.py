"""A few samples score far less than all others, or have the prediction of another one.

A mask of another image, an image that could not be read, and a scene that the model has never seen
look the same in the arrays. The mean only drops a little, which looks like a somewhat weaker model.

    sample 3 scores 0.02, the other 9 score 0.71 to 0.83

The rule names these samples and says what does not restore their score. It cannot say what is wrong
with them, if anything is: look at their images, masks and predictions. If a sample has the very
mask or prediction of another one, that was saved or read twice, and this is a warning.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._sample_tables import SampleScores, score_samples
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import ARRAY_FAULTS
from iou_doctor.report.finding import Needs, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU510",
    name="outlying-samples",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="a few samples score far less than all others, or have the prediction of another one",
    after=(*ARRAY_FAULTS, "misplaced-tiles", "shuffled-samples", "duplicated-samples"),
    needs=Needs.FITTING_NETWORK,
)
FEWEST_SAMPLES, LEAST_USUAL = 4, 0.4
"""Minimum number of samples, and minimum of their usual score. In a weak model, low scores are
usual."""
MOST_OUTLYING = 0.15
"""Maximum share of samples that lie apart, but one may always do so."""
LEAST_GAP, LEAST_GAP_SHARE = 0.15, 0.5
"""Minimum distance of these samples from all others, and from them as a share of the range of the
others. Hard images that are a part of the data lie closer."""


def find(evidence: Evidence) -> Result:
    """Look for a few scores that lie far below all others, and for a prediction of two samples."""
    if evidence.interpretation.layout.samples < FEWEST_SAMPLES:
        return Skipped(f"fewer than {FEWEST_SAMPLES} samples do not show what is usual")
    scores = score_samples(evidence)
    if scores is None:
        return []
    if _are_some_predictions_equal(evidence):
        from iou_doctor.checks.alignment._saved_twice import find_saved_twice, report_saved_twice

        twins = find_saved_twice(evidence, scores)
        if twins:
            return [report_saved_twice(RULE, evidence, twins)]
    return _find_outlying(evidence, scores)


def _find_outlying(evidence: Evidence, scores: SampleScores) -> Result:
    if evidence.has_found_error:
        return Skipped("an error was found that may be the reason for low scores")
    if scores.usual < LEAST_USUAL or not scores.poor:
        return []
    explained = {sample for finding in evidence.found for sample in finding.facts.get("faulty", ())}
    outlying = [sample for sample in find_outlying(scores) if sample not in explained]
    if not outlying or _is_one_volume(evidence):
        return []
    from iou_doctor.checks.alignment._outlying_report import report_outlying

    return [report_outlying(RULE, evidence, scores, outlying, explained)]


def _are_some_predictions_equal(evidence: Evidence) -> bool:
    """Return whether two thinned predictions are equal, and no order of samples tells why."""
    misplaced = evidence.has_found("shuffled-samples", "duplicated-samples")
    if evidence.sampled is None or evidence.interpretation.is_multilabel or misplaced:
        return False
    kept = [labels.tobytes() for labels in evidence.sampled.many.y_pred]
    return len({*kept}) < len(kept)


def find_outlying(scores: SampleScores) -> list[int]:
    """Return the numbers of the samples that lie far below all others."""
    order = np.argsort(scores.scores, kind="stable")
    ordered, number = scores.scores[order], len(scores.poor)
    if len(ordered) < FEWEST_SAMPLES or number > max(1, MOST_OUTLYING * len(ordered)):
        return []
    gap, others = ordered[number] - ordered[number - 1], ordered[number:]
    least = max(LEAST_GAP, LEAST_GAP_SHARE * (others[-1] - others[0]))
    return sorted(scores.images[order[:number]].tolist()) if gap >= least else []


def _is_one_volume(evidence: Evidence) -> bool:
    from iou_doctor.checks.volumes import is_one_volume  # its last slices hold little

    return is_one_volume(evidence)
