"""Test the native kernels in a build that stops at a wrong access to memory.

It also stops at undefined behaviour. `PYTHONPATH=tests python -m native.sanitize` runs
`tests/scan/native`; its arguments are those of pytest. It needs GCC.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hatch_build

ROOT = Path(__file__).parents[2]
FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-O1", "-g")


def find_runtime() -> str | None:
    """Return the path of the library that a process with such a build loads first, if there."""
    if not sys.platform.startswith("linux") or not shutil.which("gcc"):
        return None
    found = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    )
    path = Path(found.stdout.strip())
    return str(path.resolve()) if path.is_absolute() else None


def build(sources: Path, folder: Path) -> dict[str, str]:
    """Build the kernels, and return the environment for a process that uses them."""
    library = folder / "sanitized.so"
    hatch_build.build_library(["gcc"], f"linux_{os.uname().machine}", sources, library, FLAGS)
    return {
        **os.environ,
        "IOU_DOCTOR_LIBRARY": str(library),
        "LD_PRELOAD": find_runtime() or "",
        "PYTHONMALLOC": "malloc",  # Python's own allocator hides where its small objects end
        "ASAN_OPTIONS": "detect_leaks=0",  # Python itself frees little at its end
    }


def main() -> None:
    if find_runtime() is None:
        sys.exit("the sanitizers need Linux and gcc with libasan")
    with tempfile.TemporaryDirectory() as folder:
        environment = build(ROOT / hatch_build.SOURCES, Path(folder))
        tests = ["-m", "pytest", "-n", "0", "tests/scan/native", *sys.argv[1:]]
        sys.exit(subprocess.run([sys.executable, *tests], cwd=ROOT, env=environment).returncode)


if __name__ == "__main__":
    main()
