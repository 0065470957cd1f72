"""Report the samples that score far less than all others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iou_doctor.checks.alignment._relabelled_samples import name_samples
from iou_doctor.checks.alignment._sample_tables import SampleScores
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.stack_maps import VOLUME_AXES
from iou_doctor.checks.wording import join_words
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.report.finding import Finding, Rule, Severity

MOST_NAMED = 5
"""Maximum number of samples whose scores are listed."""


def report_outlying(
    rule: Rule, evidence: Evidence, scores: SampleScores, outlying: Sequence[int]
) -> Finding:
    """Return the finding on samples that lie far below all others."""
    values = dict(zip(scores.images.tolist(), scores.scores.tolist(), strict=True))
    others = sorted(value for sample, value in values.items() if sample not in outlying)
    named = join_words(
        f"{evidence.name_sample(sample)} scores {values[sample]:.2f}"
        for sample in outlying[:MOST_NAMED]
    )
    if len(outlying) > MOST_NAMED:
        named = f"{len(outlying):,} samples, as {named}"
    twins = _find_twins(evidence, outlying)
    clauses = [
        f"the prediction of {evidence.name_sample(sample)} equals that of"
        f" {evidence.name_sample(twin)}"
        for sample, twin in twins.items()
    ]
    message = f"{named}, and the other {len(others):,} score {others[0]:.2f} to {others[-1]:.2f}"
    these = "this sample" if len(outlying) == 1 else "these samples"
    return Finding(
        rule,
        message="; ".join([message, *clauses]),
        help=f"save the predictions of {name_samples(evidence, list(twins))} again"
        if twins
        else f"look at the image, the mask and the prediction of {these}: the arrays do not say"
        " whether the model has failed there or a file is wrong",
        evidence=None if twins else f"{_list_tried(evidence, outlying)} fit no better",
        facts={
            "samples": len(values),
            "outlying": {str(sample): round(values[sample], 4) for sample in outlying},
            "others": [round(others[0], 4), round(others[-1], 4)],
            "equal_predictions": {str(sample): twin for sample, twin in twins.items()},
        },
        severity_override=Severity.WARNING if twins else None,
    )


def _list_tried(evidence: Evidence, outlying: Sequence[int]) -> str:
    """Return what was tried on all of these samples, in words."""
    tried, sampled = ["other class ids"], evidence.sampled
    if sampled is not None:
        many, fine, crops = (
            set(outlying) <= set(maps.samples.tolist())
            for maps in (sampled.many, sampled.fine, sampled.crops)
        )
        tried += ["flips and turns"] * (fine or (many and sampled.spatial_axes < VOLUME_AXES))
        tried += ["shifts"] * crops
        tried += ["the predictions of other samples"] * many
    return join_words(tried)


def _find_twins(evidence: Evidence, outlying: Sequence[int]) -> dict[int, int]:
    """Return the samples with the same prediction as another one, though their masks differ."""
    if evidence.sampled is None:
        return {}
    maps = evidence.sampled.many
    places = {int(sample): place for place, sample in enumerate(maps.samples)}
    twins = {}
    for sample in outlying:
        place = places.get(sample)
        if place is None or maps.y_pred[place].min() == maps.y_pred[place].max():
            continue
        own = maps.y_pred[place]
        for other, labels in zip(places, maps.y_pred, strict=True):
            if other != sample and np.array_equal(own, labels):
                counts = [_count(evidence.pairs, one) for one in (sample, other)]
                if counts[0] == counts[1] and other not in outlying:
                    twins[sample] = other
    return twins


def _count(pairs: PairCounts, sample: int) -> dict[int, int]:
    return pairs.select_images(sample, sample + 1).count_predictions()
