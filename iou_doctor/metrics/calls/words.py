"""Names that mean different metrics in different code, such as `dice`."""

from __future__ import annotations

CHOICES: dict[str, tuple[str, ...]] = {
    "iou": (
        *("plain.mean_iou", "plain.iou[foreground]", "keras.metrics.BinaryIoU()"),
        *("torchmetrics.JaccardIndex(task='multiclass', num_classes=N)",),
        *("mmseg.IoUMetric", "smp.iou_score[micro]", "monai.metrics.MeanIoU()"),
    ),
    "mean_iou": (
        *("keras.metrics.MeanIoU(num_classes=N)", "tf.compat.v1.metrics.mean_iou(y, p, N)"),
        *("evaluate.mean_iou", "mmseg.IoUMetric", "kornia.mean_iou", "plain.mean_iou"),
    ),
    "dice": (
        *("plain.mean_dice", "plain.dice[foreground]", "monai.metrics.DiceMetric()"),
        *("torchmetrics.segmentation.DiceScore(num_classes=N)", "medpy.metric.binary.dc(p, y)"),
        *("paddleseg.dice",),
    ),
    "accuracy": (
        *("plain.pixel_accuracy", "plain.mean_accuracy", "sklearn.metrics.accuracy_score(y, p)"),
        *("paddleseg.accuracy",),
    ),
    "f1_score": (
        *("sklearn.metrics.f1_score(y, p, average='macro')", "plain.mean_dice"),
        *("smp.metrics.f1_score(tp, fp, fn, tn, reduction='micro')", "sm.metrics.f1_score"),
        *("torchmetrics.F1Score(task='multiclass', num_classes=N)",),
    ),
    "dice_coef": (
        *("dice_coef(y_true, y_pred, smooth=1) with your smooth", "plain.dice[foreground]"),
        *("keras_backend.dice[images,smooth=1]", "sm.metrics.FScore()", "plain.mean_dice"),
    ),
    "iou_coef": (
        *("keras_backend.jaccard[flat,smooth=1]", "keras_backend.jaccard[images,smooth=1]"),
        *("plain.iou[foreground]", "sm.metrics.IOUScore()", "plain.mean_iou"),
    ),
    "iou_score": (
        *("smp.metrics.iou_score(tp, fp, fn, tn, reduction='micro')", "sm.metrics.iou_score"),
        *("plain.mean_iou", "plain.iou[foreground]"),
    ),
}
"""What to write in place of a word, the most common first. `N` is the number of classes."""
MEANINGS = {
    **dict.fromkeys(("miou", "mean_iou", "meaniou", "m_iou"), "mean_iou"),
    **dict.fromkeys(("compute_miou", "compute_mean_iou", "calculate_miou"), "mean_iou"),
    **dict.fromkeys(("compute_iou", "calculate_iou", "calc_iou", "cal_iou"), "iou"),
    **dict.fromkeys(("compute_dice", "calculate_dice", "calc_dice", "cal_dice"), "dice"),
    **dict.fromkeys(("iou", "jaccard", "jaccard_index", "jc", "iou_metric", "get_iou"), "iou"),
    **dict.fromkeys(("dice", "dsc", "dice_score", "mean_dice", "dc", "mdice"), "dice"),
    **dict.fromkeys(("dice_metric", "dice_coeff", "dice_coef", "dice_coefficient"), "dice_coef"),
    **dict.fromkeys(("iou_coef", "jaccard_coef", "iou_coefficient", "iou_loss"), "iou_coef"),
    **dict.fromkeys(("accuracy", "acc", "pixel_accuracy", "pixel_acc"), "accuracy"),
    **dict.fromkeys(("f1_score", "f1", "fscore", "f_score", "f1score"), "f1_score"),
    "iou_score": "iou_score",
}
"""The word that a name stands for, all in lower case."""
