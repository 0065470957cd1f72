"""Write arrays to files, one module for each format.

`WRITERS` maps the name of a format to a function that imports its module when it is called, so
that `fix` loads only the libraries that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.file_series import SeriesWriter
from iou_doctor.file_repair.writers.output_array import OutputArray

Writer = Callable[[Path, Sequence[OutputArray]], Sequence[str] | None]
"""Writes arrays, and returns what the copy lacks of what the input has, in words."""


def _write_npy(path: Path, arrays: Sequence[OutputArray]) -> None:
    from iou_doctor.file_repair.writers.npy import write

    write(path, arrays)


def _write_npz(path: Path, arrays: Sequence[OutputArray]) -> None:
    from iou_doctor.file_repair.writers.npz import write

    write(path, arrays)


def _write_hdf5(path: Path, arrays: Sequence[OutputArray]) -> None:
    from iou_doctor.file_repair.writers.hdf5 import write

    write(path, arrays)


def _write_images(path: Path, arrays: Sequence[OutputArray]) -> Sequence[str]:
    from iou_doctor.file_repair.writers.images import write

    return write(path, arrays)


def _write_nifti(path: Path, arrays: Sequence[OutputArray]) -> Sequence[str]:
    from iou_doctor.file_repair.writers.nifti import write

    return write(path, arrays)


def _write_nrrd(path: Path, arrays: Sequence[OutputArray]) -> Sequence[str]:
    from iou_doctor.file_repair.writers.nrrd import write

    return write(path, arrays)


def _write_meta_image(path: Path, arrays: Sequence[OutputArray]) -> Sequence[str]:
    from iou_doctor.file_repair.writers.meta_image import write

    return write(path, arrays)


def _write_tiff(path: Path, arrays: Sequence[OutputArray]) -> Sequence[str]:
    from iou_doctor.file_repair.writers.tiff import write

    return write(path, arrays)


def _write_zarr(path: Path, arrays: Sequence[OutputArray]) -> Sequence[str]:
    from iou_doctor.file_repair.writers.zarr_array import write

    return write(path, arrays)


WRITERS: Mapping[str, Writer] = {
    "npy": _write_npy,
    "npz": _write_npz,
    "hdf5": _write_hdf5,
    "images": _write_images,
    "tiff": _write_tiff,
    "nifti": _write_nifti,
    "nrrd": _write_nrrd,
    "mha": _write_meta_image,
    "zarr": _write_zarr,
    "zarr_files": SeriesWriter(".zarr", _write_zarr),
    "npy_files": SeriesWriter(".npy", _write_npy),
    "npz_files": SeriesWriter(".npz", _write_npz),
    "hdf5_files": SeriesWriter(".h5", _write_hdf5),
}
"""The writer of the copies of arrays of each `Source.format`."""


def choose_format(format_name: str, template: str, *, is_folder: bool) -> str:
    """Return the format of the copy of an array: its own, or `.npy` if that cannot be written.

    Args:
        format_name: `Source.format` of the input.
        template: `Source.format` of what has the header that the copy gets.
        is_folder: whether the copy is a folder with a file for each sample.
    """
    if format_name in WRITERS and format_name == template:
        return format_name
    return "npy_files" if is_folder else "npy"


def write_arrays(
    path: Path, arrays: Sequence[OutputArray], *, format_name: str, shown: str
) -> tuple[str, ...]:
    """Write arrays to a new file or folder, batch by batch.

    Args:
        path: where to write; nothing exists there yet.
        arrays: one array, or several if the format holds arrays by name.
        format_name: a key of `WRITERS`.
        shown: the path to name in errors.

    Returns:
        What the copy lacks of what the input has, in words.

    Raises:
        OutputError: the disk is full, the path is not writable, or the values do not fit the
            format.
    """
    try:
        return tuple(WRITERS[format_name](path, arrays) or ())
    except OSError as error:
        raise OutputError(f"cannot write `{shown}`: {error.strerror or error}") from error
