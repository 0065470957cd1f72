"""One pair in every format that is read has one score, to the bit."""

from __future__ import annotations

import gzip
import zlib

import numpy as np
import pytest
import tifffile
from build import errors, mean_iou
from PIL import Image

from field.arrays import draw_masks, predict
from field.test_reading import SAVERS, judge, save_volume
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.formats import FILE_FORMATS

MASKS = draw_masks((1, 60, 80), 4)[0]
PREDICTIONS = predict(MASKS[np.newaxis], 4)[0]
VOLUME = draw_masks((1, 30, 28, 20), 3)[0]
PREDICTED_VOLUME = predict(VOLUME[np.newaxis], 3)[0]


def save_picture(suffix, **options):
    def save(path, array):
        Image.fromarray(array).save(path.with_suffix(suffix), **options)
        return path.with_suffix(suffix)

    return save


def save_tiff(suffix, **options):
    def save(path, array):
        options.setdefault("photometric", "minisblack")
        tifffile.imwrite(path.with_suffix(suffix), array, **options)
        return path.with_suffix(suffix)

    return save


def save_zarr(version):
    def save(path, array):
        zarr = pytest.importorskip("zarr", reason="zarr, of the extra `zarr`, is missing")
        zarr.save_array(str(path.with_suffix(".zarr")), array, zarr_format=version)
        return path.with_suffix(".zarr")

    return save


def save_ome_zarr(path, array):
    zarr = pytest.importorskip("zarr", reason="zarr, of the extra `zarr`, is missing")
    group = zarr.open_group(str(path.with_suffix(".zarr")), mode="w")
    group.create_array("0", data=array)
    group.attrs["multiscales"] = [{"datasets": [{"path": "0"}]}]
    return path.with_suffix(".zarr")


def save_with(name, suffix):
    def save(path, array):
        SAVERS[name](path, array)
        return path.with_suffix(suffix)

    return save


def save_space(form, suffix):
    def save(path, array):
        save_volume(path, array, form)
        return path.with_suffix(suffix)

    return save


def save_plain_nifti(path, array):
    save_volume(path, array, "nifti")
    packed = path.with_suffix(".nii.gz")
    path.with_suffix(".nii").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    return path.with_suffix(".nii")


def save_meta_image(path, array):
    """Save in one compressed file, as ITK does."""
    packed = zlib.compress(array.tobytes(order="F"))
    sizes = " ".join(map(str, array.shape))
    path.with_suffix(".mha").write_bytes(
        f"ObjectType = Image\nNDims = {array.ndim}\nBinaryData = True\nCompressedData = True\n"
        f"CompressedDataSize = {len(packed)}\nDimSize = {sizes}\nElementType = MET_UCHAR\n"
        "ElementDataFile = LOCAL\n".encode()
        + packed
    )
    return path.with_suffix(".mha")


IMAGES = {
    "npy": save_with("npy", ".npy"),
    "npz": save_with("npz", ".npz"),
    "hdf5": save_with("hdf5", ".h5"),
    "matlab 5": save_with("mat", ".mat"),
    "matlab 7.3": save_with("mat 7.3", ".mat"),
    "png": save_picture(".png"),
    "bmp": save_picture(".bmp"),
    "gif": save_picture(".gif"),
    "webp": save_picture(".webp", lossless=True),
    "jpeg 2000": save_picture(".jp2"),
    "pgm": save_picture(".pgm"),
    "tiff of pillow": save_picture(".tif", compression="tiff_lzw"),
    "tiff": save_tiff(".tif", compression="zlib", tile=(16, 32)),
    "ome-tiff": save_tiff(".ome.tif", ome=True, metadata={}),
    "geotiff": save_tiff(".tif", extratags=[(34735, "H", 4, (1, 1, 0, 0), True)]),
    "zarr 2": save_zarr(2),
    "zarr 3": save_zarr(3),
    "ome-zarr": save_ome_zarr,
}
VOLUMES = {
    **{name: IMAGES[name] for name in ("npy", "npz", "hdf5", "matlab 5", "zarr 3")},
    "tiff pages": save_tiff(".tif"),
    "ome-tiff": save_tiff(".ome.tif", ome=True, metadata={}),
    "nii": save_plain_nifti,
    "nii.gz": save_space("nifti", ".nii.gz"),
    "nrrd": save_space("nrrd", ".nrrd"),
    "nhdr": save_space("nhdr", ".nhdr"),
    "mha": save_meta_image,
    "mhd": save_space("mhd", ".mhd"),
}


def measure(tmp_path, save, predictions, masks, classes):
    """Return the score of two arrays after they were saved in one format."""
    places = []
    for side, array in (("p", predictions), ("t", masks)):
        (tmp_path / side).mkdir(parents=True)
        places.append(save(tmp_path / side / "1", array))
    report = judge(*places, classes)
    if places[0].suffix == ".webp":  # which has no grey images, so that channels are equal
        assert errors(report) == ["colour-predictions", "replicated-grey-masks"]
        return report.verdict.mean_iou_after_all
    assert errors(report) == []
    return report.mean_iou


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_has_one_score_in_all_formats(tmp_path, name):
    score = measure(tmp_path, IMAGES[name], PREDICTIONS, MASKS, 4)
    assert score == measure(tmp_path / "npy", IMAGES["npy"], PREDICTIONS, MASKS, 4)
    assert score == pytest.approx(mean_iou(MASKS, PREDICTIONS, 4), abs=1e-15)


@pytest.mark.parametrize("name", VOLUMES)
def test_a_volume_has_one_score_in_all_formats(tmp_path, name):
    score = measure(tmp_path, VOLUMES[name], PREDICTED_VOLUME, VOLUME, 3)
    assert score == measure(tmp_path / "npy", VOLUMES["npy"], PREDICTED_VOLUME, VOLUME, 3)
    assert score == pytest.approx(mean_iou(VOLUME, PREDICTED_VOLUME, 3), abs=1e-15)


def test_no_format_is_missing(tmp_path):
    suffixes = set()
    for number, save in enumerate((*IMAGES.values(), *VOLUMES.values())):
        (tmp_path / str(number)).mkdir()
        suffixes.add(get_suffix(str(save(tmp_path / str(number) / "1", VOLUME[..., 0]))))
    assert [entry.name for entry in FILE_FORMATS if not suffixes & set(entry.suffixes)] == []
