"""Building the package: with the native kernels if they can be compiled, without them otherwise."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from run import ROOT

COPIED = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore")
PACKAGE = ("__init__.py", "report/version.py")
SOURCES = {
    "kernels.h": "#define JOIN_NAMES(name, variant) name##_##variant\n"
    "#define JOIN(name, variant) JOIN_NAMES(name, variant)\n",
    "one.inc": "return 1;\n",
    "labels.c": '#include "kernels.h"\n'
    "int JOIN(count_labels, VARIANT)(void);\n"
    'int JOIN(count_labels, VARIANT)(void) {\n#include "one.inc"\n}\n',
    "scores.c": "typedef int nothing;\n",
    "kinds.c": "typedef int nothing;\n",
    "draws.c": "typedef int nothing;\n",
    "dispatch.c": "typedef int nothing;\n",
}
"""Small ones, which compile at once."""
FOLDER = "iou_doctor/scan/native"
LIBRARY = "_kernels" + {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
HATCHLING = """
import sys
sys.modules["ziglang"] = None # as if it were not installed
from hatchling.cli import hatchling
hatchling()
"""
REAL = next(filter(shutil.which, ("cc", "gcc", "clang")), None)

compiles = pytest.mark.skipif(not REAL, reason="there is no C compiler (cc, gcc or clang)")


@pytest.fixture
def project(tmp_path):
    """Return a copy of the part of the project that is built."""
    root = tmp_path / "project"
    for name in (*COPIED, *(f"iou_doctor/{name}" for name in PACKAGE)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, root / name)
    for name, text in SOURCES.items():
        (root / FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (root / FOLDER / name).write_text(text, "utf-8")
    return root


def _build(project: Path, target: str = "wheel", script: str = HATCHLING, **variables: str):
    """Build in this environment; no compiler is found but the one in the variables."""
    empty = project.parent / "empty"
    empty.mkdir(exist_ok=True)
    known = {key: text for key, text in os.environ.items() if key not in {"CC", "ARCHFLAGS"}}
    return subprocess.run(
        [sys.executable, "-c", script, "build", "-t", target, "-d", "dist"],
        cwd=project,
        env=known | {"PATH": str(empty)} | variables,
        capture_output=True,
        text=True,
    )


def _name_library(project: Path) -> list[str]:
    return [path.name for path in project.rglob("_kernels.*")]


def _assert_pure(project: Path, reason: str, **variables: str) -> None:
    stale = project / FOLDER / LIBRARY
    stale.write_bytes(b"of older sources")
    done = _build(project, **variables)
    assert done.returncode == 0, done.stderr
    (line,) = _list_messages(done)
    assert line.startswith("iou-doctor: building without the native kernels: ")
    assert reason in line
    (wheel,) = (project / "dist").iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert _name_library(project) == []
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "_kernels" in name]


def _list_messages(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines on stderr, where hatchling also prints the path of what it built."""
    return [line for line in done.stderr.splitlines() if not line.startswith("dist")]


# --- without the kernels ------------------------------------------------------------------------


def test_without_a_compiler(project):
    _assert_pure(project, "there is no C compiler (looked for CC, cc, gcc, clang and ziglang)")


def test_with_a_compiler_that_does_not_exist(project):
    _assert_pure(project, "no_compiler cannot be run: No such file or directory", CC="no_compiler")


def test_with_a_compiler_that_fails(project):
    command = f'"{sys.executable}" -c "import sys; sys.exit(\'an error of the compiler\')"'
    _assert_pure(project, "exited with 1: an error of the compiler", CC=command)


def test_the_kernels_can_be_left_out(project):
    _assert_pure(project, "IOU_DOCTOR_NATIVE is skip", IOU_DOCTOR_NATIVE="skip")


@compiles
def test_sources_that_do_not_compile(project):
    (project / FOLDER / "scores.c").write_text("broken", "utf-8")
    _assert_pure(project, "scores.c", CC=shutil.which(REAL), PATH=os.environ["PATH"])


# --- when they are required ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compiler", "reason"),
    [("no_compiler", "no_compiler cannot be run"), ("", "there is no C compiler")],
)
def test_a_build_without_required_kernels_fails(project, compiler, reason):
    done = _build(project, CC=compiler, IOU_DOCTOR_NATIVE="require")
    assert done.returncode == 1
    (line,) = _list_messages(done)
    assert line.startswith("iou-doctor: the native kernels were not built: ")
    assert reason in line
    assert not list((project / "dist").glob("*.whl"))


def test_an_unknown_mode_is_refused(project):
    done = _build(project, IOU_DOCTOR_NATIVE="yes")
    assert done.returncode == 1
    assert done.stderr.startswith("iou-doctor: IOU_DOCTOR_NATIVE is 'yes'; use require or skip")


def test_a_compiler_is_fetched_from_pypi_only_if_one_is_required(project):
    script = """
import sys
sys.modules["ziglang"] = None
from hatchling.build import get_requires_for_build_wheel
print(*get_requires_for_build_wheel())
"""
    for variables, wanted in (
        ({}, ""),
        ({"IOU_DOCTOR_NATIVE": "require"}, "ziglang"),
        ({"IOU_DOCTOR_NATIVE": "require", "CC": "gcc"}, ""),
    ):
        assert _build(project, script=script, **variables).stdout.strip() == wanted


# --- with the kernels ---------------------------------------------------------------------------


@compiles
def test_one_wheel_serves_every_python_on_this_platform(project):
    done = _build(project, PATH=os.environ["PATH"], IOU_DOCTOR_NATIVE="require")
    assert (done.returncode, _list_messages(done)) == (0, [])
    (wheel,) = (project / "dist").iterdir()
    python, abi, platform = wheel.stem.split("-")[2:]
    assert (python, abi) == ("py3", "none")
    assert platform != "any"
    assert _name_library(project) == [LIBRARY]
    archive = zipfile.ZipFile(wheel)
    names = {Path(name).name for name in archive.namelist() if FOLDER in name}
    assert LIBRARY in names
    assert not [name for name in names if name.endswith((".c", ".h", ".inc"))]
    (metadata,) = (name for name in archive.namelist() if name.endswith("WHEEL"))
    assert "Root-Is-Purelib: false" in archive.read(metadata).decode()


@compiles
def test_ziglang_compiles_if_it_is_the_only_compiler(project, tmp_path):
    package = tmp_path / "modules" / "ziglang"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import subprocess, sys\n"
        "_, command, processor, *rest = sys.argv\n"
        "assert (command, processor) == ('cc', '-mcpu=baseline')\n"
        f"sys.exit(subprocess.call([{shutil.which(REAL)!r}, *rest]))\n",
        "utf-8",
    )
    done = _build(
        project,
        script="from hatchling.cli import hatchling; hatchling()",
        PYTHONPATH=str(package.parent),
        IOU_DOCTOR_NATIVE="require",
        PATH=os.environ["PATH"] if os.name == "nt" else _make_path_without_compilers(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert _name_library(project)


def _make_path_without_compilers(folder: Path) -> str:
    """Return a PATH with what a compiler itself calls, an assembler and a linker."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("as", "ld"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    return str(tools)


@compiles
def test_a_wheel_can_be_built_from_the_source_distribution(project, tmp_path):
    _build(project, PATH=os.environ["PATH"])
    done = _build(project, target="sdist")
    assert done.returncode == 0, done.stderr
    (archive,) = (project / "dist").glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert _name_library(unpacked) == []
    done = _build(unpacked, PATH=os.environ["PATH"], IOU_DOCTOR_NATIVE="require")
    assert done.returncode == 0, done.stderr
    assert _name_library(unpacked)


@compiles
def test_a_new_build_replaces_the_library_while_it_is_in_use(project):
    library = project / FOLDER / LIBRARY
    _build(project, PATH=os.environ["PATH"])
    first = library.stat().st_ino
    _build(project, PATH=os.environ["PATH"])
    assert library.stat().st_ino != first
    assert library.stat().st_mode & stat.S_IRUSR
