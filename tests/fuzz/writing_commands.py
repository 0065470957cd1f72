"""Every command that writes files, in every format, with the inputs that all of them share."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from iou_doctor.render import FORMATS

SHAPE = (72, 256, 256)
"""The arrays are large enough to be mapped into memory."""
PAIR = ("p.npy", "m.npy")
MORE = ("--no-config", "--no-progress", "-n", "2")
CONFIGURATION = """
[[check]]
name = "one"
predictions = "p.npy"
masks = "m.npy"

[[check]]
name = "two"
predictions = "p.npz"
masks = "m.npz"
"""


def _fix(*inputs: str) -> tuple[str, ...]:
    return ("fix", *inputs, *MORE, "--output-dir", "out/deep", "--overwrite")


COMMANDS: dict[str, tuple[str, ...]] = {
    **{
        f"check --report {form}": ("check", *PAIR, *MORE, "--report", f"{form}=r.{form}")
        for form in FORMATS
    },
    "check with all reports": (
        *("check", *PAIR, *MORE),
        *(word for form in FORMATS for word in ("--report", f"{form}=r.{form}")),
    ),
    "check --output": ("check", *PAIR, *MORE, "--output-format", "json", "--output", "old.json"),
    "check --output-format github": ("check", *PAIR, *MORE, "--output-format", "github"),
    "check --write-baseline": ("check", *PAIR, *MORE, "--write-baseline", "--baseline", "b.json"),
    "check --all": ("check", "--all", "--config", "c.toml", "--report", "json={name}.json"),
    "init": ("init", *PAIR, "-n", "2", "--no-progress", "--output", "old.toml", "--overwrite"),
    "fix npy": _fix(*PAIR),
    "fix npz": _fix("p.npz", "m.npz"),
    "fix hdf5": _fix("p.h5", "m.h5"),
    "fix images": _fix("p", "m"),
    "fix arrays in folders": _fix("ps", "ms"),
}
"""The arguments of each command. Some files that they write are there already."""


def write_inputs(folder: Path) -> None:
    """Write arrays with a fault that `fix` repairs, in every format."""
    truth = np.random.default_rng(0).integers(0, 2, SHAPE, np.uint8)
    noise = np.random.default_rng(1).random(SHAPE) < 0.1
    arrays = {"p": truth ^ noise, "m": truth * np.uint8(255)}
    for side, values in arrays.items():
        np.save(folder / f"{side}.npy", values)
        np.savez_compressed(folder / f"{side}.npz", values)
        with h5py.File(folder / f"{side}.h5", "w") as file:
            file.create_dataset("x", data=values, chunks=(1, *SHAPE[1:]), compression="gzip")
        for place in (folder / side, folder / f"{side}s"):
            place.mkdir()
        for number, pixels in enumerate(values):
            Image.fromarray(pixels).save(folder / side / f"{number:03}.png")
            np.save(folder / f"{side}s" / f"{number:03}.npy", pixels)
    (folder / "c.toml").write_text(CONFIGURATION)
    (folder / "out" / "deep").mkdir(parents=True)
    for name in ("old.json", "old.toml", "summary.md", "out/deep/m.npy"):
        (folder / name).write_text("what was there before\n")
