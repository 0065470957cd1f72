"""Another threshold would fit both classes far better.

A threshold, 0.5 by default, turns scores of one channel into labels. Scores that were raised to a
power, averaged or rescaled, or come from training with a heavy class weight, need a different one,
and some tools have another default (mmsegmentation uses 0.3). This rule tries 0.1 to 0.9 and, if
nearly all scores lie on one side of the threshold, their own quantiles. Of channels that overlap,
it tries those of each. It fires only if both classes gain, or if one class is hardly predicted at
all. Trading one class against the other is a choice otherwise, not a fault.

    BinaryIoU(target_class_ids=[0, 1], threshold=0.5)    # mean IoU 0.71
    BinaryIoU(target_class_ids=[0, 1], threshold=0.2)    # mean IoU 0.83

Tuning the threshold on the data that you report is not a repair. Find out why the scores need
another threshold, or choose one on held-out data and keep it.
"""

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.predictions._cuts import FEWEST_PIXELS, GAIN, Cuts, find_best_cut, list_cuts
from iou_doctor.checks.registry import Result
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.score import Score, compute_score
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU210",
    name="threshold-off",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="another threshold would fit both classes far better",
    also_explains=("class-imbalance",),
    after=(
        "byte-scores",
        "relu-before-sigmoid",
        Suspicion.MASK_VALUES,
        Suspicion.LABEL_RANGE,
        Suspicion.ALIGNMENT,
    ),
    needs=Needs.WHOLE_DATA_SET,
)

TENTHS = tuple(tenth / 10 for tenth in range(1, 10))
BOTH = "both classes gain"


def find(evidence: Evidence) -> Result:
    """Look for a threshold among 0.1, 0.2, ..., 0.9 that fits far better than the chosen one."""
    interpretation = evidence.interpretation
    if evidence.has_found("byte-scores", "relu-before-sigmoid"):
        return []
    if interpretation.is_multilabel:
        from iou_doctor.checks.predictions._thresholds_of_channels import find_cuts_of_channels

        return find_cuts_of_channels(RULE, evidence)
    if any(map(_changes_pairs, evidence.found)):
        return []  # another threshold may fit best after that repair
    cuts = list_cuts(evidence.by_score)
    if cuts is not None and (fine := _try_quantiles(evidence, cuts)):
        return fine
    if interpretation.y_pred is Encoding.BINARY_LOGITS:
        return Skipped("the predictions are logits, whose threshold is 0")
    table = _find_table(evidence)
    if (
        interpretation.y_pred is not Encoding.SIGMOID
        or table is None
        or interpretation.num_classes != 2
    ):
        return []
    return _try_tenths(evidence, table)


def _changes_pairs(finding: Finding) -> bool:
    """Return whether a fault is to be repaired after which pixels have another truth.

    White masks of 255 are read as if they were repaired.
    """
    if finding.severity is not Severity.ERROR or finding.rule.name == "masks-0-255":
        return False
    steps = finding.repair.steps if finding.repair else ()
    return any(step.side is Side.MASKS or step.moves_pixels for step in steps)


def _try_tenths(evidence: Evidence, table: PairCounts) -> list[Finding]:
    """Try the thresholds 0.1, 0.2, ..., 0.9."""
    scores = {tenth / 10: _score_at(evidence, table, tenth) for tenth in range(1, 10)}
    means = {cut: mean for cut, entry in scores.items() if (mean := entry.mean_iou) is not None}
    chosen = evidence.repaired.mean_iou
    if chosen is None or not means:
        return []
    best = max(means, key=lambda cut: means[cut])
    if means[best] - chosen <= GAIN or not _do_both_gain(evidence.repaired, scores[best]):
        return []
    return [_build_finding(evidence, chosen, best, means)]


def _try_quantiles(evidence: Evidence, cuts: Cuts) -> list[Finding]:
    """Try thresholds at the quantiles of the scores, nearly all of which lie on one side."""
    given = evidence.interpretation.threshold
    best = find_best_cut(cuts, given)
    if best is None:
        return []
    coarse = TENTHS if evidence.interpretation.y_pred is Encoding.SIGMOID else ()
    if any(cuts.score(best).mean() - cuts.score(cut).mean() <= GAIN for cut in coarse):
        return []  # one of the usual thresholds is as good
    shown = {cut: float(cuts.score(cut).mean()) for cut in sorted({*coarse, best})}
    who = BOTH if min(cuts.score(best) - cuts.score(given)) >= 0 else "both classes are predicted"
    return [_build_finding(evidence, float(cuts.score(given).mean()), best, shown, who)]


def _build_finding(
    evidence: Evidence, chosen: float, best: float, means: Mapping[float, float], who: str = BOTH
) -> Finding:
    # only if the rule fires
    from iou_doctor.checks.predictions._place_of_threshold import advise_on_threshold, name_place

    threshold = evidence.interpretation.threshold
    return Finding(
        RULE,
        message=f"the mean IoU is {chosen:.4f} at the threshold {threshold:g} and would be"
        f" {means[best]:.4f} at {best:g}, where {who}",
        help=advise_on_threshold(f"one on held-out data and {name_place(evidence.metric, best)}"),
        facts={
            "threshold": threshold,
            "mean_iou": chosen,
            "best_threshold": best,
            "best_mean_iou": means[best],
            "mean_iou_at": {f"{cut:g}": mean for cut, mean in means.items()},
        },
    )


def _find_table(evidence: Evidence) -> PairCounts | None:
    """Return the pairs of truth and score in tenths, with all images together."""
    for pairing, table in evidence.stats.tables.items():
        if pairing.y_pred is LabelDecoding.TENTHS:
            return table.pool()
    return None


def _score_at(evidence: Evidence, table: PairCounts, tenth: int) -> Score:
    """Score the predictions at a threshold of `tenth` / 10."""
    interpretation = evidence.interpretation
    pairs = table.relabel(
        prediction=lambda codes: np.where(is_no_class(codes), codes, codes >= tenth)
    )
    return compute_score(
        pairs=pairs,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    )


def _do_both_gain(before: Score, after: Score) -> bool:
    """Return whether no class loses and the rarer one gains more than by chance."""
    pixels = [entry.truth_pixels for entry in before.per_class]
    gains = [
        (new.iou or 0) - (old.iou or 0)
        for old, new in zip(before.per_class, after.per_class, strict=True)
    ]
    rarer = gains[pixels.index(min(pixels))]
    return min(pixels) >= FEWEST_PIXELS and min(gains) >= 0 and rarer > GAIN
