"""Compile the native kernels for another processor, and compare its variants in an emulator.

`PYTHONPATH=tests python -m native.other_processor` does so for aarch64. On Debian it needs the
packages `gcc-aarch64-linux-gnu` and `qemu-user`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hatch_build

ROOT = Path(__file__).parents[2]
COMPILER = "aarch64-linux-gnu-gcc"
EMULATOR = "qemu-aarch64"
LIBRARIES = "/usr/aarch64-linux-gnu"


def list_missing() -> list[str]:
    """Return the commands that are not installed."""
    return [name for name in (COMPILER, EMULATOR) if shutil.which(name) is None]


def compare(sources: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Compare the variant `neon` with `portable` on random arrays, and return what was said.

    Args:
        sources: the folder of the kernels.
        folder: where to write the library and the program.
    """
    library, program = folder / "libkernels.so", folder / "compare"
    hatch_build.build_library([COMPILER], "linux_aarch64", sources, library)
    run = [EMULATOR, "-L", LIBRARIES, str(program)]
    build_program([COMPILER], library, sources, program, variant="neon")
    return subprocess.run(run, capture_output=True, text=True, timeout=600)


def build_program(
    compiler: list[str], library: Path, sources: Path, program: Path, *, variant: str
) -> None:
    """Compile the program that compares a variant with the portable one."""
    driver = Path(__file__).with_name("compare.c")
    flags = [
        "-O2",
        "-std=c11",
        f"-DOTHER={variant}",
        f"-I{sources}",
        f"-Wl,-rpath,{library.parent}",
    ]
    command = [*compiler, *flags, str(driver), str(library), "-o", str(program)]
    subprocess.run(command, check=True)


def main() -> None:
    if missing := list_missing():
        sys.exit(f"not installed: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as folder:
        done = compare(ROOT / hatch_build.SOURCES, Path(folder))
    sys.stdout.write(done.stdout + done.stderr)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
