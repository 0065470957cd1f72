"""The class axis is not the last one, where the metric looks for it.

PyTorch writes (N, C, H, W), Keras' metrics look at the last axis. With `sparse_y_pred=False`
they argmax over the image's width instead: the result has the wrong size and raises, or, when
the width happens to equal the number of classes, is a wrong number without a word. With
`axis=1` Keras 3 accepts the arrays and fails in `result()`. The class axis is decided by the
channel sums where they tell, and by the shapes otherwise.

    predictions  (8, 3, 64, 96)      class axis 1
    wanted       (8, 64, 96, 3)      np.moveaxis(predictions, 1, -1)
"""

from iou_doctor.checks import Result
from iou_doctor.derivation import Derivation
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Suspicion
from iou_doctor.layout import Axes
from iou_doctor.repair import Repair, Side, Step

RULE = Rule(
    code="IOU103",
    name="channels-first",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the class axis is not the last one, where the metric looks for it",
    explains=frozenset(
        {"missing-one-hot", "dropped-pixels", "metric-misreads-arrays", "reading-drift"}
    ),
)

ANY_AXIS = ("tf_keras.",)
"""Libraries whose `axis` argument works for any axis."""


def find(evidence: Evidence) -> Result:
    """Look where the class axis of each array is."""
    layout = evidence.reading.layout
    sides = (("predictions", layout.y_pred), ("masks", layout.y_true))
    wrong = [
        (name, axes)
        for name, axes in sides
        if not (axes.channels_last or axes.colour or axes.reshaped)
        and not _reads(evidence, name, axes)
    ]
    if not wrong:
        return []
    names = " and ".join(name for name, _ in wrong)
    return [
        Finding(
            RULE,
            message=f"{evidence.metric.short_name} looks for the classes on the last axis, but "
            + " and ".join(_where(name, axes) for name, axes in wrong),
            help="; ".join(f"np.moveaxis({name}, {axes.channel}, -1)" for name, axes in wrong),
            facts={
                name: {"class_axis": axes.channel, "shape": list(axes.shape)}
                for name, axes in wrong
            },
            repair=Repair(
                name=f"move the class axis of the {names} last",
                safe=True,
                steps=tuple(Step("arrange", Side(name)) for name, _ in wrong),
            ),
        )
    ]


def _reads(evidence: Evidence, name: str, axes: Axes) -> bool:
    """Return whether the metric argmaxes over the very axis that holds the classes."""
    metric = evidence.metric
    derivation = metric.true if name == "masks" else metric.pred
    looks_at = metric.axis % len(axes.shape)
    known = metric.name.startswith(ANY_AXIS) and derivation is Derivation.ARGMAX_LAST
    return known and looks_at == axes.channel


def _where(name: str, axes: Axes) -> str:
    return f"the {name} of shape {axes.shape} have them on axis {axes.channel}"
