"""Every image gets the same output, though images and masks differ.

The output does not depend on the input: all scores come from biases. Every image gets the same
predictions, whatever its content.

First check the input. Images that were divided by 255 twice, or not at all, saturate every
activation (`--input-scale 1/255`). Then check the model for dead ReLUs after too high a learning
rate, weights that were never loaded, and BatchNormalization with statistics of zero.

If arrays are given and no model, a loop may also have saved one prediction for all samples.
"""

from collections.abc import Callable

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import advise_on_scale, format_count
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU803",
    name="constant-output",
    severity=Severity.ERROR,
    suspicion=Suspicion.COLLAPSE,
    claim="the model gives every image the same output",
    explains=Symptom.BASELINE,
    also_explains=("collapsed-predictions", "never-predicted-class"),
    needs=Needs.NEW_DATA,
)
FEWEST_SAMPLES = 3
"""Minimum number of samples whose predictions are compared if no model is given."""


def find(evidence: Evidence) -> Result:
    """Check whether all outputs are equal although the images and masks differ."""
    if evidence.model is None:
        if not _are_predictions_equal(evidence) or not _has_different_masks(evidence):
            return Skipped("no model was given")
        return [_report_arrays(evidence)]
    if not evidence.model.constant or not _has_different_masks(evidence):
        return []
    samples = evidence.interpretation.layout.samples
    hint = "" if evidence.model.is_scaled else " (--input-scale 1/255?)"
    return [
        Finding(
            RULE,
            message=f"output `{evidence.model.output_name}` is the same for all"
            f" {format_count(samples, 'image')}, though the images differ",
            help=advise_on_scale(
                evidence,
                f"check the input of the model{hint} and whether its weights were loaded",
            ),
            facts={"output": evidence.model.output_name, "images": samples},
        )
    ]


def _are_predictions_equal(evidence: Evidence) -> bool:
    """Return whether all predictions are the same map of several classes.

    Two images may look alike. All samples must have the same pixels of each class, because the maps
    that are kept are small ones of some samples.
    """
    maps = evidence.sampled.many.y_pred if evidence.sampled else ()
    if len(maps) < FEWEST_SAMPLES or maps[0].min() == maps[0].max():
        return False
    if not all(np.array_equal(maps[0], other) for other in maps[1:]):
        return False
    return not _differ(evidence.pairs, PairCounts.count_predictions)


def _report_arrays(evidence: Evidence) -> Finding:
    samples = evidence.interpretation.layout.samples
    return Finding(
        RULE,
        message=f"the predictions of all {format_count(samples, 'sample')} are the same, though the"
        " masks differ",
        help=advise_on_scale(
            evidence,
            "check whether one prediction was saved for every sample, then the input of the model"
            " and whether its weights were loaded",
        ),
        facts={"images": samples},
    )


def _has_different_masks(evidence: Evidence) -> bool:
    """Return whether the masks differ. If all are empty, one output may be right for all images."""
    return _differ(evidence.pairs, PairCounts.count_truths)


def _differ(pairs: PairCounts, count: Callable[[PairCounts], dict[int, int]]) -> bool:
    """Return whether the pixels of each class differ between the images."""
    some = (pairs.select_images(image, image + 1) for image in range(pairs.image_span[1] + 1))
    counts = (count(image) for image in some if len(image))
    first = next(counts, None)
    return any(other != first for other in counts)
