"""Height and width have changed places between masks and predictions.

`cv2.resize` and PIL speak of (width, height), NumPy of (height, width); run-length masks are
stored column by column. Keras flattens both arrays, so it compares each pixel with another one
and reports a low number without a word.

    masks        (8, 64, 96)
    predictions  (8, 96, 64)      np.swapaxes(predictions, 1, 2)

On square images the shapes look right; this rule sees swapped sizes only.
"""

from iou_doctor.checks import Result
from iou_doctor.checks._words import shape
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Suspicion
from iou_doctor.layout import Relation
from iou_doctor.repair import Repair, Side, Step

RULE = Rule(
    code="IOU105",
    name="height-width-swapped",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="height and width have changed places",
    explains=frozenset({"metric-misreads-arrays"}),
)


def find(evidence: Evidence) -> Result:
    """Look for swapped sizes."""
    layout = evidence.reading.layout
    if layout.relation is not Relation.SWAPPED:
        return []
    true, pred = layout.y_true.spatial_shape, layout.y_pred.spatial_shape
    height, width = layout.y_pred.spatial[-2:]
    return [
        Finding(
            RULE,
            message=f"masks are {shape(true)} but predictions are {shape(pred)}: height and width"
            " have changed places",
            help=f"np.swapaxes(predictions, {height}, {width}), or fix the resize that took"
            " (width, height)",
            facts={"masks": list(true), "predictions": list(pred)},
            repair=Repair(
                name="swap height and width of the predictions",
                safe=True,
                steps=(Step("swap_height_width", Side.PREDICTIONS),),
            ),
        )
    ]
