"""Find void labels among the class ids: ids of the masks that no model would leave out."""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import count_class_ids
from iou_doctor.checks.labels._numberings import load_numberings
from iou_doctor.checks.unknown_labels import list_labels_of_faulty_samples
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.step import Side

FEWEST_KNOWN_IDS = 7
"""Minimum number of ids that both arrays share with a known numbering. Seven random ids lie among
the 19 of 34 that are classes of Cityscapes with a probability of 2 %."""
FEWEST_CLASSES = 3
"""Minimum number of predicted classes, or one less beside a large label. A model that predicts
fewer has not learned the others."""
LEAST_BESIDE_TWO = 10
"""Beside predictions of two classes, the label must be at least this. 2 may be a third class."""
FEWEST_RARER_CLASSES = 2
"""Minimum number of predicted classes that are rarer than a label that is never predicted."""
LEAST_VOID_SHARE = 0.01
"""Minimum share of the pixels of such a label. A model may well miss a class with fewer."""
LEAST_IMAGE_SHARE = 0.8
"""Minimum share of the images with such a label. Data sets leave something out in most images."""
FARTHEST_NEXT = 2
"""How many times as far as other ids lie apart the next class may lie. Codes of classes have gaps,
too."""
LARGEST_TOP_SHARE = 0.5
"""Share of the pixels of a void label that may all be predicted as the same class."""
LARGEST_TOP_RATIO = 1.5
"""How many times as often as elsewhere this class may be predicted there. A class that the model
has not learned is mostly predicted as one that looks like it."""


@record
class VoidClasses:
    """Labels among the class ids that mean void."""

    labels: dict[int, int]
    """The number of pixels of each."""
    reason: str
    """What shows that they are void, as the end of a sentence about them."""


def find_void_classes(evidence: Evidence) -> VoidClasses | None:
    """Find the ids of the masks that are never predicted because they mean void.

    They are the void ids of a known numbering that both arrays use, or the first or the last id
    where a trained model would have predicted such a frequent class.
    """
    ignored = evidence.interpretation.ignore_index
    truths = {
        label: count
        for label, count in count_class_ids(evidence, Side.MASKS).items()
        if label < evidence.interpretation.num_classes and label != ignored
    }
    predicted = evidence.pairs.count_predictions()
    faulty = list_labels_of_faulty_samples(evidence, Side.MASKS)
    never = [label for label in truths if label not in predicted and label not in faulty]
    if not never:
        return None
    known = _find_void_of_numbering(evidence, truths)
    if known is not None or ignored in evidence.pairs.count_truths():
        return known
    if len(never) != 1 or never[0] not in (0, max(truths)) or not _is_frequent(evidence, *never):
        return None
    place, means = ("first", "unlabelled") if never[0] == 0 else ("last", "void")
    reason = f"the {place} id, never predicted although rarer classes are: it probably means"
    return VoidClasses({never[0]: truths[never[0]]}, f"{reason} {means}")


def _find_void_of_numbering(evidence: Evidence, truths: dict[int, int]) -> VoidClasses | None:
    """Find the void ids of a numbering in which both arrays name their classes."""
    predicted = count_class_ids(evidence, Side.PREDICTIONS).keys()
    for numbering in load_numberings():
        classes = numbering.table.keys()
        void = {label: count for label, count in truths.items() if label in numbering.void}
        if (
            void
            and predicted <= classes
            and truths.keys() - void.keys() <= classes
            and len(predicted & truths.keys()) >= FEWEST_KNOWN_IDS
            and max(predicted) >= numbering.num_classes
        ):
            return VoidClasses(void, f"which mean void in the {numbering.title} of both arrays")
    return None


def _is_frequent(evidence: Evidence, label: int) -> bool:
    """Return whether any trained model would predict a class as frequent as this label."""
    pairs = evidence.pairs.pool()
    others = pairs.drop_truth(label).drop_out_of_range(evidence.interpretation.num_classes)
    predicted = count_class_ids(evidence, Side.PREDICTIONS)
    right = others.keep_rows(others.truth == others.prediction).total
    if len(predicted) < FEWEST_CLASSES - 1 or 2 * right <= others.total:
        return False
    here = pairs.keep_rows(pairs.truth == label)
    if len(predicted) < FEWEST_CLASSES:
        return label >= LEAST_BESIDE_TWO and _is_in_most_images(evidence, label)
    if here.total < LEAST_VOID_SHARE * pairs.total:
        return False
    counts = others.count_truths()
    if here.total > max(counts.values()) or _is_far_away(label, sorted(counts)):
        return True
    rarer = sum(count < here.total for count in counts.values())
    return rarer >= FEWEST_RARER_CLASSES and _is_spread(evidence, here, others, label)


def _is_far_away(label: int, others: list[int]) -> bool:
    """Return whether a label lies far beyond all others, which have smaller gaps between them."""
    gaps = np.diff([0, *others])
    return label - others[-1] > FARTHEST_NEXT * max(int(gaps.max()), 1)


def _is_spread(evidence: Evidence, here: PairCounts, others: PairCounts, label: int) -> bool:
    """Return whether a label lies in most images and under all kinds of predictions."""
    if not _is_in_most_images(evidence, label):
        return False
    there = here.count_predictions()
    top = max(there, key=lambda prediction: there[prediction])
    usual = others.count_predictions().get(top, 0) / others.total
    return there[top] <= max(LARGEST_TOP_SHARE, LARGEST_TOP_RATIO * usual) * here.total


def _is_in_most_images(evidence: Evidence, label: int) -> bool:
    images = evidence.interpretation.layout.samples
    held = np.unique(evidence.pairs.image[evidence.pairs.truth == label])
    return len(held) >= LEAST_IMAGE_SHARE * images
