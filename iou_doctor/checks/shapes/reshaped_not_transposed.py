"""The class axis was moved with `reshape`, which scrambles the pixels.

`reshape` keeps the values in their order and only divides them differently. The shape looks right,
but the channels of one pixel come from different places of the image. No axis sums to 1 any more,
while one does after reshaping back, which proves the fault. The score is about that of chance.
Logits have no such sums: there, noise that becomes smooth label maps shows it. If all pixels were
put into one list, any number of images that divides them is tried.

    predictions.reshape(8, 64, 96, 3)       of an array of shape (8, 3, 64, 96): scrambled
    np.moveaxis(predictions, 1, -1)         the same shape, and the pixels stay whole

Reshape back and move the axis, or use `np.moveaxis` in place of `reshape` in your code.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_percent
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU104",
    name="reshaped-not-transposed",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the predictions were reshaped where their axes had to be moved",
    explains=Symptom.METRIC | Symptom.BASELINE | Symptom.ENCODING,
    also_explains=("one-hot-masks", "unargmaxed-probabilities"),
)


def find(evidence: Evidence) -> Result:
    """Check whether the interpretation had to reshape the predictions back."""
    axes, values = evidence.interpretation.layout.y_pred, evidence.stats.y_pred
    if not axes.is_reshaped:
        return []
    written, stored, move = _trace_reshape(axes)
    undo = move.replace("predictions", f"predictions.reshape{written}")
    whole = values.pixels - values.sum_off
    message = (
        f"no axis of the predictions sums to 1, but reshaped back to {written} the"
        f" channels of {format_percent(whole, values.pixels)} of the pixels do"
    )
    if evidence.interpretation.y_pred is Encoding.LOGITS:
        message = (
            "as they are, the class scores give noise that agrees with the masks by chance, but"
            f" reshaped back to {written} they give smooth label maps"
        )
    return [
        Finding(
            RULE,
            message=message,
            help=f"{move} instead of predictions.reshape{stored}; to undo it in saved arrays:"
            f" predictions = {undo}",
            facts={
                "stored": list(axes.shape),
                "written": list(written),
                "pixels": values.pixels,
                "pixels_that_sum_to_1": whole,
            },
            repair=Repair(
                name="reshape the predictions back and move the class axis last",
                safe=True,
                steps=(Arrange(Side.PREDICTIONS),),
            ),
        )
    ]


def _trace_reshape(axes: Axes) -> tuple[tuple[int | None, ...], tuple[int | None, ...], str]:
    """Return the original shape, the shape as stored, and the code that should have been used."""
    first = int(axes.has_sample_axis)
    rest = [size for axis, size in enumerate(axes.shape) if axis != axes.channel]
    written: tuple[int | None, ...]
    if axes.images > 1:
        written = (axes.images, axes.channels, (rest[0] or 0) // axes.images)
        if axes.has_channels_last:
            move = f"np.moveaxis(predictions, 1, -1).reshape(-1, {axes.channels})"
        else:
            move = f"np.moveaxis(predictions, 1, 0).reshape({axes.channels}, -1)"
        return written, axes.shape, move
    if axes.has_channels_last:
        written = (*rest[:first], axes.channels, *rest[first:])
        return written, axes.shape, f"np.moveaxis(predictions, {first}, -1)"
    return (*rest, axes.channels), axes.shape, f"np.moveaxis(predictions, -1, {axes.channel})"
