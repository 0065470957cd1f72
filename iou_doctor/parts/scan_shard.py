"""Scan one shard, block by block, and go on where a killed scan stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from iou_doctor.arrays.source import Pair, Source
from iou_doctor.diagnosis.questions import AnyQuestion, OpenArrays, Progress, ScanSettings
from iou_doctor.parts.answers import key_of
from iou_doctor.parts.file import read_part, write_part
from iou_doctor.parts.job import Job, SourceFacts, refuse_other_job
from iou_doctor.parts.part import Answered, Entries, Part, Segment, describe_model, unite
from iou_doctor.record import record
from iou_doctor.sources.files.stamps import check_unchanged

BLOCK_VALUES = 2**27
"""Values of the larger array that are counted before the answers are merged."""
SECONDS = 30.0
"""How often the unfinished part is written."""


@record
class ShardScan:
    """The scan of one shard."""

    pair: Pair
    job: Job
    questions: tuple[AnyQuestion, ...]
    shard: int
    settings: ScanSettings
    progress: Progress | None = None

    def scan(self, *, before: Part | None = None, keep: Callable[[Part], None]) -> Part:
        """Return the part of the shard.

        Args:
            before: the unfinished part of an earlier scan, after which to go on.
            keep: called now and then with the unfinished part.

        Raises:
            SourceError: a file cannot be read, or a program has changed it meanwhile.
            ReadingError: the values are not label maps.
        """
        samples = self.job.list_samples(self.shard)
        found, start = [], samples.start
        if before is not None and before.done is not None:
            found, start = [before], before.done
        segment, written = self._describe_segment(), time.monotonic()
        for block in self._list_blocks(range(start, samples.stop)):
            found.append(self._count(block, segment))
            if time.monotonic() - written > SECONDS and block.stop < samples.stop:
                found = [self._merge(found, before)]
                keep(replace(found[0], done=block.stop))
                written = time.monotonic()
        whole = self._merge(found or [self._count(range(start, start), segment)], before)
        check_unchanged(self.pair.files)
        return replace(whole, done=None)

    def _list_blocks(self, samples: range) -> Iterator[range]:
        """Yield consecutive samples that are counted together."""
        sources = (self.pair.y_true, self.pair.y_pred)
        size = max(prod(source.get_sample_shape(0)) for source in sources)
        step = max(1, BLOCK_VALUES // max(1, size) // self.job.unit) * self.job.unit
        for first in range(samples.start, samples.stop, step):
            yield range(first, min(first + step, samples.stop))

    def _count(self, block: range, segment: Segment) -> Part:
        """Return the answers for some samples."""
        begin = getattr(self.pair.y_pred, "begin_at", None)
        if begin is not None:  # a model predicts the same batches as if it read all samples
            begin(block.start)
        arrays = OpenArrays(self.pair, self.settings, block, self._tell)
        own = frozenset({self.shard})
        with np.errstate(over="ignore", invalid="ignore"):
            answers = {
                key_of(one): Answered(one, own, one.answer(arrays)) for one in self.questions
            }
        return Part(
            job=self.job,
            segments={self.shard: segment},
            answers=answers,
            models=describe_model(self.pair),
            fallbacks=tuple(self.settings.fallbacks),
        )

    def _tell(self, done: int, _: int) -> None:
        samples = self.job.list_samples(self.shard)
        if self.progress:
            self.progress(done - samples.start, len(samples))

    def _merge(self, parts: Sequence[Part], before: Part | None) -> Part:
        """Return the answers for the samples of all these parts of the shard.

        The last part holds all that this run knows of the model, and `before` what the one before
        it knew.
        """
        own = frozenset({self.shard})
        merged: dict[str, Answered] = {}
        for one in self.questions:
            answers = [part.answers[key_of(one)].answer for part in parts]
            answer: Any = one.merge(answers) if len(answers) > 1 else answers[0]
            merged[key_of(one)] = Answered(one, own, answer)
        known = [parts[-1]] if before is None else [before, parts[-1]]
        return replace(
            parts[-1],
            answers=merged,
            models=unite(model for part in known for model in part.models),
            fallbacks=unite(name for part in known for name in part.fallbacks),
        )

    def _describe_segment(self) -> Segment:
        """Return what is known of the entries of the shard, of which there may be many."""
        facts = self.job.pair
        return Segment(
            _describe_entries(self.pair.y_true, facts.y_true, self.job, self.shard),
            _describe_entries(self.pair.y_pred, facts.y_pred, self.job, self.shard),
        )


def find_unfinished(path: Path) -> Path:
    """Return where the unfinished part beside an output is."""
    return path.with_name(f"{path.name}.unfinished")


def load_before(scan: ShardScan, output: Path) -> Part | None:
    """Return what an earlier scan of the same shard has left; `None` if there is nothing.

    It is finished if its `done` is `None`.

    Raises:
        SourceError: a file is no part.
        UsageError: it is of another job.
    """
    for path in (output, find_unfinished(output)):
        if not path.exists():
            continue
        part = read_part(str(path))
        refuse_other_job(scan.job, part.job, ("this scan", str(path)))
        wanted = {key_of(one) for one in scan.questions}
        if part.shards == {scan.shard} and set(part.answers) == wanted:
            return part
    return None


def scan_to_file(scan: ShardScan, output: Path, *, resume: bool) -> Part:
    """Scan a shard and write its part.

    Args:
        scan: what to scan.
        output: the file.
        resume: whether to go on where an earlier scan stopped.

    Raises:
        IouDoctorError: something cannot be read or written.
    """
    unfinished = find_unfinished(output)
    before = load_before(scan, output) if resume else None
    if before is not None and before.done is None:
        return before
    part = scan.scan(before=before, keep=lambda part: write_part(unfinished, part))
    write_part(output, part)
    unfinished.unlink(missing_ok=True)
    return part


def _describe_entries(source: Source, facts: SourceFacts, job: Job, shard: int) -> Entries:
    entries = job.list_entries(shard, facts)
    names = source.names
    shapes = None
    if None in source.shape[1:]:
        rank = len(source.shape) - 1
        found = [source.get_sample_shape(index) for index in entries]
        shapes = np.array(found, dtype=np.int64).reshape(len(entries), rank)
    return Entries(None if names is None else names[entries.start : entries.stop], shapes)
