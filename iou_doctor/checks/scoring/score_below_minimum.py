"""A score does not reach the minimum that was asked for.

The mean over a data set hides a class that is lost, and images that fail. There is a minimum for
each of the three:

    --min-iou 0.7                        the mean IoU
    --min-class-iou car=0.6,person=0.4   the IoU of classes, by name or id
    --min-image-iou 5%:0.3               at most 5 % of the images may be below 0.3

The check then exits with 1, whatever --select, --ignore and --fail-on say. With --beyond-noise, a
mean below the minimum fails only if its interval ends below it too, so that a small data set does
not fail by chance. --confidence 0.99 makes the interval wider.
"""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.ledger.image_areas import count_image_areas
from iou_doctor.ledger.interval import Interval, estimate_intervals
from iou_doctor.metrics.score import score_images
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom
from iou_doctor.report.minimums import ImageMinimum

RULE = Rule(
    code="IOU610",
    name="score-below-minimum",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,
    claim="the score is below the minimum that was asked for",
    symptom=Symptom.BASELINE,
)


def find(evidence: Evidence) -> Result:
    """Compare the mean, the classes and the images with their minimums."""
    if not evidence.minimums.are_given:
        return Skipped("no --min-iou, --min-class-iou or --min-image-iou given")
    missed = [*_check_mean(evidence), *_check_classes(evidence), *_check_images(evidence)]
    if not missed:
        return []
    score = evidence.score
    return [
        Finding(
            RULE,
            message="; ".join(missed),
            help="the ledger of the report says which class pairs and images cost most",
            facts={
                "mean_iou": None if score is None else score.mean_iou,
                "min_iou": evidence.minimums.mean,
            },
        )
    ]


def _check_mean(evidence: Evidence) -> Iterator[str]:
    least, score = evidence.minimums.mean, evidence.score
    reached = None if score is None else score.mean_iou
    if least is None or (reached is not None and reached >= least):
        return
    interval = None if reached is None else _estimate_interval(evidence)
    is_noise = interval is not None and interval.high >= least
    if is_noise and evidence.minimums.beyond_noise:
        return
    text = "none" if reached is None else f"{reached:.4f}"
    message = f"mean IoU {text} does not reach --min-iou {least:g}"
    if interval is None:
        yield message
        return
    yield (
        f"{message}, which is {'within' if is_noise else 'beyond'} noise: the"
        f" {100 * interval.confidence:g} % interval is {interval.low:.4f} to {interval.high:.4f}"
    )


def _estimate_interval(evidence: Evidence) -> Interval | None:
    if evidence.interpretation.is_multilabel:
        return None
    areas = count_image_areas(
        evidence.pairs,
        num_classes=evidence.interpretation.num_classes,
        ignore_index=evidence.interpretation.ignore_index,
    )
    return estimate_intervals(areas, evidence.confidence).mean


def _check_classes(evidence: Evidence) -> Iterator[str]:
    names = evidence.interpretation.class_names
    known = evidence.score.per_class if evidence.score else ()
    ious = {one.id: one.iou for one in known}
    low = []
    for label, least in evidence.minimums.resolve_classes(names).items():
        iou = ious.get(label)
        if iou is None or iou < least:
            low.append(f"{names[label]} ({'none' if iou is None else f'{iou:.4f}'} < {least:g})")
    if len(low) == 1:
        yield f"the IoU of class {low[0]} does not reach --min-class-iou"
    elif low:
        yield f"the IoUs of classes {join_words(low)} do not reach --min-class-iou"


def _check_images(evidence: Evidence) -> Iterator[str]:
    minimum = evidence.minimums.images
    if minimum is None or evidence.interpretation.is_multilabel:
        return
    means = score_images(
        evidence.pairs,
        num_classes=evidence.interpretation.num_classes,
        ignore_index=evidence.interpretation.ignore_index,
    )
    low = int((means < minimum.score).sum())
    if evidence.score is None or low > minimum.allowed * len(means):
        yield _describe_images(low, len(means), minimum)


def _describe_images(low: int, images: int, minimum: ImageMinimum) -> str:
    share = 100 * low / max(images, 1)
    return (
        f"{low:,} of {images:,} images ({share:.1f} %) have a mean IoU below {minimum.score:g};"
        f" --min-image-iou allows {100 * minimum.allowed:g} %"
    )
