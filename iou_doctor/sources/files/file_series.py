"""Files as a source: each file is an entry of the first axis, such as an image or a volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from threading import Lock

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.source import Window
from iou_doctor.sources.files.affines import Affine
from iou_doctor.sources.files.grids import Grid
from iou_doctor.sources.files.member import Member, Values
from iou_doctor.sources.source_errors import source_error
from iou_doctor.sources.windows import complete_window, measure_window

_MOST_CHANNELS = 4
"""The maximum number of channels of a picture."""
_LEAST_LARGE_BYTES = 1 << 26
"""The size of a file from which on a thread waits for the one that decodes it: 64 MiB."""


class FileSeries:
    """Files in the order given, of which one at a time is kept open or decoded."""

    is_sequential = False

    def __init__(
        self,
        path: str,
        members: Sequence[Member],
        *,
        format_name: str,
        is_folder: bool,
        is_listed: bool = False,
        is_joined: bool = False,
        left_out: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.format = format_name
        self.is_folder = is_folder
        self.is_listed = is_listed
        """Whether a text file gives the order of the files, and so their partners."""
        self.is_joined = is_joined
        """Whether each member is a label map that was put together from one file for each class."""
        self.left_out = left_out
        """The suffixes of files of other formats in the folder, and its subfolders with `/`."""
        self.dtype = _find_common_dtype(path, members)
        self.shape: tuple[int | None, ...] = (len(members), *_find_common_shape(members))
        self.chunk_shape = (1, *members[0].chunk_shape)
        self.names = tuple(member.name for member in members)
        self._members = tuple(members)
        self._last: tuple[int, Values] | None = None
        """The index and the values of the file that was opened last."""
        self._lock = Lock()

    @property
    def stamps(self) -> Iterator[FileStamp]:
        """The files as they were when their headers were read."""
        return (stamp for member in self._members for stamp in member.stamps)

    @property
    def members(self) -> tuple[Member, ...]:
        """What is known of each file."""
        return self._members

    @property
    def affines(self) -> Iterator[Affine | None]:
        """The directions of the axes in each file."""
        return (member.affine for member in self._members)

    @property
    def grids(self) -> Iterator[Grid | None]:
        """Where each file lies on the map."""
        return (None if member.geo is None else member.geo.grid for member in self._members)

    @property
    def nodata(self) -> int | None:
        """The value of pixels without data, if all files have the same and can hold it."""
        found = {None if member.geo is None else member.geo.nodata for member in self._members}
        value = found.pop() if len(found) == 1 else None
        fits = value is not None and np.array(value).astype(self.dtype) == value
        return value if fits else None

    @property
    def files(self) -> tuple[str, ...]:
        """The path of each file."""
        return tuple(member.file for member in self._members)

    @property
    def array_name(self) -> str | None:
        """The name of the array inside the first file; `None` if it has none."""
        return self._members[0].array_name

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one file, from its header."""
        return self._members[index].shape

    def select(self, indices: Iterable[int]) -> FileSeries:
        """Return a source of some of the files, in the order of `indices`."""
        members = [self._members[index] for index in indices]
        return FileSeries(
            self.path,
            members,
            format_name=self.format,
            is_folder=self.is_folder,
            is_listed=self.is_listed,
            is_joined=self.is_joined,
            left_out=self.left_out,
        )

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`, which must lie in one file if they differ in size.

        Raises:
            SourceError: a file is damaged or cut off, or changed since the folder was opened.
            ValueError: the window covers files of different sizes.
        """
        start, stop, _ = (window or (slice(None),))[0].indices(len(self._members))
        indices = range(start, stop)
        shapes = {self._members[index].shape for index in indices}
        if len(shapes) > 1:
            raise ValueError("a window must lie within one image where images differ in size")
        shape = shapes.pop() if shapes else tuple(length or 0 for length in self.shape[1:])
        parts = complete_window(window[1:], shape)
        if len(indices) == 1:
            return self._load(start).read(parts).astype(self.dtype, copy=False)[np.newaxis]
        # copied one by one: a stack of views would keep every file in memory
        out = np.empty((len(indices), *measure_window(parts)), self.dtype)
        for place, index in enumerate(indices):
            out[place] = self._load(index).read(parts)
        return out

    def _load(self, index: int) -> Values:
        """Return one file; the last one is kept, so that its windows decode it once.

        Several threads may call this: each works on what it found or opened itself.
        """
        last = self._last
        if last is not None and last[0] == index:
            return last[1]
        member = self._members[index]
        if prod(member.shape) * member.dtype.itemsize < _LEAST_LARGE_BYTES:
            return self._open(index)
        with self._lock:
            last = self._last
            return last[1] if last is not None and last[0] == index else self._open(index)

    def _open(self, index: int) -> Values:
        self._last = None  # released first, so that a thread never holds two files
        values = self._members[index].load()
        self._last = index, values
        return values


def _find_common_shape(members: Sequence[Member]) -> tuple[int | None, ...]:
    """Return the shape of each file, with `None` for an axis along which they differ."""
    axes = zip(*(member.shape for member in members), strict=True)
    return tuple(axis[0] if len(set(axis)) == 1 else None for axis in axes)


def _find_common_dtype(path: str, members: Sequence[Member]) -> StoredDtype:
    """Return a dtype that holds the values of all files; refuse files of different kinds.

    A mask that happens to have only two ids, or none above 255, may be saved in a narrower dtype.
    """
    first = members[0]
    dtype = first.dtype
    for member in members:
        wider = np.result_type(dtype, member.dtype)
        is_float = {dtype.kind == "f", member.dtype.kind == "f", wider.kind == "f"}
        if len(is_float) > 1 or not _have_like_axes(first, member):
            raise source_error(
                path,
                f"its files differ in kind: `{first.file}` is {first.kind} and `{member.file}` is"
                f" {member.kind}; {_advise(path, members)}",
            )
        dtype = wider
    return dtype


def _advise(path: str, members: Sequence[Member]) -> str:
    """Return how to read files of one kind."""
    from iou_doctor.sources.files.suggested_patterns import join_patterns, list_patterns

    patterns = list_patterns(path, ((member.file, _get_kind(member)) for member in members))
    if not patterns:
        return "save them all in one kind, or name those to read with a pattern or a list"
    return f"name one kind with a pattern: {join_patterns(patterns)}"


def _get_kind(member: Member) -> tuple[bool, int, int]:
    """Return whether the values are floats, the number of axes, and of channels of a picture."""
    channels = member.shape[2] if len(member.shape) == 3 else 0
    return (
        member.dtype.kind == "f",
        len(member.shape),
        channels if channels <= _MOST_CHANNELS else 0,
    )


def _have_like_axes(first: Member, other: Member) -> bool:
    """Return whether two files have the same axes; pictures also the same number of channels."""
    if len(first.shape) != len(other.shape):
        return False
    is_picture = len(first.shape) == 3 and max(first.shape[2], other.shape[2]) <= _MOST_CHANNELS
    return not is_picture or first.shape[2] == other.shape[2]
