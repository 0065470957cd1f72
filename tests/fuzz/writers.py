"""What writes a sound array of each kind, from which hostile ones are made."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from pathlib import Path

from fuzz import seed_folders, seed_volumes, seeds

Writer = Callable[[Path, random.Random], Path]
"""Writes a file or a folder, and returns its path: the one that it gets, with a suffix."""


def _can_import(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


WRITERS: dict[str, Writer] = {
    "npy": seeds.write_npy,
    "npz": seeds.write_npz,
    "hdf5": seeds.write_hdf5,
    "images": seeds.write_images,
    "matlab": seeds.write_matlab,
    "tiff": seeds.write_tiff,
    "rare images": seeds.write_rare_image,
    "meta image": seed_volumes.write_meta_image,
    "detached volumes": seed_volumes.write_detached,
    "folders": seed_folders.write_folder,
    "lists": seed_folders.write_list,
    "class files": seed_folders.write_class_files,
    **({"nifti": seed_volumes.write_nifti} if _can_import("nibabel") else {}),
    **({"nrrd": seed_volumes.write_nrrd} if _can_import("nrrd") else {}),
    **({"zarr": seeds.write_zarr} if _can_import("zarr") else {}),
}
"""The kinds of arrays. Some need a library."""
