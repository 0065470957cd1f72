"""Outputs appear whole, or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from file_repair.writers.formats import after_one, written
from numpy.typing import NDArray

from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers import Output, staged

LABELS = np.ones((3, 4, 5), np.uint8)
FORMATS = {"npy": "a.npy", "npz": "a.npz", "hdf5": "a.h5", "images": "a"}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (ValueError("ours"), ValueError),
    ],
)
def test_nothing_is_left_of_a_write_that_broke_off(tmp_path, format_, error, raised):
    target = tmp_path / "new" / "folder" / FORMATS[format_]
    broken = Output(after_one(LABELS, error), LABELS.shape, LABELS.dtype, "m", ("a", "b", "c"))
    with pytest.raises(raised), staged([target], overwrite=False) as beside:
        written(beside[target], format_, broken)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path):
    error = OSError(errno.ENOSPC, "No space left on device")
    broken = Output(after_one(LABELS, error), LABELS.shape, LABELS.dtype)
    with pytest.raises(OutputError, match=r"cannot write `a.npy`: No space left on device"):
        written(tmp_path / "a.npy", "npy", broken)


def test_earlier_outputs_survive_a_write_that_broke_off(tmp_path):
    old = tmp_path / "a.npy"
    old.write_text("old")
    broken = Output(after_one(LABELS, KeyboardInterrupt()), LABELS.shape, LABELS.dtype)
    with pytest.raises(KeyboardInterrupt), staged([old], overwrite=True) as beside:
        written(beside[old], "npy", broken)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_file_and_a_folder_are_replaced_where_that_is_allowed(tmp_path):
    file, folder = tmp_path / "a.npy", tmp_path / "masks"
    file.write_text("old")
    folder.mkdir()
    (folder / "old.png").write_text("old")
    with staged([file, folder], overwrite=True) as beside:
        beside[file].write_text("new")
        beside[folder].mkdir()
        (beside[folder] / "new.png").write_text("new")
    assert file.read_text() == "new"
    assert [path.name for path in folder.iterdir()] == ["new.png"]
    assert sorted(tmp_path.iterdir()) == [file, folder]


def test_what_appeared_meanwhile_is_left_alone(tmp_path):
    target = tmp_path / "a.npy"

    def slow() -> Iterator[NDArray[Any]]:
        yield LABELS
        target.write_text("another's")

    output = Output(slow(), LABELS.shape, LABELS.dtype)
    with (
        pytest.raises(OutputError, match="has appeared meanwhile"),
        staged([target], overwrite=False) as beside,
    ):
        written(beside[target], "npy", output)
    assert target.read_text() == "another's"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("overwrite", [False, True])
def test_no_output_is_left_when_the_last_cannot_be_put_in_its_place(
    tmp_path, monkeypatch, overwrite
):
    first, last = tmp_path / "a.npy", tmp_path / "b.npy"
    if overwrite:
        first.write_text("old")
    rename = type(first).rename

    def failing(part, target):
        if target == last:
            raise OSError(errno.ENOSPC, "No space left on device", str(last))
        return rename(part, target)

    def written_and_put():
        with staged([first, last], overwrite=overwrite) as beside:
            for part in beside.values():
                part.write_text("new")
            monkeypatch.setattr(type(first), "rename", failing)

    with pytest.raises(OutputError, match="No space left"):
        written_and_put()
    assert [path.name for path in tmp_path.iterdir()] == (["a.npy"] if overwrite else [])
    assert not overwrite or first.read_text() == "old"
