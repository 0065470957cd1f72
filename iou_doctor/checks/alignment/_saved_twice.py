"""Find samples that have the very same prediction, although their masks differ."""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._sample_tables import SampleScores
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.volumes import is_one_volume
from iou_doctor.checks.wording import join_words
from iou_doctor.counts.map_samples import LabelMaps, Labels
from iou_doctor.report.finding import Finding, Rule, Severity

FEWEST_OBJECT_PIXELS = 20
"""Minimum number of pixels of objects in a thinned prediction. Smaller objects may be equal."""
MOST_ALIKE = 0.4
"""Maximum share of the objects that two masks agree on for the samples to be different scenes."""
MOST_MATCHED = 0.65
"""The same if each label of one mask stands for that of the other which fits best."""
MOST_TWINS = 0.15
"""Maximum share of the samples that have the prediction of another one, but one always may. More
of them tell of a model that sees no image."""


def find_saved_twice(evidence: Evidence, scores: SampleScores) -> dict[int, int]:
    """Return the samples that have the prediction of another one, each with that one.

    Args:
        evidence: the facts.
        scores: the mean IoU of each sample, which tells to which of two the prediction belongs.
    """
    sampled = evidence.sampled
    if sampled is None or is_one_volume(evidence):
        return {}  # the slices of a round object repeat
    own = [labels.tobytes() for labels in sampled.many.y_pred]
    values = dict(zip(scores.images.tolist(), scores.scores.tolist(), strict=True))
    places: dict[bytes, list[int]] = {}
    for place, key in enumerate(own):
        places.setdefault(key, []).append(place)
    twins, samples = {}, sampled.many.samples.tolist()
    for same in places.values():
        labels = sampled.many.y_pred[same[0]]
        if len(same) < 2 or labels.min() == labels.max():
            continue
        same.sort(key=lambda place: -values.get(samples[place], 0.0))
        first = same[0]
        twins.update(
            {
                samples[place]: samples[first]
                for place in same[1:]
                if _are_twins(evidence, first, place)
            }
        )
    return twins if len(twins) <= max(1, MOST_TWINS * len(own)) else {}


def _are_twins(evidence: Evidence, first: int, place: int) -> bool:
    """Return whether two samples have the same prediction in all kept pixels, but other masks."""
    assert evidence.sampled is not None
    many = evidence.sampled.many
    masks = many.y_true[first], many.y_true[place]
    if masks[0].shape != masks[1].shape or (many.y_pred[first] > 0).sum() < FEWEST_OBJECT_PIXELS:
        return False
    if _are_alike(*masks):
        return False
    samples = [int(many.samples[one]) for one in (first, place)]
    counts = [evidence.pairs.select_images(one, one + 1).count_predictions() for one in samples]
    larger = evidence.sampled.fine, evidence.sampled.crops
    return counts[0] == counts[1] and all(_are_equal(maps, samples) for maps in larger)


def _are_alike(first: Labels, second: Labels) -> bool:
    """Return whether two masks show the same objects, even with other ids."""
    union = int(((first > 0) | (second > 0)).sum())
    same = int(((first == second) & (first > 0)).sum())
    matched = sum(
        max(np.unique(own[own > 0], return_counts=True)[1], default=0)
        for label in {*first[first > 0].tolist()}
        if len(own := second[first == label])
    )
    return same >= MOST_ALIKE * union or matched >= MOST_MATCHED * union


def _are_equal(maps: LabelMaps, samples: list[int]) -> bool:
    """Return whether the predictions of two samples are equal, if both were kept."""
    places = np.flatnonzero(np.isin(maps.samples, samples)).tolist()
    kept: list[Labels] = [maps.y_pred[place] for place in places]
    return len(kept) < 2 or np.array_equal(kept[0], kept[1])


def report_saved_twice(rule: Rule, evidence: Evidence, twins: dict[int, int]) -> Finding:
    """Return the finding on samples that have the prediction of another one."""
    clauses = [
        f"the prediction of {evidence.name_sample(sample)} equals that of"
        f" {evidence.name_sample(twin)}"
        for sample, twin in twins.items()
    ]
    return Finding(
        rule,
        message=f"{join_words(clauses)}, although their masks differ",
        help=f"look whether the prediction of {evidence.name_sample(next(iter(twins)))} was saved"
        " or read twice, or both images are the same",
        facts={
            "samples": evidence.interpretation.layout.samples,
            "faulty": sorted(twins),
            "equal": {str(sample): twin for sample, twin in twins.items()},
        },
        severity_override=Severity.WARNING,
    )
