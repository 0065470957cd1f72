"""The cases of the benchmark: each writes its files and lists the processes to run on them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path

from bench import peers
from bench.data import Form, make, make_holes
from bench.measure import Job

OURS = "iou-doctor"
IMPORTS = "imports"
"""The floor of a small check: Python, NumPy, Typer and Rich alone."""
QUICK = {"read", "bincount"}
"""Peers that start at once."""
SLOWER = frozenset(peers.PEERS) - {"read"}
SHRUNK = 64
"""The factor by which `--quick` divides sizes."""
LARGER, PEERS_LARGER, SLOW_LARGER = 8, 4, 2
"""How many times larger the second file is than the first: for fast contestants, for peers with
large files, and for slow peers with large files. With smaller factors, the start-up time of Keras
and torch, which varies by seconds, would hide the cost of the pixels."""
LARGE, HEAVY = 2**26, 2**29
"""Pixels from which on a file is large, and bytes from which on even fast contestants get no file
`LARGER` times as large: all files should stay in the page cache."""
TURNS = 3
"""Runs of fast contestants in a round: the difference of two short times is sensitive to noise."""
THREADS_LARGER, THREADS_TURNS = 16, 5
"""The same for the comparison of threads, where start-up, on one thread, dominates small files."""


class Measure(Enum):
    """What is compared between runs."""

    PROCESS = "seconds of the whole process"
    PIXEL = "marginal nanoseconds a pixel"
    MEMORY = "most MB of anonymous memory"


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    name: str
    title: str
    measure: Measure
    jobs: Callable[[Path, bool], Sequence[Job]]
    """Takes a folder for the files, and whether to make them tiny; returns what to run."""
    always_wall: bool = False
    """Whether to compare wall time in any case: processor time says nothing about threads."""


def _ours(true: Path, pred: Path, form: Form, *extra: str) -> tuple[str, ...]:
    metric = f"keras.metrics.MeanIoU(num_classes={form.classes}, sparse_y_pred={not form.dense})"
    if "--jobs" not in extra and has_jobs():
        extra = (*extra, "--jobs", "1")
    return (
        *("-m", "iou_doctor", "check", str(pred), str(true), "--metric", metric),
        *("--fail-on", "never", "--no-progress", "--output-format", "json", *extra),
    )


def _peer(name: str, true: Path, pred: Path, form: Form) -> tuple[str, ...]:
    axis = "none" if not form.dense else "1" if form.first else "3"
    return "-m", "bench.peers", name, str(true), str(pred), str(form.classes), axis


def _job(contestant: str, true: Path, pred: Path, form: Form, *extra: str) -> Job:
    if contestant in peers.PEERS:
        turns = TURNS if contestant in QUICK else 1
        return Job(contestant, _peer(contestant, true, pred, form), form.pixels, turns=turns)
    return Job(contestant, _ours(true, pred, form, *extra), form.pixels, turns=TURNS)


def _two_sizes(form: Form, names: Sequence[str]) -> Callable[[Path, bool], Sequence[Job]]:
    """Run each on a small file and on a larger one; the slope is the cost of a pixel."""

    def jobs(folder: Path, quick: bool) -> Sequence[Job]:
        small = replace(form, side=form.side // 8) if quick else form
        wanted = [name for name in (OURS, *names) if name == OURS or name in peers.installed()]
        larger = {name: _larger(name, form) for name in wanted}
        sizes = {
            times: replace(small, images=small.images * times) for times in {1, *larger.values()}
        }
        files = {times: make(sizes[times], folder / str(times)) for times in sizes}
        return [
            _job(name, *files[times], sizes[times])
            for name in wanted
            for times in (1, larger[name])
        ]

    return jobs


def _larger(name: str, form: Form) -> int:
    if name in peers.SLOW and form.pixels > LARGE:
        return SLOW_LARGER
    heavy = form.bytes > HEAVY or (name in SLOWER and form.pixels > LARGE)
    return PEERS_LARGER if heavy else LARGER


def _tiny(folder: Path, quick: bool) -> Sequence[Job]:
    del quick
    form = Form(images=4, side=64, classes=3, dtype="uint8")
    true, pred = make(form, folder)
    command = ("-m", "iou_doctor", "check", str(pred), str(true), "--num-classes", "3")
    jobs = [
        Job(OURS, (*command, "--fail-on", "never"), form.pixels, turns=TURNS),
        Job(IMPORTS, ("-c", "import numpy, typer, rich.console"), form.pixels, turns=TURNS),
    ]
    return jobs + [_job(name, true, pred, form) for name in ("keras",) if name in peers.installed()]


def _same_pixels(images: int, side: int) -> Callable[[Path, bool], Sequence[Job]]:
    """Run on images of an odd size, and on as many pixels in images of 1024 x 1024."""

    def jobs(folder: Path, quick: bool) -> Sequence[Job]:
        odd = Form(images=images, side=side, classes=21, dtype="uint8")
        if quick:
            odd = replace(odd, images=images // SHRUNK) if images > 1 else replace(odd, side=2048)
        usual = replace(odd, images=max(1, round(odd.pixels / 1024**2)), side=1024)
        forms = {OURS: odd, "as 1024 × 1024": usual}
        return [_job(name, *make(form, folder / name), form) for name, form in forms.items()]

    return jobs


def _memory(folder: Path, quick: bool) -> Sequence[Job]:
    quarter = 1024**3 // 4
    sizes = [quarter // SHRUNK] if quick else [quarter, 4 * quarter, 16 * quarter, 64 * quarter]
    form = Form(images=1, side=1024, classes=21, dtype="uint8")
    return [
        _watched(f"{size / 1024**3:g} GiB", make_holes(folder / str(size), size), form)
        for size in sizes
    ]


def _memory_of_many(folder: Path, quick: bool) -> Sequence[Job]:
    some = Form(images=1, side=16, classes=21, dtype="uint8")
    counts = [400] if quick else [25_000, 100_000, 400_000]
    forms = {f"{count} images": replace(some, images=count) for count in counts}
    return [_watched(name, make(form, folder / name), form) for name, form in forms.items()]


def _watched(name: str, files: tuple[Path, Path], form: Form) -> Job:
    return replace(_job(name, *files, form), memory=True, turns=1)


def _threads(form: Form) -> Callable[[Path, bool], Sequence[Job]]:
    """Run with one and with two threads; without `--jobs` there is nothing to compare."""

    def jobs(folder: Path, quick: bool) -> Sequence[Job]:
        if not has_jobs():
            return []
        small = replace(form, side=form.side // 8) if quick else form
        larger = (1, THREADS_LARGER)
        sizes = {times: replace(small, images=small.images * times) for times in larger}
        files = {times: make(sizes[times], folder / str(times)) for times in sizes}
        return [
            replace(
                _job(name, *files[times], sizes[times], "--jobs", str(count)), turns=THREADS_TURNS
            )
            for name, count in ((OURS, 2), ("one thread", 1))
            for times in sizes
        ]

    return jobs


@cache
def has_jobs() -> bool:
    """Return whether `check` has the option `--jobs`."""
    command = [sys.executable, "-m", "iou_doctor", "check", "--help"]
    return "--jobs" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


LABELS = Form(images=512, side=512, classes=21, dtype="uint8")
"""512 images, the number that iou-doctor samples: more images would add no sampling cost."""
SCORES = Form(images=14, side=512, classes=21, dtype="float32", dense=True)
ON_LABELS = (
    *("keras", "torchmetrics", "torchmetrics validated"),
    *("scikit-learn", "histc", "bincount", "read"),
)
ON_SCORES = ("keras", "torchmetrics", "histc", "bincount", "read")
PIXEL_CASES = {
    "uint8": ("uint8 labels, 21 classes", LABELS, ON_LABELS),
    "int64": ("int64 labels, 21 classes", replace(LABELS, dtype="int64"), ON_LABELS),
    "float32": ("float32 softmax, 21 classes", SCORES, ON_SCORES),
    "float32-3": ("float32 softmax, 3 classes", replace(SCORES, images=96, classes=3), ON_SCORES),
    "float16": ("float16 softmax, 21 classes", replace(SCORES, dtype="float16"), ON_SCORES),
    "first": ("the same, float32, channels first", replace(SCORES, first=True), ON_SCORES),
    "gzip": ("uint8 labels in gzip HDF5", replace(LABELS, gzip=True), ("keras", "read")),
}
CASES = (
    Case("tiny", "4 images of 64 × 64, 3 classes", Measure.PROCESS, _tiny),
    *(
        Case(name, title, Measure.PIXEL, _two_sizes(form, names))
        for name, (title, form, names) in PIXEL_CASES.items()
    ),
    Case("many", "100 000 images of 16 × 16", Measure.PROCESS, _same_pixels(100_000, 16)),
    Case("huge", "one image of 20 000 × 20 000", Measure.PROCESS, _same_pixels(1, 20_000)),
    Case("threads", "two threads, uint8 labels", Measure.PIXEL, _threads(LABELS), True),
    Case("threads-dense", "two threads, float32 softmax", Measure.PIXEL, _threads(SCORES), True),
    Case("memory", "labels of 0.25 to 16 GiB", Measure.MEMORY, _memory),
    Case(
        "memory-many",
        "25 000, 100 000 and 400 000 images of 16 × 16",
        Measure.MEMORY,
        _memory_of_many,
    ),
)
