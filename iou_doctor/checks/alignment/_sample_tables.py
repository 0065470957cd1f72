"""The label pairs of single samples, and how well each sample scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Scores, has_nothing_to_gain
from iou_doctor.checks.stack_maps import keep_for_all_rules
from iou_doctor.counts.class_areas import iterate_class_areas
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record

GOOD_SHARE, POOR_SHARE = 0.7, 0.5
"""A sample is good if it scores at least this share of the usual score, and poor if it scores less
than the other share of it."""
LEAST_FOUND, FEWEST_CONFUSED, MOST_CONFUSED = 0.2, 2, 0.25
"""A class is missed in a sample below this IoU. A sample is confused if it misses so many classes
that at most this share of the samples misses."""
LEAST_GREY = 64
"""Least label that is taken for a grey level if the number of classes is not known."""
USUAL_QUANTILE = 0.75
"""The score that a quarter of the samples exceed is the usual one: half of them may be faulty."""

LEAST_KNOWN = 0.4
"""Minimum of the usual score. In a weak model, single samples fit other places by chance."""
MOST_GIVEN, LEAST_QUALITY = 0.7, 0.75
"""A misplaced sample scores at most MOST_GIVEN of the usual score as given, and at least
LEAST_QUALITY of it in its place."""
FEWEST_GOOD, FEWEST_CLEAR = 3, 2
"""Minimum number of samples that score about as usual, and minimum beside one that is POOR."""
MOST_POOR, MOST_EXCHANGED = 8, 64
"""Maximum number of samples that are examined one by one, and that may have exchanged their
predictions: as many as a batch of validation images."""


@record
class SampleScores:
    """The mean IoU of each sample."""

    images: NDArray[np.int64]
    """The numbers of the samples that have a score."""
    scores: NDArray[np.float64]
    usual: float
    """What a sample without a fault scores."""
    is_one_sided: bool = False
    """Whether in some sample only one of the arrays holds more than class 0."""
    confused: tuple[int, ...] = ()
    """The numbers of the few samples in which several classes are missed that are usually found."""

    @property
    def poor(self) -> list[int]:
        """The samples that score far less than usual."""
        found: list[int] = self.images[self.scores < POOR_SHARE * self.usual].tolist()
        return found

    @property
    def doubtful(self) -> list[int]:
        """The samples that are not good."""
        found: list[int] = self.images[self.scores < GOOD_SHARE * self.usual].tolist()
        return found

    @property
    def good(self) -> int:
        """The number of samples that score about as usual."""
        return int((self.scores >= GOOD_SHARE * self.usual).sum())


def score_samples(evidence: Evidence) -> SampleScores | None:
    """Return the mean IoU of each sample over the classes in it; `None` if none has a score."""
    if evidence.sampled is None:
        return _score_samples(evidence)
    return keep_for_all_rules(evidence.sampled, evidence.pairs, lambda: _score_samples(evidence))


def _score_samples(evidence: Evidence) -> SampleScores | None:
    interpretation = evidence.interpretation
    pairs = evidence.pairs.keep_counted(interpretation.num_classes, interpretation.ignore_index)
    if not len(pairs):
        return None
    parts, missed, is_one_sided = [], [], False
    images = pairs.image_span[1] + 1
    for areas in iterate_class_areas(pairs, images=images, classes=interpretation.num_classes):
        truth, predicted, intersection = areas
        union = truth + predicted - intersection
        true_objects, predicted_objects = truth[:, 1:].any(axis=1), predicted[:, 1:].any(axis=1)
        iou = intersection / np.maximum(union, 1)
        missed.append(((truth > 0) & (predicted > 0) & (iou < LEAST_FOUND))[:, 1:])
        is_one_sided |= bool((true_objects != predicted_objects).any())
        parts.append(iou.sum(axis=1) / np.maximum((union > 0).sum(axis=1), 1))
    numbers = np.flatnonzero(np.bincount(pairs.image))  # `np.unique` would import `numpy.ma`
    scores = np.concatenate(parts)[numbers]
    confused = _find_confused(np.concatenate(missed))
    return SampleScores(numbers, scores, find_usual_score(scores), is_one_sided, confused)


def _find_confused(missed: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the samples that miss several classes that others hardly ever miss.

    Args:
        missed: which classes are missed though they are predicted, shape (samples, classes).
    """
    seldom = missed.sum(axis=0) <= max(1, MOST_CONFUSED * len(missed))
    found: tuple[int, ...] = tuple(
        np.flatnonzero((missed & seldom).sum(axis=1) >= FEWEST_CONFUSED).tolist()
    )
    return found


def find_usual_score(scores: NDArray[np.float64]) -> float:
    """Return the score that a quarter of the samples reach, shape (n,)."""
    # `np.quantile` would import `numpy.ma`
    return float(np.sort(scores)[int(USUAL_QUANTILE * (len(scores) - 1))])


def may_be_misplaced(evidence: Evidence) -> bool:
    """Return whether other places may fit far better, for all samples or for single ones.

    Among many good samples, a single one hardly lowers the mean IoU.
    """
    if not has_nothing_to_gain(evidence):
        return True
    scores = None if evidence.interpretation.is_multilabel else score_samples(evidence)
    return scores is not None and bool(scores.poor)


@record
class Suspects:
    """Samples that score far less than the others."""

    usual: float
    """What a sample without a fault scores."""
    poor: tuple[int, ...]
    """The places of the suspects among the maps, in order."""

    def are_restored(self, scores: Scores) -> NDArray[np.bool_]:
        """Return which scores are about as usual."""
        restored: NDArray[np.bool_] = scores >= LEAST_QUALITY * self.usual
        return restored


def find_suspects(
    given: Scores, tells: NDArray[np.bool_] | None = None, *, most: int = MOST_POOR
) -> Suspects | None:
    """Return the samples that score far less than the others; `None` if there are none.

    Args:
        given: the mean IoU of each sample, shape (n,).
        tells: which samples can tell, shape (n,): not those that are empty. `None` means all.
        most: the number of samples from which the rest is left out.
    """
    told = given if tells is None else given[tells]
    if not len(told):
        return None
    usual = find_usual_score(told)
    is_poor = given <= MOST_GIVEN * usual
    poor = np.flatnonzero(is_poor if tells is None else is_poor & tells)
    good = int((told >= LEAST_QUALITY * usual).sum())
    is_clear = len(poor) == 1 and given[poor[0]] <= POOR_SHARE * usual
    fewest = FEWEST_CLEAR if is_clear else FEWEST_GOOD
    if usual < LEAST_KNOWN or not len(poor) or good < max(fewest, len(poor)):
        return None
    return Suspects(usual, tuple(poor[:most].tolist()))


@record
class Table:
    """The label pairs of one sample."""

    counts: Mapping[tuple[int, int], int]
    """Pixels by (truth, prediction)."""

    @property
    def truth(self) -> dict[int, int]:
        """Pixels by true label."""
        return _add_up(self.counts, 0)

    @property
    def predicted(self) -> dict[int, int]:
        """Pixels by predicted label."""
        return _add_up(self.counts, 1)

    @property
    def total(self) -> int:
        """All pixels of the sample."""
        return sum(self.counts.values())

    def swap(self) -> Table:
        """Return the table with truth and prediction exchanged."""
        return Table({(pred, true): count for (true, pred), count in self.counts.items()})

    def relabel(self, table: Mapping[int, int]) -> Table:
        """Return the table with true labels replaced."""
        counts: dict[tuple[int, int], int] = {}
        for (true, pred), count in self.counts.items():
            key = table.get(true, true), pred
            counts[key] = counts.get(key, 0) + count
        return Table(counts)

    def overlap(self, true: int, pred: int) -> float:
        """Return the IoU of a true and a predicted label."""
        both = self.counts.get((true, pred), 0)
        union = self.truth.get(true, 0) + self.predicted.get(pred, 0) - both
        return both / union if union else 0.0

    @property
    def mean_iou(self) -> float:
        """The mean IoU over all labels of either side."""
        truth, predicted = self.truth, self.predicted
        labels = truth.keys() | predicted.keys()
        total = 0.0
        for label in labels:
            both = self.counts.get((label, label), 0)
            total += both / max(truth.get(label, 0) + predicted.get(label, 0) - both, 1)
        return total / max(len(labels), 1)

    def find_partners(self) -> dict[int, int]:
        """Return, for each true label, the predicted label with which it shares most."""
        truth, predicted = self.truth, self.predicted

        def rank(true: int, pred: int) -> tuple[float, int]:
            both = self.counts.get((true, pred), 0)
            return both / max(truth[true] + predicted[pred] - both, 1), -pred

        return {true: max(predicted, key=partial(rank, true)) for true in truth}


def iterate_tables(pairs: PairCounts, images: list[int]) -> Iterator[tuple[int, Table]]:
    """Yield the tables of some samples; pixels without a label are left out."""
    for image in images:
        rows = pairs.select_images(image, image + 1)
        rows = rows.keep_rows(~(is_no_class(rows.truth) | is_no_class(rows.prediction)))
        keys = zip(rows.truth.tolist(), rows.prediction.tolist(), strict=True)
        yield image, Table(dict(zip(keys, rows.count.tolist(), strict=True)))


def _add_up(counts: Mapping[tuple[int, int], int], side: int) -> dict[int, int]:
    totals: dict[int, int] = {}
    for key, count in counts.items():
        totals[key[side]] = totals.get(key[side], 0) + count
    return totals
