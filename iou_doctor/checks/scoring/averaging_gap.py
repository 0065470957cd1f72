"""The mean over images or batches differs from the score of the whole data set.

A mean of ratios is no ratio of sums. Keras' metrics, torchmetrics' JaccardIndex, mmsegmentation
and Cityscapes add up one confusion matrix and divide once; a function in `compile(metrics=[...])`
is averaged over batches; torchmetrics' `segmentation.MeanIoU` and MONAI average over images. An
image with a few pixels of a class then weighs as much as one that is full of it.

    20 images, 4 classes:   0.795 data set   0.755 batches of 2   0.701 images

Compare numbers of the same kind only, and say which kind it is. Benchmarks mostly mean the data
set; a mean over images is right where each image is one case.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.metrics.definition import Group, Ratio
from iou_doctor.metrics.score import compute_score
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU606",
    name="averaging-gap",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="averages over images or batches differ from the score of the data set",
)

GAP = 0.02
"""Two points: what papers compare methods by, and more than rounding or a stray image explains."""
BATCH_SIZES = (2, 4, 8)
"""Larger ones come nearer to the data set; all are told only where images differ from it, and
where no --batch-size was."""


def find(evidence: Evidence) -> Result:
    """Compare the score with its averages over images and over batches."""
    if evidence.has_found_error:
        return Skipped("an error was found: averages matter once it is cured")
    ours, samples = evidence.score, evidence.stats.samples
    if samples < 2:
        return Skipped("one sample: there is nothing to average over")
    if ours is None or ours.mean_iou is None or ours.per_image_mean_iou is None:
        return Skipped("there is no score of the data set to compare with")
    if abs(ours.per_image_mean_iou - ours.mean_iou) <= GAP:
        return []
    told = evidence.inputs.batch_size if evidence.inputs else None
    sizes = BATCH_SIZES if told is None else (told,)
    batches = {size: _mean_over_batches(evidence, size) for size in sizes if size < samples}
    by_image = _by_image(evidence)
    words = [f", {mean:.4f} over batches of {size}" for size, mean in batches.items() if mean]
    return [
        Finding(
            RULE,
            message=f"the data set scores {ours.mean_iou:.4f}, averages"
            f" {ours.per_image_mean_iou:.4f} over images{''.join(words)}",
            evidence=_told(by_image),
            help="add up one confusion matrix over the data set and divide once, as"
            " keras.metrics.MeanIoU does",
            facts={
                "mean_iou": ours.mean_iou,
                "per_image": ours.per_image_mean_iou,
                "batches": {str(size): mean for size, mean in batches.items()},
                "others": by_image,
            },
        )
    ]


def _told(by_image: dict[str, float]) -> str | None:
    values = join_words(f"{name} {value:.4f}" for name, value in by_image.items())
    return f"averaged over images by {values}" if values else None


def _by_image(evidence: Evidence) -> dict[str, float]:
    """Return what the implementations report that form a ratio for each image."""
    return {
        score.short: score.value
        for score in evidence.contracts
        if score.value is not None and score.choices and score.choices.group is Group.IMAGE
        if score.choices.ratio is Ratio.IOU
    }


def _mean_over_batches(evidence: Evidence, size: int) -> float | None:
    """Return the mean of the mean IoUs of batches, the last of which may be smaller."""
    batches, interpretation = evidence.pairs.in_batches(size), evidence.interpretation
    return compute_score(
        pairs=batches,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    ).per_image_mean_iou
