"""Small sound volumes: NIfTI, NRRD and MetaImage files."""

from __future__ import annotations

import importlib.util
import random
import zlib
from pathlib import Path

import numpy as np

from fuzz.seeds import make_labels

_META_TYPES = {"u1": "UCHAR", "i2": "SHORT", "i4": "INT", "f4": "FLOAT", "f8": "DOUBLE"}
_META_HEADER = """\
ObjectType = Image
NDims = {axes}
BinaryData = True
BinaryDataByteOrderMSB = {is_big}
CompressedData = {is_packed}
{size}TransformMatrix = {matrix}
Offset ={offset}
ElementSpacing ={spacing}
DimSize = {sizes}
ElementType = MET_{kind}
ElementDataFile = {file}
"""


def make_volume(rng: random.Random) -> np.ndarray:
    """Return the labels of a volume, or the scores of three channels, in a type of files."""
    values = make_labels(rng)
    return values.astype("u1") if values.dtype == np.bool_ else values


def write_nifti(path: Path, rng: random.Random, values: np.ndarray | None = None) -> Path:
    import nibabel

    values = make_volume(rng) if values is None else values
    path = path.with_suffix(rng.choice([".nii", ".nii.gz"]))
    kind = rng.choice([nibabel.Nifti1Image, nibabel.Nifti2Image])
    image = kind(values, np.eye(4), dtype=values.dtype)
    if rng.random() < 0.3:
        image.header.set_slope_inter(2.0, 1.0)
    nibabel.save(image, path)
    return path


def write_nrrd(path: Path, rng: random.Random, values: np.ndarray | None = None) -> Path:
    import nrrd

    values = make_volume(rng) if values is None else values
    header: dict[str, object] = {"encoding": rng.choice(["raw", "gzip"])}
    if values.ndim == 3 and rng.random() < 0.7:
        space = rng.choice(["left-posterior-superior", "RAS"])
        header |= {"space": space, "space directions": np.diag([1.0, -1, 2])}
    suffix = path.suffix or ".nrrd"
    nrrd.write(str(path.with_suffix(suffix)), values, header)
    return path.with_suffix(suffix)


def write_meta_image(path: Path, rng: random.Random, values: np.ndarray | None = None) -> Path:
    values = make_volume(rng) if values is None else values
    packed = rng.random() < 0.5
    content = values.tobytes()
    stored = zlib.compress(content) if packed else content
    size = f"CompressedDataSize = {len(stored)}\n" if packed else ""
    header = _META_HEADER.format(
        axes=values.ndim,
        offset=" 0" * values.ndim,
        spacing=" 2" * values.ndim,
        is_big=values.dtype.byteorder == ">",
        is_packed=packed,
        size=size,
        matrix=" ".join(map(str, np.eye(values.ndim, dtype=int).reshape(-1))),
        sizes=" ".join(map(str, values.shape[::-1])),
        kind=_META_TYPES[values.dtype.str[1:]],
        file=path.with_suffix(".raw").name if path.suffix == ".mhd" else "LOCAL",
    )
    if path.suffix != ".mhd":
        path = path.with_suffix(".mha")
        path.write_bytes(header.encode() + stored)
        return path
    path.write_text(header)
    path.with_suffix(".raw").write_bytes(stored)
    return path


def write_detached(path: Path, rng: random.Random) -> Path:
    """Write a volume whose header and voxels are in two files."""
    if rng.random() < 0.5 and importlib.util.find_spec("nrrd"):
        return write_nrrd(path.with_suffix(".nhdr"), rng)
    return write_meta_image(path.with_suffix(".mhd"), rng)
