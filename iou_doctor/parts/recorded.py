"""Arrays that are not there: what parts know of them, in place of sources and of their answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from itertools import chain
from typing import cast

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.model import ModelFacts
from iou_doctor.arrays.source import Pair, Window
from iou_doctor.diagnosis.questions import Answer, AnyQuestion, Question, Unanswered
from iou_doctor.errors import UsageError
from iou_doctor.parts.answers import key_of
from iou_doctor.parts.job import SourceFacts
from iou_doctor.parts.part import Entries, ModelPart, Part
from iou_doctor.parts.plain import NotPlainError
from iou_doctor.record import record
from iou_doctor.report.version import __version__
from iou_doctor.sources.source_errors import source_error


class RecordedSource:
    """A source without values."""

    def __init__(self, facts: SourceFacts, entries: list[Entries]) -> None:
        self.path, self.format = facts.path, facts.format
        self.dtype: StoredDtype = np.dtype(facts.dtype)
        self.shape, self.chunk_shape = facts.shape, facts.chunk_shape
        self.is_sequential = facts.is_sequential
        self.names: tuple[str, ...] | None = None
        if facts.has_names:
            self.names = tuple(chain.from_iterable(one.names or () for one in entries))
        shapes = [one.shapes for one in entries if one.shapes is not None]
        self._shapes = np.concatenate(shapes) if shapes else None
        self._first_file = facts.first_file
        self.is_view, self.nodata = facts.is_view, facts.nodata

    @property
    def stamps(self) -> Iterator[FileStamp]:
        """The first file, whose name says what it is."""
        if self._first_file is not None:
            yield FileStamp(self._first_file, size=0, modified=0, inode=0, changed=0)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one entry of the first axis."""
        if self._shapes is None:
            return tuple(size or 0 for size in self.shape[1:])
        return tuple(self._shapes[index].tolist())

    def read(self, window: Window) -> StoredArray:  # noqa: ARG002
        """Raise an error: the values are not there.

        Raises:
            SourceError: always.
        """
        raise source_error(self.path, "parts hold no values of the arrays")


@record
class RecordedModel:
    """What is known of a model that has predicted all samples elsewhere."""

    parts: Sequence[ModelPart]

    def get_differences(self) -> tuple[bool, bool]:
        """Return whether the inputs differed, and whether the outputs did."""
        return (
            any(part.inputs_differ for part in self.parts),
            any(part.outputs_differ for part in self.parts),
        )

    def collect_facts(self) -> ModelFacts:
        """Return what is known of the model after all samples."""
        inputs_differ, outputs_differ = self.get_differences()
        halved = [part.facts.halved for part in self.parts if part.facts.halved is not None]
        return replace(
            self.parts[0].facts,
            constant=inputs_differ and not outputs_differ,
            halved=min(halved, default=None),
        )


@record
class RecordedArrays:
    """Answers questions from parts."""

    part: Part
    unanswered: dict[str, AnyQuestion] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """What the axes mean, as it was decided for all shards."""
        return self.part.job.layout

    @property
    def can_read(self) -> bool:
        """Whether every question can be answered: only those of the scans are."""
        return False

    @property
    def open_questions(self) -> tuple[AnyQuestion, ...]:
        """What was asked, and the parts do not know."""
        return tuple(self.unanswered.values())

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """What the processor counted although a GPU was asked for."""
        return self.part.fallbacks

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer that the parts hold.

        Raises:
            Unanswered: they hold none.
        """
        try:
            key = key_of(question)
        except NotPlainError as error:
            raise Unanswered from error
        found = self.part.answers.get(key)
        if found is None:
            self.unanswered[key] = question
            raise Unanswered
        return cast("Answer", found.answer)


def build_pair(part: Part) -> Pair:
    """Return the pair that parts of all shards describe."""
    facts, segments = part.job.pair, [part.segments[shard] for shard in sorted(part.segments)]
    return Pair(
        y_true=RecordedSource(facts.y_true, [one.y_true for one in segments]),
        y_pred=RecordedSource(facts.y_pred, [one.y_pred for one in segments]),
        unpaired_true=facts.unpaired_true,
        unpaired_pred=facts.unpaired_pred,
        stated_turn=facts.stated_turn,
        dropped_parts=facts.dropped_parts,
        model=RecordedModel(part.models) if part.models else None,
        assumed=facts.assumed,
    )


@contextmanager
def refuse_unanswered(part: Part, asker: str) -> Iterator[None]:
    """Refuse a part if something that is asked of it was not counted.

    Args:
        part: the part.
        asker: what asks, such as `the report`.

    Raises:
        UsageError: says how to count it.
    """
    try:
        yield
    except Unanswered as error:
        raise UsageError(
            f"`{part.origin}` lacks counts that {asker} needs; scan all shards again with this"
            f" version of iou-doctor, {__version__}"
        ) from error
