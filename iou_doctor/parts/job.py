"""What all parts of one data set have in common: the sources, the reading, and the shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption, Axes, Layout
from iou_doctor.arrays.source import NodataSource, Pair, Source, StatedTurn, is_a_view
from iou_doctor.choices import LedgerDetail
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import UsageError
from iou_doctor.parts.consistency import check_layout
from iou_doctor.parts.fingerprint import fingerprint_files
from iou_doctor.parts.plain import NotPlainError, from_plain, to_plain
from iou_doctor.record import record
from iou_doctor.report.version import __version__
from iou_doctor.safety.safe_text import escape_name

MOST_SHARDS = 1_000_000
"""More shards than this are a mistake."""


@record
class SourceFacts:
    """What a report says about one of the two arrays."""

    path: str
    format: str
    dtype: str
    shape: tuple[int | None, ...]
    chunk_shape: tuple[int, ...]
    is_sequential: bool
    has_names: bool
    first_file: str | None
    """The path of the first of many files."""
    is_view: bool
    """Whether reading takes no memory."""
    nodata: int | None
    """The value of pixels without data, if the file names one."""


@record
class PairFacts:
    """What a report says about how the two arrays were opened."""

    y_true: SourceFacts
    y_pred: SourceFacts
    unpaired_true: tuple[str, ...]
    unpaired_pred: tuple[str, ...]
    stated_turn: StatedTurn | None
    dropped_parts: tuple[str, ...]
    has_model: bool
    assumed: tuple[Assumption, ...]


@record
class Job:
    """What every part has to agree on."""

    tool: str
    """The version of iou-doctor."""
    pair: PairFacts
    fingerprint: str
    """Of the files, whatever their paths and times."""
    options: Options
    metric: str | None
    model: str | None
    """How the model is run, in words; `None` if there is none."""
    counts_for_all: bool
    """Whether the parts hold what every metric contract needs."""
    ledger: LedgerDetail
    """How much of the ledger the parts hold."""
    layout: Layout
    """What the axes mean."""
    shards: int
    """The number of shards."""
    unit: int
    """The number of samples that are read together: those of a chunk, or of a model's batch."""

    def list_samples(self, shard: int) -> range:
        """Return the samples of a shard, which is numbered from 1."""
        return range(self._find_first(shard - 1), self._find_first(shard))

    def _find_first(self, before: int) -> int:
        """Return the first sample that is in none of some shards at the beginning."""
        samples = self.layout.samples
        if before == self.shards:
            return samples
        unit = self.unit if self.pair.has_model or samples // self.shards >= self.unit else 1
        return samples * before // self.shards // unit * unit

    def list_entries(self, shard: int, source: SourceFacts) -> range:
        """Return the entries of a source's first axis in a shard. The last one has all others."""
        samples = self.list_samples(shard)
        return range(
            samples.start, (source.shape[0] or 0) if shard == self.shards else samples.stop
        )


def read_job(values: Any) -> Job:
    """Return the job that `to_plain` turned into these values.

    Raises:
        NotPlainError: they are not those of a job, or do not go together.
        TypeError: an array has no such dtype.
    """
    job: Job = from_plain(Job, values)
    if not 1 <= job.shards <= MOST_SHARDS or job.unit < 1:
        raise NotPlainError("its number of shards is wrong")
    for source in (job.pair.y_true, job.pair.y_pred):
        if not all(size is None or size >= 0 for size in source.shape):
            raise NotPlainError("the shapes of its arrays are wrong")
        np.dtype(source.dtype)
    check_layout(job.layout, job.pair.y_true.shape, job.pair.y_pred.shape)
    return job


def make_job(pair: Pair, request: CheckRequest, layout: Layout, shards: int) -> Job:
    """Return what all parts of a request have in common."""
    return Job(
        tool=__version__,
        pair=describe_pair(pair),
        fingerprint=fingerprint_files(pair.files),
        options=request.options,
        metric=request.metric,
        model=_describe_model(request),
        counts_for_all=request.counts_for_all,
        ledger=request.ledger,
        layout=layout,
        shards=shards,
        unit=_choose_unit(pair, layout),
    )


def describe_pair(pair: Pair) -> PairFacts:
    """Return what a report says about the sources."""
    return PairFacts(
        y_true=_describe(pair.y_true),
        y_pred=_describe(pair.y_pred),
        unpaired_true=pair.unpaired_true,
        unpaired_pred=pair.unpaired_pred,
        stated_turn=pair.stated_turn,
        dropped_parts=pair.dropped_parts,
        has_model=pair.model is not None,
        assumed=pair.assumed,
    )


def _describe(source: Source) -> SourceFacts:
    stamps: Iterable[FileStamp] = getattr(source, "stamps", ())
    first = next(iter(stamps), None)
    return SourceFacts(
        path=source.path,
        format=source.format,
        dtype=source.dtype.str,
        shape=source.shape,
        chunk_shape=source.chunk_shape,
        is_sequential=source.is_sequential,
        has_names=source.names is not None,
        first_file=None if first is None else first.path,
        is_view=is_a_view(source),
        nodata=source.nodata if isinstance(source, NodataSource) else None,
    )


def _describe_model(request: CheckRequest) -> str | None:
    """Return the options of a model that change what it predicts."""
    model = request.model
    if model is None:
        return None
    scale = f"scaled by {model.input_scale!r} and {model.input_offset!r}"
    resized = ", resized" if model.resize else ""
    return f"signature {model.signature}, output {model.output_name}, {scale}{resized}"


def _choose_unit(pair: Pair, layout: Layout) -> int:
    """Return how many samples should stay in one shard, because they are read together."""
    sides: list[tuple[Source, Axes]] = [(pair.y_true, layout.y_true), (pair.y_pred, layout.y_pred)]
    chunks = [source.chunk_shape[0] for source, axes in sides if axes.has_sample_axis]
    return max([1, *chunks, int(getattr(pair.y_pred, "batch_size", 1))])


def refuse_other_job(first: Job, other: Job, names: tuple[str, str]) -> None:
    """Refuse a part of something else, and say in what it differs. Paths may differ.

    Args:
        first: what is expected.
        other: what was found.
        names: what to call both.

    Raises:
        UsageError: they differ.
    """
    known, found = (dict(_flatten(to_plain(job))) for job in (first, other))
    for key in {**known, **found}:
        if key.rpartition(".")[2] in {"path", "first_file"} or known.get(key) == found.get(key):
            continue
        one, two = (escape_name(str(values.get(key))) for values in (known, found))
        raise UsageError(
            escape_name(
                f"`{names[1]}` does not belong to `{names[0]}`: {_name(key)} is {two} there and"
                f" {one} here; scan all shards of the same files with the same options, or with one"
                " --plan"
            )
        )


def _name(key: str) -> str:
    words = {"fingerprint": "the content of the files", "shards": "the number of shards"}
    return words.get(key, key.replace("pair.y_true", "masks").replace("pair.y_pred", "predictions"))


def _flatten(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each plain value in nested ones, with where it stands."""
    if not isinstance(values, dict):
        yield prefix, values
        return
    for name, value in values.items():
        yield from _flatten(value, f"{prefix}.{name}" if prefix else name)
