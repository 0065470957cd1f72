"""Which configuration file applies."""

from __future__ import annotations

import pytest

from iou_doctor.config.find_file import find_table
from iou_doctor.errors import UsageError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder and make a folder two levels below it the working directory."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    return tmp_path


def test_the_nearest_file_upwards_is_taken(folder):
    (folder / "iou-doctor.toml").write_text("jobs = 1\n")
    assert find_table() == (folder / "iou-doctor.toml", {"jobs": 1})
    (folder / "a" / "pyproject.toml").write_text("[tool.iou-doctor]\njobs = 2\n")
    assert find_table() == (folder / "a" / "pyproject.toml", {"jobs": 2})
    (folder / "a" / "iou-doctor.toml").write_text("jobs = 3\n")
    assert find_table() == (folder / "a" / "iou-doctor.toml", {"jobs": 3})


@pytest.mark.parametrize("text", ["", "[tool.other]\n", "tool = 1\n", "tool = "])
def test_a_project_file_without_our_table_is_passed_over_but_cannot_be_named(folder, text):
    (folder / "iou-doctor.toml").write_text("jobs = 1\n")
    (folder / "a" / "b" / "pyproject.toml").write_text(text)
    assert find_table() == (folder / "iou-doctor.toml", {"jobs": 1})
    with pytest.raises(UsageError, match=r"^--config pyproject\.toml: the file has no table"):
        find_table("pyproject.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[tool.iou-doctor]\njobs = 2",
        "[ tool . 'iou-doctor' ]\njobs = 2",
        "tool.iou-doctor.jobs = 2",
        '"tool"."iou-doctor" = {jobs = 2}',
        "tool = {iou-doctor = {jobs = 2}}",
        "[tool]\niou-doctor.jobs = 2",
        "['tool']\n[tool.other]\n[tool.iou-doctor]\njobs = 2",
    ],
)
def test_the_table_is_found_however_it_is_written(folder, text):
    (folder / "pyproject.toml").write_text(text)
    assert find_table() == (folder / "pyproject.toml", {"jobs": 2})


def test_a_project_that_only_depends_on_us_is_not_parsed(folder, monkeypatch):
    text = '[project]\ndependencies = ["iou-doctor>=0.1"]\n[tool.ruff]\nline-length = 100\n'
    (folder / "pyproject.toml").write_text(text)
    monkeypatch.setattr("iou_doctor.config.find_file._parse", None)
    assert find_table() is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"jobs = ",
            "../c.toml is not valid TOML: Invalid value (at end of document); --no-config",
        ),
        (b"\xff", "../c.toml is not valid TOML: it is not UTF-8"),
        (None, "../c.toml cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder, content, words):
    if content is not None:
        (folder / "a" / "c.toml").write_bytes(content)
    with pytest.raises(UsageError) as error:
        find_table("../c.toml")
    assert str(error.value).startswith(words)
