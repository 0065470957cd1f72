"""Report the samples that score far less than all others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from iou_doctor.checks.alignment._sample_tables import SampleScores
from iou_doctor.checks.alignment._shifted_samples import MOST_EXAMINED
from iou_doctor.checks.alignment._shifts import SMALLEST_SIDE
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.stack_maps import VOLUME_AXES
from iou_doctor.checks.wording import join_words, name_samples
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.report.finding import Finding, Rule, Severity

MOST_NAMED = 5
"""Maximum number of samples whose scores are listed."""


def report_outlying(
    rule: Rule,
    evidence: Evidence,
    scores: SampleScores,
    outlying: Sequence[int],
    explained: Collection[int],
) -> Finding:
    """Return the finding on samples that lie far below all others.

    Args:
        rule: the rule that reports them.
        evidence: the facts.
        scores: the mean IoU of each sample.
        outlying: the numbers of these samples.
        explained: the numbers of the samples in which another rule has found a fault.
    """
    values = dict(zip(scores.images.tolist(), scores.scores.tolist(), strict=True))
    others = sorted(values[sample] for sample in values.keys() - {*outlying, *explained})
    twins = _find_twins(evidence, outlying)
    doubled = sorted(twins)
    named = _name_scores(evidence, values, outlying)
    span = f"{others[0]:.2f} to {others[-1]:.2f}"
    clauses = [
        f"{named}, and the other {len(others):,} score {span}",
        *_describe_twins(evidence, twins),
    ]
    if not doubled:
        restored = "it" if len(outlying) == 1 else "them"
        clauses.append(f"{_list_tried(evidence, outlying)} do not restore {restored} beyond doubt")
    these = "this sample" if len(outlying) == 1 else "these samples"
    return Finding(
        rule,
        message="; ".join(clauses),
        help=f"save the files of {name_samples(evidence, doubled)} again"
        if doubled
        else f"look at the image, the mask and the prediction of {these}: the arrays do not say"
        " whether the model has failed there or a file is wrong",
        facts={
            "samples": len(values),
            "outlying": {str(sample): round(values[sample], 4) for sample in outlying},
            "others": [round(others[0], 4), round(others[-1], 4)],
            "equal": {str(sample): twin for sample, twin in twins.items()},
        },
        severity_override=Severity.WARNING if doubled else None,
    )


def _name_scores(evidence: Evidence, values: Mapping[int, float], outlying: Sequence[int]) -> str:
    named = join_words(
        f"{evidence.name_sample(sample)} scores {values[sample]:.2f}"
        for sample in outlying[:MOST_NAMED]
    )
    more = len(outlying) > MOST_NAMED
    return f"{len(outlying):,} samples lie apart: {named}" if more else named


def _describe_twins(evidence: Evidence, twins: Mapping[int, int]) -> list[str]:
    return [
        f"the mask of {evidence.name_sample(sample)} equals that of {evidence.name_sample(twin)}"
        for sample, twin in twins.items()
    ]


def _list_tried(evidence: Evidence, outlying: Sequence[int]) -> str:
    """Return what was tried on all of these samples, in words."""
    tried, sampled = ["other class ids"], evidence.sampled
    if sampled is not None:
        many, fine, crops = (
            set(outlying) <= set(maps.samples.tolist())
            for maps in (sampled.many, sampled.fine, sampled.crops)
        )
        tried += ["flips and turns"] * (fine or (many and sampled.spatial_axes < VOLUME_AXES))
        tried += ["shifts"] * (crops and _were_shifted(evidence, outlying))
        tried += ["the predictions of other samples"] * many
    return join_words(tried)


def _were_shifted(evidence: Evidence, outlying: Sequence[int]) -> bool:
    """Return whether the images are large enough for shifts, and these samples few enough."""
    sizes = evidence.interpretation.layout.y_true.spatial_shape
    shortest = min(size or 0 for size in sizes)
    return len(outlying) <= MOST_EXAMINED and shortest >= SMALLEST_SIDE


def _find_twins(evidence: Evidence, outlying: Sequence[int]) -> dict[int, int]:
    """Return, for each sample whose mask equals that of a usual sample, the number of that sample.

    For predictions, see `_saved_twice`.

    Args:
        evidence: the facts.
        outlying: the samples to look at. Maps of one label are too plain to be recognised.
    """
    if evidence.sampled is None:
        return {}
    many = evidence.sampled.many
    masks = dict(zip(many.samples.tolist(), many.y_true, strict=True))
    usual = {own.tobytes(): sample for sample, own in masks.items() if sample not in outlying}
    twins = {}
    for sample in outlying:
        own = masks.get(sample)
        if own is not None and own.min() < own.max() and own.tobytes() in usual:
            twin = usual[own.tobytes()]
            counts = [_count_truths(evidence.pairs, one) for one in (sample, twin)]
            if counts[0] == counts[1]:
                twins[sample] = twin
    return twins


def _count_truths(pairs: PairCounts, sample: int) -> dict[int, int]:
    return pairs.select_images(sample, sample + 1).count_truths()
