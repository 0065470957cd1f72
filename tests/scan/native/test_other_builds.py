"""Builds of the native kernels that only tests use: with sanitizers, and for another processor."""

from __future__ import annotations

import subprocess
import sys

import pytest
from native import other_processor, sanitize
from run import ROOT

import hatch_build

SOURCES = ROOT / hatch_build.SOURCES
TINY = {
    "labels.c": "typedef int nothing;",
    "scores.c": "typedef int nothing;",
    "kinds.c": "typedef int nothing;",
    "draws.c": "typedef int nothing;",
    "dispatch.c": """
        __attribute__((visibility("default"))) int read(const int *values, int place)
        { return values[place]; }
        __attribute__((visibility("default"))) int add(int one, int other)
        { return one + other; }
    """,
}
"""Two functions that do what the kernels never may."""


@pytest.mark.slow
@pytest.mark.skipif(
    bool(missing := other_processor.list_missing()), reason=f"not installed: {', '.join(missing)}"
)
@pytest.mark.skipif(
    "COUNT_LABELS_ARGUMENTS" not in (SOURCES / "kernels.h").read_text("utf-8"),
    reason="the kernels are not there yet",
)
def test_the_variant_for_aarch64_counts_as_the_portable_one(tmp_path):
    done = other_processor.compare(SOURCES, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("0 of 800 comparisons differ")


@pytest.mark.slow
@pytest.mark.skipif(sanitize.find_runtime() is None, reason="gcc with libasan is not installed")
@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("library.add(1, 2)", None),
        ("library.read((ctypes.c_int * 100)(), 100)", "heap-buffer-overflow"),
        ("library.add(2**31 - 1, 1)", "signed integer overflow"),
    ],
)
def test_the_sanitizers_stop_at_a_fault(tmp_path, call, said):
    for name, text in TINY.items():
        (tmp_path / name).write_text(text, "utf-8")
    environment = sanitize.build(tmp_path, tmp_path)
    load = "import ctypes, os; library = ctypes.CDLL(os.environ['IOU_DOCTOR_LIBRARY'])\n"
    command = [sys.executable, "-c", load + call]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode == 0) is (said is None), done.stderr
    assert said is None or said in done.stderr
