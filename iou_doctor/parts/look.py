"""A look over the whole data: how to read the axes, and what every shard will have to count."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import field, replace
from math import prod

import numpy as np

from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.diagnosis.count_plan import CountPlan, plan_counts
from iou_doctor.diagnosis.error_kinds import add_kinds
from iou_doctor.diagnosis.passes import CountArrays
from iou_doctor.diagnosis.pipeline import choose_settings, report_on
from iou_doctor.diagnosis.questions import Answer, AnyQuestion, OpenArrays, Question
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.understanding import infer_layout, parse_metric
from iou_doctor.errors import IouDoctorError
from iou_doctor.parts.answers import key_of
from iou_doctor.parts.plain import NotPlainError
from iou_doctor.record import record
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.reorder import Reorder

MOST_SAMPLES, MOST_VALUES = 16, 2**24
"""The most samples that the look counts, and the most values of the larger array in them."""
MOST_QUESTIONS = 32
"""The most questions that are answered without having been asked."""
OF_SAMPLES = (MoveSome, RelabelSome, Reorder)
"""Steps that name samples, which a look cannot know."""


@record
class Look:
    """What was decided for all shards."""

    layout: Layout
    questions: tuple[AnyQuestion, ...]
    """What every shard answers."""


@record
class LookedAt:
    """Answers questions from a few samples, and notes what was asked."""

    arrays: OpenArrays
    layout: Layout
    samples: tuple[int, ...]
    asked: dict[str, AnyQuestion] = field(default_factory=dict)

    @property
    def can_read(self) -> bool:
        """Whether every question can be answered: the arrays are there."""
        return True

    @property
    def fallbacks(self) -> tuple[()]:
        """Nothing is counted on a GPU."""
        return ()

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer for the few samples."""
        with suppress(NotPlainError):
            self.asked[key_of(question)] = question
        return question.merge(
            [
                question.answer(replace(self.arrays, samples=range(sample, sample + 1)))
                for sample in self.samples
            ]
        )


def look_over(pair: Pair, request: CheckRequest) -> Look:
    """Return how to read the arrays, and what to count in every shard.

    A check of a few samples shows what a report will ask, so that all shards answer it at once.

    Raises:
        UsageError: options that do not go together.
        ReadingError: the arrays cannot be understood.
        SourceError: an array cannot be read.
    """
    _, metric = parse_metric(pair, request)
    layout = infer_layout(pair, metric)
    first = plan_counts(pair, layout, metric, for_all=request.counts_for_all)
    plan: CountPlan | None = add_kinds(first, request.ledger, pair)
    sure: list[AnyQuestion] = []
    while plan is not None:
        sure.append(CountArrays(replace(plan, second=None)))
        plan = plan.second
    arrays = OpenArrays(pair, replace(choose_settings(request), device="cpu"))
    looked = LookedAt(arrays, layout, tuple(_choose_samples(pair, layout)))
    if looked.samples:
        with suppress(IouDoctorError):  # the whole data will say what is wrong
            alone = replace(request, baseline=None, score_to_explain=None)
            report_on(replace(pair, files=()), alone, looked)
    likely = [one for one in looked.asked.values() if not _names_samples(one)]
    known = {key_of(one): one for one in (*sure, *likely[:MOST_QUESTIONS])}
    return Look(layout, tuple(known.values()))


def _choose_samples(pair: Pair, layout: Layout) -> Sequence[int]:
    """Return a few samples: spread over the data, or the first ones of a stream or for a model."""
    first = max(_count_values(source) for source in (pair.y_true, pair.y_pred))
    mismatched = set(layout.mismatched)
    visited = [index for index in range(layout.samples) if index not in mismatched]
    number = min(MOST_SAMPLES, MOST_VALUES // max(1, first), len(visited))
    if number < 1:
        return ()
    if pair.model is not None or pair.y_true.is_sequential or pair.y_pred.is_sequential:
        return visited[:number]
    return [visited[place] for place in np.linspace(0, len(visited) - 1, number).astype(int)]


def _count_values(source: Source) -> int:
    return prod(source.get_sample_shape(0))


def _names_samples(question: object) -> bool:
    """Return whether a question is about single samples, which it names."""
    return any(isinstance(step, OF_SAMPLES) for step in getattr(question, "steps", ()))
