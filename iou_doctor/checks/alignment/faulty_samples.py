"""Some samples carry a fault that the others do not.

One annotator saved masks as 0 and 255 and the others as 0 and 1, some masks are inverted, one
prediction is blank. The score drops by the share of these samples, which looks like a somewhat
weaker model, and no statistic of the whole data set shows the cause.

    sample    0     1     2     3     4
    mask      0 1   0 1   0 1   0 255 0 1      masks[[3]] = masks[[3]] > 127

The rule compares the samples with each other. It fires if the labels of some samples stand for
other classes than those of the rest, if their scores are on another scale, if nothing at all is
predicted in a few of them, or if samples without any object lower a mean over samples. Samples that
score low for no such reason are not reported. For samples that are flipped, see IOU502.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.alignment._sample_tables import LEAST_GREY, SampleScores, score_samples
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import name_samples
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

if TYPE_CHECKING:
    from iou_doctor.checks.alignment._blank_samples import EmptySamples

VALUE_RULES = (
    "masks-0-255",
    "jpeg-masks",
    "interpolated-masks",
    "palette-read-as-grey",
    "stretched-labels",
    "masks-divided-by-255",
    "normalised-masks",
)
"""Rules about the values of all masks. If one of them has fired, it says what the labels are."""
NUMBERING_RULES = "instance-ids", "objects-as-channels"
"""Rules about the numbers of objects, which say what the labels of all samples are."""
RULE = Rule(
    code="IOU508",
    name="faulty-samples",
    severity=Severity.WARNING,
    suspicion=Suspicion.MASK_VALUES,
    claim="some samples carry a fault that the others do not",
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.LABELS
    | Symptom.CLASSES
    | Symptom.ABSENT_CLASSES,
    after=(
        Suspicion.SHAPES,
        Suspicion.NON_FINITE,
        Suspicion.ENCODING,
        *VALUE_RULES,
        *NUMBERING_RULES,
    ),
    needs=Needs.FITTING_NETWORK,
)
OF_BRATS = (0, 4), (0, 3)
"""The least and the largest label of masks of BraTS, and of predictions by other tools."""
MOST_SINGLE = 2
"""Number of empty masks up to which these are single mistakes."""
FEWEST_SAMPLES = 3
"""Minimum number of samples. Of two, neither is usual."""


def find(evidence: Evidence) -> Result:
    """Compare the labels, the ids and the objects of the samples with each other."""
    layout = evidence.interpretation.layout
    if evidence.has_found(*VALUE_RULES, *NUMBERING_RULES):
        return Skipped("a fault of all masks was found first")
    if layout.relation is Relation.MISMATCHED or layout.y_true.is_colour or layout.y_pred.is_colour:
        return Skipped("the samples cannot be compared")
    if evidence.odd_scores is not None:
        from iou_doctor.checks.alignment._odd_scores import report_odd_scores

        return [report_odd_scores(RULE, evidence, evidence.odd_scores)]
    if evidence.interpretation.is_multilabel:
        return _find_white_masks(evidence)
    if layout.samples < FEWEST_SAMPLES:
        return Skipped(f"fewer than {FEWEST_SAMPLES} samples do not show what is usual")
    scores = score_samples(evidence)
    found: Finding | None = None
    if _has_strange_labels(evidence) or (scores and (scores.doubtful or scores.confused)):
        found = _examine_labels(evidence, scores)
        found = None if found and _is_flipped_volume(evidence) else found
    if found is None and scores and scores.is_one_sided:
        found = _examine_objects(evidence)
    return [found] if found else []


def _find_white_masks(evidence: Evidence) -> list[Finding]:
    """Report the samples whose masks hold 255 in place of 1, in channels that overlap."""
    white = evidence.white_masks
    if white is None or not white.samples:
        return []
    from iou_doctor.checks.alignment._white_samples import report_white_masks

    return [report_white_masks(RULE, evidence, white.samples)]


def _is_flipped_volume(evidence: Evidence) -> bool:
    """Return whether the samples are slices of a volume that fits once it is flipped."""
    from iou_doctor.checks.alignment._flipped_volume import find_flipped_volume

    return find_flipped_volume(evidence) is not None


def _has_strange_labels(evidence: Evidence) -> bool:
    """Return whether some label is out of range, or may be a grey level."""
    interpretation = evidence.interpretation
    spans = evidence.pairs.truth_span, evidence.pairs.prediction_span
    most = interpretation.num_classes
    if not interpretation.num_classes_declared:
        is_binary = min(high for _, high in spans) <= 1 and len(evidence.pairs.count_truths()) > 2
        most = min(most, 2 if is_binary else LEAST_GREY)
    if any(low < 0 or high >= most for low, high in spans):
        return True
    if spans != OF_BRATS:
        return False
    from iou_doctor.checks.alignment._usual_fit import may_be_brats

    return may_be_brats(evidence)


def _examine_labels(evidence: Evidence, scores: SampleScores | None) -> Finding | None:
    from iou_doctor.checks.alignment._sample_faults import find_strange_labels

    relabelled = [found for side in Side for found in find_strange_labels(evidence, side)]
    if not relabelled and scores is not None:
        from iou_doctor.checks.alignment._moved_samples import find_moved_ids

        relabelled = find_moved_ids(evidence, scores)
    if not relabelled:
        return None
    from iou_doctor.checks.alignment._relabelled_samples import report_relabelled

    return report_relabelled(RULE, evidence, relabelled)


def _examine_objects(evidence: Evidence) -> Finding | None:
    from iou_doctor.checks.alignment import _blank_samples as blank_samples

    objects = blank_samples.measure_objects(evidence)
    if objects is None:
        return None
    blank = blank_samples.find_blank_predictions(objects)
    unlabelled = blank_samples.find_blank_masks(objects)
    if (blank or unlabelled) and _is_one_volume(evidence):
        blank = blank_samples.keep_gaps(blank, objects.predicted)
        unlabelled = blank_samples.keep_gaps(unlabelled, objects.true)
    empty = blank_samples.find_empty_samples(evidence, objects)
    if not blank and not unlabelled and empty is None:
        return None
    return _report_objects(evidence, blank, unlabelled, empty)


def _is_one_volume(evidence: Evidence) -> bool:
    from iou_doctor.checks.volumes import is_one_volume  # only if a slice is blank

    return is_one_volume(evidence)


def _report_objects(
    evidence: Evidence, blank: list[int], unlabelled: list[int], empty: EmptySamples | None
) -> Finding:
    clauses, helps = [], []
    if blank:
        clauses.append(
            f"nothing is predicted in {name_samples(evidence, blank)}, whose masks hold objects"
            " of usual size"
        )
        helps.append("look at these predictions: the image may be black, or the prediction failed")
    if unlabelled:
        noun, verb = ("masks", "are") if len(unlabelled) > 1 else ("mask", "is")
        clauses.append(
            f"the {noun} of {name_samples(evidence, unlabelled)} {verb} empty, though objects of"
            " usual size are predicted there"
        )
        helps.append(
            "look at these masks: the annotation may be missing"
            if len(unlabelled) <= MOST_SINGLE
            else "look at these images: the masks may be missing, or the model may have learned"
            " from no image without an object"
        )
    if empty is not None:
        clauses.append(_describe_empty(evidence, empty))
        helps.append("say how samples without an object count, or leave them out on both sides")
    faulty = sorted({*blank, *unlabelled, *(empty.samples if empty else ())})
    finding = Finding(
        RULE,
        message="; ".join(clauses),
        help="; ".join(helps),
        facts={"samples": evidence.interpretation.layout.samples, "faulty": faulty},
        is_alone=True,  # samples without objects leave all labels as they are
    )
    if empty is None:
        return finding
    return replace(finding, facts={**finding.facts, "metric_without_them": empty.others})


def _describe_empty(evidence: Evidence, empty: EmptySamples) -> str:
    number = len(empty.samples)
    verb, counts = ("has", "counts") if number == 1 else ("have", "count")
    return (
        f"{number:,} of {evidence.interpretation.layout.samples:,} samples"
        f" ({name_samples(evidence, empty.samples)}) {verb} no truth but a prediction and"
        f" {counts} {empty.own:.4g}: your metric reads {empty.value:.4f} with and"
        f" {empty.others:.4f} without {'it' if number == 1 else 'them'}"
    )
