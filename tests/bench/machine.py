"""The machine, the kernels and the libraries with which the benchmark ran."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = (
    *("numpy", "h5py", "isal", "typer", "rich"),
    *("keras", "tensorflow", "torch", "torchmetrics", "scikit-learn"),
)


def describe_machine() -> str:
    """Return the processor, the system and Python in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    processor = next(named, "") or platform.processor() or platform.machine()
    cores = os.cpu_count()
    return f"{processor}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def describe_kernels(env: Mapping[str, str]) -> str:
    """Return what counts in a process with these variables, as `iou-doctor --version` says it."""
    command = [sys.executable, "-m", "iou_doctor", "--version"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].removeprefix("uses ")


def can_run(variant: str, env: Mapping[str, str]) -> bool:
    """Return whether this processor can run a variant of the kernels."""
    command = [sys.executable, "-m", "iou_doctor", "--version"]
    chosen = {**env, "IOU_DOCTOR_KERNELS": variant}
    return subprocess.run(command, env=chosen, capture_output=True, check=False).returncode == 0


def list_versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
