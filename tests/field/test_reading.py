"""Files that people have: folders of arrays, nested folders, names that differ, other formats."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import scipy.io
import tifffile
from build import errors, found, mean_iou
from PIL import Image

from field.arrays import draw_masks, predict
from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import IouDoctorError, ReadingError, SourceError

MASKS = draw_masks((4, 60, 80), 4)
PREDICTIONS = predict(MASKS, 4)
SCORE = mean_iou(MASKS, PREDICTIONS, 4)


def judge(predictions, masks, num_classes=4):
    """Return the report on two paths."""
    options = Options(num_classes=num_classes)
    return check(CheckRequest(predictions=str(predictions), masks=str(masks), options=options))


def refuse(predictions, masks):
    """Return the one line that refuses two paths."""
    with pytest.raises(IouDoctorError) as caught:
        judge(predictions, masks)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def check_read(predictions, masks, score=SCORE):
    """Assert that two paths are read as pairs without an error, and return the report."""
    report = judge(predictions, masks)
    assert errors(report) == []
    assert report.mean_iou == pytest.approx(score, abs=1e-12)
    return report


def save_npy(path, array):
    np.save(path.with_suffix(".npy"), array)


def save_npz(path, array):
    np.savez_compressed(path.with_suffix(".npz"), array)


def save_hdf5(path, array):
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file["labels"] = array


def save_image(suffix):
    def save(path, array):
        Image.fromarray(array).save(path.parent / f"{path.name}{suffix}")

    return save


def save_mat(path, array):
    scipy.io.savemat(path.with_suffix(".mat"), {"labels": array}, do_compression=True)


def save_mat_7_3(path, array):
    """Save as MATLAB does, with the axes in the opposite order."""
    file = path.with_suffix(".mat")
    with h5py.File(file, "w", userblock_size=512) as stream:
        stream["labels"] = array.T
        stream["labels"].attrs["MATLAB_class"] = np.bytes_("uint8")
    with file.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + b"\0" * 8 + b"\0\2IM")


SAVERS = {
    "npy": save_npy,
    "npz": save_npz,
    "hdf5": save_hdf5,
    "png": save_image(".png"),
    "tif": save_image(".tif"),
    "gif": save_image(".gif"),
    "pgm": save_image(".pgm"),
    "mat": save_mat,
    "mat 7.3": save_mat_7_3,
}


def save_folder(folder, arrays, names, save=SAVERS["png"]):
    """Save one file for each array; names may have folders."""
    for name, array in zip(names, arrays, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        save(folder / name, array)
    return folder


def save_pair(tmp_path, pred_names, true_names):
    """Save predictions and masks as PNG under names with folders."""
    return (
        save_folder(tmp_path / "P", PREDICTIONS, pred_names),
        save_folder(tmp_path / "T", MASKS, true_names),
    )


@pytest.mark.parametrize("pred", SAVERS)
@pytest.mark.parametrize("true", ["npy", "png"])
def test_the_same_pair_in_folders_of_any_format_has_one_score(tmp_path, pred, true):
    names = ["2", "0", "10", "1"]
    save_folder(tmp_path / "preds", PREDICTIONS, names, SAVERS[pred])
    save_folder(tmp_path / "masks", MASKS, names, SAVERS[true])
    check_read(tmp_path / "preds", tmp_path / "masks")


def test_a_quoted_pattern_is_expanded(tmp_path):
    for folder, arrays in (("preds", PREDICTIONS), ("masks", MASKS)):
        save_folder(tmp_path / folder, arrays, "abcd", save_npy)
        save_folder(tmp_path / folder, arrays[:, ::-1], "abcd")
    check_read(tmp_path / "preds" / "*.npy", tmp_path / "masks" / "*.npy")


def test_one_file_of_scores_for_each_image_is_read(tmp_path):
    scores = np.eye(4, dtype=np.float32)[PREDICTIONS]
    save_folder(tmp_path / "P", scores.transpose(0, 3, 1, 2), "abcd", save_npy)
    save_folder(tmp_path / "T", MASKS, "abcd", save_npy)
    assert judge(tmp_path / "P", tmp_path / "T").mean_iou == pytest.approx(SCORE)


CITIES = ("aachen/a_0", "aachen/a_1", "zurich/z_0", "zurich/z_1")


@pytest.mark.parametrize(
    ("pred", "true"),
    [
        pytest.param("{}", "{}", id="nested_cities"),
        pytest.param("{}_pred", "{}_gtFine_labelIds", id="nested_city_suffixes"),
        pytest.param("{}_leftImg8bit", "{}_gtFine_instanceIds", id="instance_ids"),
        pytest.param("{}", "gt/{}_mask", id="a_constant_folder"),
        pytest.param("run/7/{}", "{}", id="constant_folders"),
    ],
)
def test_nested_folders_pair_by_relative_path(tmp_path, pred, true):
    check_read(
        *save_pair(tmp_path, map(pred.format, CITIES), map(true.format, CITIES)),
    )


def test_nested_same_names(tmp_path):
    names = ["case1/00", "case1/01", "case2/00", "case2/01"]
    check_read(*save_pair(tmp_path, names, names))


def test_one_folder_for_each_case_with_one_file_of_one_name(tmp_path):
    pred = ["case_1", "case_2", "case_3", "case_10"]
    check_read(*save_pair(tmp_path, pred, [f"{name}/seg" for name in pred]))


def test_folders_of_one_side_only_are_ignored(tmp_path):
    names = [name.split("/")[1] for name in CITIES]
    report = check_read(*save_pair(tmp_path, names, CITIES))
    assert ("pairing", "folders") in [(a.field, a.value) for a in report.reading.assumed]


@pytest.mark.parametrize(
    ("pred", "true", "dropped"),
    [
        pytest.param("pred_{}", "gt_{}", "gt_, pred_", id="names_pred_gt_prefix"),
        pytest.param("img{}", "mask{}", "img, mask", id="prefix_before_a_number"),
        pytest.param("seg_{}", "lbl_{}", "lbl_, seg_", id="names_seg_lbl"),
        pytest.param("{}_prediction", "{}_groundtruth", "_groundtruth, _prediction", id="endings"),
        pytest.param("output_{:04}", "{}", "leading zeros, output_", id="numbering"),
        pytest.param("{:02}_test", "{:02}_manual1", "_manual1, _test", id="names_test_manual"),
        pytest.param("top_2_{}_RGB", "top_2_{}_label", "_RGB, _label", id="names_rgb_label"),
        pytest.param("{}_sat", "{}_mask", "_mask, _sat", id="names_sat_mask"),
        pytest.param("{}.jpg", "{}", ".jpg", id="two_suffixes"),
        pytest.param("frame{}A", "B-{}", "A, B-, frame", id="before_and_after"),
        pytest.param("x{0}_y{0}", "tile-{0}-{0}-gt", "all but the numbers", id="numbers_within"),
        pytest.param("pred_left_{}", "gt_left_{}", "gt_, pred_", id="what_both_share_is_kept"),
        pytest.param(
            "ISIC_{}.jpg_pred", "ISIC_{}_Segmentation", ".jpg_pred, _Segmentation", id="i"
        ),
        pytest.param("epoch50_img_{}_pred", "img_{}_mask", "_mask, _pred, epoch50_", id="epoch"),
        pytest.param(
            "2020-01-{}/x/pred", "2020-01-{}/y/gt", "2020-01-, gt, pred, x, y", id="dates"
        ),
        pytest.param("vis/vis_image/val_{}", "{}", "folders, val_", id="a_tool"),
    ],
)
def test_the_constant_parts_of_names_are_learned_and_listed(tmp_path, pred, true, dropped):
    numbers = (7, 11, 8, 21)
    report = check_read(*save_pair(tmp_path, map(pred.format, numbers), map(true.format, numbers)))
    assert ("pairing", dropped) in [(a.field, a.value) for a in report.reading.assumed]


def test_a_partial_pairing_is_scored_on_the_pairs(tmp_path):
    preds, masks = save_pair(
        tmp_path, map("pred_{}".format, (1, 2, 3, 10)), map("gt_{}".format, (1, 2, 3, 11))
    )
    report = judge(preds, masks)
    assert errors(report) == ["sample-count-mismatch"]
    assert "1 mask without a prediction (gt_11)" in found(report, "sample-count-mismatch").message
    score = mean_iou(MASKS[:3], PREDICTIONS[:3], 4)
    assert report.mean_iou == pytest.approx(score)


@pytest.mark.parametrize("first", [(0, 1), (1, 0)])
def test_numbers_that_start_at_0_and_at_1_are_named(tmp_path, first):
    names = [[f"{start + number}" for number in range(4)] for start in first]
    report = judge(*save_pair(tmp_path, *names))
    evidence = found(report, "sample-count-mismatch").evidence
    early = "predictions" if first[0] == 0 else "masks"
    assert evidence.startswith(f"the numbers of the {early} start one lower than those of the ")
    report = judge(*save_pair(tmp_path / "other", ["1", "2", "3", "9"], ["1", "2", "3", "4"]))
    assert found(report, "sample-count-mismatch").evidence is None


def test_two_ways_to_pair_are_refused_with_examples(tmp_path):
    preds, masks = save_pair(
        tmp_path, ["p/a_b", "p/b_a", "p/c_d", "p/d_c"], ["x_a/b", "x_b/a", "x_c/d", "x_d/c"]
    )
    assert "pair" in refuse(preds, masks)


def test_a_folder_beside_an_array_is_in_natural_order_and_says_so(tmp_path):
    masks = draw_masks((12, 24, 24), 3)
    save_folder(tmp_path / "T", masks, map(str, range(12)))
    np.save(tmp_path / "p.npy", masks)
    report = judge(tmp_path / "p.npy", tmp_path / "T", 3)
    assert report.mean_iou == 1
    assert ("masks.order", "0, 1, 2") in [(a.field, a.value[:7]) for a in report.reading.assumed]


@pytest.mark.parametrize("shape", ["labels", "scores", "channels first", "leading axis", "flat"])
def test_array_against_one_png(tmp_path, shape):
    Image.fromarray(MASKS[0]).save(tmp_path / "mask.png")
    scores = np.eye(4, dtype=np.float32)[PREDICTIONS[0]]
    arrays = {
        "labels": PREDICTIONS[0],
        "scores": scores,
        "channels first": scores.transpose(2, 0, 1),
        "leading axis": PREDICTIONS[:1],
        "flat": PREDICTIONS[:1].reshape(1, -1),
    }
    np.save(tmp_path / "preds.npy", arrays[shape])
    for report in (
        judge(tmp_path / "preds.npy", tmp_path / "mask.png"),
        judge(tmp_path / "mask.png", tmp_path / "preds.npy"),
    ):
        assert report.reading.layout.samples == 1
        score = mean_iou(MASKS[0], PREDICTIONS[0], 4)
        assert report.mean_iou == pytest.approx(score)
    assert not {"extra-axis", "sample-count-mismatch"} & {f.rule.name for f in report.findings}


def resize(array, height, width):
    """Return label maps with nearest neighbours."""
    rows = (np.arange(height) * 2 + 1) * array.shape[0] // (2 * height)
    columns = (np.arange(width) * 2 + 1) * array.shape[1] // (2 * width)
    return array[rows][:, columns]


OWN_SIZES = ((90, 130), (64, 64), (150, 100), (75, 200))


@pytest.mark.parametrize("sizes", ["one size", "a third", "masks of one size"])
@pytest.mark.parametrize("save", ["png", "npy"])
def test_own_sizes_against_one_size(tmp_path, sizes, save):
    truth = draw_masks((4, 200, 200), 3, smoothness=15.0)
    full = predict(truth, 3)
    masks = [resize(m, *size) for m, size in zip(truth, OWN_SIZES, strict=True)]
    small = {
        "one size": [(64, 64)] * 4,
        "a third": [(-(-h // 3), -(-w // 3)) for h, w in OWN_SIZES],
        "masks of one size": OWN_SIZES,
    }[sizes]
    preds = [resize(p, *size) for p, size in zip(full, small, strict=True)]
    if sizes == "masks of one size":
        masks = [resize(m, 64, 64) for m in truth]
    save_folder(tmp_path / "T", masks, "abcd", SAVERS[save])
    save_folder(tmp_path / "P", preds, "abcd", SAVERS[save])
    report = judge(tmp_path / "P", tmp_path / "T", 3)
    resized = [resize(p, *m.shape) for p, m in zip(preds, masks, strict=True)]
    score = mean_iou(
        *(np.concatenate([a.ravel() for a in arrays]) for arrays in (masks, resized)), 3
    )
    assert errors(report) == ["resolution-mismatch"]
    finding = found(report, "resolution-mismatch")
    assert finding.repair.mean_iou_after == pytest.approx(score)
    assert "? x ?" not in finding.message
    assert finding.evidence.startswith("first: `a`: mask ")


def test_a_pair_of_another_size_among_many_is_named(tmp_path):
    masks, preds = list(MASKS), list(PREDICTIONS)
    masks[2] = masks[2][:50]
    save_folder(tmp_path / "T", masks, "abcd")
    save_folder(tmp_path / "P", preds, "abcd")
    report = judge(tmp_path / "P", tmp_path / "T")
    assert errors(report) == ["shape-mismatch"]
    assert "`c`" in found(report, "shape-mismatch").message


@pytest.mark.parametrize("save", [save_mat, save_mat_7_3])
def test_matlab(tmp_path, save):
    save_npy(tmp_path / "preds", PREDICTIONS)
    save(tmp_path / "gt", MASKS)
    check_read(tmp_path / "preds.npy", tmp_path / "gt.mat")
    check_read(tmp_path / "gt.mat", tmp_path / "preds.npy")
    check_read(tmp_path / "preds.npy", f"{tmp_path}/gt.mat::labels")


@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("has_class", [True, False])
def test_matlab_7_3_of_another_program_is_read_in_the_order_that_fits(tmp_path, reverse, has_class):
    save_npy(tmp_path / "preds", PREDICTIONS)
    with h5py.File(tmp_path / "gt.mat", "w", userblock_size=512) as stream:
        stream["labels"] = MASKS.T if reverse else MASKS
        if has_class:
            stream["labels"].attrs["MATLAB_class"] = np.bytes_("uint8")
    with (tmp_path / "gt.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))
    check_read(tmp_path / "preds.npy", tmp_path / "gt.mat")


def save_volume(path, array, form):
    path.parent.mkdir(exist_ok=True)
    if form == "nifti":
        nibabel = pytest.importorskip("nibabel", reason="nibabel, of `medical`, is missing")
        image = nibabel.Nifti1Image(array, np.eye(4), dtype=array.dtype)
        image.to_filename(path.with_suffix(".nii.gz"))
    elif form == "mhd":
        path.with_suffix(".raw").write_bytes(array.tobytes(order="F"))
        sizes = " ".join(map(str, array.shape))
        path.with_suffix(".mhd").write_text(
            f"ObjectType = Image\nBinaryData = True\nNDims = 3\nDimSize = {sizes}\n"
            "ElementType = MET_UCHAR\nElementDataFile = 1.raw\n"
        )
    else:
        nrrd = pytest.importorskip("nrrd", reason="pynrrd, of `medical`, is missing")
        nrrd.write(str(path.with_suffix(f".{form}")), array)


@pytest.mark.parametrize("form", ["nifti", "nrrd", "nhdr", "mhd"])
def test_volumes_and_folders_of_them(tmp_path, form):
    masks = draw_masks((1, 30, 28, 20), 3)[0]
    preds = predict(masks[np.newaxis], 3)[0]
    for folder, array in (("P", preds), ("T", masks)):
        save_volume(tmp_path / folder / "1", array, form)
    file = {"nifti": "1.nii.gz"}.get(form, f"1.{form}")
    for place in ("", f"/{file}"):
        report = judge(f"{tmp_path}/P{place}", f"{tmp_path}/T{place}", 3)
        assert errors(report) == []
        assert report.mean_iou == pytest.approx(mean_iou(masks, preds, 3), abs=1e-12)


def test_gif_folder(tmp_path):
    save_folder(tmp_path / "preds", PREDICTIONS % 2, ["01", "02", "03", "04"])
    for number, mask in enumerate(MASKS % 2, 1):
        image = Image.fromarray(mask).convert("P")
        image.putpalette([0, 0, 0, 255, 255, 255])
        (tmp_path / "masks").mkdir(exist_ok=True)
        image.save(tmp_path / "masks" / f"{number:02}.gif")
    report = judge(tmp_path / "preds", tmp_path / "masks", 2)
    assert report.mean_iou == pytest.approx(mean_iou(MASKS % 2, PREDICTIONS % 2, 2))


def test_tiff_int16(tmp_path):
    tifffile.imwrite(tmp_path / "pred.tif", PREDICTIONS[0].astype(np.int16))
    save_image(".png")(tmp_path / "truth", MASKS[0])
    score = mean_iou(MASKS[0], PREDICTIONS[0], 4)
    check_read(tmp_path / "pred.tif", tmp_path / "truth.png", score)


def test_tiff_pages(tmp_path):
    save_npy(tmp_path / "preds", PREDICTIONS)
    tifffile.imwrite(tmp_path / "masks.tif", MASKS, photometric="minisblack")
    check_read(tmp_path / "preds.npy", tmp_path / "masks.tif")


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff_bands_float(tmp_path, planar):
    scores = np.eye(4, dtype=np.float32)[PREDICTIONS[0]] * 0.7 + 0.075
    stored = scores if planar == "contig" else np.moveaxis(scores, -1, 0)
    tifffile.imwrite(tmp_path / "prob.tif", stored, photometric="minisblack", planarconfig=planar)
    save_image(".png")(tmp_path / "truth", MASKS[0])
    report = judge(tmp_path / "prob.tif", tmp_path / "truth.png")
    assert report.mean_iou == pytest.approx(mean_iou(MASKS[0], PREDICTIONS[0], 4))


LINES = {
    "pairs": ("pairs.csv", "pairs.csv", ["P/p{0}.png,T/t{0}.png"] * 4),
    "spaces": ("pairs.txt", "pairs.txt", ["# a comment", *["P/p{0}.png T/t{0}.png"] * 4]),
    "header": (
        "p.tsv",
        "p.tsv",
        ["image\tmask\tprediction", *["x.jpg\tT/t{0}.png\tP/p{0}.png"] * 4],
    ),
}


@pytest.mark.parametrize("way", LINES)
def test_a_list_of_pairs_is_read_line_by_line(tmp_path, way):
    preds, masks, lines = LINES[way]
    save_folder(tmp_path / "P", PREDICTIONS, ["p3", "p1", "p2", "p0"])
    save_folder(tmp_path / "T", MASKS, ["t3", "t1", "t2", "t0"])
    numbers = iter(range(4))
    text = [line.format(next(numbers)) if "{" in line else line for line in lines]
    (tmp_path / preds).write_text("\n".join(text) + "\n")
    check_read(tmp_path / preds, tmp_path / masks)


def test_two_lists_pair_by_their_lines(tmp_path):
    save_folder(tmp_path, PREDICTIONS, ["P/c", "P/a", "P/b", "P/d"], save_npy)
    save_folder(tmp_path, MASKS, ["T/9", "T/7", "T/8", "T/6"])
    (tmp_path / "preds.txt").write_text("P/c.npy\nP/a.npy\nP/b.npy\nP/d.npy\n")
    (tmp_path / "masks.txt").write_text("T/9.png\nT/7.png\n\nT/8.png\nT/6.png")
    check_read(tmp_path / "preds.txt", tmp_path / "masks.txt")
    (tmp_path / "masks.txt").write_text("T/9.png\nT/7.png\n")
    assert "lists 2 masks, and" in refuse(tmp_path / "preds.txt", tmp_path / "masks.txt")
    (tmp_path / "masks.txt").write_text("T/9.png\nT/none.png\n")
    assert "none.png`: there is no such file" in refuse(
        tmp_path / "preds.txt", tmp_path / "masks.txt"
    )
    (tmp_path / "masks.txt").write_text("P/c.npy\nP/none.npy\n")
    message = refuse(tmp_path / "preds.txt", tmp_path / "masks.txt")
    assert "none.npy`: there is no such file" in message
    (tmp_path / "masks.txt").write_text("T/9.png\nT/7.npy\n")
    assert "is not a file like" in refuse(tmp_path / "preds.txt", tmp_path / "masks.txt")
    (tmp_path / "masks.txt").write_text("T/9.png\nT/7.png,T/8.png\n")
    assert "line 2 has 2 entries" in refuse(tmp_path / "preds.txt", tmp_path / "masks.txt")
    (tmp_path / "masks.txt").write_text("T/9.png,T/7.png,T/8.png\n")
    assert "it has 3 columns" in refuse(tmp_path / "preds.txt", tmp_path / "masks.txt")


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2)])
def test_volumes_of_different_sizes_with_axes_in_another_order_are_transposed(tmp_path, order):
    pairs = []
    for number in range(4):
        masks = draw_masks((1, 30 - number, 22 + number, 16), 3, seed=number)
        pairs.append((masks[0], predict(masks, 3, seed=number + 9)[0]))
    names = "abcd"
    save_folder(tmp_path / "T", [mask for mask, _ in pairs], names, save_npy)
    save_folder(tmp_path / "P", [p.transpose(order) for _, p in pairs], names, save_npy)
    report = judge(tmp_path / "P", tmp_path / "T", 3)
    assert report.verdict.primary == "axes-permuted"
    finding = found(report, "axes-permuted")
    assert "masks are 30 × 22 × 16 but predictions are" in finding.message
    flat = [np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1)]
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(*flat, 3))


def test_pickled_dict(tmp_path):
    np.save(tmp_path / "preds.npy", PREDICTIONS)
    np.save(tmp_path / "cell_seg.npy", {"masks": MASKS, "outlines": MASKS})
    message = refuse(tmp_path / "preds.npy", tmp_path / "cell_seg.npy")
    assert ".item()['masks']" in message
    assert "never loaded" in message


def test_torch_file(tmp_path):
    import zipfile

    np.save(tmp_path / "masks.npy", MASKS)
    for name in ("p.pt", "p.bin"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02")
        message = refuse(tmp_path / name, tmp_path / "masks.npy")
        assert "torch.load" in message
        assert "np.save" in message


def test_rle_csv(tmp_path):
    np.save(tmp_path / "masks.npy", MASKS)
    (tmp_path / "sub.csv").write_text("ImageId,EncodedPixels\n1,2 3 9 1\n")
    message = refuse(tmp_path / "sub.csv", tmp_path / "masks.npy")
    assert "run lengths" in message
    assert "column by column" in message


def test_dicom(tmp_path):
    np.save(tmp_path / "preds.npy", PREDICTIONS)
    (tmp_path / "seg.dcm").write_bytes(b"\0" * 128 + b"DICM\2\0\0\0")
    assert "DICOM" in refuse(tmp_path / "preds.npy", tmp_path / "seg.dcm")


def test_no_pair_at_all_is_refused_with_examples(tmp_path):
    with pytest.raises(SourceError, match=r"`a`, `b`, `c`, …"):
        judge(*save_pair(tmp_path, ["p", "q", "r", "s"], ["a", "b", "c", "d"]))


def test_classes_of_different_number_in_each_file_are_refused(tmp_path):
    scores = np.random.default_rng(0).random((3, 3, 12, 10))
    for side in ("preds", "masks"):
        (tmp_path / side).mkdir()
        for number, one in enumerate(scores):
            kept = one[:2] if (side, number) == ("masks", 1) else one
            np.save(tmp_path / side / f"{number}.npy", kept)
    request = CheckRequest(predictions=str(tmp_path / "preds"), masks=str(tmp_path / "masks"))
    with pytest.raises(ReadingError, match="axis 1 would hold the classes, and its length differs"):
        check(request)
