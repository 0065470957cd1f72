"""A part: the answers to questions for some shards. Parts merge in any order and grouping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.model import ModelFacts
from iou_doctor.arrays.source import Pair
from iou_doctor.errors import UsageError
from iou_doctor.parts.job import Job, refuse_other_job
from iou_doctor.record import record
from iou_doctor.safety.safe_text import escape_name

MOST_LISTED = 8
"""Shards that a message lists."""


@record(eq=False)
class Entries:
    """What is known of the entries of a source's first axis in one shard."""

    names: tuple[str, ...] | None
    shapes: NDArray[np.int64] | None
    """One row for each entry; `None` if all have the same shape."""


@record(eq=False)
class Segment:
    """The entries of one shard."""

    y_true: Entries
    y_pred: Entries


@record
class ModelPart:
    """What is known of a model that has predicted some samples."""

    facts: ModelFacts
    inputs_differ: bool
    outputs_differ: bool


@record(eq=False)
class Answered:
    """The answer to one question for some shards."""

    question: Any
    shards: frozenset[int]
    answer: Any


@record(eq=False)
class Part:
    """What was scanned of one job."""

    job: Job
    segments: Mapping[int, Segment]
    answers: Mapping[str, Answered]
    """The answers by the keys of their questions."""
    models: tuple[ModelPart, ...] = ()
    fallbacks: tuple[str, ...] = ()
    done: int | None = None
    """The sample after the last one of an unfinished scan; `None` if all are done."""
    origin: str = field(default="a part", compare=False)
    """Its file, for messages."""

    @property
    def shards(self) -> frozenset[int]:
        """The shards that it has something of."""
        return frozenset(self.segments)


def describe_model(pair: Pair) -> tuple[ModelPart, ...]:
    """Return what is known so far of the model of a pair, if it has one."""
    if pair.model is None:
        return ()
    inputs_differ, outputs_differ = pair.model.get_differences()
    return (ModelPart(pair.model.collect_facts(), inputs_differ, outputs_differ),)


def merge_parts(parts: Sequence[Part]) -> Part:
    """Return one part that holds everything of these, in any order.

    Raises:
        UsageError: they are of different jobs, overlap, or one is not finished.
    """
    first, *rest = parts
    for part in parts:
        if part.done is not None:
            raise UsageError(f"`{part.origin}` is not finished; run its scan again with --resume")
    for part in rest:
        refuse_other_job(first.job, part.job, (first.origin, part.origin))
    _refuse_overlaps(parts)
    answers: dict[str, list[Answered]] = {}
    for part in sorted(parts, key=lambda one: sorted(one.shards)):
        for key, answered in part.answers.items():
            answers.setdefault(key, []).append(answered)
    return replace(
        first,
        segments={shard: part.segments[shard] for part in parts for shard in part.segments},
        answers={key: _merge_answers(answers[key]) for key in sorted(answers)},
        models=unite(one for part in parts for one in part.models),
        fallbacks=unite(one for part in parts for one in part.fallbacks),
    )


def _merge_answers(answers: Sequence[Answered]) -> Answered:
    question = answers[0].question
    ordered = sorted(answers, key=lambda one: min(one.shards))
    merged = ordered[0].answer
    if len(ordered) > 1:
        merged = question.merge([one.answer for one in ordered])
    return Answered(question, frozenset().union(*(one.shards for one in answers)), merged)


def unite(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return what occurs, each once."""
    return tuple(sorted({repr(value): value for value in values}.values(), key=repr))


def _refuse_overlaps(parts: Sequence[Part]) -> None:
    """Refuse parts that hold the same answer for the same shard."""
    owners: dict[tuple[str, int], Part] = {}
    for part in parts:
        for key, answered in part.answers.items():
            for shard in sorted(answered.shards):
                other = owners.setdefault((key, shard), part)
                if other is not part:
                    raise UsageError(
                        escape_name(
                            f"`{other.origin}` and `{part.origin}` both hold shard"
                            f" {shard}/{part.job.shards}; give each part once"
                        )
                    )


def refuse_missing(part: Part) -> None:
    """Refuse a part that lacks shards.

    Raises:
        UsageError: names them.
    """
    total = part.job.shards
    complete = frozenset(range(1, total + 1))
    for answered in part.answers.values():
        missing = sorted(complete - answered.shards)
        if missing:
            shown = ", ".join(f"{shard}/{total}" for shard in missing[:MOST_LISTED])
            more = f" and {len(missing) - MOST_LISTED} more" if len(missing) > MOST_LISTED else ""
            is_first = missing == sorted(complete - part.shards)
            of = "" if is_first else " of the second round"
            raise UsageError(f"the parts lack shard {shown}{more}{of}; scan and give them as well")
