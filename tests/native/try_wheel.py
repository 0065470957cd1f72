"""Try an installed wheel: it has the native kernels, and a check runs with each of them.

`python tests/native/try_wheel.py`, in the environment to which the wheel is installed, and in
another folder than the checkout. cibuildwheel does so with every wheel that it builds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEALTHY = Path(__file__).parents[2] / "sample_data" / "healthy"


def run(*arguments: str, **variables: str) -> str:
    """Return what the installed program says; fail if its exit code is not 0."""
    command = [sys.executable, "-P", "-m", "iou_doctor", *arguments]
    return subprocess.run(
        command, env=os.environ | variables, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def main() -> None:
    """Stop with an error if the wheel is not as it should be."""
    version = run("--version")
    sys.stdout.write(version)
    if "uses native kernels" not in version:
        sys.exit("the wheel has no native kernels")
    pair = [str(HEALTHY / f"{name}.npy") for name in ("preds", "masks")]
    wanted = run("check", *pair, "-n", "3", IOU_DOCTOR_KERNELS="numpy")
    for variant in ("portable", ""):
        if run("check", *pair, "-n", "3", IOU_DOCTOR_KERNELS=variant) != wanted:
            sys.exit(f"the kernels {variant} give another report than NumPy")


if __name__ == "__main__":
    main()
