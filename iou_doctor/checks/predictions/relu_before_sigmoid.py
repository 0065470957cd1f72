"""A ReLU stands before the sigmoid, so no score is below 0.5.

The last layer has `activation="relu"`, and a sigmoid follows, in the model or in the code after it.
The ReLU turns every negative logit into 0, and sigmoid(0) is 0.5. A metric that counts scores of at
least 0.5 as foreground then sees foreground everywhere, and the network cannot learn from pixels
whose logit is negative.

    Conv2D(1, 1, activation="relu"), Activation("sigmoid")    # 0.5 0.5 0.5 0.93
    Conv2D(1, 1), Activation("sigmoid")                       # 0.02 0.3 0.08 0.93

Remove the ReLU and train again. Where the sigmoid is missing as well, the scores are logits of
which none is below 0.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.predictions._cuts import list_cuts
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_percent
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU217",
    name="relu-before-sigmoid",
    severity=Severity.WARNING,
    suspicion=Suspicion.ENCODING,
    claim="a ReLU before the sigmoid leaves no score below 0.5",
    explains=Symptom.CLASSES | Symptom.CLASS_SHARES,
    after=("double-activation", "byte-scores"),
    needs=Needs.TRAINED_NETWORK,
)

LEAST_FLOOR_SHARE = 0.2
"""Minimum share of the pixels whose score is exactly that of a logit of 0."""
ROUNDING = 1e-3
"""Distance from 0.5 up to which scores of 16 bits are 0.5."""


def find(evidence: Evidence) -> Result:
    """Look for scores of which none is below 0.5, and a large part exactly there."""
    floors = {Encoding.SIGMOID: 0.5, Encoding.BINARY_LOGITS: 0.0}
    floor = floors.get(evidence.interpretation.y_pred)
    lowest = evidence.stats.y_pred.minimum
    if floor is None or lowest is None or abs(lowest - floor) > ROUNDING * floor:
        return []
    cuts = list_cuts(evidence.by_score)
    if cuts is None or evidence.has_found("double-activation", "byte-scores"):
        return []
    background, foreground = cuts.count_at(floor, reach=ROUNDING * floor)
    pixels = int(cuts.background.sum() + cuts.foreground.sum())
    above = cuts.scores[cuts.scores > floor + ROUNDING * floor]
    if background + foreground < LEAST_FLOOR_SHARE * pixels or not above.size:
        return []
    if background * int(cuts.foreground.sum()) < foreground * int(cuts.background.sum()):
        return []
    beyond = float(cuts.score(above[0]).mean())
    what = "score" if floor else "logit"
    return [
        Finding(
            RULE,
            message=f"no {what} is below {floor:g}, and"
            f" {format_percent(background + foreground, pixels)} are exactly {floor:g}, which is"
            f" what a ReLU makes of all negative logits; > {floor:g} in place of >= {floor:g} would"
            f" read {beyond:.4f}",
            help="remove the ReLU after the last layer, then train again",
            facts={
                "minimum": lowest,
                "pixels_at_minimum": background + foreground,
                "pixels": pixels,
                "mean_iou_above": beyond,
            },
        )
    ]
