"""The predictions and the masks have different sizes, and no other rule says why.

A score compares each predicted pixel with one pixel of the mask. If the sizes differ by more than a
swap of height and width or a whole-number factor, it is unknown which pixels belong together, and
any number computed from the two arrays is meaningless. Keras flattens both arrays first, so it
raises an error only if the numbers of values differ as well.

    masks        (8, 64, 96)
    predictions  (8, 60, 92)      a crop, or "valid" padding in the network

Bring both to the same size: pad or crop the predictions the way the images were cropped, or
resize the class scores (not the labels) to the size of the masks before the argmax.
"""

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_shape, join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU101",
    name="shape-mismatch",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="masks and predictions differ in size, so their pixels do not pair up",
    also_explains=("metric-misreads-arrays", "missing-one-hot", "sample-count-mismatch"),
)

HEIGHT_FOR_WIDTH = (1, 0)
HELP = "give both the same size: crop or pad as the images were, or resize the class scores"


def find(evidence: Evidence) -> Result:
    """Compare the spatial shapes."""
    layout = evidence.interpretation.layout
    if layout.mismatched:
        return [_report_mismatched_images(evidence)]
    if layout.relation is not Relation.MISMATCHED:
        return []
    true, pred = layout.y_true.spatial_shape, layout.y_pred.spatial_shape
    return [
        Finding(
            RULE,
            message=f"masks are {format_shape(true)} ({layout.y_true.letters} of"
            f" {layout.y_true.shape}) but predictions are {format_shape(pred)}"
            f" ({layout.y_pred.letters} of {layout.y_pred.shape})",
            help=f"{HELP}; name the axes with --layout if they were misread",
            facts={"masks": list(true), "predictions": list(pred)},
        )
    ]


def _report_mismatched_images(evidence: Evidence) -> Finding:
    mismatched = evidence.interpretation.layout.mismatched
    names = [evidence.name_sample(index) for index in mismatched]
    shapes = [
        (evidence.pair.y_true.get_sample_shape(index), evidence.pair.y_pred.get_sample_shape(index))
        for index in mismatched
    ]
    true, pred = shapes[0]
    orders = {find_order(*pair) for pair in shapes}
    order = orders.pop() if len(orders) == 1 else None
    how = "" if order is None else " only by the order of their axes"
    return Finding(
        RULE,
        message=f"{format_count(len(mismatched), 'pair')} of images"
        f" {'differs' if len(mismatched) == 1 else 'differ'} in size{how}:"
        f" {join_words(names)}; the score is that of the others",
        help=write_order_help(order),
        facts={"pairs": len(mismatched), "of": evidence.interpretation.layout.samples},
        evidence=f"first: {names[0]}: mask {format_shape(true)}, prediction {format_shape(pred)}",
    )


def write_order_help(order: tuple[int, ...] | None) -> str:
    """Return what to do if this order of the axes gives predictions the sizes of their masks."""
    if order is None:
        return HELP
    if order == HEIGHT_FOR_WIDTH:
        return (
            "turn these predictions as their masks are: with np.rot90 if only one side has followed"
            " the EXIF orientation of the image, else with array.T"
        )
    return f"save these predictions in the axes of their masks: array.transpose{order}"


def find_order(true: tuple[int, ...], pred: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the order of the axes of a prediction that gives it the sizes of its mask.

    `None` if there is no such order, or if equal sizes leave it open.
    """
    if sorted(true) != sorted(pred) or len(set(true)) < len(true):
        return None
    return tuple(pred.index(size) for size in true)
