"""Files that other tools wrote and that libraries publish with their tests are read as they do."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import iou_doctor
from iou_doctor.errors import SourceError
from iou_doctor.sources.opening import open_source


def find_published(package: str, folder: str, name: str) -> Path:
    """Return a file of a package; the test is skipped if the package comes without its tests."""
    pytest.importorskip(package)
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / folder / name
    if not path.exists():
        pytest.skip(f"this build of {package} has no {folder}/{name}")
    return path


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("anatomical.nii", (33, 41, 25)),  # SPM, big endian
        ("functional.nii", (17, 21, 3, 20)),  # SPM, scaled
        ("example4d.nii.gz", (128, 96, 24, 2)),  # FSL
        ("example_nifti2.nii.gz", (32, 20, 12, 2)),  # NIfTI-2
        ("resampled_anat_moved.nii", (17, 21, 3)),  # holds NaN
    ],
)
def test_volumes_of_other_tools_are_read_as_nibabel_reads_them(name, shape):
    path = find_published("nibabel", "tests/data", name)
    import nibabel

    volume = open_source(str(path)).read(())
    assert volume.shape == (1, *shape)
    np.testing.assert_array_equal(volume[0], np.asanyarray(nibabel.load(path).dataobj))


def test_a_published_volume_scores_as_its_array_does():
    path = find_published("nibabel", "tests/data", "standard.nii.gz")
    import nibabel

    masks = np.asanyarray(nibabel.load(path).dataobj)[np.newaxis] > 0
    predicted = np.roll(masks, 1, axis=3)
    shared, either = (masks & predicted).sum(), (masks | predicted).sum()
    neither, not_both = (~masks & ~predicted).sum(), (~masks | ~predicted).sum()
    report = iou_doctor.check(y_true=str(path), y_pred=predicted.astype(np.uint8), num_classes=2)
    expected = (shared / either + neither / not_both) / 2
    assert report.verdict.mean_iou_after_all == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["testmatrix_6.5.1_GLNX86.mat", "testmatrix_7.4_GLNX86.mat", "testbool_8_WIN64.mat"]
)
def test_arrays_of_matlab_are_read_as_scipy_reads_them(name):
    path = find_published("scipy.io.matlab", "tests/data", name)
    from scipy.io import loadmat

    (expected,) = (value for key, value in loadmat(path).items() if not key.startswith("__"))
    np.testing.assert_array_equal(np.squeeze(open_source(str(path)).read(())), expected.squeeze())


def test_a_published_dicom_file_is_named():
    path = find_published("nibabel", "tests/data", "0.dcm")
    with pytest.raises(SourceError, match="it is a DICOM file"):
        open_source(str(path))
