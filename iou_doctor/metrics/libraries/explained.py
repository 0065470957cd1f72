"""Metrics that iou-doctor does not work out, with the reason, so that nobody has to guess."""

from collections.abc import Mapping

from iou_doctor.metrics.metric import Metric, Signature

_MATRIX = "it returns a matrix; name the score of it, for instance {} or plain.mean_iou"
_DISTANCE = "it measures distances, not overlap; iou-doctor reads overlap only"
_EXPLAINED = {
    "ultralytics.utils.metrics.mask_iou": "it returns the IoU of each pair of masks, a matrix; for"
    " one pair name plain.iou[foreground]",
    "tensorflow_addons.metrics.F1Score": "it takes (pixels, classes) only; name plain.mean_dice for"
    " average='macro', plain.pixel_accuracy for 'micro'",
    "keras.metrics.F1Score": "it takes (pixels, classes) only; name plain.mean_dice for"
    " average='macro'",
    "sklearn.metrics.confusion_matrix": _MATRIX.format("sklearn.jaccard_score[macro]"),
    "torchmetrics.classification.ConfusionMatrix": _MATRIX.format(
        "torchmetrics.JaccardIndex[macro]"
    ),
    "ignite.metrics.ConfusionMatrix": _MATRIX.format("ignite.mIoU"),
    "tensorflow.math.confusion_matrix": _MATRIX.format("keras.MeanIoU"),
    "monai.metrics.GeneralizedDiceScore": "its weights depend on all classes of each image; name"
    " torchmetrics.segmentation.GeneralizedDiceScore(num_classes=N), which is similar",
    "monai.metrics.HausdorffDistanceMetric": _DISTANCE,
    "monai.metrics.SurfaceDistanceMetric": _DISTANCE,
    "medpy.metric.binary.hd": _DISTANCE,
    "medpy.metric.binary.hd95": _DISTANCE,
    "medpy.metric.binary.asd": _DISTANCE,
    "super_gradients.training.metrics.BinaryIOU": "it gives three numbers: name"
    " plain.iou[foreground] for target_IOU, plain.mean_iou for mean_IOU",
    "super_gradients.training.metrics.BinaryDice": "it gives three numbers: name"
    " plain.dice[foreground] for target_Dice, plain.mean_dice for mean_Dice",
    **{
        f"{name}Accuracy": "name plain.pixel_accuracy, which is the share of correct pixels"
        for name in (
            *("keras.metrics.", "keras.metrics.SparseCategorical", "keras.metrics.Categorical"),
            *("keras.metrics.Binary", "ignite.metrics."),
        )
    },
    **{
        f"torchmetrics.classification.{name}Accuracy": "name plain.pixel_accuracy for"
        " average='micro', plain.mean_accuracy for 'macro'"
        for name in ("", "Multiclass", "Binary")
    },
    "segmentation_models_pytorch.metrics.accuracy": "it counts the true negatives of each class;"
    " name plain.pixel_accuracy for the share of correct pixels",
    "scripts.compute_mIoU": "it reads files; name plain.mean_iou, or plain.mean_iou[absent 0] if a"
    " class is in no mask and no prediction",
}
_PARAMETERS: dict[str, dict[str, object]] = {
    "monai.metrics.GeneralizedDiceScore": dict.fromkeys(
        ("include_background", "reduction", "weight_type")
    ),
}
"""What tells the calls of some of them from those of metrics with the same name."""
SIGNATURES: tuple[Signature, ...] = tuple(
    Signature(name, _PARAMETERS.get(name, {}), refusal=reason)
    for name, reason in _EXPLAINED.items()
)


def build_metric(name: str, arguments: Mapping[str, object], *, call: str) -> Metric:  # noqa: ARG001 - the calls are refused before
    """Raise, because no call of these metrics is understood.

    Raises:
        KeyError: always.
    """
    raise KeyError(name)
