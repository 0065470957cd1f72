"""The finder of the command line: it finds what Python would find, or leaves it to Python."""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import BuiltinImporter, ModuleSpec, PathFinder
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from iou_doctor.quick_finder import PACKAGES, QuickFinder, install_quick_finder

SUFFIX = Path(cache_from_source("module.py")).name.removeprefix("module")
FINDER = QuickFinder(SUFFIX)
ROOT = Path(__file__).parents[1]


def iterate_modules(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the search path of each Python module in a package."""
    (top,) = import_module(name).__path__
    for place, folders, files in os.walk(top):
        folders[:] = [one for one in folders if (Path(place) / one / "__init__.py").exists()]
        package = ".".join((name, *Path(place).relative_to(top).parts))
        stems = [file.removesuffix(".py") for file in files if file.endswith(".py")]
        yield from (
            (f"{package}.{one}", [place]) for one in (*stems, *folders) if one != "__init__"
        )


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_it_finds_what_python_finds(package: str):
    quick = 0
    for name, path in iterate_modules(package):
        found, expected = FINDER.find_spec(name, path), PathFinder.find_spec(name, path)
        assert expected is not None
        if found is None:  # without valid bytecode
            continue
        quick += 1
        for attribute in ("name", "origin", "cached", "parent", "has_location"):
            assert getattr(found, attribute) == getattr(expected, attribute), name
        assert found.submodule_search_locations == expected.submodule_search_locations
        assert found.loader.get_code(name) == expected.loader.get_code(name)
        assert found.loader.get_filename(name) == expected.loader.get_filename(name)
    assert quick > 10 or sys.dont_write_bytecode


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return the folder of a package with bytecode: a module, and a package in it."""
    folder = tmp_path / "rich"
    (folder / "inner").mkdir(parents=True)
    for place in (folder / "module.py", folder / "inner" / "__init__.py"):
        place.write_text("def get():\n    return 1\n")
        py_compile.compile(os.fspath(place))
    return folder


def find(folder: Path, name: str = "rich.module") -> ModuleSpec | None:
    return FINDER.find_spec(name, [os.fspath(folder)])


def test_modules_and_packages_of_a_folder_are_found(package: Path):
    assert find(package)
    assert find(package, "rich.inner")
    assert find(package, "rich.absent") is None


def test_other_packages_and_places_are_left_to_python(package: Path):
    places = [os.fspath(package)]
    assert FINDER.find_spec("other.module", places) is None
    assert FINDER.find_spec("rich", None) is None
    assert FINDER.find_spec("rich.module", [*places, *places]) is None
    assert FINDER.find_spec("rich.module", []) is None


def test_outdated_bytecode_is_left_to_python(package: Path):
    source = package / "module.py"
    status = source.stat()
    os.utime(source, (status.st_atime, status.st_mtime - 10))
    assert find(package) is None
    os.utime(source, (status.st_atime, status.st_mtime))
    assert find(package)
    source.write_text("def get():\n    return 12\n")
    os.utime(source, (status.st_atime, status.st_mtime))
    assert find(package) is None
    source.unlink()
    assert find(package) is None


@pytest.mark.parametrize("content", [b"", bytes(15), bytes(100)])
def test_damaged_bytecode_is_left_to_python(package: Path, content: bytes):
    bytecode = Path(cache_from_source(package / "module.py"))
    whole = bytecode.read_bytes()
    for damaged in (
        content,
        whole[:-1],
        whole[:16],
        b"\0" + whole[1:],
        whole[:4] + b"\1" + whole[5:],
    ):
        bytecode.write_bytes(damaged)
        assert find(package) is None
    bytecode.unlink()
    assert find(package) is None


def test_code_of_a_folder_that_has_moved_names_its_source_there(package: Path):
    moved = package.with_name("elsewhere")
    shutil.copytree(package, moved, copy_function=shutil.copy2)
    place = find(moved).loader.get_code("rich.module").co_filename
    assert place == os.fspath(moved / "module.py")
    function = find(moved).loader.get_code("rich.module").co_consts[0]
    assert function.co_filename == place


def test_it_is_not_installed_where_bytecode_lies_elsewhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "meta_path", [PathFinder])
    monkeypatch.setattr(sys, "pycache_prefix", "elsewhere")
    install_quick_finder()
    assert sys.meta_path == [PathFinder]
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys.implementation, "cache_tag", None)
    install_quick_finder()
    assert sys.meta_path == [PathFinder]
    monkeypatch.undo()


def test_finders_that_were_there_are_asked_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "meta_path", [BuiltinImporter, PathFinder])
    install_quick_finder()
    assert [type(one) for one in sys.meta_path] == [type, QuickFinder, type]
    monkeypatch.setattr(sys, "meta_path", [])
    install_quick_finder()
    assert sys.meta_path == []


def test_a_zip_file_of_the_package_runs(tmp_path: Path):
    archive = tmp_path / "iou_doctor.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        for source in (ROOT / "iou_doctor").rglob("*.py"):
            stream.write(source, source.relative_to(ROOT))
    done = subprocess.run(
        [sys.executable, "-m", "iou_doctor", "why", "0.3333"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.fspath(archive)},
        capture_output=True,
        text=True,
    )
    assert "0.3333" in done.stdout, done.stderr
