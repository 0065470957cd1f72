"""One variable of a MATLAB file: of versions 5 to 7, or of version 7.3, which is HDF5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.model import Shape
from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.array_checks import check_shape
from iou_doctor.sources.files.file_status import read_file_head
from iou_doctor.sources.files.file_types import HDF5_MAGIC
from iou_doctor.sources.files.matlab.elements import Variable, list_variables, read_values
from iou_doctor.sources.files.memory_limits import check_packed_bytes
from iou_doctor.sources.files.npy.npy import open_values
from iou_doctor.sources.files.npy.npy_header import NpyHeader
from iou_doctor.sources.files.whole_array import WholeArray
from iou_doctor.sources.several_arrays import SeveralArraysError
from iou_doctor.sources.source_errors import list_names, source_error
from iou_doctor.sources.transposed import TransposedSource

_HDF5_START = 512
"""The bytes in front of the HDF5 part of a file of version 7.3."""


@record
class MatlabHdf5Source(TransposedSource):
    """A variable of a file of version 7.3, whose axes HDF5 has in the opposite order."""

    is_certain: bool
    """Whether MATLAB wrote it; other programs write either order."""

    @property
    def format(self) -> str:
        """The format."""
        return "matlab"

    def fit_to(self, shape: Shape) -> MatlabHdf5Source:
        """Return the variable with its axes in the order in which they fit those of the other side.

        Args:
            shape: the shape of the other array.
        """
        flipped = replace(self, order=self.order[::-1])
        if _is_like(self.shape, shape) or not _is_like(flipped.shape, shape):
            return self
        # square images of MATLAB fit in the wrong order as well
        is_clear = flipped.shape == shape and len(set(shape)) == len(shape)
        return flipped if is_clear or not self.is_certain else self


def _is_like(one: Shape, other: Shape) -> bool:
    """Return whether shapes are equal, but for one axis more in front or behind."""
    return one == other or one in (other[1:], other[:-1]) or other in (one[1:], one[:-1])


def open_matlab(path: str, name: str | None = None) -> Source:
    """Return the variable `name` of a MATLAB file, or the only one that holds numbers.

    Raises:
        SourceError: it is another kind of file, has no such variable, or that holds no numbers.
    """
    head = read_file_head(path)
    if HDF5_MAGIC in (head[:8], head[_HDF5_START : _HDF5_START + 8]):
        return _open_hdf5(path, name)
    if head.startswith(b"# Created by Octave"):
        raise source_error(path, "it is a text file of Octave; save it with `save -v7 FILE`")
    found = _find_variable(path, list_variables(path), name)
    place = f"{path}::{found.name}"
    stored = found.stored
    if stored is None:
        raise source_error(
            place, f"it is of class {found.kind}, which holds no numbers; save an array"
        )
    check_shape(place, found.shape)
    if not found.is_compressed and stored.newbyteorder("=") == found.dtype:
        header = NpyHeader(stored, found.shape, "F", 0)
        return open_values(place, "matlab", path, header, found.start + found.offset)
    remedy = "save it with `save -v7.3 FILE`, or as HDF5"
    check_packed_bytes(place, found.stored_bytes, found.length, remedy=remedy)
    return WholeArray(place, "matlab", found.shape, found.dtype, partial(_load, path, found))


def _load(path: str, variable: Variable) -> StoredArray:
    content = read_values(path, variable)
    values = np.frombuffer(content, variable.stored).reshape(variable.shape, order="F")
    return values.astype(variable.dtype, copy=False)


def _find_variable(path: str, variables: Sequence[Variable], name: str | None) -> Variable:
    by_name = {variable.name: variable for variable in variables}
    numbers = [variable.name for variable in variables if variable.stored is not None]
    if name is not None:
        if name not in by_name:
            there = list_names(numbers) or "no arrays"
            raise source_error(path, f"it has no variable `{name}`; it has {there}")
        return by_name[name]
    if not numbers:
        raise source_error(path, _describe_others(variables))
    if len(numbers) > 1:
        there = list_names(numbers)
        raise SeveralArraysError(path, numbers, there)
    return by_name[numbers[0]]


def _describe_others(variables: Sequence[Variable]) -> str:
    """Return what is there if there are no numbers, and how to make an array of it."""
    none = "it holds no arrays of numbers"
    other = next((one for one in variables if one.kind in ("struct", "cell")), None)
    if other is None:
        return f"{none}; save one with `save FILE NAME`"
    loaded = f"scipy.io.loadmat(FILE)[{other.name!r}]"
    if other.kind == "cell":
        array = f"np.stack({loaded}.ravel())"
        return f"{none}, but the cell array `{other.name}`; save `{array}` with `np.save`"
    array = f"{loaded}[0, 0]['FIELD']"
    return f"{none}, but the struct `{other.name}`; save a field of it, `{array}`, with `np.save`"


def _open_hdf5(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.hdf5.source import open_hdf5

    source = open_hdf5(path, name)
    order = tuple(range(len(source.shape)))
    return MatlabHdf5Source(source, order[::-1] if source.is_matlab else order, source.is_matlab)
