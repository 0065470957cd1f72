"""Write the lines of Python that read the mean IoU of repaired arrays."""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.record import record
from iou_doctor.report.repair_plan import NO_CLASS_LABELS

MOST_IDS = 4
"""Up to so many class ids are listed, even if they are a range."""


@record
class Read:
    """The arrays after all repairs, and who reduces their channels."""

    after: Evidence
    """The facts, with the label pairs and the interpretation after all repairs."""
    has_mask_channels: bool
    """Whether the masks still have one value for each class."""
    has_prediction_channels: bool
    """Whether the predictions still have one value for each class."""
    threshold: float | None = None
    """Where the metric has to cut the predictions into two classes; `None` if they are labels."""

    @property
    def library(self) -> str | None:
        """The library whose metric reads the arrays; `None` for lines of NumPy."""
        if self.after.metric.takes is not None or self._is_prediction_stray:
            return None
        if len(self._stray_truths) > (self.after.interpretation.ignore_index is None):
            return None
        return "tf_keras" if self.after.metric.name.startswith("tf_keras") else "keras"

    @property
    def can_reduce(self) -> bool:
        """Whether the metric can take the argmax of channels itself."""
        return self.library is not None

    @property
    def can_threshold(self) -> bool:
        """Whether a metric can cut scores of two classes itself: none does that and ignores."""
        is_binary = self.after.interpretation.num_classes == 2
        return self.library is not None and is_binary and self.ignored is None

    @property
    def ignored(self) -> int | None:
        """The ignore label of the call: the declared one, or else the only label of no class."""
        if self.after.interpretation.ignore_index is not None:
            return self.after.interpretation.ignore_index
        return next(iter(self._stray_truths), None)

    @property
    def predicts_ignored(self) -> bool:
        """Whether the ignore label is a class that is predicted, which Keras keeps in its mean."""
        interpretation, pairs = self.after.interpretation, self.after.pairs
        ignored = interpretation.ignore_index
        if ignored is None or ignored not in interpretation.classes:
            return False
        return bool(((pairs.prediction == ignored) & (pairs.truth != ignored)).any())

    @property
    def _stray_truths(self) -> list[int]:
        """The labels in the masks that are neither a class nor the ignore label."""
        interpretation, labels = self.after.interpretation, self.after.pairs.truth
        stray = labels[(labels < 0) | (labels >= interpretation.num_classes)]
        named = {  # a set, because `np.unique` would import `numpy.ma`
            _name_no_class(interpretation.num_classes) if is_no_class(label) else label
            for label in set(stray.tolist())
        }
        return sorted(named - {interpretation.ignore_index})

    @property
    def _is_prediction_stray(self) -> bool:
        """Whether pixels that count have a predicted label that is no class: Keras drops them."""
        classes, pairs = self.after.interpretation.num_classes, self.after.pairs
        counted = (pairs.truth >= 0) & (pairs.truth < classes)
        counted &= pairs.truth != self.after.interpretation.ignore_index
        return bool((counted & ((pairs.prediction < 0) | (pairs.prediction >= classes))).any())


def _name_no_class(classes: int) -> int:
    return next(label for label in NO_CLASS_LABELS if label >= classes)


def write_metric(read: Read) -> Iterator[str]:
    """Yield the lines that read the score; the last one is an expression."""
    if read.library is None:
        yield from _write_numpy(read)
        return
    interpretation = read.after.interpretation
    if read.threshold is not None:
        arguments = f"target_class_ids=[0, 1], threshold={read.threshold:g}"
        yield f"metric = {read.library}.metrics.BinaryIoU({arguments})"
        yield "metric(masks, predictions)"
        return
    options = [f"num_classes={interpretation.num_classes}"]
    name = "MeanIoU"
    if read.predicts_ignored:
        name = "IoU"
        targets = [one for one in interpretation.classes if one != interpretation.ignore_index]
        options.append(f"target_class_ids={targets}")
    if read.ignored is not None:
        options.append(f"ignore_class={read.ignored}")
    if read.has_mask_channels:
        options.append("sparse_y_true=False")
    if read.has_prediction_channels:
        options.append("sparse_y_pred=False")
    yield f"metric = {read.library}.metrics.{name}({', '.join(options)})"
    yield "metric(masks, predictions)"


def _write_numpy(read: Read) -> Iterator[str]:
    """Yield lines that count labels as the doctor does."""
    interpretation, layout = read.after.interpretation, read.after.interpretation.layout
    shapes = layout.y_true.label_shape, layout.y_pred.label_shape
    if layout.relation is Relation.FLATTENED or len(shapes[0]) != len(shapes[1]):
        yield "predictions = predictions.reshape(masks.shape)"
    valid = [one for one in interpretation.classes if one != interpretation.ignore_index]
    present = [entry.id for entry in read.after.repaired.per_class if entry.iou is not None]
    yield f"counted = np.isin(masks, {_write_ids(valid)})"
    yield "masks, predictions = masks[counted], predictions[counted]"
    yield f"pairs = [(masks == k, predictions == k) for k in {_write_ids(present)}]"
    yield "np.mean([np.sum(true & pred) / np.sum(true | pred) for true, pred in pairs])"


def _write_ids(ids: list[int]) -> str:
    is_long_range = len(ids) > MOST_IDS and ids == [*range(len(ids))]
    return f"range({len(ids)})" if is_long_range else str(ids)
