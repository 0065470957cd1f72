"""The wheel holds every file of the package, and its metadata leads to the documentation."""

from __future__ import annotations

import zipfile
from email import message_from_bytes

import pytest
from run import ROOT

C_SOURCES = {".c", ".h", ".inc"}
"""The wheel has the library that they are compiled to, as the checkout does after the build."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(wheel):
    """Return the names and the contents of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_what_python_files_read_and_the_mark_of_types(files):
    package = ROOT / "iou_doctor"
    wanted = {
        file.relative_to(ROOT).as_posix()
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix not in C_SOURCES
    }
    assert "iou_doctor/py.typed" in wanted
    assert wanted == {name for name in files if not name.partition("/")[0].endswith(".dist-info")}


def test_its_metadata_names_the_pages_of_the_project(files):
    (metadata,) = (text for name, text in files.items() if name.endswith(".dist-info/METADATA"))
    urls = message_from_bytes(metadata).get_all("Project-URL")
    assert {url.partition(",")[0] for url in urls} == {
        "Repository",
        "Documentation",
        "Changelog",
        "Issues",
    }
    for url in urls:
        file = url.partition("/blob/main/")[2]
        assert (ROOT / file).exists()
