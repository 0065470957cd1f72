"""Small sound arrays that are several files: folders, text lists, and a file for each class."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from fuzz.seed_volumes import write_meta_image, write_nifti, write_nrrd
from fuzz.seeds import SIZE, write_images, write_matlab, write_npy, write_npz

_COUNT = 3
"""The number of files of a folder."""


def _write_samples(folder: Path, rng: random.Random) -> list[Path]:
    """Write files of one kind, of the same shape and dtype but with other values."""
    write = rng.choice([write_npy, write_npy, write_npz, write_matlab, write_meta_image])
    seed = rng.getrandbits(32)
    return [write(folder / f"case{number}", random.Random(seed)) for number in range(_COUNT)]


def write_folder(path: Path, rng: random.Random) -> Path:
    """Write a folder of arrays, sometimes with subfolders."""
    inside = path / "a" if rng.random() < 0.3 else path
    inside.mkdir(parents=True)
    _write_samples(inside, rng)
    return path


def write_list(path: Path, rng: random.Random) -> Path:
    """Write a text file that lists arrays or images, or pairs of them."""
    path.mkdir()
    if rng.random() < 0.5:
        write_images(path / "i", rng)
        files = sorted((path / "i").iterdir())
    else:
        files = sorted(_write_samples(path, rng))
    mark, suffix = rng.choice([("\t", ".tsv"), (",", ".csv"), (" ", ".txt"), (";", ".lst")])
    lines = [f"{path.name}/{file.relative_to(path)}" for file in files]
    if rng.random() < 0.5:
        lines = [f"{line}{mark}{line}" for line in lines]
        lines[:0] = rng.choice([[], [f"prediction{mark}mask"], ["# pairs"]])
    path.with_suffix(suffix).write_text(rng.choice(["\n", "\r\n"]).join([*lines, ""]))
    return path.with_suffix(suffix)


def write_class_files(path: Path, rng: random.Random) -> Path:
    """Write cases, each a folder with one volume for each class."""
    write = rng.choice([write_meta_image, write_nifti, write_nrrd])
    seed = rng.getrandbits(32)
    for case in range(2):
        folder = path / f"case{case}"
        folder.mkdir(parents=True)
        labels = np.random.default_rng(rng.getrandbits(32)).integers(0, 3, SIZE)
        for number, name in enumerate(("liver", "spleen"), 1):
            write(folder / name, random.Random(seed), (labels == number).astype("u1"))
    return path
