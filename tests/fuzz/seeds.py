"""Small sound files, from which hostile ones are made."""

from __future__ import annotations

import io
import random
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

SIZE = (3, 12, 10)
"""Samples, height and width of all arrays."""


def make_labels(rng: random.Random) -> np.ndarray:
    """Return label maps of three classes, or the scores of three channels."""
    values = np.random.default_rng(rng.getrandbits(32))
    labels = values.integers(0, 3, SIZE)
    dtype = rng.choice(["u1", "i4", "f4", ">i2", "?", "f8"])
    if rng.random() < 0.3:
        return values.random((*SIZE, 3)).astype("f4")
    return labels.astype(dtype)


def write_npy(path: Path, rng: random.Random) -> Path:
    array = make_labels(rng)
    np.save(path.with_suffix(".npy"), np.asfortranarray(array) if rng.random() < 0.2 else array)
    return path.with_suffix(".npy")


def write_npz(path: Path, rng: random.Random) -> Path:
    save = rng.choice([np.savez, np.savez_compressed])
    array = make_labels(rng)
    if rng.random() < 0.2:
        array = np.asfortranarray(array)
    names = ["x", "y"] if rng.random() < 0.2 else ["x"]
    save(path.with_suffix(".npz"), **dict.fromkeys(names, array))
    return path.with_suffix(".npz")


def write_hdf5(path: Path, rng: random.Random) -> Path:
    array = make_labels(rng)
    settings = rng.choice(
        [
            {},
            {"chunks": True},
            {"chunks": (1, *array.shape[1:]), "compression": "gzip"},
            {"chunks": (2, *array.shape[1:]), "compression": "gzip", "shuffle": True},
            {"chunks": (1, *array.shape[1:]), "fletcher32": True},
            {"chunks": (1, *array.shape[1:]), "compression": "lzf"},
        ]
    )
    libver = rng.choice([None, "latest", "earliest"])
    with h5py.File(path.with_suffix(".h5"), "w", libver=libver) as file:
        place = rng.choice(["x", "a/b/x"])
        data = file.create_dataset(place, array.shape, array.dtype, **settings)
        written = rng.choice([1, 3, 3, 3])
        data[:written] = array[:written]
        if rng.random() < 0.2:
            file["link"] = h5py.SoftLink(f"/{place}")
    return path.with_suffix(".h5")


def write_images(path: Path, rng: random.Random) -> Path:
    path.mkdir()
    suffix, options = rng.choice(
        [
            (".png", {}),
            (".bmp", {}),
            (".tif", {}),
            (".tif", {"compression": "tiff_lzw"}),
            (".tif", {"compression": "tiff_adobe_deflate"}),
            (".jpg", {}),
        ]
    )
    mode = rng.choice(["L", "L", "P", "RGB", "I;16"])
    if suffix in {".jpg", ".bmp"} and mode == "I;16":
        mode = "L"
    for number in range(3):
        pixels = np.random.default_rng(rng.getrandbits(32)).integers(0, 3, SIZE[1:])
        image = Image.fromarray(pixels.astype(np.uint16 if mode == "I;16" else np.uint8))
        image = image.convert(mode) if mode in {"P", "RGB"} else image
        image = image.convert("L") if (mode, suffix) == ("P", ".jpg") else image
        buffer = io.BytesIO()
        image.save(buffer, Image.registered_extensions()[suffix], **options)
        (path / f"{number}{suffix}").write_bytes(buffer.getvalue())
    return path


def write_matlab(path: Path, rng: random.Random) -> Path:
    from scipy.io import savemat

    values = make_labels(rng)
    names = ["x", "y"] if rng.random() < 0.2 else ["x"]
    path = path.with_suffix(".mat")
    savemat(path, dict.fromkeys(names, values), do_compression=rng.random() < 0.5)
    return path


def write_tiff(path: Path, rng: random.Random) -> Path:
    """Write pages, bands or types of values that Pillow does not read."""
    import tifffile

    values = make_labels(rng)
    values = values.astype("u1") if values.dtype == np.bool_ else values
    options: dict[str, object] = rng.choice(
        [
            {"photometric": "minisblack"},
            {"photometric": "minisblack", "compression": "zlib"},
            {"photometric": "minisblack", "tile": (16, 16)},
            {"photometric": "minisblack", "metadata": None},
            {"photometric": "minisblack", "imagej": values.dtype in (np.uint8, np.float32)},
        ]
    )
    path = path.with_suffix(".tif")
    tifffile.imwrite(path, values, byteorder=rng.choice("<>"), **options)
    return path


def write_rare_image(path: Path, rng: random.Random) -> Path:
    """Write an image of a format that only some people use for masks."""
    suffix = rng.choice([".gif", ".webp", ".jp2", ".pgm", ".ppm", ".pbm"])
    modes = {".ppm": "RGB", ".webp": "RGB", ".pbm": "1"}
    pixels = np.random.default_rng(rng.getrandbits(32)).integers(0, 3, (32, 40), np.uint8)
    image = Image.fromarray(pixels).convert(modes.get(suffix, "L"))
    options = {"lossless": True} if suffix == ".webp" else {}
    image.save(path.with_suffix(suffix), **options)
    return path.with_suffix(suffix)


def write_zarr(path: Path, rng: random.Random) -> Path:
    import zarr

    path = path.with_suffix(".zarr")
    values = make_labels(rng)
    version, chunks = rng.choice([2, 3]), (1, *values.shape[1:])
    array = zarr.create_array(
        path,
        shape=values.shape,
        dtype=values.dtype.newbyteorder("="),
        chunks=chunks,
        zarr_format=version,
    )
    array[...] = values
    return path
