"""Cases: a folder with hostile files, and the command that reads them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuzz.mutations import WORDS, mutate_bytes, mutate_text
from fuzz.seeds import make_labels
from fuzz.writers import WRITERS

FORMATS = ("full", "concise", "json", "github", "gitlab", "junit", "sarif", "markdown", "html")
TOML = """\
predictions = "p.npy"
masks = "m.npy"
num-classes = 3
ignore-index = 255
metric = "keras.metrics.MeanIoU(num_classes=3)"
layout = "NHW"
threshold = 0.5
min-iou = 0.1
report = ["json=r.json"]
class-names = ["a", "b", "c"]

[expect]
masks-encoding = "labels"

[[check]]
name = "one"
predictions = "p.npy"
masks = "m.npy"
"""
CALLS = (
    "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)",
    "tf.keras.metrics.OneHotIoU(num_classes=3, target_class_ids=[0, 2], axis=-1)",
    "BinaryIoU(target_class_ids=[1], threshold=0.5)",
    'dict(type="IoUMetric", iou_metrics=["mIoU"], ignore_index=255)',
    'torchmetrics.JaccardIndex(task="multiclass", num_classes=3, average="macro")',
    'evaluate.load("mean_iou").compute(num_labels=3, ignore_index=255)["mean_iou"]',
    "sklearn.metrics.jaccard_score(y, p, average='micro')",
)
NUMBERS = ("0.3333", "33.33", "33.333333333333336%", "1.6065", "-0.0123", "3.333e-01", "0,5012")


@dataclass
class Case:
    """A command, and the files that it reads."""

    kind: str
    arguments: list[str]
    arrays: tuple[Path, ...] = ()
    """The arrays that a reference reader has to read as well if the command accepts them."""


def make_case(kind: str, folder: Path, rng: random.Random) -> Case:
    """Write the files of a case into an empty folder, and return the command."""
    return MAKERS[kind](folder, rng)


def _write_pair(folder: Path, rng: random.Random, kind: str) -> list[Path]:
    return [WRITERS[kind](folder / side, rng) for side in "pm"]


def _damage(path: Path, rng: random.Random) -> None:
    file = rng.choice([file for file in sorted(path.rglob("*")) if file.is_file()] or [path])
    file.write_bytes(mutate_bytes(file.read_bytes(), rng))


def _choose_options(rng: random.Random) -> list[str]:
    words = ["--no-progress", "--no-config"]
    words += rng.choice([[], ["-n", "3"], ["-n", "2"], ["--ignore-index", "2"]])
    return words + rng.choice([[], ["--contracts", "all"], ["--seen", "0.3333"]])


def _make_check(kind: str) -> Callable[[Path, random.Random], Case]:
    def make(folder: Path, rng: random.Random) -> Case:
        paths = _write_pair(folder, rng, kind)
        for path in rng.sample(paths, rng.choice([1, 1, 2])):
            _damage(path, rng)
        form = ["--output-format", rng.choice(FORMATS)]
        words = ["check", *map(str, paths), *_choose_options(rng), *form]
        return Case(kind, words, tuple(paths))

    return make


def _make_compare(folder: Path, rng: random.Random) -> Case:
    paths = _write_pair(folder, rng, rng.choice(sorted(WRITERS)))
    other = WRITERS["npy"](folder / "o", rng)
    _damage(rng.choice([*paths, other]), rng)
    more = rng.choice([[], ["-n", "3"], ["--fail-if-worse"], ["--output-format", "json"]])
    words = [str(paths[0]), str(other), str(paths[1])]
    return Case("compare", ["compare", *words, "--no-progress", *more])


def _make_fix(folder: Path, rng: random.Random) -> Case:
    paths = _write_pair(folder, rng, rng.choice(sorted(WRITERS)))
    if rng.random() < 0.7:
        _damage(rng.choice(paths), rng)
    output = rng.choice(["out", "out/deep", ".", "p", "a" * 300, "m.npy", "\udcff", "a\nb"])
    more = rng.choice([[], ["--overwrite"], ["--unsafe-fixes", "--overwrite"]])
    words = ["fix", *map(str, paths), "--no-progress", "--no-config", "-n", "3"]
    return Case("fix", [*words, "--output-dir", str(folder / output), *more])


def _make_init(folder: Path, rng: random.Random) -> Case:
    paths = _write_pair(folder, rng, rng.choice(sorted(WRITERS)))
    output = rng.choice(["-", "new.toml", "m.npy", "p/0.png", "a" * 300, "\udcff", "no/such"])
    place = output if output == "-" else str(folder / output)
    more = rng.choice([[], ["--overwrite"]])
    return Case("init", ["init", *map(str, paths), "--no-progress", "--output", place, *more])


def _make_toml(folder: Path, rng: random.Random) -> Case:
    _write_pair(folder, rng, "npy")
    text = mutate_text(TOML, rng)
    (folder / "c.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    more = rng.choice([[], ["--all", "--output-format", "json"]])
    return Case("toml", ["check", "--config", str(folder / "c.toml"), "--no-progress", *more])


def _make_baseline(folder: Path, rng: random.Random) -> Case:
    paths = _write_pair(folder, rng, "npy")
    text = json.dumps(BASELINE, indent=rng.choice([None, 1]))
    text = mutate_text(text.replace('"path": "masks"', f'"path": {json.dumps(str(paths[1]))}'), rng)
    (folder / "b.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    words = ["check", *map(str, paths), "-n", "3", "--no-progress", "--no-config"]
    return Case("baseline", [*words, "--baseline", str(folder / "b.json")])


def _make_metric(folder: Path, rng: random.Random) -> Case:
    paths = _write_pair(folder, rng, "npy")
    call = mutate_text(rng.choice(CALLS), rng).replace("\x00", "")
    words = ["check", *map(str, paths), "--no-progress", "--no-config", "--metric", call]
    return Case("metric", words)


def _make_options(folder: Path, rng: random.Random) -> Case:
    """Sound arrays, and options with values that they are not made for."""
    paths = _write_pair(folder, rng, rng.choice(sorted(WRITERS)))
    words = ["check", *map(str, paths), "--no-progress", "--no-config"]
    for option in rng.sample(OPTIONS, rng.choice([1, 2, 3])):
        value = rng.choice(
            [*WORDS, "0", "1", "2.5", "255", "NHW", "json=x.json", "m.npy", "p/0.png"]
        )
        words += [option, value.replace("\x00", "")]
    return Case("options", words)


def _make_why(folder: Path, rng: random.Random) -> Case:
    number = mutate_text(rng.choice(NUMBERS), rng).replace("\x00", "")
    paths = rng.choice([[], _write_pair(folder, rng, "npy")])
    more = rng.choice([[], ["-n", "3"], ["-n", rng.choice(["0", "-1", "99999", "x"])]])
    form = ["--output-format", rng.choice(["full", "json"])]
    return Case("why", ["why", number, *map(str, paths), *more, "--no-progress", *form])


def _make_names(folder: Path, rng: random.Random) -> Case:
    """Sound arrays whose names try to break the report."""
    import zipfile

    import h5py
    import numpy as np
    from PIL import Image

    hostile = rng.choice(WORDS).replace("\x00", "") or "x"
    name = f"{rng.choice(['', 'x', 'x ', 'x' * 90 + ' '])}{hostile}"[:200].replace("..", "x")
    plain = name.replace("/", "x")
    array, form = make_labels(rng), rng.choice(FORMATS)
    np.save(folder / "m.npy", make_labels(rng))
    match rng.choice(["npz", "hdf5", "images", "file", "classes"]):
        case "npz":
            with zipfile.ZipFile(folder / "p.npz", "w") as archive:
                np.save(folder / "p.npy", array)
                archive.write(folder / "p.npy", plain.encode("utf-8", "replace").decode() + ".npy")
            words = [str(folder / "p.npz"), str(folder / "m.npy")]
        case "hdf5":
            with h5py.File(folder / "p.h5", "w") as file:
                file[plain.encode("utf-8", "surrogateescape")] = array
            words = [str(folder / "p.h5"), str(folder / "m.npy")]
        case "images":
            for side in ("pi", "mi"):
                (folder / side).mkdir()
                for number in range(2):
                    pixels = make_labels(rng)[0].astype(np.uint8)
                    Image.fromarray(pixels).save(folder / side / f"{plain[:100]}{number}.png")
            words = [str(folder / "pi"), str(folder / "mi")]
        case "file":
            np.save(folder / f"{plain}.npy", array)
            words = [str(folder / f"{plain}.npy"), str(folder / "m.npy")]
        case _:
            np.save(folder / "p.npy", array)
            words = [str(folder / "p.npy"), str(folder / "m.npy"), "--class-names", f"{name},b,c"]
    if rng.random() < 0.2:
        more = ["--output-format", rng.choice(["full", "json"]), "-n", "3", "--no-progress"]
        return Case("names", ["compare", words[0], *words, *more])
    return Case("names", ["check", *words, *_choose_options(rng), "--output-format", form])


OPTIONS = (
    *("--num-classes", "--ignore-index", "--threshold", "--layout", "--class-names", "--metric"),
    *("--select", "--ignore", "--fail-on", "--min-iou", "--max-drop", "--batch-size", "--jobs"),
    *("--seen", "--baseline", "--report", "--output", "--output-format", "--contracts"),
    *("--predictions-as", "--masks-as", "--input-scale", "--signature", "--config"),
)
BASELINE = {
    "schema_version": 1,
    "tool": {"name": "iou-doctor", "version": "0.1.0"},
    "inputs": {
        side: {
            "path": f"{side}.npy",
            "shape": [3, 12, 10],
            "encoding": "labels",
            "class_axis": None,
        }
        for side in ("predictions", "masks")
    },
    "reading": {"num_classes": 3, "ignore_index": None, "assumed": []},
    "scores": {
        "mean_iou": 0.3,
        "per_class": [{"id": label, "iou": 0.3, "truth_pixels": 120} for label in range(3)],
    },
    "findings": [{"name": "masks-0-255"}],
}
MAKERS: dict[str, Callable[[Path, random.Random], Case]] = {
    **{kind: _make_check(kind) for kind in WRITERS},
    "compare": _make_compare,
    "fix": _make_fix,
    "init": _make_init,
    "toml": _make_toml,
    "baseline": _make_baseline,
    "metric": _make_metric,
    "options": _make_options,
    "why": _make_why,
    "names": _make_names,
}
"""What makes a case of each kind."""
