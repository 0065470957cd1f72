"""A class occurs in neither the masks nor the predictions, and tools differ about its IoU.

Its union is zero, so its IoU is 0 / 0. Whether it is left out of the mean, counts as 0 or counts as
1 is a convention. The choice moves the mean by up to 1 / C for each such class.

    3 classes, a perfect prediction, class 2 absent:   1.0   left out
                                                       0.667 counted as 0
    left out     Keras, torchmetrics JaccardIndex (macro, from 1.0), mmsegmentation, Cityscapes
    counted 0    ADE20K's scorer, PaddleSeg, ignite, scikit-learn with `labels`
    counted 1    segmentation_models_pytorch, segmentation_models, kornia, any `smooth` term
    NaN          the PASCAL VOC devkit, a plain np.mean

Score a data set that holds every class, or state which convention the number follows.
"""

from iou_doctor.checks import other_scores
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import ARRAY_FAULTS
from iou_doctor.checks.wording import join_words
from iou_doctor.metrics.definition import Absent, Choices
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU601",
    name="absent-class",
    severity=Severity.NOTE,
    suspicion=Suspicion.DEFINITIONS,
    claim="a class is in neither the masks nor the predictions",
    symptom=Symptom.ABSENT_CLASSES,
    after=ARRAY_FAULTS,
    needs=Needs.WHOLE_DATA_SET,
)


def find(evidence: Evidence) -> Result:
    """Look for classes with zero union, and score them by each convention."""
    if evidence.has_found_error:
        return Skipped("an error was found: conventions matter only after its repair")
    interpretation, mean = evidence.interpretation, evidence.repaired.mean_iou
    averaged = [
        entry for entry in evidence.repaired.per_class if entry.id != interpretation.ignore_index
    ]
    absent = [entry.id for entry in averaged if entry.iou is None]
    if mean is None and _are_all_channels_empty(evidence):
        return [_report_nothing(absent)]
    if not absent or mean is None or interpretation.is_multilabel:
        return []
    as_zero = mean * (len(averaged) - len(absent)) / len(averaged)
    as_one = as_zero + len(absent) / len(averaged)
    followers = _list_followers(evidence, mean, as_zero, as_one)
    names = join_words(interpretation.class_names[label] for label in absent)
    subject = f"class {names} is" if len(absent) == 1 else f"classes {names} are"
    without, count = ("it", "it counts") if len(absent) == 1 else ("them", "they count")
    return [
        Finding(
            RULE,
            message=f"{subject} in neither masks nor predictions: the mean IoU is {mean:.4f}"
            f" without {without}, {as_zero:.4f} if {count} as 0 and {as_one:.4f} if {count} as 1",
            help=other_scores.join_phrases(followers)
            or "state which of these conventions a number follows",
            facts={
                "classes": absent,
                "mean_iou": mean,
                "counted_as_0": as_zero,
                "counted_as_1": as_one,
                "others": {phrase: names for phrase, names in followers.items() if names},
            },
        )
    ]


def _are_all_channels_empty(evidence: Evidence) -> bool:
    sides = evidence.stats.y_true, evidence.stats.y_pred
    is_empty = all(side.minimum == side.maximum == 0 for side in sides)
    return is_empty and evidence.interpretation.layout.y_true.is_per_class


def _report_nothing(absent: list[int]) -> Finding:
    return Finding(
        RULE,
        message="all channels of masks and predictions are 0 everywhere, so that every IoU and"
        " every Dice is 0 / 0: NaN for a plain ratio, 1 with a smooth term, 0 for a mean of"
        " nothing",
        help="leave samples without any object out, or state what they count",
        facts={"classes": absent},
    )


def _list_followers(
    evidence: Evidence, mean: float, as_zero: float, as_one: float
) -> dict[str, list[str]]:
    """Return the implementations that follow each convention, by a phrase that names it.

    An implementation is listed if its number for these arrays confirms the convention.
    """
    conventions: dict[str, tuple[float | None, set[Absent]]] = {
        "left out by": (
            mean,
            {Absent.SKIPPED, Absent.SKIPPED_UNLABELLED, Absent.SKIPPED_MISSED},
        ),
        "0 for": (as_zero, {Absent.ZERO}),
        "1 for": (as_one, {Absent.ONE}),
        "NaN for": (None, {Absent.NAN}),
    }

    def list_by(value: float | None, absent: set[Absent]) -> list[str]:
        def is_followed(choices: Choices) -> bool:
            return other_scores.is_data_set_mean(choices) and choices.absent in absent

        return other_scores.list_implementations(evidence, value, is_followed)

    return {phrase: list_by(value, absent) for phrase, (value, absent) in conventions.items()}
