"""Nothing is left of a write that breaks off, in any format."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from file_repair.writers.formats import after_one, written

from iou_doctor.atomic_files import stage
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers import Output

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
    with pytest.raises(raised), stage([target], overwrite=False) as parts:
        written(parts[target], format_, broken)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path):
    error = OSError(errno.ENOSPC, "No space left on device")
    broken = Output(after_one(LABELS, error), LABELS.shape, LABELS.dtype)
    with pytest.raises(OutputError, match=r"cannot write `a.npy`: No space left on device"):
        written(tmp_path / "a.npy", "npy", broken)
