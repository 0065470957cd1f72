"""Another threshold would fit both classes far better.

A threshold, 0.5 by default, turns scores of one channel into labels. Scores that were raised to a
power, averaged or rescaled, or come from training with a heavy class weight, need a different one,
and some tools have another default (mmsegmentation uses 0.3). This rule tries 0.1 to 0.9 and, if
nearly all scores lie on one side of the threshold, their own quantiles. It fires only if both
classes gain, or if one class is hardly predicted at all. Trading one class against the other is a
choice otherwise, not a fault.

    BinaryIoU(target_class_ids=[0, 1], threshold=0.5)    # mean IoU 0.71
    BinaryIoU(target_class_ids=[0, 1], threshold=0.2)    # mean IoU 0.83

Tuning the threshold on the data that you report is not a repair. Find out why the scores need
another threshold, or choose one on held-out data and keep it.
"""

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.predictions._cuts import Cuts, Floats, list_cuts
from iou_doctor.checks.registry import Result
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import Score, compute_score
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU210",
    name="threshold-off",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="another threshold would fit both classes far better",
    also_explains=("class-imbalance",),
    after=("byte-scores", "relu-before-sigmoid"),
    needs=Needs.WHOLE_DATA_SET,
)

GAIN = 0.02
"""Gain that the mean IoU and the IoU of the rarer class must exceed. The best of nine thresholds
always gains a little, and scores that are unrelated to the foreground only trade the IoU of one
class against that of the other."""
TENTHS = tuple(tenth / 10 for tenth in range(1, 10))
QUANTILES = 200
"""Thresholds that are tried between the scores' own quantiles, where 0.1 to 0.9 are too coarse."""
FEWEST_PIXELS = 1000
"""Minimum number of true pixels of each class. With fewer, a handful of border pixels decides."""
LOST, LEAST_GAIN_OF_LOST = 0.01, 0.05
"""IoU below which a class is as good as never predicted, and the minimum gain in mean IoU of a
threshold at which it is predicted while the other class loses."""
BOTH = "both classes gain"


def find(evidence: Evidence) -> Result:
    """Look for a threshold among 0.1, 0.2, ..., 0.9 that fits far better than the chosen one."""
    interpretation = evidence.interpretation
    if evidence.has_found("byte-scores", "relu-before-sigmoid"):
        return []
    cuts = list_cuts(evidence)
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
    given, tried = evidence.interpretation.threshold, cuts.list_quantiles(QUANTILES)
    best = max(tried, key=lambda cut: cuts.score(cut).mean())
    coarse = TENTHS if evidence.interpretation.y_pred is Encoding.SIGMOID else ()
    if any(cuts.score(best).mean() - cuts.score(cut).mean() <= GAIN for cut in coarse):
        return []  # one of the usual thresholds is as good
    gains = cuts.score(best) - cuts.score(given)
    totals = cuts.background.sum(), cuts.foreground.sum()
    rarer = gains[int(totals[1] < totals[0])]
    is_fair = min(gains) >= 0 or _is_one_class_lost(cuts.score(given), gains)
    if min(totals) < FEWEST_PIXELS or not is_fair or min(rarer, gains.mean()) <= GAIN:
        return []
    shown = {cut: float(cuts.score(cut).mean()) for cut in sorted({*coarse, best})}
    who = BOTH if min(gains) >= 0 else "both classes are predicted"
    return [_build_finding(evidence, float(cuts.score(given).mean()), best, shown, who)]


def _is_one_class_lost(given: Floats, gains: Floats) -> bool:
    """Return whether one class has no IoU as given, so that its gain is worth what the other loses.

    In scores that are unrelated to the foreground, no threshold has a higher mean IoU than that.
    """
    return bool(min(given) < LOST and gains.mean() > LEAST_GAIN_OF_LOST)


def _build_finding(
    evidence: Evidence, chosen: float, best: float, means: Mapping[float, float], who: str = BOTH
) -> Finding:
    threshold = evidence.interpretation.threshold
    return Finding(
        RULE,
        message=f"the mean IoU is {chosen:.4f} at the threshold {threshold:g} and would be"
        f" {means[best]:.4f} at {best:g}, where {who}",
        help="find out why the scores need another threshold, or choose one on held-out data and"
        f" {_name_place(evidence.metric, best)}; tuning it on the data that are scored is not a"
        " repair",
        facts={
            "threshold": threshold,
            "mean_iou": chosen,
            "best_threshold": best,
            "best_mean_iou": means[best],
            "mean_iou_at": {f"{cut:g}": mean for cut, mean in means.items()},
        },
    )


def _name_place(metric: Metric, threshold: float) -> str:
    """Return where to set the threshold: in the call of a metric that has one, or in the option."""
    if metric.threshold is None:
        return f"pass it as --threshold {threshold:g}"
    return f"pass it to the metric, as threshold={threshold:g} in {metric.short_name}"


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
