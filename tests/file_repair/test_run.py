"""Repaired copies: what is written, in every format, and that inputs stay as they are."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
from build import mean_iou, noisy, one_hot, probabilities, scene, sigmoid
from file_repair.writers.formats import read
from numpy.typing import NDArray
from PIL import Image

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import OutputError, UsageError
from iou_doctor.file_repair.run import RepairedFiles, repair_files
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Severity

SAMPLES = Path(__file__).parents[2] / "sample_data"
Array = NDArray[Any]
TRUTH = scene(1)
PREDICTED = noisy(TRUTH, 2)
PROBABILITIES = probabilities(PREDICTED, 3, classes=3)
CLEAN = mean_iou(TRUTH, PREDICTED, 3)


def repair(
    y_true: str | Path,
    y_pred: str | Path,
    output_dir: Path,
    *,
    classes: int | None = 3,
    **more: Any,
) -> RepairedFiles:
    words = {
        name: more.pop(name)
        for name in ("layout", "ignore_index", "predictions_as")
        if name in more
    }
    asked = {name: more.pop(name) for name in ("metric", "selection") if name in more}
    request = CheckRequest(
        masks=str(y_true),
        predictions=str(y_pred),
        options=Options(num_classes=classes, **words),
        **asked,
    )
    return repair_files(request, output_dir=output_dir, **more)


def save(folder: Path, *, masks: Array, preds: Array) -> tuple[Path, Path]:
    np.save(folder / "masks.npy", masks)
    np.save(folder / "preds.npy", preds)
    return folder / "masks.npy", folder / "preds.npy"


def save_images(folder: Path, array: Array, ending: str = "", suffix: str = ".png") -> Path:
    folder.mkdir(parents=True)
    for index, image in enumerate(array):
        Image.fromarray(image).save(folder / f"frame{index}{ending}{suffix}")
    return folder


def list_files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def read_all(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in list_files(folder)}


@pytest.mark.parametrize(
    ("name", "classes", "new", "score"),
    [
        ("masks_0_255", 2, ["masks.npy"], 0.8532),
        ("sigmoid", 2, ["preds.npy"], 0.8532),
        ("unargmaxed_one_hot", 3, ["masks.npy", "preds.npy"], 0.8604),
        ("height_width_swapped", 3, ["preds.npy"], 0.8604),
        ("channels_first", 3, ["preds.npy"], 0.8604),
        ("integer_masks_dense_predictions", 3, ["preds.npy"], 0.8604),
    ],
)
def test_each_faulty_sample_is_healthy_afterwards(tmp_path, name, classes, new, score):
    folder = SAMPLES / name
    before = read_all(folder)
    result = repair(folder / "masks.npy", folder / "preds.npy", tmp_path, classes=classes)
    assert list_files(tmp_path) == new
    assert read_all(folder) == before
    assert not result.report.fails_at(Severity.WARNING)
    value = result.report.metric.value
    assert value is not None
    assert round(value, 4) == score
    assert result.report.mean_iou == pytest.approx(value)


def test_a_healthy_pair_is_left_alone(tmp_path):
    folder = SAMPLES / "healthy"
    result = repair(folder / "masks.npy", folder / "preds.npy", tmp_path / "out")
    assert result.copies == ()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("inner", "axis"), [((12, 18), None), ((12, 18, 1), 3), ((1, 12, 18), 1)])
def test_labels_get_the_shape_of_the_masks(tmp_path, inner, axis):
    scores = PROBABILITIES if axis != 1 else np.moveaxis(PROBABILITIES, -1, 1)
    masks, preds = save(tmp_path, masks=TRUTH.reshape(-1, *inner), preds=scores)
    result = repair(masks, preds, tmp_path / "out")
    new = np.load(tmp_path / "out" / "preds.npy")
    assert new.dtype == np.uint8
    assert new.shape == (2, *inner)
    assert (new.reshape(PREDICTED.shape) == PREDICTED).all()
    assert result.report.metric.value == pytest.approx(CLEAN)


def test_a_pair_without_a_sample_axis_stays_without_one(tmp_path):
    masks, preds = save(tmp_path, masks=TRUTH[0], preds=np.moveaxis(PROBABILITIES[0], -1, 0))
    repair(masks, preds, tmp_path / "out")
    assert (np.load(tmp_path / "out" / "preds.npy") == PREDICTED[0]).all()


def test_samples_that_have_no_partner_are_repaired_too(tmp_path):
    masks, preds = save(tmp_path, masks=TRUTH[:1], preds=PROBABILITIES)
    repair(masks, preds, tmp_path / "out", layout="NHWC")
    assert np.load(tmp_path / "out" / "preds.npy").shape == PREDICTED.shape


def test_a_layout_that_was_named_is_updated_for_the_result(tmp_path):
    masks, preds = save(tmp_path, masks=TRUTH, preds=np.moveaxis(PROBABILITIES, -1, 1))
    result = repair(masks, preds, tmp_path / "out", layout="NCHW,NHW")
    assert result.report.reading.layout.y_pred.letters == "NHW"
    assert result.report.metric.value == pytest.approx(CLEAN)


@pytest.mark.parametrize("predictions_as", [None, Encoding.PROBABILITIES])
def test_permuted_channels_stay_channels_under_a_layout_that_was_named(tmp_path, predictions_as):
    permuted = np.roll(PROBABILITIES, 1, axis=-1)
    masks, preds = save(tmp_path, masks=one_hot(TRUTH, 3), preds=permuted)
    result = repair(
        masks,
        preds,
        tmp_path / "out",
        layout="NHWC,NHWC",
        predictions_as=predictions_as,
        metric="keras.metrics.OneHotMeanIoU(num_classes=3)",
    )
    assert (np.load(tmp_path / "out" / "preds.npy") == PROBABILITIES).all()
    assert result.report.reading.layout.y_pred.letters == "NHWC"
    assert result.report.reading.y_pred is Encoding.PROBABILITIES
    assert result.report.metric.value == pytest.approx(CLEAN)


def test_masks_become_one_hot_for_a_metric_that_argmaxes_them(tmp_path):
    masks, preds = save(tmp_path, masks=TRUTH[..., np.newaxis], preds=PROBABILITIES)
    result = repair(
        masks, preds, tmp_path / "out", metric="keras.metrics.OneHotMeanIoU(num_classes=3)"
    )
    assert (np.load(tmp_path / "out" / "masks.npy") == one_hot(TRUTH, 3)).all()
    assert result.report.metric.value == pytest.approx(CLEAN)
    assert result.unchanged == (str(preds),)


def test_pixels_without_a_class_stay_out_of_the_score(tmp_path):
    encoded = one_hot(TRUTH, 3)
    encoded[:, :4] = 0
    masks, preds = save(tmp_path, masks=encoded, preds=PROBABILITIES)
    result = repair(masks, preds, tmp_path / "out")
    new = np.load(tmp_path / "out" / "masks.npy")
    assert (new[:, :4] == 255).all()
    assert (new[:, 4:] == TRUTH[:, 4:]).all()
    assert result.report.mean_iou == pytest.approx(mean_iou(TRUTH[:, 4:], PREDICTED[:, 4:], 3))
    assert not result.report.verdict.sick


def test_a_nan_prediction_does_not_become_a_healthy_label(tmp_path):
    scores = PROBABILITIES.copy()
    scores[0, 0, 0, 1] = np.nan
    masks, preds = save(tmp_path, masks=TRUTH, preds=scores)
    result = repair(masks, preds, tmp_path / "out")
    assert np.load(tmp_path / "out" / "preds.npy")[0, 0, 0] == 255
    assert result.report.verdict.sick


def test_missing_values_become_the_ignore_label(tmp_path):
    truth = TRUTH.astype(np.float16)
    truth[0, 0, :3] = np.nan
    masks, preds = save(tmp_path, masks=truth, preds=PREDICTED)
    repair(masks, preds, tmp_path / "out")
    new = np.load(tmp_path / "out" / "masks.npy")
    assert (new[0, 0, :3] == 255).all()
    assert (new[0, 1:] == TRUTH[0, 1:]).all()


def test_members_of_one_npz_go_to_one_npz(tmp_path):
    np.savez(tmp_path / "run.npz", y=one_hot(TRUTH, 3), p=PROBABILITIES)
    place = f"{tmp_path}/run.npz"
    result = repair(f"{place}::y", f"{place}::p", tmp_path / "out")
    with np.load(tmp_path / "out" / "run.npz") as archive:
        assert (archive["y"] == TRUTH).all()
        assert (archive["p"] == PREDICTED).all()
    assert result.masks == f"{tmp_path}/out/run.npz::y"
    assert result.report.metric.value == pytest.approx(CLEAN)


def test_a_data_set_keeps_its_name(tmp_path):
    with h5py.File(tmp_path / "run.h5", "w") as file:
        file["val/masks"] = TRUTH
        file["val/softmax"] = PROBABILITIES
    place = f"{tmp_path}/run.h5"
    result = repair(f"{place}::/val/masks", f"{place}::/val/softmax", tmp_path / "out")
    assert (read(result.predictions) == PREDICTED).all()
    with h5py.File(tmp_path / "out" / "run.h5") as file:
        assert list(file["val"]) == ["softmax"]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_a_folder_of_images_becomes_one_of_images(tmp_path, suffix):
    truth = scene(1, classes=2)
    predicted = noisy(truth, 2, classes=2)
    masks = save_images(tmp_path / "in" / "masks", truth * np.uint8(255), "_gt", suffix)
    preds = save_images(tmp_path / "in" / "preds", predicted)
    before = read_all(tmp_path / "in")
    result = repair(masks, preds, tmp_path / "out", classes=2)
    assert list_files(tmp_path / "out") == [
        f"masks/frame{number}_gt{'.tif' if suffix == '.tif' else '.png'}" for number in range(2)
    ]
    assert (read(tmp_path / "out" / "masks") == truth).all()
    assert result.report.metric.value == pytest.approx(mean_iou(truth, predicted, 2))
    assert read_all(tmp_path / "in") == before


def test_images_of_different_sizes_and_without_partners(tmp_path):
    truth = [scene(seed, samples=1, width=10 + seed, classes=2)[0] for seed in range(3)]
    masks = save_images(tmp_path / "masks", [image * np.uint8(255) for image in truth])
    preds = save_images(tmp_path / "preds", truth[:2])
    result = repair(masks, preds, tmp_path / "out", classes=2)
    assert list_files(tmp_path / "out") == ["masks/frame0.png", "masks/frame1.png"]
    assert result.copies[0].left_out == ("frame2",)
    assert result.report.metric.value == 1.0


def test_inputs_of_the_same_name_are_kept_apart(tmp_path):
    for side, array in (("p", PROBABILITIES), ("m", one_hot(TRUTH, 3))):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "test.npy", array)
    repair(tmp_path / "m" / "test.npy", tmp_path / "p" / "test.npy", tmp_path / "out")
    assert list_files(tmp_path / "out") == ["masks/test.npy", "predictions/test.npy"]
    assert (np.load(tmp_path / "out" / "masks" / "test.npy") == TRUTH).all()


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_written_over(tmp_path, overwrite):
    masks, preds = save(tmp_path, masks=TRUTH, preds=PROBABILITIES)
    before = read_all(tmp_path)
    with pytest.raises(UsageError, match="is never changed"):
        repair(masks, preds, tmp_path, overwrite=overwrite)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "preds.npy").hardlink_to(preds)
    with pytest.raises(UsageError, match="is never changed"):
        repair(masks, preds, tmp_path / "out", overwrite=overwrite)
    (tmp_path / "out" / "preds.npy").unlink()
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="is never changed"):
        repair(masks, preds, tmp_path / "link", overwrite=overwrite)
    assert read_all(tmp_path) == before


def test_a_folder_that_holds_an_input_is_not_replaced(tmp_path):
    masks = save_images(tmp_path / "in" / "masks", scene(1, classes=2) * np.uint8(255))
    preds = save_images(tmp_path / "out" / "masks" / "deep", scene(1, classes=2))
    with pytest.raises(UsageError, match="is never changed"):
        repair(masks, preds, tmp_path / "out", classes=2, overwrite=True)


def test_an_earlier_output_is_replaced_only_on_request(tmp_path):
    masks, preds = save(tmp_path, masks=TRUTH, preds=PROBABILITIES)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "preds.npy").write_text("old")
    with pytest.raises(UsageError, match="exists; add --overwrite"):
        repair(masks, preds, tmp_path / "out")
    assert (tmp_path / "out" / "preds.npy").read_text() == "old"
    repair(masks, preds, tmp_path / "out", overwrite=True)
    assert list_files(tmp_path / "out") == ["preds.npy"]
    assert (np.load(tmp_path / "out" / "preds.npy") == PREDICTED).all()


def test_a_folder_with_other_files_is_not_replaced(tmp_path):
    masks = save_images(tmp_path / "in" / "masks", scene(1, classes=2) * np.uint8(255))
    preds = save_images(tmp_path / "in" / "preds", scene(1, classes=2))
    (tmp_path / "out" / "masks").mkdir(parents=True)
    (tmp_path / "out" / "masks" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds `thesis.txt`"):
        repair(masks, preds, tmp_path / "out", classes=2, overwrite=True)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_nothing_is_left_of_a_run_that_broke_off(tmp_path, monkeypatch, error, raised):
    masks, preds = save(tmp_path, masks=one_hot(TRUTH, 3), preds=PROBABILITIES)
    before = read_all(tmp_path)
    apply = Argmax.apply
    calls: Iterator[int] = iter(range(10))

    def break_once(step: Argmax, values: Array, *, spatial: int) -> Array:
        if step.side is Side.MASKS and next(calls) == 1:
            raise error
        return apply(step, values, spatial=spatial)

    monkeypatch.setattr(Argmax, "apply", break_once)
    with pytest.raises(raised):
        repair(masks, preds, tmp_path / "out")
    assert read_all(tmp_path) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", [None, "NHW,HW"])
def test_a_superfluous_sample_axis_goes_where_axes_are_put_in_order(tmp_path, layout):
    masks, preds = save(tmp_path, masks=TRUTH[0], preds=PREDICTED[:1])
    repair(masks, preds, tmp_path / "out", layout=layout)
    assert np.load(tmp_path / "out" / "preds.npy").shape == (12, 18)


@pytest.mark.parametrize("layout", ["HW,NHW", "HWC,NHW"])
def test_one_image_beside_one_array(tmp_path, layout):
    truth = scene(1, classes=2)[0]
    Image.fromarray(truth * np.uint8(255)).save(tmp_path / "masks.bmp")
    np.save(tmp_path / "preds.npy", truth if layout[2] == "," else truth[..., np.newaxis])
    result = repair(
        tmp_path / "masks.bmp", tmp_path / "preds.npy", tmp_path / "out", classes=2, layout=layout
    )
    assert "masks.png" in list_files(tmp_path / "out")
    assert (read(tmp_path / "out" / "masks.png")[0] == truth).all()
    assert result.report.metric.value == 1.0


def test_an_image_of_scores_becomes_one_of_labels(tmp_path):
    colours = np.eye(3, dtype=np.uint8)[TRUTH]
    masks = save_images(tmp_path / "masks", colours)
    np.save(tmp_path / "preds.npy", PREDICTED[..., np.newaxis])
    result = repair(masks, tmp_path / "preds.npy", tmp_path / "out")
    assert (read(tmp_path / "out" / "masks") == TRUTH).all()
    assert result.report.metric.value == pytest.approx(CLEAN)


def test_the_number_of_classes_is_kept_when_the_channels_are_gone(tmp_path):
    truth = TRUTH.clip(max=1)
    scores = probabilities(PREDICTED.clip(max=1), 3, classes=3)
    masks, preds = save(tmp_path, masks=truth, preds=scores)
    result = repair(masks, preds, tmp_path / "out", classes=None)
    assert result.report.reading.num_classes == 3


def test_an_encoding_that_was_named_does_not_hold_for_the_result(tmp_path):
    masks, preds = save(tmp_path, masks=TRUTH, preds=PROBABILITIES)
    named = Options(num_classes=3, predictions_as=Encoding.LOGITS)
    request = CheckRequest(masks=str(masks), predictions=str(preds), options=named)
    result = repair_files(request, output_dir=tmp_path / "out")
    assert result.report.reading.y_pred is Encoding.LABELS
    assert result.report.metric.value == pytest.approx(CLEAN)


def test_nothing_is_written_into_a_folder_of_inputs(tmp_path):
    masks = save_images(tmp_path / "masks", scene(1, classes=2) * np.uint8(255))
    preds = save_images(tmp_path / "preds", scene(1, classes=2))
    with pytest.raises(UsageError, match="is never changed"):
        repair(masks, preds, preds, classes=2)
    assert list_files(preds) == ["frame0.png", "frame1.png"]


def test_a_threshold_gives_scores_that_are_nan_a_label_of_their_own(tmp_path):
    truth = scene(1, classes=2)
    scores = sigmoid(truth, 3)
    scores[0, 0, 0] = np.nan
    masks, preds = save(tmp_path, masks=truth, preds=scores)
    repair(masks, preds, tmp_path / "out", classes=2)
    new = np.load(tmp_path / "out" / "preds.npy")
    assert new[0, 0, 0] == 255
    assert (new[0, 1:] == truth[0, 1:]).all()


@pytest.mark.parametrize("form", ["npy", "npz", "h5"])
@pytest.mark.parametrize("way", ["folder", "pattern", "name"])
def test_a_folder_of_arrays_becomes_one(tmp_path, form, way):
    for side, arrays in (("masks", TRUTH), ("preds", PROBABILITIES)):
        for number, array in enumerate(arrays):
            file = tmp_path / side / f"case{number}" / f"x.{form}"
            file.parent.mkdir(parents=True)
            if form == "npy":
                np.save(file, array)
            elif form == "npz":
                np.savez(file, scores=array)
            else:
                with h5py.File(file, "w") as stream:
                    stream["scores"] = array
    if way == "name" and form == "npy":
        pytest.skip("a .npy file holds no names")
    ending = {"folder": "", "pattern": f"/*/*.{form}", "name": "::scores"}[way]
    done = repair(f"{tmp_path}/masks{ending}", f"{tmp_path}/preds{ending}", tmp_path / "out")
    assert done.predictions == f"{tmp_path}/out/preds" + "::scores" * (way == "name")
    np.testing.assert_array_equal(read(done.predictions), PREDICTED)
    assert {path.name for path in (tmp_path / "out" / "preds").iterdir()} == {"case0", "case1"}
    assert done.report.mean_iou == pytest.approx(CLEAN)
    if form != "npy":
        assert read(f"{tmp_path}/out/preds/case0/x.{form}::scores").shape == TRUTH[0].shape
    with pytest.raises(UsageError, match="never changed"):
        repair(f"{tmp_path}/masks{ending}", f"{tmp_path}/preds{ending}", tmp_path, overwrite=True)


def test_arrays_of_a_format_that_is_not_written_become_npy(tmp_path):
    scipy.io.savemat(tmp_path / "both.mat", {"masks": TRUTH, "preds": PROBABILITIES})
    done = repair(f"{tmp_path}/both.mat::masks", f"{tmp_path}/both.mat::preds", tmp_path / "out")
    assert done.predictions == str(tmp_path / "out" / "predictions" / "both.npy")
    np.testing.assert_array_equal(read(done.predictions), PREDICTED)
    assert done.report.mean_iou == pytest.approx(CLEAN)


@pytest.mark.parametrize("side", ["preds", "masks", "both"])
def test_copies_of_listed_files_are_a_folder_and_pair_up(tmp_path, side):
    (tmp_path / "lists").mkdir()
    lines = []
    masks = one_hot(TRUTH, 3) if side in {"masks", "both"} else TRUTH
    preds = PROBABILITIES if side in {"preds", "both"} else PREDICTED
    for mask, scores, names in zip(masks, preds, ("ax", "yb"), strict=False):
        np.save(tmp_path / f"m_{names[0]}.npy", mask)
        np.save(tmp_path / f"p_{names[1]}.npy", scores)
        lines.append(f"../p_{names[1]}.npy,../m_{names[0]}.npy")
    listed = tmp_path / "lists" / "pairs.csv"
    listed.write_text("\n".join(lines))
    done = repair(listed, listed, tmp_path / "lists" / "out")
    assert done.report.mean_iou == pytest.approx(CLEAN)
    written = {path.parent for path in (tmp_path / "lists" / "out").rglob("*.npy")}
    assert all(folder.parts[-1] == "pairs" for folder in written)
    assert len(list(tmp_path.glob("*.npy"))) == 4
