"""NRRD and MetaImage volumes: plain and compressed, their directions, and damaged ones."""

from __future__ import annotations

import gzip
import zlib

import numpy as np
import pytest
from build import errors, found, mean_iou
from field.arrays import draw_masks, predict
from sources.window_cases import error_of, error_of_values

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import StatedTurn
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import SourceError, UsageError
from iou_doctor.file_repair.run import repair_files
from iou_doctor.safety.protected_files import describe_conflict, protect_inputs
from iou_doctor.sources.opening import open_pair, open_source

VALUES = np.arange(2 * 3 * 5).reshape(2, 3, 5)
TRUTH = draw_masks((1, 32, 30, 20), 3, seed=1)[0]
PREDICTED = predict(TRUTH[np.newaxis], 3, seed=2)[0]
SCORE = mean_iou(TRUTH, PREDICTED, 3)
FLIPPED = np.diag([-1, 1, 1])


def save_nrrd(path, array, *, compressed=False, directions=None):
    nrrd = pytest.importorskip("nrrd", reason="pynrrd, of the extra `medical`, is missing")
    header = {"encoding": "gzip" if compressed else "raw"}
    if directions is not None:
        header |= {"space": "left-posterior-superior", "space directions": directions}
    nrrd.write(str(path.with_suffix(".nrrd")), array, header)
    return path.with_suffix(".nrrd")


MHA_TYPES = {"u1": "MET_UCHAR", "i2": "MET_SHORT", "u2": "MET_USHORT", "f4": "MET_FLOAT"}


def save_mha(path, array, *, compressed=False, directions=None):
    matrix = np.eye(3) if directions is None else directions
    content = array.tobytes(order="F")
    content = zlib.compress(content) if compressed else content
    lines = [
        "ObjectType = Image",
        f"NDims = {array.ndim}",
        "BinaryData = True",
        f"BinaryDataByteOrderMSB = {array.dtype.byteorder == '>'}",
        f"CompressedData = {compressed}",
        *([f"CompressedDataSize = {len(content)}"] if compressed else []),
        "TransformMatrix = " + " ".join(str(value) for value in np.ravel(matrix)),
        "DimSize = " + " ".join(map(str, array.shape)),
        f"ElementType = {MHA_TYPES[array.dtype.str[1:]]}",
        "ElementDataFile = LOCAL",
    ]
    header = "\n".join(lines).encode() + b"\n"
    path.with_suffix(".mha").write_bytes(header + content)
    return path.with_suffix(".mha")


SAVERS = {"nrrd": save_nrrd, "mha": save_mha}


def judge(predictions, masks):
    options = Options(num_classes=3)
    return check(CheckRequest(predictions=str(predictions), masks=str(masks), options=options))


@pytest.mark.parametrize("form", SAVERS)
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", ">i2"])
def test_a_volume_is_one_sample_with_the_axes_of_its_header(tmp_path, form, compressed, dtype):
    path = SAVERS[form](tmp_path / "a", VALUES.astype(dtype), compressed=compressed)
    source = open_source(str(path))
    assert (source.path, source.format, source.names) == (str(path), form, ("a",))
    assert (source.shape, source.dtype) == ((1, 2, 3, 5), np.dtype(dtype).newbyteorder("="))
    np.testing.assert_array_equal(source.read(())[0], VALUES)
    window = (slice(0, 1), slice(1, 2), slice(0, 2))
    np.testing.assert_array_equal(source.read(window)[0], VALUES[1:2, 0:2])
    assert "one volume without a name; drop `::x`" in error_of(f"{path}::x")


@pytest.mark.parametrize("form", SAVERS)
def test_the_score_is_that_of_the_array(tmp_path, form):
    masks = SAVERS[form](tmp_path / "t", TRUTH, compressed=True)
    np.save(tmp_path / "p.npy", PREDICTED)
    report = judge(tmp_path / "p.npy", masks)
    assert errors(report) == []
    assert report.mean_iou == SCORE


@pytest.mark.parametrize("form", SAVERS)
def test_a_flip_that_the_directions_state_is_found_and_repaired(tmp_path, form):
    masks = SAVERS[form](tmp_path / "t", TRUTH, directions=np.eye(3))
    preds = SAVERS[form](tmp_path / "p", PREDICTED[::-1], directions=FLIPPED)
    pair = open_pair(y_true=str(masks), y_pred=str(preds))
    assert pair.stated_turn == StatedTurn((0, 1, 2), (0,))
    report = judge(preds, masks)
    assert errors(report) == ["flipped-samples"]
    assert "the affines in the files" in found(report, "flipped-samples").evidence
    request = CheckRequest(predictions=str(preds), masks=str(masks), options=Options(num_classes=3))
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.predictions == str(tmp_path / "out" / f"p.{form}")
    pair = open_pair(y_true=str(masks), y_pred=done.predictions)
    assert pair.stated_turn is None
    assert done.report.mean_iou == SCORE


def test_axes_in_another_order_are_known_across_formats(tmp_path):
    order = np.eye(3)[[2, 0, 1]]
    masks = save_mha(tmp_path / "t", TRUTH)
    preds = save_nrrd(tmp_path / "p", PREDICTED.transpose(2, 0, 1), directions=order)
    pair = open_pair(y_true=str(masks), y_pred=str(preds))
    assert pair.stated_turn == StatedTurn((1, 2, 0), ())
    report = judge(preds, masks)
    assert errors(report) == ["axes-permuted"]
    assert found(report, "axes-permuted").repair.mean_iou_after == pytest.approx(SCORE)


def test_copies_of_a_folder_of_volumes_are_volumes(tmp_path):
    for number in range(2):
        for folder, array in (("P", PREDICTED + np.uint8(1)), ("T", TRUTH)):
            (tmp_path / folder).mkdir(exist_ok=True)
            save_mha(tmp_path / folder / str(number), array)
    request = CheckRequest(
        predictions=f"{tmp_path}/P", masks=f"{tmp_path}/T", options=Options(num_classes=3)
    )
    done = repair_files(request, output_dir=tmp_path / "out")
    assert done.report.mean_iou == pytest.approx(SCORE)
    copy = open_source(f"{tmp_path}/out/P/1.mha")
    np.testing.assert_array_equal(copy.read(())[0], PREDICTED)


@pytest.mark.parametrize("form", SAVERS)
@pytest.mark.parametrize("compressed", [True, False])
def test_a_damaged_volume_is_refused_or_read(tmp_path, form, compressed):
    path = SAVERS[form](tmp_path / "a", VALUES.astype(np.uint8), compressed=compressed)
    sound = path.read_bytes()
    random = np.random.default_rng(0)
    for number in range(400):
        damaged = bytearray(sound if number % 2 else sound[: random.integers(1, len(sound))])
        for place in random.integers(0, len(damaged), 2):
            damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        try:
            open_source(str(path)).read(())
        except (SourceError, MemoryError):
            continue


@pytest.mark.parametrize("form", SAVERS)
@pytest.mark.parametrize(
    ("compressed", "words"),
    [(False, "it is cut off: its header says"), (True, "is unpacked as a whole, which takes")],
)
def test_a_header_that_claims_too_much_is_refused_at_once(tmp_path, form, compressed, words):
    path = SAVERS[form](tmp_path / "a", VALUES.astype(np.uint8), compressed=compressed)
    content = path.read_bytes()
    assert b"2 3 5" in content
    path.write_bytes(content.replace(b"2 3 5", b"30000 30000 30000"))
    assert words in error_of(path)


def detach(path, name, *, voxels=None, skipped=b""):
    """Write the voxels of a volume to a file of their own, which the header names."""
    content = path.read_bytes()
    mark = b"LOCAL\n" if path.suffix == ".mha" else b"\n\n"
    head, _, body = content.partition(mark)
    header = path.with_suffix({".mha": ".mhd", ".nrrd": ".nhdr"}[path.suffix])
    if path.suffix == ".mha":
        size = f"HeaderSize = {len(skipped)}\nElementDataFile".encode()
        header.write_bytes(head.replace(b"ElementDataFile", size) + name.encode() + b"\n")
    else:
        header.write_bytes(head + f"\nbyte skip: {len(skipped)}\ndata file: {name}\n".encode())
    if voxels is not None:
        voxels.parent.mkdir(exist_ok=True)
        voxels.write_bytes(skipped + body)
    path.unlink()
    return header


@pytest.mark.parametrize("form", SAVERS)
@pytest.mark.parametrize("name", ["a.raw", "below/the voxels.raw"])
@pytest.mark.parametrize("compressed", [True, False])
def test_voxels_beside_the_header_are_read(tmp_path, form, name, compressed):
    whole = SAVERS[form](tmp_path / "a", VALUES.astype(np.uint8), compressed=compressed)
    skipped = b"" if compressed else b"skipped"
    header = detach(whole, name, voxels=tmp_path / name, skipped=skipped)
    source = open_source(str(header))
    assert (source.format, source.names, source.shape) == (form, ("a",), (1, 2, 3, 5))
    np.testing.assert_array_equal(source.read(())[0], VALUES)
    assert [stamp.path for stamp in source.stamps] == [str(header), str(tmp_path / name)]
    (tmp_path / name).write_bytes(bytes(4))
    with pytest.raises(SourceError, match=r"a\.(mhd|nhdr)`: it is "):
        open_source(str(header)).read(())
    (tmp_path / name).unlink()
    assert "there is no such file" in error_of(header)


@pytest.mark.parametrize("form", SAVERS)
@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.raw", "a/../../x.raw", "..\\x.raw", "link.raw"]
)
def test_voxels_outside_the_folder_are_refused(tmp_path, form, name):
    (tmp_path / "x.raw").write_bytes(bytes(99))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.raw").symlink_to(tmp_path / "x.raw")
    path = SAVERS[form](tmp_path / "in" / "a", VALUES.astype(np.uint8))
    assert "outside its folder; move that file beside it" in error_of(detach(path, name))


@pytest.mark.parametrize("form", SAVERS)
def test_a_file_for_each_slice_is_refused(tmp_path, form):
    for name in ("slice%03d.raw 1 5 1", "LIST\na.raw\nb.raw"):
        path = SAVERS[form](tmp_path / "a", VALUES.astype(np.uint8))
        assert "its voxels are in several files" in error_of(detach(path, name))


@pytest.mark.parametrize("form", SAVERS)
def test_the_voxels_beside_a_header_are_never_written_over(tmp_path, form):
    (tmp_path / "p").mkdir()
    name = {"mha": "x.mha", "nrrd": "x.nrrd"}[form]
    whole = SAVERS[form](tmp_path / "p" / "a", PREDICTED + np.uint8(1))
    header = detach(whole, name, voxels=tmp_path / "p" / name)
    header = header.rename(header.with_stem("x"))
    masks = SAVERS[form](tmp_path / "t", TRUTH)
    request = CheckRequest(
        predictions=str(header), masks=str(masks), options=Options(num_classes=3)
    )
    with pytest.raises(UsageError, match="is never changed"):
        repair_files(request, output_dir=tmp_path / "p", overwrite=True)
    protected = protect_inputs([str(header)])
    assert "never changed" in describe_conflict(tmp_path / "p" / name, protected)
    assert repair_files(request, output_dir=tmp_path / "out").report.mean_iou == SCORE


def test_a_bomb_is_not_unpacked(tmp_path):
    values = np.zeros((9, 9, 9), np.uint8)
    for path, end, packed in (
        (save_mha(tmp_path / "a", values, compressed=True), b"LOCAL\n", zlib.compress),
        (save_nrrd(tmp_path / "b", values, compressed=True), b"\n\n", gzip.compress),
    ):
        head = path.read_bytes().split(end)[0] + end
        path.write_bytes(head + packed(bytes(50_000_000)))
        assert "it is damaged, cut off, or no" in error_of_values(path)


@pytest.mark.parametrize(
    ("form", "compressed", "old", "new"),
    [
        ("mha", False, b"= Image", b"= Mesh"),
        ("mha", False, b"NDims = 3", b"NDims = 4"),
        ("mha", False, b"BinaryData = True", b"BinaryData = False"),
        ("mha", False, b"MSB = False", b"MSB = TAue"),
        ("mha", False, b"MSB = False", b"MSB = False\nNDims = 3"),
        ("mha", False, b"MSB = False", b"MSB = False\nHeaderSize = 7"),
        ("mha", False, b"MSB = False", b"MSB = False\nElementSpacing = 1 0 1"),
        ("mha", False, b"MSB = False", b"MSB = False\nElementSpacing = 1 1"),
        ("mha", False, b"MSB = False", b"MSB = False\n" + b"x" * 256 + b" = 1"),
        ("mha", False, b"MSB = False", b"MSB = False\nComment:x = 1"),
        ("mha", False, b"= LOCAL", b"= LoCAL"),
        ("mha", False, b"0.0 0.0 1.0\n", b"0.0 0.0 0.0\n"),
        ("mha", False, b"0.0 0.0 1.0\n", b"0.0 0.0 1e999\n"),
        ("mha", False, b"0.0 0.0 1.0\n", b"0.0 0.0\n"),
        ("mha", False, b"ElementType = ", b"ElementType = \x0c"),
        ("mha", True, b"CompressedDataSize", b"CompressedDatSize"),
        ("mha", True, b"CompressedDataSize = ", b"CompressedDataSize = 1"),
        ("mha", True, b"2 3 5\n", b"2 3 4\n"),
        ("nrrd", False, b"dimension: 3", b"dimension: 2"),
        ("nrrd", False, b"endian: little\n", b""),
        ("nrrd", False, b"endian: little\n", b"endian: LITTLE\n"),
        ("nrrd", False, b"type: int16", b"type: Int16"),
        ("nrrd", False, b"2 3 5", b"2 3 4"),
        ("nrrd", True, b"2 3 5", b"2 3 4"),
        ("nrrd", True, b"\n\n\x1f\x8b\x08\x00", b"\n\n\x1f\x8b\x08\x20"),
    ],
)
def test_what_the_libraries_refuse_or_read_otherwise_is_refused(
    tmp_path, form, compressed, old, new
):
    path = SAVERS[form](tmp_path / "a", VALUES.astype(np.int16), compressed=compressed)
    np.testing.assert_array_equal(open_source(str(path)).read(())[0], VALUES)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    assert "cannot read" in error_of_values(path)


def test_text_without_an_order_of_bytes_is_named(tmp_path):
    path = tmp_path / "a.nrrd"
    head = "NRRD0005\ntype: unsigned short\ndimension: 2\nsizes: 3 2\nencoding: ASCII\n\n"
    path.write_text(f"{head}1 2 3\n4 5 6\n")
    assert "its encoding is ASCII; save it as raw or gzip" in error_of(path)
