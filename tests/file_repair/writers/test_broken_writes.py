"""Nothing is left of a write that breaks off, in any format."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from file_repair.writers.formats import after_one, write_array

from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.safety.atomic_files import stage

LABELS = np.ones((3, 4, 5), np.uint8)
FORMATS = {"npy": "a.npy", "npz": "a.npz", "hdf5": "a.h5", "images": "a"}


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (ValueError("ours"), ValueError),
    ],
)
def test_nothing_is_left_of_a_write_that_broke_off(tmp_path, format_name, error, raised):
    target = tmp_path / "new" / "folder" / FORMATS[format_name]
    broken = OutputArray(after_one(LABELS, error), LABELS.shape, LABELS.dtype, "m", ("a", "b", "c"))
    with pytest.raises(raised), stage([target], overwrite=False) as parts:
        write_array(parts[target], format_name, broken)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path):
    error = OSError(errno.ENOSPC, "No space left on device")
    broken = OutputArray(after_one(LABELS, error), LABELS.shape, LABELS.dtype)
    with pytest.raises(OutputError, match=r"cannot write `a.npy`: No space left on device"):
        write_array(tmp_path / "a.npy", "npy", broken)
