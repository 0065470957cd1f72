"""Volumes with one file for each class, joined to label maps."""

from __future__ import annotations

import numpy as np
import pytest
from build import mean_iou
from field.arrays import draw_masks, predict
from PIL import Image
from sources.files.test_nrrd_and_mha import save_mha

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.file_repair.run import repair_files
from iou_doctor.sources.opening import open_pair

MASKS = draw_masks((3, 16, 18, 20), 4)
PREDICTIONS = predict(MASKS, 4)
ORGANS = ("kidney_left", "kidney_right", "liver")


def save_classes(folder, labels, names=ORGANS, value=1):
    folder.mkdir(parents=True)
    for number, name in enumerate(names, 1):
        save_mha(folder / name, (labels == number).astype(np.uint8) * np.uint8(value))


def open_two(tmp_path):
    return open_pair(y_true=str(tmp_path / "T"), y_pred=str(tmp_path / "P"))


@pytest.mark.parametrize("value", [1, 255])
def test_one_file_for_each_class_becomes_label_maps(tmp_path, value):
    for number in range(3):
        save_classes(tmp_path / "T" / f"case_{number}", MASKS[number], value=value)
        save_classes(tmp_path / "P" / f"case_{number}", PREDICTIONS[number])
    pair = open_two(tmp_path)
    assert pair.y_true.names == ("case_0", "case_1", "case_2")
    np.testing.assert_array_equal(pair.y_true.read(()), MASKS)
    np.testing.assert_array_equal(pair.y_pred.read(()), PREDICTIONS)
    request = CheckRequest(
        predictions=f"{tmp_path}/P", masks=f"{tmp_path}/T", options=Options(num_classes=4)
    )
    report = check(request)
    assert report.mean_iou == mean_iou(MASKS, PREDICTIONS, 4)
    notes = {note.field: note.value for note in report.reading.assumed}
    assert notes["classes"] == "1 kidney_left, 2 kidney_right, 3 liver"


def test_one_case_alone_is_one_label_map(tmp_path):
    save_classes(tmp_path / "T", MASKS[0])
    save_classes(tmp_path / "P", PREDICTIONS[0])
    np.testing.assert_array_equal(open_two(tmp_path).y_pred.read(()), PREDICTIONS[:1])


def test_numbered_files_are_samples(tmp_path):
    for folder, labels in (("T", MASKS), ("P", PREDICTIONS)):
        save_classes(tmp_path / folder, labels[0], names=("slice_1", "slice_2", "slice_3"))
    assert open_two(tmp_path).y_true.names == ("slice_1", "slice_2", "slice_3")


def test_files_that_overlap_or_hold_several_labels_are_samples(tmp_path):
    for folder, labels in (("T", MASKS), ("P", PREDICTIONS)):
        (tmp_path / folder).mkdir()
        for name, array in zip(("first", "second", "third"), labels, strict=True):
            save_mha(tmp_path / folder / name, array)
    assert open_two(tmp_path).y_true.shape == MASKS.shape
    for folder in ("T", "P"):
        for name in ("first", "second", "third"):
            save_mha(tmp_path / folder / name, np.ones((4, 5, 6), np.uint8))
    assert open_two(tmp_path).y_true.shape == (3, 4, 5, 6)


def test_cases_without_one_of_the_classes_are_samples(tmp_path):
    for number in range(2):
        save_classes(tmp_path / "T" / f"case_{number}", MASKS[number])
        save_classes(tmp_path / "P" / f"case_{number}", PREDICTIONS[number])
    (tmp_path / "T" / "case_1" / "liver.mha").unlink()
    assert len(open_two(tmp_path).y_true.names) == 5


def test_copies_of_both_sides_are_label_maps_that_pair_up(tmp_path):
    for number in range(2):
        save_classes(tmp_path / "T" / f"case_{number}", MASKS[number])
        save_classes(tmp_path / "P" / f"case_{number}", PREDICTIONS[number][:, ::-1])
    request = CheckRequest(
        predictions=f"{tmp_path}/P", masks=f"{tmp_path}/T", options=Options(num_classes=4)
    )
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.report.mean_iou == mean_iou(MASKS[:2], PREDICTIONS[:2], 4)
    assert [len(copy.causes) for copy in done.copies] == [1, 0]
    assert done.unchanged == ()


SCENES = ("background", "car", "road", "sky")


def save_pictures(folder, labels, names=SCENES):
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        Image.fromarray((labels == number).astype(np.uint8) * 255).save(folder / f"{name}.png")


def test_pictures_of_classes_that_cover_all_become_label_maps(tmp_path):
    for number in range(3):
        save_pictures(tmp_path / "T" / f"{number}", MASKS[number, 0])
        save_pictures(tmp_path / "P" / f"{number}", PREDICTIONS[number, 0])
    pair = open_two(tmp_path)
    assert pair.y_true.names == ("0", "1", "2")
    np.testing.assert_array_equal(pair.y_true.read(()), MASKS[:, 0])
    np.testing.assert_array_equal(pair.y_pred.read(()), PREDICTIONS[:, 0])
    notes = {note.field: note.value for note in pair.assumed}
    assert notes["classes"] == "0 background, 1 car, 2 road, 3 sky"
    bare = MASKS[1, 0].copy()
    bare[0] = 9
    for name, mask in zip(SCENES, range(4), strict=True):
        Image.fromarray((bare == mask).astype(np.uint8)).save(tmp_path / "T" / "1" / f"{name}.png")
    assert (open_two(tmp_path).y_true.read(())[1, 0] == 255).all()  # what no class covers


def test_pictures_that_leave_pixels_out_are_views(tmp_path):
    for folder, labels in (("T", MASKS), ("P", PREDICTIONS)):
        for number in range(2):
            save_pictures(tmp_path / folder / f"{number}", labels[number, 0], ("left", "right"))
    names = ("0/left", "0/right", "1/left", "1/right")
    assert open_two(tmp_path).y_true.names == names
