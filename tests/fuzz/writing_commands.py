"""Every command that reads arrays or writes files, in every format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from iou_doctor.render import FORMATS

PAIR = ("p.npy", "m.npy")
MORE = ("--no-config", "--no-progress", "-n", "2")
WITH_IMAGES = ("m.npy", "--images", "i.npy", *MORE)
ALWAYS = ("out", "old.json", "old.toml", "summary.md")
"""What is there before every command."""
CONFIGURATIONS = {
    "c.toml": """
[[check]]
name = "one"
predictions = "p.npy"
masks = "m.npy"

[[check]]
name = "two"
predictions = "p.npz"
masks = "m.npz"
""",
    "models.toml": """
[[check]]
name = "one"
predictions = "net.onnx"
images = "i.npy"
masks = "m.npy"

[[check]]
name = "two"
predictions = "p.npy"
masks = "m.npy"
""",
}


def _fix(*inputs: str) -> tuple[str, ...]:
    return ("fix", *inputs, *MORE, "--output-dir", "out/deep", "--overwrite")


def _report(*forms: str) -> tuple[str, ...]:
    return tuple(word for form in forms for word in ("--report", f"{form}=r.{form}"))


COMMANDS: dict[str, tuple[str, ...]] = {
    **{f"check --report {form}": ("check", *PAIR, *MORE, *_report(form)) for form in FORMATS},
    "check with all reports": ("check", *PAIR, *MORE, *_report(*FORMATS)),
    "check --pictures": ("check", "p_png", "m_png", *MORE, *_report("html"), "--pictures", "5"),
    "check --output": ("check", *PAIR, *MORE, "--output-format", "json", "--output", "old.json"),
    "check --output-format github": ("check", *PAIR, *MORE, "--output-format", "github"),
    "check --write-baseline": ("check", *PAIR, *MORE, "--write-baseline", "--baseline", "b.json"),
    "check --all": ("check", "--all", "--config", "c.toml", "--report", "json={name}.json"),
    "check --all with a model": (
        *("check", "--all", "--config", "models.toml"),
        *("--report", "json={name}.json"),
    ),
    "check .onnx": ("check", "net.onnx", *WITH_IMAGES, *_report("json", "html")),
    "check .onnx --write-baseline": (
        *("check", "net.onnx", *WITH_IMAGES, "--write-baseline", "--baseline", "b.json"),
    ),
    "check .keras": ("check", "net.keras", *WITH_IMAGES, *_report("json", "html")),
    "check SavedModel": ("check", "net", *WITH_IMAGES, *_report("json", "junit")),
    "compare": ("compare", "p.npy", "p.npz", "m.npy", "-n", "2", "--no-progress"),
    "compare images": ("compare", "p_png", "p.h5", "m_png", "-n", "2", "--no-progress"),
    "compare reports": ("compare", "before.json", "after.json", "--output-format", "json"),
    "init": ("init", *PAIR, "-n", "2", "--no-progress", "--output", "old.toml", "--overwrite"),
    **{
        f"fix {name}": _fix(*(f"{side}{ending}" for side in "pm"))
        for name, ending in {
            "npy": ".npy",
            "npz": ".npz",
            "hdf5": ".h5",
            "MATLAB": ".mat",
            "TIFF": ".tif",
            "Zarr": ".zarr",
            "images": "_png",
            "arrays in folders": "_npy",
            "NIfTI": "_nii.gz",
            "NRRD": "_nrrd",
            "MetaImage": "_mha",
        }.items()
    },
}
"""The arguments of each command. Some files that they write are there already."""


def list_words(name: str) -> set[str]:
    """Return the arguments of a command, with those of its configuration, and what it may replace.

    The names of its inputs are among them.
    """
    words = {*COMMANDS[name], *ALWAYS}
    for file in CONFIGURATIONS.keys() & words:
        words |= set(re.findall(r'"([^"]+)"', CONFIGURATIONS[file]))
    return words | (set(PAIR) if "before.json" in words else set())


def list_inputs(name: str, folder: Path) -> Iterator[Path]:
    """Yield what a command reads or may replace, of a folder with all inputs."""
    words = list_words(name)
    for file in CONFIGURATIONS.keys() & words:
        (folder / file).write_text(CONFIGURATIONS[file])
    yield from (path for path in sorted(folder.iterdir()) if path.name in words)
