"""The same pair of masks and predictions in every format that is read over the network."""

from __future__ import annotations

import h5py
import numpy as np
import tifffile
import zarr
from PIL import Image

RANDOM = np.random.default_rng(0)
MASKS = np.kron(RANDOM.integers(0, 3, (6, 4, 6)), np.ones((1, 8, 8))).astype(np.uint8)
PREDICTIONS = np.where(RANDOM.random(MASKS.shape) < 0.9, MASKS, 0).astype(np.uint8)
ARRAYS = {"masks": MASKS, "preds": PREDICTIONS}


def write_npy(folder):
    for name, array in ARRAYS.items():
        np.save(folder / f"{name}.npy", array)
    return "preds.npy", "masks.npy"


def write_large_npy(folder):
    """Write arrays of several blocks, which are not fetched as a whole."""
    for name, array in ARRAYS.items():
        np.save(folder / f"{name}.npy", np.repeat(array, 500, axis=0))
    return "preds.npy", "masks.npy"


def write_npz(folder):
    np.savez(folder / "both.npz", **ARRAYS)
    return "both.npz::preds", "both.npz::masks"


def write_packed_npz(folder):
    np.savez_compressed(folder / "both.npz", **ARRAYS)
    return "both.npz::preds", "both.npz::masks"


def write_hdf5(folder):
    with h5py.File(folder / "both.h5", "w") as file:
        file.create_dataset("masks", data=MASKS, chunks=(1, 32, 48), compression="gzip")
        file.create_dataset("preds", data=PREDICTIONS, chunks=(4, 16, 48), compression="lzf")
    return "both.h5::preds", "both.h5::masks"


def write_tiff(folder):
    for name, array in ARRAYS.items():
        tifffile.imwrite(folder / f"{name}.tif", array, compression="zlib", photometric=0)
    return "preds.tif", "masks.tif"


def write_zarr(folder):
    for version in (2, 3):
        group = zarr.open_group(str(folder / f"v{version}.zarr"), mode="w", zarr_format=version)
        for name, array in ARRAYS.items():
            group.create_array(f"{version}/{name}", data=array, chunks=(2, 32, 48))
    return "v3.zarr::3/preds", "v2.zarr::2/masks"


def write_images(folder):
    for name, array in ARRAYS.items():
        (folder / name / "city").mkdir(parents=True)
        for number, image in enumerate(array):
            Image.fromarray(image).save(folder / name / "city" / f"im{number}.png")
    return "preds", "masks/city/*.png"


def write_folder_of_arrays(folder):
    for name, array in ARRAYS.items():
        (folder / name).mkdir()
        for number, image in enumerate(array):
            np.save(folder / name / f"im{number}.npy", image)
    return "preds", "masks"


WRITERS = (
    write_npy,
    write_large_npy,
    write_npz,
    write_packed_npz,
    write_hdf5,
    write_tiff,
    write_zarr,
    write_images,
    write_folder_of_arrays,
)
"""Each writes a pair into a folder, and returns the names of predictions and masks."""
