"""The processes that a row of the benchmark compares."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import peers, public_kinds
from bench.data import Files, Form, Store
from bench.fresh import FreshInstall
from bench.machine import can_run
from bench.measure import ONE_THREAD, Job, environment

OURS = "iou-doctor"
IMPORTS = "imports"
"""The floor of a small check: Python, NumPy, Typer and Rich alone."""
READ = "read"
"""The floor of a pass over the files."""
SECOND, LATER = "second run", "later runs"
ONE = "one thread"
KERNELS = "with kernels"
USUAL = "as 1024 × 1024"
PUBLIC = "public implementation"
NO_LEDGER = "without a ledger"
FALLBACK = {"IOU_DOCTOR_KERNELS": "numpy"}
SLOW = {PUBLIC, "keras", "torchmetrics validated", "scikit-learn", "histc"}
"""Peers whose pixels are costly enough to measure on smaller files."""

Jobs = Callable[[Store], Sequence[Job]]
"""Makes the files of a row, and returns what to run on them."""


@dataclass(frozen=True)
class Sizes:
    """Images in the small and in the large file, whose difference in time is the cost of pixels.

    Two contestants have a size in common, so that their means can be compared.
    """

    quick: tuple[int, int]
    """For iou-doctor and the floor."""
    usual: tuple[int, int]
    slow: tuple[int, int]

    def choose(self, contestant: str) -> tuple[int, int]:
        """Return the sizes for a contestant."""
        if contestant in (OURS, READ, ONE, KERNELS):
            return self.quick
        return self.slow if contestant in SLOW else self.usual


def check_as_users_do(files: Files, *extra: str) -> tuple[str, ...]:
    """Return the command that checks a pair, with the default number of threads."""
    form = files.form
    metric = f"keras.metrics.MeanIoU(num_classes={form.classes}, sparse_y_pred={not form.dense})"
    return (
        *("-m", "iou_doctor", "check", str(files.pred), str(files.true), "--metric", metric),
        *("--fail-on", "never", *extra),
    )


def _check(contestant: str, files: Files, *extra: str, env: Mapping[str, str] | None = None) -> Job:
    return Job(contestant, check_as_users_do(files, *extra), files.form.pixels, env=env or {})


def _check_on(
    threads: int, contestant: str, files: Files, env: Mapping[str, str], *extra: str
) -> Job:
    usual = ("--no-progress", "--output-format", "json", "--jobs", str(threads))
    return _check(contestant, files, *extra, *usual, env={**ONE_THREAD, **env})


def _run_peer(name: str, files: Files) -> Job:
    form = files.form
    axis = "none" if not form.dense else "1" if form.first else "3"
    command = (*("-m", "bench.peers", name), str(files.true), str(files.pred), str(form.classes))
    return Job(name, (*command, axis), form.pixels, env=ONE_THREAD)


def compare_start(form: Form) -> Jobs:
    """Compare a small check with its imports and with Keras."""

    def jobs(store: Store) -> Sequence[Job]:
        files = store.get(form)
        imports = ("-c", "import numpy, typer, rich.console, rich.table")
        found = [_check(OURS, files), Job(IMPORTS, imports, form.pixels)]
        return found + [_run_peer("keras", files)] * ("keras" in peers.installed())

    return jobs


def compare_first_run(form: Form) -> Jobs:
    """Compare the first run of a fresh install with the second, and with an install in use."""

    def jobs(store: Store) -> Sequence[Job]:
        files, install = store.get(form), FreshInstall(store.folder / "install")
        second = _check(SECOND, files, env=install.environment)
        first = replace(second, contestant=OURS, prepare=install.renew)
        return [first, second, _check(LATER, files)]

    return jobs


def compare_script(form: Form) -> Jobs:
    """Compare whole processes with the script that people write."""

    def jobs(store: Store) -> Sequence[Job]:
        files = store.get(form)
        script = os.fspath(Path(__file__).with_name("idiom.py"))
        command = (script, str(files.true), str(files.pred), str(form.classes))
        name = "argmax + bincount" if form.dense else "bincount"
        return [_check(OURS, files), Job(name, command, form.pixels)]

    return jobs


def compare_pixels(
    form: Form, sizes: Sizes, names: Sequence[str], env: Mapping[str, str] | None = None
) -> Jobs:
    """Compare the cost of a pixel on one thread; `env` is for iou-doctor alone."""

    def make_job(name: str, files: Files) -> Job:
        if name in (OURS, KERNELS):
            return _check_on(1, name, files, (env or {}) if name == OURS else {})
        return _run_peer(name, files)

    def jobs(store: Store) -> Sequence[Job]:
        return [
            make_job(name, store.get(replace(form, images=images)))
            for name in (OURS, *names)
            if name in (OURS, KERNELS, *peers.installed())
            for images in sizes.choose(name)
        ]

    return jobs


def compare_variants(form: Form, sizes: Sizes, names: Sequence[str], variant: str) -> Jobs:
    """Compare the kernels of one variant as `compare_pixels` does, if the processor can run it."""

    def jobs(store: Store) -> Sequence[Job]:
        if not can_run(variant, environment()):
            return []
        return compare_pixels(form, sizes, names, {"IOU_DOCTOR_KERNELS": variant})(store)

    return jobs


def compare_kinds(form: Form, sizes: Sizes) -> Jobs:
    """Compare the whole ledger with the public implementation of its kinds, if that is there."""

    def jobs(store: Store) -> Sequence[Job]:
        def make_job(name: str, files: Files) -> Job:
            if name == OURS:
                return _check_on(1, name, files, {}, "--ledger", "full")
            command = ("-m", "bench.public_kinds", public_kinds.find_folder() or "")
            paths = (str(files.true), str(files.pred), str(files.form.classes))
            return Job(name, (*command, *paths), files.form.pixels, env=ONE_THREAD)

        names = [OURS, PUBLIC] if public_kinds.find_folder() else [OURS]
        return [
            make_job(name, store.get(replace(form, images=images)))
            for name in names
            for images in sizes.choose(name)
        ]

    return jobs


def compare_ledgers(form: Form, sizes: Sizes) -> Jobs:
    """Compare the ledger of pairs, classes and images with none."""

    def jobs(store: Store) -> Sequence[Job]:
        return [
            _check_on(1, name, store.get(replace(form, images=images)), {}, "--ledger", detail)
            for name, detail in ((OURS, "auto"), (NO_LEDGER, "off"))
            for images in sizes.quick
        ]

    return jobs


def compare_threads(form: Form, sizes: Sizes) -> Jobs:
    """Compare one thread with two; where there is one core, there is nothing to compare."""

    def jobs(store: Store) -> Sequence[Job]:
        if count_cores() < 2:
            return []
        return [
            _check_on(threads, name, store.get(replace(form, images=images)), {})
            for name, threads in ((OURS, 2), (ONE, 1))
            for images in sizes.quick
        ]

    return jobs


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compare_shapes(form: Form) -> Jobs:
    """Compare images of an odd size with as many pixels in images of 1024 x 1024."""
    usual = replace(form, images=max(1, round(form.pixels / 1024**2)), side=1024)

    def jobs(store: Store) -> Sequence[Job]:
        return [_check(OURS, store.get(form)), _check(USUAL, store.get(usual))]

    return jobs


def watch_memory(forms: Mapping[str, Form], *, holes: bool = False) -> Jobs:
    """Watch the memory of checks of growing files, which are empty with `holes`."""

    def jobs(store: Store) -> Sequence[Job]:
        get = store.get_holes if holes else store.get
        return [replace(_check(name, get(form)), memory=True) for name, form in forms.items()]

    return jobs
