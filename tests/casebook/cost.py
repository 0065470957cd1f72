"""`--cost`: what the checks take beside the scan."""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from casebook.cases import Arrays, at, dense, labels
from casebook.verdicts import diagnose
from iou_doctor import checks

LARGE = 1024
"""Samples of 512 x 512 pixels: 256 Mpx."""


@contextmanager
def _timed(spent: list[float]) -> Iterator[None]:
    """Add up the time that `checks.run` takes."""
    run = checks.run

    def timed(*arguments, **named):  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        try:
            return run(*arguments, **named)
        finally:
            spent.append(time.perf_counter() - start)

    checks.run = timed
    try:
        yield
    finally:
        checks.run = run


def _large() -> Arrays:
    source = at("street-11/0.7")
    tiled = [
        np.tile(values, (1, 9, 7))[:, :512, :512] for values in (source.truth, source.predicted)
    ]
    times = LARGE // source.samples
    true, pred = (np.tile(values, (times, 1, 1)) for values in tiled)
    return labels(source, y_true=true, y_pred=pred)


def main() -> int:
    """Print the times."""
    small, soft = at("street/0.7"), at("street/0.7")
    diagnose(labels(small))  # what is imported once is no cost of the checks
    pairs = {
        "small labels": labels(small),
        "small softmax": dense(soft),
        "150 classes": labels(at("patches-150/0.7")),
        "volumes": labels(at("volume/0.7")),
        "256 Mpx of labels": _large(),
    }
    print(f"{'':20}{'all':>10}{'checks':>10}")
    for name, arrays in pairs.items():
        spent: list[float] = []
        start = time.perf_counter()
        with _timed(spent):
            diagnose(arrays)
        print(f"{name:20}{time.perf_counter() - start:9.3f}s{sum(spent):9.3f}s")
    return 0
