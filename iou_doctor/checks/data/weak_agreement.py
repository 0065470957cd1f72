"""Masks and predictions agree weakly, and no fault of the format explains it.

Cohen's kappa compares the share of equal pixels with the share that would be equal by chance, if
the predictions kept the areas of their classes but lay anywhere. It is 1 for equal arrays and 0 for
chance.

    0.5 of the pixels are equal, 0.4 would be by chance:  kappa = (0.5 - 0.4) / (1 - 0.4) = 0.17

The number is computed correctly, and its cause is not in what these arrays show. Other axes,
encodings, class ids, orders of the samples, flips, turns and shifts were tried before, and none of
them explains the score beyond doubt. With small or few objects, such a fault may be there all the
same. This is what else is left:

- The model has learned little, or these are not the weights that were trained.
- The images went through another preprocessing here than in training.
- The masks belong to other images, and the right ones are not among these samples.
- Each image was moved in its own way, for instance by a random crop or an augmentation.

Look at a few images, masks and predictions side by side, best at images that the model was trained
on. If predictions fit the masks of other samples as well as their own, they have nothing to do with
the image that the mask is of. If they fit their own masks far better, the order is right, and the
model is weak.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.agreement import WEAK_KAPPA, measure_agreement
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.symptoms import ARRAY_FAULTS
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU704",
    name="weak-agreement",
    severity=Severity.NOTE,
    suspicion=Suspicion.COLLAPSE,
    claim="masks and predictions agree weakly, and no fault explains it",
    after=(*ARRAY_FAULTS, "threshold-off", "collapsed-predictions"),
    needs=Needs.WHOLE_DATA_SET,
)
FEWEST_SAMPLES = 4
"""Minimum number of samples for which another order is tried."""
OFFSETS = (1, 2, 3)
"""How far away the samples are whose masks a prediction is compared with."""


def _has_one_class(evidence: Evidence) -> bool:
    """Return whether the masks hold one class, with which chance agrees as well as a model."""
    return sum(entry.truth_pixels > 0 for entry in evidence.repaired.per_class) == 1


def find(evidence: Evidence) -> Result:
    """Compare the equal pixels with those that would be equal by chance."""
    if any(finding.severity is not Severity.NOTE for finding in evidence.found):
        return Skipped("a fault was found that may be the reason for a low score")
    kappa = measure_agreement(evidence)
    if kappa is None or kappa > WEAK_KAPPA or _has_one_class(evidence):
        return []
    maps = stack_maps(evidence, "many")
    facts: dict[str, float] = {"kappa": kappa}
    tried, compared = "other axes, encodings and class ids", ""
    if not isinstance(maps, Skipped):
        if len(maps) >= FEWEST_SAMPLES:
            tried += ", other orders of the samples"
            facts |= _compare_with_others(maps)
            compared = (
                f"; on average, a prediction scores {facts['own']:.4f} on its own mask"
                f" and {facts['others']:.4f} on the masks of other samples"
            )
        tried += ", flips, turns and shifts"
    return [
        Finding(
            RULE,
            message=f"masks and predictions agree weakly: Cohen's kappa is {kappa:.2f}, and chance"
            f" gives 0; nothing that was tried explains it beyond doubt: {tried}{compared}",
            help="look at a few images, masks and predictions side by side, best at images that the"
            " model was trained on: the arrays do not show why the score is low",
            facts=facts,
        )
    ]


def _compare_with_others(maps: Stack) -> dict[str, float]:
    """Return the mean score of a prediction on its own mask, and on those of other samples."""
    others = [maps.score_images(np.roll(maps.y_pred, step, axis=0)).mean() for step in OFFSETS]
    return {"own": float(maps.score_images().mean()), "others": float(np.mean(others))}
