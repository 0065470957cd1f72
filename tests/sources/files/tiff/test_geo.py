"""GeoTIFFs: pixels without data, and places on the map that differ."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from build import errors, found, mean_iou
from field.arrays import draw_masks, predict
from PIL import Image

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import StatedTurn
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.file_repair.run import repair_files
from iou_doctor.sources.opening import open_pair

TRUTH = draw_masks((1, 96, 120), 3, seed=4)[0]
PREDICTED = predict(TRUTH[np.newaxis], 3, seed=5)[0]
SIZE = 0.5
KEYS = (1, 1, 0, 1, 3072, 0, 1, 32633)


def tag(origin=(100.0, 200.0), *, steps=(SIZE, -SIZE), points=False, nodata=None, matrix=False):
    """Return the tags of a GeoTIFF.

    Args:
        origin: x and y of the outer corner of the first pixel.
        steps: by how much x grows to the right, and y downward.
        points: whether the tags hold the centres of pixels.
        nodata: the value of pixels without data.
        matrix: whether to write a transformation, and not a scale.
    """
    if points:
        origin = (origin[0] + steps[0] / 2, origin[1] + steps[1] / 2)
    keys = (*KEYS[:3], 2, *KEYS[4:], 1025, 0, 1, 2 if points else 1)
    tags = [(34735, "H", len(keys), keys, True)]
    if matrix or steps[1] > 0:
        rows = ((steps[0], 0, 0, origin[0]), (0, steps[1], 0, origin[1]), (0,) * 4, (0, 0, 0, 1))
        tags.append((34264, "d", 16, tuple(float(v) for row in rows for v in row), True))
    else:
        tags.append((33550, "d", 3, (steps[0], -steps[1], 0.0), True))
        tags.append((33922, "d", 6, (2.0, 3.0, 0.0, *_move(origin, steps, 3, 2), 0.0), True))
    if nodata is not None:
        tags.append((42113, "s", 0, str(nodata), True))
    return tags


def _move(origin, steps, rows, columns):
    return origin[0] + columns * steps[0], origin[1] + rows * steps[1]


def tag_turned(rows, columns, order, axes):
    """Return the tags of an image that was flipped along axes, and then transposed or not."""
    down, right, origin = np.array([0, -SIZE]), np.array([SIZE, 0]), np.array([100.0, 200.0])
    if 0 in axes:
        origin, down = origin + rows * down, -down
    if 1 in axes:
        origin, right = origin + columns * right, -right
    down, right = (down, right) if order == (0, 1) else (right, down)
    matrix = np.zeros((4, 4))
    matrix[:2, 0], matrix[:2, 1], matrix[:2, 3], matrix[3, 3] = right, down, origin, 1
    return [tag()[0], (34264, "d", 16, tuple(matrix.ravel().tolist()), True)]


def save(path, array, tags=(), **options):
    tifffile.imwrite(path, array, photometric="minisblack", extratags=tags, **options)
    return str(path)


def judge(predictions, masks, num_classes=3, **options):
    options = Options(num_classes=num_classes, **options)
    return check(CheckRequest(predictions=str(predictions), masks=str(masks), options=options))


def list_assumed(report):
    return [(a.field, a.value) for a in report.reading.assumed]


@pytest.mark.parametrize("dtype", ["uint8", "int16"])
@pytest.mark.parametrize("codec", [None, "zlib"])
def test_pixels_without_data_are_ignored(tmp_path, dtype, codec):
    void = TRUTH.astype(dtype)
    nodata = 255 if dtype == "uint8" else -9999
    void[:20] = nodata
    masks = save(tmp_path / "t.tif", void, tag(nodata=nodata), compression=codec)
    np.save(tmp_path / "p.npy", PREDICTED)
    report = judge(tmp_path / "p.npy", masks)
    assert errors(report) == []
    assert report.mean_iou == pytest.approx(mean_iou(TRUTH[20:], PREDICTED[20:], 3))
    assert ("ignore_index", str(nodata)) in list_assumed(report)
    said = judge(tmp_path / "p.npy", masks, ignore_index=nodata)
    assert said.mean_iou == report.mean_iou


@pytest.mark.parametrize(
    "nodata", ["0", "2", "nan", "inf", "1.5", "words", "70000", "-3.4028234663852886e+38"]
)
def test_a_value_without_data_that_is_a_class_is_none(tmp_path, nodata):
    masks = save(tmp_path / "t.tif", TRUTH, tag(nodata=nodata))
    np.save(tmp_path / "p.npy", PREDICTED)
    report = judge(tmp_path / "p.npy", masks)
    assert report.mean_iou == pytest.approx(mean_iou(TRUTH, PREDICTED, 3))
    assert (("ignore_index", "none") in list_assumed(report)) == (nodata in {"0", "2"})


def test_a_copy_in_another_format_is_checked_alike(tmp_path, monkeypatch):
    import iou_doctor.file_repair.writers.suffixes as suffixes

    monkeypatch.setattr(suffixes, "find_spec", lambda _: None)
    void = TRUTH + np.uint8(1)
    void[:20] = 255
    masks = save(tmp_path / "t.tif", void, tag(nodata=255))
    np.save(tmp_path / "p.npy", PREDICTED)
    request = CheckRequest(
        predictions=f"{tmp_path}/p.npy", masks=masks, options=Options(num_classes=3)
    )
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.masks.endswith("t.png")
    assert 'pip install "iou-doctor[tiff]"` keeps its tags' in done.copies[0].unkept[0]
    assert done.report.mean_iou == pytest.approx(mean_iou(TRUTH[20:], PREDICTED[20:], 3))


@pytest.mark.parametrize("matrix", [True, False])
@pytest.mark.parametrize("points", [True, False])
def test_one_place_in_several_forms_is_one(tmp_path, matrix, points):
    masks = save(tmp_path / "t.tif", TRUTH, tag())
    preds = save(tmp_path / "p.tif", PREDICTED, tag(matrix=matrix, points=points))
    pair = open_pair(y_true=masks, y_pred=preds)
    assert (pair.stated_turn, pair.stated_offset) == (None, None)
    assert errors(judge(preds, masks)) == []


@pytest.mark.parametrize(
    ("axes", "origin", "steps"),
    [
        ((0,), (100.0, 152.0), (SIZE, SIZE)),
        ((1,), (160.0, 200.0), (-SIZE, -SIZE)),
        ((0, 1), (160.0, 152.0), (-SIZE, SIZE)),
    ],
)
def test_a_flip_that_the_map_states_is_found_and_repaired(tmp_path, axes, origin, steps):
    masks = save(tmp_path / "t.tif", TRUTH, tag())
    preds = save(
        tmp_path / "p.tif", np.flip(PREDICTED, axes), tag(origin, steps=steps, matrix=True)
    )
    assert open_pair(y_true=masks, y_pred=preds).stated_turn == StatedTurn((0, 1), axes)
    report = judge(preds, masks)
    assert errors(report) == ["flipped-samples"]
    assert "the places on the map" in found(report, "flipped-samples").evidence
    request = CheckRequest(predictions=preds, masks=masks, options=Options(num_classes=3))
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.report.mean_iou == pytest.approx(mean_iou(TRUTH, PREDICTED, 3))
    pair = open_pair(y_true=masks, y_pred=done.predictions)
    assert pair.stated_turn is None  # the copy lies like its mask


@pytest.mark.parametrize("axes", [(), (0,), (0, 1)])
@pytest.mark.parametrize("size", [(96, 120), (96, 96)])
def test_a_transposition_that_the_map_states_is_found_and_repaired(tmp_path, size, axes):
    rows, columns = size
    truth, predicted = TRUTH[:, :columns], PREDICTED[:, :columns]
    masks = save(tmp_path / "t.tif", truth, tag())
    turned = np.flip(predicted, axes).T
    preds = save(tmp_path / "p.tif", turned, tag_turned(rows, columns, (1, 0), axes))
    stated = open_pair(y_true=masks, y_pred=preds).stated_turn
    np.testing.assert_array_equal(
        np.flip(turned.transpose(stated.order), stated.flipped), predicted
    )
    report = judge(preds, masks)
    rule = "height-width-swapped" if rows != columns or not axes else "flipped-samples"
    assert rule in errors(report)
    assert "the places on the map" in found(report, rule).evidence
    request = CheckRequest(predictions=preds, masks=masks, options=Options(num_classes=3))
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.report.mean_iou == pytest.approx(mean_iou(truth, predicted, 3))
    assert open_pair(y_true=masks, y_pred=done.predictions).stated_turn is None


@pytest.mark.parametrize("offset", [(5, 0), (-3, 7), (20, 0)])
def test_a_shift_that_the_map_states_is_found(tmp_path, offset):
    masks = save(tmp_path / "t.tif", TRUTH, tag())
    rows, columns = offset
    moved = np.roll(PREDICTED, (-rows, -columns), (0, 1))
    origin = _move((100.0, 200.0), (SIZE, -SIZE), rows, columns)
    preds = save(tmp_path / "p.tif", moved, tag(origin))
    assert open_pair(y_true=masks, y_pred=preds).stated_offset == offset
    report = judge(preds, masks)
    finding = found(report, "shifted-predictions")
    assert "the places on the map" in finding.evidence
    assert (finding.facts["rows"], finding.facts["columns"]) == (-rows, -columns)
    request = CheckRequest(predictions=preds, masks=masks, options=Options(num_classes=3))
    done = repair_files(request, output_dir=tmp_path / "out", unsafe=True)
    assert open_pair(y_true=masks, y_pred=done.predictions).stated_offset is None


def test_a_place_that_is_wrong_is_no_fault(tmp_path):
    masks = save(tmp_path / "t.tif", TRUTH, tag())
    for origin, steps in (((100.0, 152.0), (SIZE, SIZE)), ((104.0, 200.0), (SIZE, -SIZE))):
        preds = save(tmp_path / "p.tif", PREDICTED, tag(origin, steps=steps))
        report = judge(preds, masks)
        notes = [a.why for a in report.reading.assumed if a.field == "orientation"]
        how = "a flip, a turn or a shift"
        assert notes == [
            f"the places on the map of all predictions differ from those of their masks by {how}"
        ]
        assert errors(report) == []
        assert not any(f.rule.name == "shifted-predictions" for f in report.findings)


def test_predictions_of_another_place_are_named(tmp_path):
    for folder, array in (("T", TRUTH), ("P", PREDICTED)):
        (tmp_path / folder).mkdir()
        for number, east in enumerate((100.0, 400.0 if folder == "T" else 700.0)):
            save(tmp_path / folder / f"{number}.tif", array, tag((east, 200.0)))
    report = judge(tmp_path / "P", tmp_path / "T")
    notes = [a.why for a in report.reading.assumed if a.field == "pairing"]
    assert notes == ["these predictions lie elsewhere on the map than their masks: `1`"]


def test_masks_of_floats_may_have_the_usual_value_without_data_of_floats(tmp_path):
    masks = save(
        tmp_path / "t.tif", TRUTH.astype(np.float32), tag(nodata="-3.4028234663852886e+38")
    )
    report = judge(save(tmp_path / "p.tif", PREDICTED), masks)
    assert "ignore_index" not in dict(list_assumed(report))
    assert errors(report) == []


@pytest.mark.filterwarnings("error")
def test_places_too_far_for_floats_say_nothing(tmp_path):
    masks = save(tmp_path / "t.tif", TRUTH, tag((1e308, 1e308), steps=(1e307, -1e307)))
    preds = save(tmp_path / "p.tif", PREDICTED, tag((-1e308, 1e308), steps=(1e307, -1e307)))
    pair = open_pair(y_true=masks, y_pred=preds)
    assert (pair.stated_turn, pair.stated_offset, pair.assumed) == (None, None, ())


@pytest.mark.parametrize("code", [33550, 33922, 34264, 34735, 42113])
def test_tags_that_are_damaged_say_nothing(tmp_path, code):
    tags = [(code, "d", 2, (1.0, float("nan")), True)]
    masks = save(tmp_path / "t.tif", TRUTH, [*tags, *(t for t in tag() if t[0] != code)])
    with Image.open(masks) as image:
        assert code in image.tag_v2
    preds = save(tmp_path / "p.tif", PREDICTED, tag())
    pair = open_pair(y_true=masks, y_pred=preds)
    assert (pair.stated_turn, pair.stated_offset) == (None, None)
