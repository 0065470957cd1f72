"""NIfTI volumes: plain and compressed, of both versions, damaged, and turned to each other."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from build import errors, found, mean_iou
from field.arrays import draw_masks, predict
from sources.window_cases import error_of

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import StatedTurn
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import SourceError
from iou_doctor.file_repair.run import repair_files
from iou_doctor.sources.files.affines import compare_affines
from iou_doctor.sources.opening import open_pair, open_source

nibabel = pytest.importorskip("nibabel", reason="nibabel, of the extra `medical`, is missing")

VALUES = np.arange(2 * 3 * 5).reshape(2, 3, 5)
RIGHT, LEFT = np.diag([1.0, 1.2, 3.0, 1.0]), np.diag([-1.0, 1.2, 3.0, 1.0])
TRUTH = draw_masks((1, 32, 30, 20), 3, seed=1)[0]
PREDICTED = predict(TRUTH[np.newaxis], 3, seed=2)[0]
SCORE = mean_iou(TRUTH, PREDICTED, 3)


def save(path, array, affine=RIGHT, kind="Nifti1Image"):
    getattr(nibabel, kind)(array, affine, dtype=array.dtype).to_filename(path)
    return path


def judge(predictions, masks):
    options = Options(num_classes=3)
    return check(CheckRequest(predictions=str(predictions), masks=str(masks), options=options))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "float32", ">i2"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kind", ["Nifti1Image", "Nifti2Image"])
def test_a_volume_is_one_sample_with_the_axes_of_nibabel(tmp_path, dtype, name, kind):
    path = save(tmp_path / name, VALUES.astype(dtype), kind=kind)
    source = open_source(str(path))
    assert (source.path, source.format, source.names) == (str(path), "nifti", ("a",))
    assert (source.shape, source.dtype) == ((1, 2, 3, 5), np.dtype(dtype).newbyteorder("="))
    np.testing.assert_array_equal(source.read(())[0], nibabel.load(path).get_fdata())
    window = (slice(0, 1), slice(1, 2), slice(0, 2))
    np.testing.assert_array_equal(source.read(window)[0], VALUES[1:2, 0:2])


def test_axes_of_length_1_behind_the_third_are_left_out(tmp_path):
    path = save(tmp_path / "a.nii", VALUES[..., np.newaxis, np.newaxis].astype(np.uint8))
    assert open_source(str(path)).shape == (1, 2, 3, 5)
    scores = np.moveaxis(np.stack([VALUES] * 4), 0, -1)[:, :, :, np.newaxis].astype(np.float32)
    assert open_source(str(save(tmp_path / "b.nii", scores))).shape == (1, 2, 3, 5, 4)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_slope_and_an_intercept_are_applied(tmp_path, name):
    image = nibabel.Nifti1Image(VALUES.astype(np.int16), RIGHT)
    image.header.set_slope_inter(0.5, 3)
    image.to_filename(tmp_path / name)
    content = bytearray(
        (tmp_path / "a.nii").read_bytes()
        if name == "a.nii"
        else gzip.decompress((tmp_path / name).read_bytes())
    )
    content[112:120] = np.array([0.5, 3], "<f4").tobytes()
    packed = bytes(content) if name == "a.nii" else gzip.compress(bytes(content))
    (tmp_path / name).write_bytes(packed)
    source = open_source(str(tmp_path / name))
    assert source.dtype == np.float64
    np.testing.assert_array_equal(source.read(())[0], nibabel.load(tmp_path / name).get_fdata())


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_damaged_volume_is_refused_or_read(tmp_path, name):
    path = save(tmp_path / name, VALUES.astype(np.uint8))
    sound = path.read_bytes()
    random = np.random.default_rng(0)
    for number in range(400):
        damaged = bytearray(sound if number % 2 else sound[: random.integers(1, len(sound))])
        for place in random.integers(0, min(len(damaged), 360), 2):
            damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        try:
            open_source(str(path)).read(())
        except (SourceError, MemoryError):
            continue


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.nii", "it is cut off: its header says"),
        ("a.nii.gz", "a compressed array is unpacked as a whole, which takes"),
    ],
)
def test_a_header_that_claims_too_much_is_refused_at_once(tmp_path, name, words):
    path = save(tmp_path / name, VALUES.astype(np.uint8))
    content = path.read_bytes() if name == "a.nii" else gzip.decompress(path.read_bytes())
    header = nibabel.Nifti1Header(content[:348])
    header.set_data_shape((30000, 30000, 30000))
    claimed = header.binaryblock + content[348:]
    path.write_bytes(claimed if name == "a.nii" else gzip.compress(claimed))
    assert words in error_of(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize(
    ("kind", "place", "change"),
    [
        ("Nifti1Image", 344, b"n+0"),
        ("Nifti1Image", 108, np.float32(10).tobytes()),
        ("Nifti1Image", 108, np.float32(0).tobytes()),
        ("Nifti1Image", 112, np.array([2, np.nan], "<f4").tobytes()),
        ("Nifti1Image", 348, b"\1\0\0\0" + (48).to_bytes(4, "little")),
        ("Nifti1Image", 348, b"\1\0\0\0" + (7).to_bytes(4, "little")),
        ("Nifti2Image", 4, b"n+1"),
        ("Nifti2Image", 168, bytes(8)),
    ],
)
def test_what_nibabel_refuses_is_refused(tmp_path, name, kind, place, change):
    image = getattr(nibabel, kind)(VALUES.astype(np.uint8), RIGHT)
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"twenty letters of it"))
    image.to_filename(tmp_path / name)
    np.testing.assert_array_equal(open_source(str(tmp_path / name)).read(())[0], VALUES)
    is_packed = name.endswith("gz")
    content = (tmp_path / name).read_bytes()
    content = bytearray(gzip.decompress(content) if is_packed else content)
    content[place : place + len(change)] = change
    (tmp_path / name).write_bytes(gzip.compress(content) if is_packed else content)
    image_error = nibabel.filebasedimages.ImageFileError
    header_error = nibabel.spatialimages.HeaderDataError
    with pytest.raises((ValueError, UserWarning, image_error, header_error)):
        np.asarray(nibabel.load(tmp_path / name).dataobj)
    assert "cannot read" in error_of(tmp_path / name)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.nii").write_bytes(b"text" * 200)
    assert "it is no NIfTI file, or cut off" in error_of(tmp_path / "a.nii")
    nibabel.Nifti1Pair(VALUES.astype(np.uint8), RIGHT).to_filename(tmp_path / "b.hdr")
    (tmp_path / "b.hdr").rename(tmp_path / "b.nii")
    assert "its voxels are in another file" in error_of(tmp_path / "b.nii")
    save(tmp_path / "c.nii", VALUES.astype(np.uint8))
    assert "holds one volume without a name; drop `::x`" in error_of(f"{tmp_path}/c.nii::x")


def test_a_volume_and_an_array_of_it_have_one_score(tmp_path):
    np.save(tmp_path / "p.npy", PREDICTED)
    for name in ("p.nii", "p.nii.gz"):
        save(tmp_path / name, PREDICTED)
    save(tmp_path / "t.nii.gz", TRUTH)
    np.save(tmp_path / "t.npy", TRUTH)
    for pred in ("p.npy", "p.nii", "p.nii.gz"):
        for true in ("t.npy", "t.nii.gz"):
            report = judge(tmp_path / pred, tmp_path / true)
            assert errors(report) == []
            assert report.mean_iou == SCORE


def test_a_folder_of_cases_is_paired(tmp_path):
    for number in range(3):
        for folder, array in (("labelsPr", PREDICTED), ("labelsTs", TRUTH)):
            (tmp_path / folder).mkdir(exist_ok=True)
            save(tmp_path / folder / f"case_{number:03}.nii.gz", array[: 30 - number])
    (tmp_path / "labelsTs" / "dataset.json").write_text("{}")
    pair = open_pair(y_true=f"{tmp_path}/labelsTs", y_pred=f"{tmp_path}/labelsPr")
    assert pair.y_true.names == ("case_000", "case_001", "case_002")
    assert pair.y_true.shape == (3, None, 30, 20)
    assert errors(judge(tmp_path / "labelsPr", tmp_path / "labelsTs")) == []


def test_a_flip_that_the_affines_state_is_found_and_repaired(tmp_path):
    masks = save(tmp_path / "t.nii.gz", TRUTH)
    preds = save(tmp_path / "p.nii.gz", PREDICTED[::-1], LEFT)
    pair = open_pair(y_true=str(masks), y_pred=str(preds))
    assert pair.stated_turn == StatedTurn((0, 1, 2), (0,))
    report = judge(preds, masks)
    assert errors(report) == ["flipped-samples"]
    finding = found(report, "flipped-samples")
    assert "flipped along axis 0 of each volume" in finding.message
    assert "the affines in the files" in finding.evidence
    assert "as_closest_canonical" in finding.help
    assert finding.repair.mean_iou_after == pytest.approx(SCORE)
    request = CheckRequest(predictions=str(preds), masks=str(masks), options=Options(num_classes=3))
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.report.mean_iou == pytest.approx(SCORE)
    copy = nibabel.load(tmp_path / "out" / "p.nii.gz")
    np.testing.assert_array_equal(np.asarray(copy.dataobj), PREDICTED)
    np.testing.assert_allclose(copy.affine, RIGHT)


def test_a_copy_keeps_the_header_of_its_file(tmp_path):
    for number in range(2):
        for folder, array in (("P", PREDICTED + np.uint8(1)), ("T", TRUTH)):
            (tmp_path / folder).mkdir(exist_ok=True)
            save(tmp_path / folder / f"{number}.nii", array, np.diag([1, 1, 2.0 + number, 1]))
    request = CheckRequest(
        predictions=f"{tmp_path}/P", masks=f"{tmp_path}/T", options=Options(num_classes=3)
    )
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.report.mean_iou == pytest.approx(SCORE)
    copy = nibabel.load(tmp_path / "out" / "P" / "1.nii")
    np.testing.assert_array_equal(np.asarray(copy.dataobj), PREDICTED)
    np.testing.assert_allclose(copy.affine, np.diag([1, 1, 3, 1]))


@pytest.mark.parametrize("kind", ["Nifti1", "Nifti2"])
@pytest.mark.parametrize("name", ["p.nii", "p.nii.gz"])
def test_a_copy_says_that_it_has_no_extensions(tmp_path, kind, name):
    masks = save(tmp_path / "t.nii.gz", TRUTH)
    image = getattr(nibabel, f"{kind}Image")(PREDICTED + np.uint8(1), RIGHT, dtype=np.uint8)
    notes = []
    for number in range(2):
        image.to_filename(tmp_path / name)
        request = CheckRequest(
            predictions=f"{tmp_path}/{name}", masks=str(masks), options=Options(num_classes=3)
        )
        done = repair_files(request, output_dir=tmp_path / "out", overwrite=True)
        notes.append(done.copies[0].unkept)
        if not number:
            image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"words"))
    assert notes == [(), ("the extensions of the header are not kept",)]


def test_an_order_of_axes_that_the_affines_state_is_found(tmp_path):
    masks = save(tmp_path / "t.nii.gz", TRUTH)
    turned = nibabel.Nifti1Image(PREDICTED, RIGHT).as_reoriented([[2, 1], [1, 1], [0, 1]])
    turned.to_filename(tmp_path / "p.nii.gz")
    report = judge(tmp_path / "p.nii.gz", masks)
    assert errors(report) == ["axes-permuted"]
    finding = found(report, "axes-permuted")
    assert finding.help == "transpose each predicted volume: volume.transpose(2, 1, 0)"
    assert "the affines in the files" in finding.evidence
    assert finding.repair.mean_iou_after == pytest.approx(SCORE)


def test_an_affine_that_is_wrong_is_no_fault(tmp_path):
    masks = save(tmp_path / "t.nii.gz", TRUTH)
    for affine in (LEFT, np.eye(4)):
        report = judge(save(tmp_path / "p.nii.gz", PREDICTED, affine), masks)
        assert errors(report) == []
        assert report.mean_iou == SCORE


def test_some_volumes_whose_affines_differ_are_named(tmp_path):
    for number, affine in enumerate((RIGHT, LEFT, RIGHT)):
        for folder, array in (("P", PREDICTED), ("T", TRUTH)):
            (tmp_path / folder).mkdir(exist_ok=True)
            save(tmp_path / folder / f"{number}.nii", array, affine if folder == "P" else RIGHT)
    pair = open_pair(y_true=f"{tmp_path}/T", y_pred=f"{tmp_path}/P")
    assert pair.stated_turn is None
    how = "flips or the order of axes"
    assert [(note.field, note.why) for note in pair.assumed] == [
        (
            "orientation",
            f"the affines of these predictions (`1`) differ from those of their masks by {how}",
        )
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_turn_between_two_affines_is_that_of_nibabel(seed):
    random = np.random.default_rng(seed)
    affines = []
    for _ in range(2):
        affine = np.zeros((4, 4))
        affine[random.permutation(3), range(3)] = random.choice([-1, 1], 3) * [1, 2, 3]
        affine[:3, :3] += random.normal(size=(3, 3)) * 0.1
        affine[3, 3] = 1
        affines.append(affine)
    orientations = [nibabel.io_orientation(affine) for affine in affines]
    back = nibabel.orientations.ornt_transform(orientations[1], orientations[0])
    wanted = nibabel.apply_orientation(VALUES, back)
    true, pred = (tuple(map(tuple, affine[:3, :3].tolist())) for affine in affines)
    turn = compare_affines(true, pred)
    np.testing.assert_array_equal(np.flip(VALUES.transpose(turn.order), turn.flipped), wanted)
