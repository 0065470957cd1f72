"""Questions that only the arrays can answer, and those who answer them.

A check asks for counts, and now and then for more. The arrays answer at once. Parts that were
scanned before, or the processes of a cluster, answer the same questions for some samples each, and
the answers are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from typing import Any, Protocol, TypeVar

from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.choices import Device
from iou_doctor.record import record

Answer = TypeVar("Answer")
Progress = Callable[[int, int], object]
"""Called now and then with the number of samples done and in total."""


@record
class ScanSettings:
    """Where to count, and on how many threads."""

    jobs: int = 1
    """Number of threads."""
    device: Device = "cpu"
    fallbacks: dict[str, None] = field(default_factory=dict)
    """The parts that the processor counted although a GPU was asked for, in order."""

    def note_fallback(self, part: str) -> None:
        """Record a part that the processor counts although a GPU was asked for."""
        if self.device == "gpu":
            self.fallbacks[part] = None


@record
class OpenArrays:
    """Arrays that can be read, or some consecutive samples of them."""

    pair: Pair
    settings: ScanSettings = field(default_factory=ScanSettings)
    samples: range | None = None
    """Which samples to read; `None` for all of them."""
    progress: Progress | None = None
    meanwhile: Callable[[], object] | None = None
    """What the thread that asks may do while other threads count."""

    @property
    def layout(self) -> None:
        """`None`: what the axes mean is still to be inferred."""

    @property
    def can_read(self) -> bool:
        """Whether every question can be answered: the arrays are there."""
        return True

    @property
    def fallbacks(self) -> Iterable[str]:
        """What the processor counted although a GPU was asked for."""
        return self.settings.fallbacks

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer of these samples."""
        return question.answer(self)

    def select(self, samples: Iterable[int]) -> list[int]:
        """Return those of some samples that are among these, in the same order."""
        return [one for one in samples if self.samples is None or one in self.samples]


class Question(Protocol[Answer]):
    """What is to be found out about the arrays: a record whose fields are plain values."""

    def answer(self, arrays: OpenArrays, /) -> Answer:
        """Return the answer for the samples of these arrays.

        Raises:
            SourceError: the values cannot be read.
        """

    def merge(self, answers: Sequence[Answer], /) -> Answer:
        """Return the answer for all samples from those for some each, in any order."""


AnyQuestion = Question[Any]
"""A question, whatever its answer is."""


class Arrays(Protocol):
    """Who answers questions about all samples of a pair of arrays."""

    @property
    def layout(self) -> Layout | None:
        """What the axes mean, if that was decided before; else `None`."""

    @property
    def can_read(self) -> bool:
        """Whether every question can be answered, because the arrays are there."""

    @property
    def fallbacks(self) -> Iterable[str]:
        """What the processor counted although a GPU was asked for."""

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer for all samples.

        Raises:
            Unanswered: nobody who knows it is there.
            SourceError: the values cannot be read.
        """


class Unanswered(Exception):  # noqa: N818 - it is no error: whoever asks can do without
    """The arrays are not there, and the question was not asked when they were."""
