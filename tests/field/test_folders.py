"""Folders as data sets and tools leave them: what is read, and what the refusal of others says."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pytest
import scipy.io
from build import errors, found, mean_iou
from PIL import Image

from field.arrays import draw_masks, predict
from field.test_reading import (
    MASKS,
    PREDICTIONS,
    SAVERS,
    check_read,
    judge,
    refuse,
    save_folder,
    save_npy,
)

COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
NAMES = ("a_0", "a_1", "b_0", "b_1")


def save_predictions(folder):
    return save_folder(folder / "preds", PREDICTIONS, NAMES)


def save_masks(folder, form, arrays=MASKS):
    """Save masks under names that `form` makes of the city and the name of each."""
    names = [form.format(city=name[0], name=name) for name in NAMES]
    return save_folder(folder / "masks", arrays, names)


def save_colours_beside(folder):
    """Save label maps and pictures of them in one folder, as Cityscapes has them."""
    save_masks(folder, "{city}/{name}_color", COLOURS[MASKS])
    save_masks(folder, "{city}/{name}_instanceIds", MASKS.astype(np.uint16))
    return save_masks(folder, "{city}/{name}_labelIds")


def save_images_beside(folder):
    """Save masks and images in subfolders, as LoveDA has them."""
    save_masks(folder, "{city}/images_png/{name}", COLOURS[MASKS])
    return save_masks(folder, "{city}/masks_png/{name}")


def save_under_an_image(folder):
    """Save the masks in a subfolder of the images, as TotalSegmentator has them."""
    save_masks(folder, "{city}/ct", COLOURS[MASKS])
    return save_masks(folder, "{city}/segmentations/{name}")


def save_two_readers(folder):
    """Save two masks of each image, as CHASE DB1 has them."""
    save_masks(folder, "{name}_1stHO")
    return save_masks(folder, "{name}_2ndHO")


def save_two_folders(folder):
    """Save two kinds of masks in folders of one side, as the Cell Tracking Challenge has them."""
    save_masks(folder, "SEG/{name}", MASKS)
    return save_masks(folder, "TRA/{name}", MASKS)


@pytest.mark.parametrize(
    ("save", "pattern"),
    [
        (save_colours_beside, "_labelIds.png"),
        (save_images_beside, "masks_png/*"),
        (save_under_an_image, "segmentations/*"),
        (save_two_readers, "_1stHO.png"),
        (save_two_folders, "SEG/*"),
    ],
)
def test_the_pattern_that_a_refusal_names_reads_the_files(tmp_path, save, pattern):
    preds, masks = save_predictions(tmp_path), save(tmp_path)
    patterns = re.findall(r"'([^']+)'", refuse(preds, masks))
    (wanted,) = (one for one in patterns if one.endswith(pattern))
    check_read(preds, wanted)


def test_files_of_two_formats_are_told_apart_by_a_pattern(tmp_path):
    preds = save_predictions(tmp_path)
    masks = save_masks(tmp_path, "{name}")
    save_folder(masks, MASKS, NAMES, save_npy)
    assert f"'{masks}/**/*.npy' or '{masks}/**/*.png'" in refuse(preds, masks)
    check_read(preds, f"{masks}/**/*.png")
    save_folder(masks, MASKS, NAMES, SAVERS["tif"])
    assert f"a pattern: '{masks}/**/*.tif'" in refuse(preds, masks)


def test_subfolders_that_are_not_read_are_listed(tmp_path):
    save_masks(tmp_path, "overlays/{name}")
    report = check_read(save_predictions(tmp_path), save_masks(tmp_path, "{name}"))
    assert [a.why for a in report.reading.assumed if a.field == "masks.files"] == [
        "most files of the folder; not read: overlays/"
    ]


def test_a_folder_of_masks_and_predictions_is_no_pair_of_folders(tmp_path):
    save_folder(tmp_path, PREDICTIONS, [f"{name}_pred" for name in NAMES])
    save_folder(tmp_path, MASKS, [f"{name}_gt" for name in NAMES])
    message = refuse(tmp_path, tmp_path)
    assert f"'{tmp_path}/**/*_gt.png' and '{tmp_path}/**/*_pred.png'" in message
    check_read(f"{tmp_path}/*_pred.png", f"{tmp_path}/*_gt.png")


def save_file(name, content):
    def save(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return save


def save_zip(folder):
    with zipfile.ZipFile(folder / "masks.zip", "w") as archive:
        archive.writestr("a.png", b"")


def save_struct(folder):
    scipy.io.savemat(folder / "gt.mat", {"GTcls": {"Segmentation": MASKS[0]}})


def save_cells(folder):
    cells = np.empty((1, 2), object)
    cells[0, :] = list(MASKS[:2])
    scipy.io.savemat(folder / "gt.mat", {"groundTruth": cells})


def save_numbered(folder):
    np.savez(folder / "masks.npz", *MASKS)


DICOM = b"\0" * 128 + b"DICM\2\0\0\0"


@pytest.mark.parametrize(
    ("save", "place", "sentence"),
    [
        (save_file("T/series/0.dcm", DICOM), "T", "it is a DICOM file"),
        (save_file("T/IM0001", DICOM), "T", "it is a DICOM file"),
        (save_file("T/a.xml", b"<xml/>"), "T", "no images or arrays, only .xml files"),
        (save_file("val.txt", b"2007_000033\n2007_000042\n"), "val.txt", "its lines are names"),
        (save_file("m.tar.gz", b"\x1f\x8b\x08"), "m.tar.gz", "it is an archive; unpack it"),
        (save_zip, "masks.zip", "unpack it if it holds images"),
        (save_file("m.mp4", b"\0\0\0 ftyp"), "m.mp4", "save each frame as a .png"),
        (save_struct, "gt.mat", "scipy.io.loadmat(FILE)['GTcls'][0, 0]['FIELD']"),
        (save_cells, "gt.mat", "np.stack(scipy.io.loadmat(FILE)['groundTruth'].ravel())"),
        (save_numbered, "masks.npz", "save them as one array with `np.stack`"),
    ],
)
def test_what_is_not_read_is_refused_with_what_would_work(tmp_path, save, place, sentence):
    np.save(tmp_path / "preds.npy", PREDICTIONS)
    save(tmp_path)
    assert sentence in refuse(tmp_path / "preds.npy", tmp_path / place)


def test_a_stack_of_matlab_beside_a_folder_has_its_images_along_the_last_axis(tmp_path):
    scipy.io.savemat(tmp_path / "p.mat", {"p": PREDICTIONS.transpose(1, 2, 0)})
    scipy.io.savemat(tmp_path / "t.mat", {"t": MASKS.transpose(1, 2, 0)})
    report = check_read(save_predictions(tmp_path), tmp_path / "t.mat")
    assert ("masks.sample_axis", "2") in [(a.field, a.value) for a in report.reading.assumed]
    check_read(tmp_path / "p.mat", save_masks(tmp_path, "{name}"))


def test_an_array_with_its_images_along_the_last_axis_is_transposed(tmp_path):
    masks = draw_masks((6, 60, 80), 3)
    predictions = predict(masks, 3)
    np.save(tmp_path / "p.npy", predictions.transpose(1, 2, 0))
    save_folder(tmp_path / "T", masks, "abcdef")
    report = judge(tmp_path / "p.npy", tmp_path / "T", 3)
    assert errors(report) == ["axes-permuted"]
    score = mean_iou(masks, predictions, 3)
    assert found(report, "axes-permuted").repair.mean_iou_after == pytest.approx(score)


def test_lists_with_files_of_two_kinds_name_no_pattern(tmp_path):
    save_folder(tmp_path, PREDICTIONS, NAMES)
    Image.fromarray(COLOURS[MASKS[0]]).save(tmp_path / "x_rgb.png")
    (tmp_path / "t.txt").write_text("a_0.png\nx_rgb.png\n")
    (tmp_path / "p.txt").write_text("a_0.png\na_1.png\n")
    assert refuse(tmp_path / "p.txt", tmp_path / "t.txt").endswith("with a pattern or a list")
