"""Compile the native kernels, C functions that count large arrays, when the package is built.

The library is built in place, so that a checkout and an editable installation have it too. If there
is no C compiler, or compiling fails, the package is built without it, and NumPy counts. The
environment variable IOU_DOCTOR_NATIVE changes that: with `require` such a build fails, and `skip`
leaves the library out.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = "iou_doctor/scan/native"
"""The folder of the sources and of the library, below the root of the project."""
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
MODE = "IOU_DOCTOR_NATIVE"
"""The environment variable: `require`, `skip`, or unset to compile if possible."""
FLAGS = (
    *("-O3", "-std=c11", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"),
    "-ffp-contract=off",  # a fused multiply-add rounds once and would give other counts than NumPy
)
AVX2 = ("-mavx2", "-mf16c", "-mfma", "-mbmi", "-mbmi2", "-mlzcnt", "-mpopcnt")
AVX512 = (*AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vbmi2")
X86_64 = {"portable": (), "avx2": AVX2, "avx512": AVX512}
AARCH64 = {"portable": (), "neon": ()}
VARIANTS = {"x86_64": X86_64, "amd64": X86_64, "aarch64": AARCH64, "arm64": AARCH64}
"""The flags of each variant of the kernels, by the machine at the end of a platform tag."""


class CompilationError(Exception):
    """There is no compiler, or it failed."""


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the library to the wheel."""

    def dependencies(self) -> list[str]:
        """Return a compiler from PyPI if one is required and the machine has none."""
        return ["ziglang"] if _read_mode() == "require" and not find_compiler() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the library, and make the wheel one for this platform and every Python."""
        mode = _read_mode()
        library = Path(self.root, SOURCES, f"_kernels{SUFFIX}")
        tag: str = self.build_config.builder.get_best_matching_tag()
        platform = tag.rpartition("-")[2]
        try:
            if mode == "skip":
                raise CompilationError(f"{MODE} is skip")
            build_library(find_compiler(), platform, Path(self.root, SOURCES), library)
        except CompilationError as error:
            library.unlink(missing_ok=True)  # it may be older than the sources
            if mode == "require":
                self.app.abort(f"iou-doctor: the native kernels were not built: {error}")
            sys.stderr.write(f"iou-doctor: building without the native kernels: {error}\n")
        else:
            build_data["artifacts"].append(library.relative_to(self.root).as_posix())
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform}"


def _read_mode() -> str:
    mode = os.environ.get(MODE, "")
    if mode not in {"", "require", "skip"}:
        sys.exit(f"iou-doctor: {MODE} is {mode!r}; use require or skip, or leave it unset")
    return mode


def find_compiler() -> list[str]:
    """Return the command that compiles C; empty if there is none.

    It is `CC`, or the machine's own compiler, or the package `ziglang`. Compilers on Windows take
    other options than these, so only `CC` and `ziglang` are used there.
    """
    if chosen := os.environ.get("CC"):
        return shlex.split(chosen, posix=os.name == "posix")
    names = [] if sys.platform == "win32" else ["cc", "gcc", "clang"]
    if found := next(filter(shutil.which, names), None):
        return [found]
    if find_spec("ziglang"):  # it compiles for the processor at hand unless told otherwise
        return [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline", "-g0"]
    return []


def build_library(
    compiler: Sequence[str], platform: str, sources: Path, library: Path, extra: Sequence[str] = ()
) -> None:
    """Compile the sources once for each variant, and link them into a library.

    Args:
        compiler: its command.
        platform: the platform tag of the wheel, which ends in the machine.
        sources: the folder of the sources.
        library: the file to write. It is replaced at the end, so that processes which use it go on.
        extra: more flags, to compile and to link with.

    Raises:
        CompilationError: there is no compiler, or it failed.
    """
    if not compiler:
        raise CompilationError("there is no C compiler (looked for CC, cc, gcc, clang and ziglang)")
    machine = next(filter(platform.endswith, VARIANTS), None)
    variants: dict[str, tuple[str, ...]] = VARIANTS.get(machine or "", {"portable": ()})
    jobs = [
        (source, [f"-DVARIANT={name}", *flags])
        for source in ("labels.c", "scores.c", "kinds.c", "draws.c")
        for name, flags in variants.items()
    ]
    jobs.append(("dispatch.c", [f"-DHAS_{name.upper()}=1" for name in variants]))
    extra = [*extra, *shlex.split(os.environ.get("ARCHFLAGS", ""))]  # of macOS
    with tempfile.TemporaryDirectory() as folder:
        objects = [f"{folder}/{number}.o" for number in range(len(jobs))]
        commands = [
            [*compiler, *FLAGS, *extra, *flags, "-c", str(sources / source), "-o", target]
            for (source, flags), target in zip(jobs, objects, strict=True)
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_run, commands))
        linked = Path(folder, library.name)
        _run([*compiler, "-shared", *extra, *objects, "-o", str(linked)])
        shutil.copyfile(linked, new := library.with_suffix(f".{os.getpid()}"))
    new.replace(library)


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise CompilationError(f"{command[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or ["no message"]
        raise CompilationError(f"{command[0]} exited with {done.returncode}: {lines[0]}")
    sys.stderr.write(done.stderr)  # warnings
