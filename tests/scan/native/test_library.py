"""The library of native kernels: the right variant is chosen, and no damage stops the program."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from run import ROOT, run

from iou_doctor.errors import UsageError
from iou_doctor.scan.native import library
from iou_doctor.scan.native.library import ABI, FUNCTIONS, LIBRARY, describe_kernels, load_kernels
from iou_doctor.scan.native.structures import (
    KINDS,
    LABELS,
    MEASURES,
    PICKS,
    QUEUE,
    RUN,
    SPACE,
    TASK,
)

SOURCES = LIBRARY.parent
WHY_NOT = "no native kernels: run `python -m hatchling build -t wheel --hooks-only`"

built = pytest.mark.skipif(not LIBRARY.exists(), reason=WHY_NOT)
elf = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only ELF files need it")


@pytest.fixture(autouse=True)
def _forget():
    """Load the library anew in each test, and again after it."""
    load_kernels.cache_clear()
    library._find_kernels.cache_clear()
    yield
    load_kernels.cache_clear()
    library._find_kernels.cache_clear()


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Make a file with this content the library."""

    def write(content: bytes) -> Path:
        file = tmp_path / f"library_{len(list(tmp_path.iterdir()))}{library.SUFFIX}"
        file.write_bytes(content)
        monkeypatch.setenv("IOU_DOCTOR_LIBRARY", str(file))
        _clear()
        return file

    return write


@pytest.fixture
def compile_library(use, tmp_path):
    """Make a library of other sources."""
    hatch_build = pytest.importorskip("hatch_build", reason="the tests run outside the checkout")
    compiler = hatch_build.find_compiler()
    if not compiler:
        pytest.skip("there is no C compiler")

    def build(text: str) -> Path:
        (tmp_path / "source.c").write_text(text, "utf-8")
        target = tmp_path / "compiled"
        command = [*compiler, "-shared", "-fPIC", tmp_path / "source.c", "-o", target]
        subprocess.run(command, check=True)
        return use(target.read_bytes())

    return build


def _clear() -> None:
    load_kernels.cache_clear()
    library._find_kernels.cache_clear()


def _list_runnable() -> list[str]:
    return library._list_variants(library._open(LIBRARY))


def _assert_numpy_counts(capsys, reason: str) -> None:
    assert load_kernels() is None
    assert load_kernels() is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("iou-doctor: warning: the native kernels in ")
    assert reason in line
    assert describe_kernels().startswith("NumPy (the native kernels in ")


# --- which variant ----------------------------------------------------------------------------


@built
def test_the_best_variant_is_loaded():
    kernels = load_kernels()
    assert kernels.variant == _list_runnable()[0]
    assert describe_kernels() == f"native kernels ({kernels.variant})"
    assert all(callable(kernels.get(name)) for name in FUNCTIONS)
    with pytest.raises(AttributeError):
        kernels.get("count_nothing")


@built
def test_each_variant_can_be_chosen(monkeypatch):
    for variant in _list_runnable():
        monkeypatch.setenv("IOU_DOCTOR_KERNELS", variant)
        _clear()
        assert load_kernels().variant == variant


@built
def test_the_processor_runs_the_variants_whose_instructions_it_has():
    if platform.machine() in {"aarch64", "arm64"}:
        assert _list_runnable() == ["neon", "portable"]
    if platform.machine() != "x86_64" or not Path("/proc/cpuinfo").exists():
        pytest.skip("the instructions are read from /proc/cpuinfo of Linux on x86-64")
    flags = set(re.search("^flags.*", Path("/proc/cpuinfo").read_text(), re.M)[0].split())
    avx2 = {"avx2", "f16c", "fma", "bmi1", "bmi2", "abm", "popcnt"} <= flags
    more = {f"avx512{name}" for name in ("f", "bw", "dq", "vl", "vbmi", "_vbmi2")}
    wanted = ["avx512"] * (avx2 and more <= flags) + ["avx2"] * avx2 + ["portable"]
    assert _list_runnable() == wanted


def test_numpy_can_be_chosen(monkeypatch, capsys):
    monkeypatch.setenv("IOU_DOCTOR_KERNELS", "numpy")
    assert load_kernels() is None
    assert describe_kernels() == "NumPy (IOU_DOCTOR_KERNELS is numpy)"
    assert capsys.readouterr().err == ""


@built
def test_an_impossible_variant_is_refused_with_those_that_work(monkeypatch):
    monkeypatch.setenv("IOU_DOCTOR_KERNELS", "sse9")
    works = ", ".join([*_list_runnable(), "numpy"])
    with pytest.raises(UsageError, match=f"'sse9' does not work here; these do: {works}$"):
        load_kernels()


def test_a_refusal_is_one_line_on_the_command_line():
    done = run("--version", IOU_DOCTOR_KERNELS="sse9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("iou-doctor: error: IOU_DOCTOR_KERNELS: 'sse9' does not work")
    assert done.stderr.count("\n") == 1


# --- a library that is missing or damaged ------------------------------------------------------


def test_without_a_library_numpy_counts_and_only_the_version_and_v_say_so(monkeypatch, capsys):
    nowhere = str(ROOT / "no_such_library")
    monkeypatch.setenv("IOU_DOCTOR_LIBRARY", nowhere)
    assert load_kernels() is None
    assert capsys.readouterr().err == ""
    said = "uses NumPy (no native kernels: the package was built without a C compiler)"
    assert run("--version", IOU_DOCTOR_LIBRARY=nowhere).stdout.splitlines()[1] == said
    pair = [f"sample_data/healthy/{name}.npy" for name in ("preds", "masks")]
    quiet, long = (
        run("check", *pair, "-n", "3", *more, cwd=ROOT, IOU_DOCTOR_LIBRARY=nowhere).stderr
        for more in ([], ["-v"])
    )
    assert (quiet, long) == ("", f"iou-doctor: {said}\n")


def test_a_variant_cannot_be_chosen_without_a_library(monkeypatch):
    monkeypatch.setenv("IOU_DOCTOR_LIBRARY", str(ROOT / "no_such_library"))
    monkeypatch.setenv("IOU_DOCTOR_KERNELS", "portable")
    with pytest.raises(UsageError, match="'portable' does not work here; these do: numpy"):
        load_kernels()


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"not a library at all\n" * 100])
def test_a_file_that_is_no_library(use, capsys, content):
    use(content)
    _assert_numpy_counts(capsys, "")


@built
@elf
def test_a_file_that_is_cut_off_anywhere(use, capsys):
    content = LIBRARY.read_bytes()
    mapped = _find_end_of_mapped_parts(content)
    for length in [*range(0, mapped, mapped // 60), mapped - 1]:
        use(content[:length])
        _assert_numpy_counts(capsys, "the file is cut off")
    use(content)
    assert load_kernels() is not None


def _find_end_of_mapped_parts(content: bytes) -> int:
    start, size, number = library._ELF_HEADER.unpack_from(content)[3:]
    parts = library._PROGRAM_HEADER.iter_unpack(content[start : start + size * number])
    return max(offset + length for offset, length in parts)


@built
@elf
def test_a_library_of_another_processor(use, capsys):
    content = bytearray(LIBRARY.read_bytes())
    content[18] ^= 0xFF  # the machine in the header
    use(bytes(content))
    _assert_numpy_counts(capsys, "")


@built
@pytest.mark.parametrize("name", ["kernels.h", "labels.c", "tile.inc"])
def test_a_library_that_is_older_than_a_source(use, capsys, name):
    library_file = use(LIBRARY.read_bytes())
    source = library_file.with_name(name)
    source.touch()
    os.utime(source, (0, library_file.stat().st_mtime + 1))
    _assert_numpy_counts(capsys, "they are older than their sources")
    os.utime(source, (0, library_file.stat().st_mtime))
    _clear()
    assert load_kernels() is not None


def test_a_library_of_another_version(compile_library, capsys):
    compile_library("long long iou_doctor_abi(void) { return 99; }")
    _assert_numpy_counts(capsys, f"their interface has number 99, not {ABI}")


def test_a_library_without_a_function(compile_library, capsys):
    compile_library(f"""
        long long iou_doctor_abi(void) {{ return {ABI}; }}
        const char *iou_doctor_variants(void) {{ return "portable"; }}
    """)
    _assert_numpy_counts(capsys, f"{next(iter(FUNCTIONS))}_portable is missing")


def test_a_library_of_something_else(compile_library, capsys):
    compile_library("int answer(void) { return 42; }")
    _assert_numpy_counts(capsys, "iou_doctor_abi is missing")


# --- the build and the checkout agree ----------------------------------------------------------


def test_the_sources_and_the_program_have_the_same_number():
    header = (SOURCES / "kernels.h").read_text("utf-8")
    assert re.findall(r"^#define ABI (\d+)$", header, re.M) == [str(ABI)]


def test_the_sources_and_the_program_have_structures_of_the_same_size():
    header = (SOURCES / "kernels.h").read_text("utf-8")
    sizes = dict(re.findall(r"sizeof\(struct (\w+)\) == (\d+)", header))
    expected = {"labels": LABELS, "space": SPACE, "measures": MEASURES, "kinds": KINDS, "run": RUN}
    expected |= {"task": TASK, "queue": QUEUE, "picks": PICKS}
    assert sizes == {name: str(dtype.itemsize) for name, dtype in expected.items()}


@built
def test_loading_imports_nothing_that_a_check_does_not_import_anyway():
    script = """
import sys, numpy, iou_doctor.diagnosis.pipeline
before = set(sys.modules)
from iou_doctor.scan.native.library import load_kernels
assert load_kernels()
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("iou_doctor")))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
