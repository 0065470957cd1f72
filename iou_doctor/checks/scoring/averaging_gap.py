"""The mean over images or batches differs from the score of the whole data set.

A mean of ratios is not the ratio of sums. Keras' metrics, torchmetrics' JaccardIndex,
mmsegmentation and Cityscapes add up one confusion matrix and divide once. A function in
`compile(metrics=[...])` is averaged over batches. torchmetrics' `segmentation.MeanIoU` and MONAI
average over images, so an image with a few pixels of a class weighs as much as one that is full of
it.

    20 images, 4 classes:   0.795 data set   0.755 batches of 2   0.701 images

Compare only numbers of the same kind, and state which kind it is. Most benchmarks score the whole
data set. A mean over images is right if each image is a case of its own.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import ARRAY_FAULTS
from iou_doctor.checks.wording import join_words
from iou_doctor.metrics.definition import Group, Ratio
from iou_doctor.metrics.score import compute_score
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU606",
    name="averaging-gap",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="averages over images or batches differ from the score of the data set",
    after=ARRAY_FAULTS,
    needs=Needs.WHOLE_DATA_SET,
)

LEAST_GAP = 0.02
"""Minimum difference in mean IoU: two points, by which papers compare methods. Rounding or a stray
image explains less than that."""
REPORTED_BATCH_SIZES = (2, 4, 8)
"""Batch sizes to report if `--batch-size` names none. Larger batches come closer to the score of
the data set."""


def find(evidence: Evidence) -> Result:
    """Compare the score with its averages over images and over batches."""
    if evidence.has_found_error:
        return Skipped("an error was found: averages matter only after its repair")
    ours, samples = evidence.score, evidence.stats.samples
    if samples < 2:
        return Skipped("there is only one sample, so there is nothing to average over")
    if ours is None or ours.mean_iou is None or ours.per_image_mean_iou is None:
        return Skipped("there is no score of the data set to compare with")
    if abs(ours.per_image_mean_iou - ours.mean_iou) <= LEAST_GAP:
        return []
    batch_size = evidence.inputs.batch_size if evidence.inputs else None
    sizes = REPORTED_BATCH_SIZES if batch_size is None else (batch_size,)
    batches = {size: _average_over_batches(evidence, size) for size in sizes if size < samples}
    by_image = _list_image_averages(evidence)
    averages = [f"{ours.per_image_mean_iou:.4f} averaged over images"]
    averages += [f"{mean:.4f} over batches of {size}" for size, mean in batches.items() if mean]
    return [
        Finding(
            RULE,
            message="the mean IoU is "
            + join_words([f"{ours.mean_iou:.4f} over the data set", *averages]),
            evidence=_describe_image_averages(by_image),
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


def _describe_image_averages(by_image: dict[str, float]) -> str | None:
    values = join_words(f"{name} {value:.4f}" for name, value in by_image.items())
    return f"averaged over images by {values}" if values else None


def _list_image_averages(evidence: Evidence) -> dict[str, float]:
    """Return what the implementations report that divide separately for each image."""
    return {
        score.short: score.value
        for score in evidence.contracts
        if score.value is not None and score.choices and score.choices.group is Group.IMAGE
        if score.choices.ratio is Ratio.IOU
    }


def _average_over_batches(evidence: Evidence, size: int) -> float | None:
    """Return the average mean IoU of batches of this size; the last one may be smaller."""
    batches, interpretation = evidence.pairs.group_into_batches(size), evidence.interpretation
    return compute_score(
        pairs=batches,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    ).per_image_mean_iou
