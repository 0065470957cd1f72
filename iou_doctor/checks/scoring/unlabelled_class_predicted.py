"""A class is predicted but is in no mask, so its IoU of 0 enters the mean.

One stray pixel is enough: the class then has a union, its IoU is 0, and the mean falls by up to
1 / C. Keras, torchmetrics and mmsegmentation average over the classes with a union. detectron2,
ultralytics and scripts that average over the classes of the masks leave it out.

    2 classes in the masks, IoU 0.90 and 0.85, mean 0.875
    one pixel predicted as class 2:            mean 0.583

Score only the classes in the masks, `keras.metrics.IoU(num_classes=3, target_class_ids=[0, 1])`,
or use a data set that holds all classes.

If the masks hold a single class, look at them first: labels that are withheld for a test set, a
wrong folder, or 1 divided by 255 as an integer leave only 0. If they hold the ignore label besides,
that may be the object.
"""

from iou_doctor.checks import other_scores
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_class_average
from iou_doctor.checks.unknown_labels import describe_truth
from iou_doctor.checks.wording import format_count, join_words
from iou_doctor.metrics.definition import Absent, Average, Choices
from iou_doctor.metrics.score import ClassScore
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU602",
    name="unlabelled-class-predicted",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="a class that is in no mask is predicted and counts as 0",
    symptom=Symptom.CLASSES,
    needs=Needs.WHOLE_DATA_SET,
)

FEWEST_OF_MOST = 3
"""Minimum number of predicted classes that no mask holds, for the masks to be suspected. One or two
may just be absent from these images."""


def find(evidence: Evidence) -> Result:
    """Look for classes of the mean that have predicted pixels and no truth."""
    wanted = evidence.metric.target_class_ids
    entries = [
        entry
        for entry in evidence.repaired.per_class
        if entry.iou is not None and (wanted is None or entry.id in wanted)
    ]
    unlabelled = [entry for entry in entries if not entry.truth_pixels]
    labelled = tuple(entry.id for entry in entries if entry.truth_pixels)
    without = evidence.repaired.average_over(labelled)
    if not unlabelled or without is None:
        return []
    mean = evidence.repaired.average_over(tuple(entry.id for entry in entries))
    names = evidence.interpretation.class_names
    leave_out = other_scores.list_implementations(evidence, without, _is_mean_of_labelled)
    them = "it" if len(unlabelled) == 1 else "them"
    ignored = evidence.interpretation.ignore_index
    others = evidence.pairs.count_truths().keys() - {*labelled}
    is_alone = len(labelled) == 1 and others <= {ignored}
    beside = f" and the ignore label {ignored}" if others else ""
    only = f"the masks hold only class {names[labelled[0]]}{beside}, and " if is_alone else ""
    are_most = not is_alone and _are_most(evidence, unlabelled)
    return [
        Finding(
            RULE,
            message=f"{only}{_describe_classes(unlabelled, names)}: the mean IoU is {mean:.4f} with"
            f" {them} and {without:.4f} without",
            evidence=_describe_evidence(evidence, unlabelled, without, leave_out),
            help=_advise_to_look(evidence, labelled)
            if are_most
            else _write_help(evidence, labelled, is_alone=is_alone),
            leaves_doubt=are_most or is_alone,
            facts={
                "classes": [entry.id for entry in unlabelled],
                "pixels": sum(entry.predicted_pixels for entry in unlabelled),
                "mean_iou": mean,
                "mean_without": without,
                "left_out_by": leave_out,
            },
        )
    ]


def _describe_evidence(
    evidence: Evidence, unlabelled: list[ClassScore], without: float, leave_out: list[str]
) -> str | None:
    """Return who leaves these classes out, and which class their pixels have in the masks."""
    words = [f"{without:.4f} according to {join_words(leave_out)}"] if leave_out else []
    if not evidence.interpretation.is_multilabel:
        truth = describe_truth(evidence, [entry.id for entry in unlabelled], background=False)
        words += [truth] if truth else []
    return "; ".join(words) or None


def _is_mean_of_labelled(choices: Choices) -> bool:
    """Return whether these choices average over the classes that the masks hold."""
    is_labelled = choices.average is Average.LABELLED
    return other_scores.is_data_set_mean(choices) and (
        is_labelled or choices.absent is Absent.SKIPPED_UNLABELLED
    )


def _are_most(evidence: Evidence, unlabelled: list[ClassScore]) -> bool:
    """Return whether most of what is predicted, apart from one class, lies in several such classes.

    Where the largest class is the background, most of the objects then have a class that no mask
    holds.
    """
    predicted = [entry.predicted_pixels for entry in evidence.repaired.per_class]
    pixels = sum(entry.predicted_pixels for entry in unlabelled)
    return len(unlabelled) >= FEWEST_OF_MOST and 2 * pixels > sum(predicted) - max(predicted)


def _advise_to_look(evidence: Evidence, labelled: tuple[int, ...]) -> str:
    """Return the help if the masks may hold something else than the predicted classes."""
    return (
        "see what the label files hold, np.unique(masks): most of what is predicted lies in these"
        " classes, so the masks may number objects, or use other ids; if they are right,"
        f" {suggest_class_average(evidence, labelled)} scores the classes in the masks"
    )


def _write_help(evidence: Evidence, labelled: tuple[int, ...], *, is_alone: bool) -> str:
    """Return what to do, which is to look at the masks if they hold a single class."""
    if not is_alone:
        return f"{suggest_class_average(evidence, labelled)} scores the classes in the masks"
    ignored = evidence.interpretation.ignore_index
    if ignored in evidence.pairs.count_truths():
        return (
            f"see what {ignored} stands for in the label files: if it is the object, declare no"
            f" ignore label and map it to a class, masks = np.where(masks == {ignored}, 1, masks)"
        )
    return (
        "see what the label files hold, np.unique(masks): withheld labels, a wrong folder, or a"
        " division by 255 leave one class"
    )


def _describe_classes(unlabelled: list[ClassScore], names: tuple[str, ...]) -> str:
    pixels = format_count(sum(entry.predicted_pixels for entry in unlabelled), "pixel")
    noun, verb = ("class", "is") if len(unlabelled) == 1 else ("classes", "are")
    classes = join_words(names[entry.id] for entry in unlabelled)
    return f"{noun} {classes} {verb} predicted in {pixels} but in no mask"
