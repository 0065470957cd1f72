"""How well the samples without a fault fit, which the others should reach once it is repaired."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import gcd

import numpy as np

from iou_doctor.checks.alignment._sample_tables import GOOD_SHARE, Table, score_samples
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.stack_maps import VOLUME_AXES
from iou_doctor.record import record
from iou_doctor.repairs.step import Side

LEAST_HELD = 0.5
"""Minimum share of the samples without a fault that hold a class for a sample to lack it."""
LEAST_USUAL = 0.2
"""Minimum of what the samples without a fault reach. Less does not tell what is usual."""
FEWEST_MULTIPLES, LEAST_STEP = 3, 2
"""Minimum number of labels that are multiples of one number, and minimum of this number."""
ENHANCING_TUMOUR = 4
"""The label of BraTS 2017 to 2020 that is class 3 elsewhere, so that 3 is missing."""


@record
class UsualFit:
    """How well the samples without a fault fit."""

    overlaps: Mapping[int, float]
    """The IoU of each class over these samples together."""
    shares: Mapping[int, float]
    """The share of these samples that hold each class."""
    score: float
    """The mean IoU of a usual sample."""

    @property
    def least_score(self) -> float:
        """The mean IoU from which a sample fits about as usual."""
        return GOOD_SHARE * self.score if self.score >= LEAST_USUAL else 1.0

    def find_least_overlap(self, label: int) -> float:
        """Return the IoU from which a label fits this class about as usual."""
        usual = self.overlaps.get(label, 0.0)
        is_known = self.shares.get(label, 0.0) >= LEAST_HELD and usual >= LEAST_USUAL
        return GOOD_SHARE * usual if is_known else 1.0


def measure_usual_fit(evidence: Evidence, side: Side, images: Collection[int]) -> UsualFit:
    """Return how well the samples other than these fit.

    Args:
        evidence: the facts.
        side: the side of which to tell the classes.
        images: the samples with a fault.
    """
    rows = evidence.pairs.take_rows(~np.isin(evidence.pairs.image, [*images]))
    column = rows.truth if side is Side.MASKS else rows.prediction
    pooled = rows.pool()
    keys = zip(pooled.truth.tolist(), pooled.prediction.tolist(), strict=True)
    table = Table(dict(zip(keys, pooled.count.tolist(), strict=True)))
    samples = max(1, len(np.unique(rows.image)))
    labels = np.unique(column).tolist()
    scores = score_samples(evidence)
    return UsualFit(
        overlaps={label: table.overlap(label, label) for label in labels},
        shares={label: len(np.unique(rows.image[column == label])) / samples for label in labels},
        score=0.0 if scores is None else scores.usual,
    )


def find_multiples(
    tables: Iterable[Table], classes: Collection[int], usual: UsualFit
) -> dict[int, int]:
    """Return the class of each label if all labels of some samples are multiples of theirs.

    Args:
        tables: the label pairs of these samples.
        classes: the labels of the other samples.
        usual: how well these fit.
    """
    tables = list(tables)
    labels = sorted({label for table in tables for label in table.truth if label})
    step = gcd(*labels)
    if len(labels) < FEWEST_MULTIPLES or step < LEAST_STEP or labels[0] < 0:
        return {}
    meant = {label: label // step for label in labels}
    if not {*meant.values()} <= {*classes}:
        return {}
    gains = (
        (table.mean_iou, table.relabel(meant).mean_iou)
        for table in tables  # all of their labels change
    )
    fits = all(before < after >= usual.least_score for before, after in gains)
    return meant if fits else {}


def may_be_brats(evidence: Evidence) -> bool:
    """Return whether some masks of volumes hold label 4 in place of 3, as those of BraTS.

    If the number of classes is declared, it tells that 4 is no class.
    """
    pairs, top = evidence.pairs, ENHANCING_TUMOUR
    axes = len(evidence.interpretation.layout.y_true.spatial)
    if evidence.interpretation.num_classes_declared or axes < VOLUME_AXES:
        return False
    if (pairs.truth_span, pairs.prediction_span) != ((0, top), (0, top - 1)):
        return False
    samples = np.unique(pairs.image[pairs.truth == top])
    others = pairs.truth[~np.isin(pairs.image, samples)]
    some = pairs.truth[np.isin(pairs.image, samples)]
    return top - 1 in others and top - 1 not in some
