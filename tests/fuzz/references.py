"""Compare what we read with what the library of each format reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError
from iou_doctor.safety.listed_files import LIST_SUFFIXES
from iou_doctor.sources.opening import open_source

REFUSED = np.empty(0)
"""What both sides return for an image that neither of them reads."""


def compare_with_reference(path: Path) -> Iterator[str]:
    """Yield a problem if the reference reader refuses an array that we read, or reads others."""
    if path.suffix.lower() in LIST_SUFFIXES:
        return  # there is no reader of lists; that of a folder covers their files
    source = open_source(str(path))
    if source.names is None:
        name = source.path.removeprefix(str(path)).removeprefix("::")
        yield from _compare(source.read(()), path, name)
        return
    files = [path]
    if path.is_dir():
        files = sorted((file for file in path.rglob("*") if file.is_file()), key=_make_natural_key)
    if len(files) != len(source.names):
        yield f"{len(source.names)} files of {len(files)} were read: {source.names}"
        return
    for place, file in enumerate(files):
        if file.suffix in COMPARED_IMAGES and source.format == "images":
            yield from _compare_images(source, place, file)
        else:
            yield from _compare(source.read((slice(place, place + 1),))[0], file, "")


def _make_natural_key(file: Path) -> list[str | int]:
    parts = re.split(r"(\d+)", str(file.with_suffix("")))
    return [int(part) if part.isdigit() else part for part in parts]


def _compare(ours: np.ndarray, file: Path, name: str) -> Iterator[str]:
    reference = REFERENCES.get(file.suffix)
    if reference is None:
        return
    try:
        theirs = reference(file, name)
    except Exception as error:
        yield f"the reference reader refuses {file.name}: {error!r}"
        return
    if theirs is not None and not _is_equal(ours, theirs):
        yield (
            f"differs from the reference reader: {file.name}:"
            f" {ours.dtype} {ours.shape}, {theirs.dtype} {theirs.shape}"
        )


def _compare_images(source: Source, place: int, file: Path) -> Iterator[str]:
    """Compare an image with what Pillow reads.

    A check never decodes an image whose partner has another size. A damaged TIFF may mean one
    thing to Pillow and another to tifffile.
    """
    others = []
    with suppress(Exception):
        others.append(np.asarray(Image.open(file)))
    if file.suffix == ".tif":
        with suppress(Exception):
            others.append(_read_tiff(file))
    try:
        ours = source.read((slice(place, place + 1),))[0]
    except SourceError:
        return
    is_same = _is_equal_up_to_scale if file.suffix in STRETCHED else _is_equal
    if not any(is_same(ours, theirs) for theirs in others):
        shapes = [theirs.shape for theirs in others]
        yield f"differs from the reference reader: {file.name}: {ours.shape} {shapes}"


def _is_equal(ours: np.ndarray, theirs: np.ndarray) -> bool:
    theirs = theirs.astype(bool) if ours.dtype == bool else theirs  # 2 is true as well
    return ours.shape == theirs.shape and np.array_equal(ours, theirs, equal_nan=True)


def _is_equal_up_to_scale(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Return whether equal pixels of the one are equal pixels of the other."""
    parts = [np.unique(values, return_inverse=True)[1] for values in (ours, theirs)]
    return ours.shape == theirs.shape and np.array_equal(*parts)


def _read_tiff(file: Path, _name: str = "") -> np.ndarray:
    """Return what the reader of the TIFFs that Pillow does not read returns."""
    import tifffile

    return tifffile.imread(file)


def _read_npy(path: Path, _name: str) -> np.ndarray:
    return np.load(path)


def _read_npz(path: Path, name: str) -> np.ndarray:
    with np.load(path) as loaded:
        return loaded[name or loaded.files[0]]


def _read_hdf5(path: Path, name: str) -> np.ndarray:
    with h5py.File(path) as file:
        return file[name][()]


def _read_matlab(path: Path, name: str) -> np.ndarray:
    from scipy.io import loadmat

    loaded = loadmat(path, variable_names=[name] if name else None)
    return loaded[name or next(key for key in loaded if not key.startswith("__"))]


def _read_nifti(path: Path, _name: str) -> np.ndarray:
    """Return a volume as nibabel reads it, without axes of length 1 behind the third one."""
    import nibabel

    values = np.asarray(nibabel.load(path).dataobj)
    inner = (length for length in values.shape[3:] if length != 1)
    return values.reshape(*values.shape[:3], *inner)


def _read_nrrd(path: Path, _name: str) -> np.ndarray:
    import nrrd

    return nrrd.read(str(path))[0]


def _read_meta_image(path: Path, _name: str) -> np.ndarray | None:
    """Return a volume as SimpleITK reads it, if it is installed."""
    try:
        import SimpleITK
    except ImportError:
        return None
    image = SimpleITK.ReadImage(str(path))
    values = SimpleITK.GetArrayFromImage(image)  # z, y, x, channel
    return values.T


def _read_zarr(path: Path, name: str) -> np.ndarray:
    import zarr

    return np.asarray(zarr.open_array(path, path=name or None, mode="r")[...])


COMPARED_IMAGES = (*(".png", ".bmp", ".tif", ".jpg"), *(".gif", ".webp", ".jp2"))
COMPARED_IMAGES += (".pgm", ".ppm", ".pbm")
"""The suffixes of images whose pixels we take as Pillow returns them."""
STRETCHED = (".pgm", ".ppm")
"""The suffixes of images that Pillow stretches if their largest value is below 255."""
REFERENCES: dict[str, Callable[[Path, str], np.ndarray | None]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".h5": _read_hdf5,
    ".mat": _read_matlab,
    ".tif": _read_tiff,
    ".nii": _read_nifti,
    ".gz": _read_nifti,
    **dict.fromkeys((".nrrd", ".nhdr"), _read_nrrd),
    **dict.fromkeys((".mha", ".mhd"), _read_meta_image),
    ".zarr": _read_zarr,
}
"""What reads an array of a file; the name is empty if there is only one."""
