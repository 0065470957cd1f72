"""What copies keep of the files that they were made from, beside the repaired values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from field.arrays import draw_masks, predict
from sources.files.test_nrrd_and_mha import PREDICTED, TRUTH, save_mha, save_nrrd

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.file_repair.run import repair_files
from iou_doctor.sources.opening import open_source

MASKS = draw_masks((3, 48, 60), 3)
SHIFTED = predict(MASKS, 3) + np.uint8(1)
SHIFTED_VOLUME = PREDICTED + np.uint8(1)
GEO = (
    (33550, "d", 3, (0.5, 0.5, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 100.0, 200.0, 0.0), True),
    (34735, "H", 8, (1, 1, 0, 1, 1024, 0, 1, 1), True),
    (42113, "s", 0, "255", True),
)


def fix(tmp_path, predictions, masks, num_classes=3):
    """Return what `fix` did to a pair, and the copy of the predictions."""
    options = Options(num_classes=num_classes)
    request = CheckRequest(predictions=str(predictions), masks=str(masks), options=options)
    done = repair_files(request, output_dir=tmp_path / "out", overwrite=True)
    assert done.report.verdict.sick is False
    (copy,) = done.copies
    return copy, open_source(copy.place).read(())


def save_tiff(path, array, **options):
    tifffile.imwrite(path, array, photometric="minisblack", **options)
    return path


@pytest.mark.parametrize("layout", [{}, {"tile": (16, 32)}, {"rowsperstrip": 7}])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_keeps_its_tags_segments_and_compression(tmp_path, layout, order):
    np.save(tmp_path / "masks.npy", MASKS[:1])
    path = save_tiff(
        tmp_path / "p.tif",
        SHIFTED[0],
        compression="zlib",
        predictor=True,
        resolution=((3, 2), (5, 2)),
        resolutionunit="CENTIMETER",
        extratags=GEO,
        description="a scene",
        metadata=None,
        byteorder=order,
        **layout,
    )
    copy, values = fix(tmp_path, path, tmp_path / "masks.npy")
    np.testing.assert_array_equal(values, SHIFTED[:1] - 1)
    assert copy.place == str(tmp_path / "out" / "p.tif")
    assert copy.unkept == ()
    with tifffile.TiffFile(path) as old, tifffile.TiffFile(copy.place) as new:
        before, after = ({tag.name: tag.value for tag in f.pages[0].tags} for f in (old, new))
        assert new.byteorder == order
    for tags in (before, after):  # where the pixels lie differs
        for name in list(tags):
            if name.endswith(("Offsets", "ByteCounts")) or name == "Software":
                del tags[name]
    assert before == after


def test_an_unknown_unit_of_the_resolution_becomes_none(tmp_path):
    from iou_doctor.file_repair.writers.tiff import save_tiff as save_copy

    path = save_tiff(tmp_path / "p.tif", SHIFTED[0], resolution=((3, 2), (5, 2)))
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags[296].overwrite(8193)
    save_copy(tmp_path / "q.tif", SHIFTED[0], str(path), keeps_values=True)
    with tifffile.TiffFile(tmp_path / "q.tif") as file:
        assert file.pages[0].tags.valueof(296) == 1


def test_the_place_on_the_map_is_dropped_with_the_size(tmp_path):
    from iou_doctor.file_repair.writers.tiff import save_tiff as save_copy

    path = save_tiff(tmp_path / "p.tif", SHIFTED[0], extratags=GEO, metadata=None)
    notes = save_copy(tmp_path / "q.tif", SHIFTED[0][:9, :8], str(path), keeps_values=True)
    assert notes == ["its place on the map is not kept, because the copy has another size"]
    with tifffile.TiffFile(tmp_path / "q.tif") as file:
        assert file.pages[0].tags.valueof(33550) is None
        assert file.pages[0].tags.valueof(42113) == "255"


@pytest.mark.parametrize("form", ["pages", "ome", "imagej"])
def test_a_stack_keeps_its_axes(tmp_path, form):
    dtype = "uint16" if form == "imagej" else "uint8"
    np.save(tmp_path / "masks.npy", MASKS)
    settings = {
        "pages": {"compression": "zlib"},
        "ome": {"ome": True, "metadata": {"axes": "ZYX", "PhysicalSizeX": 0.25}},
        "imagej": {"imagej": True, "metadata": {"axes": "ZYX", "spacing": 2.0}},
    }[form]
    path = save_tiff(tmp_path / "p.tif", SHIFTED.astype(dtype), **settings)
    copy, values = fix(tmp_path, path, tmp_path / "masks.npy")
    np.testing.assert_array_equal(values, SHIFTED - 1)
    with tifffile.TiffFile(path) as old, tifffile.TiffFile(copy.place) as new:
        assert new.series[0].axes == old.series[0].axes
        if form == "pages":
            return
        assert new.pages[0].description == old.pages[0].description
    assert copy.unkept in ((), ("tags that are not kept: IJMetadata, IJMetadataByteCounts",))


def test_a_palette_stays_only_with_the_values(tmp_path):
    from iou_doctor.file_repair.writers.tiff import save_tiff as save_copy

    colours = np.arange(3 * 256, dtype=np.uint16).reshape(3, 256)
    tifffile.imwrite(tmp_path / "p.tif", MASKS[0], photometric="palette", colormap=colours)
    for keeps in (True, False):
        target = tmp_path / f"{keeps}.tif"
        notes = save_copy(target, MASKS[0], str(tmp_path / "p.tif"), keeps_values=keeps)
        words = "its colours are not kept, because the copy has other values"
        assert notes == ([] if keeps else [words])
        with tifffile.TiffFile(target) as file:
            assert (file.pages[0].colormap is not None) == keeps


def test_a_compression_that_changes_labels_is_replaced(tmp_path):
    pytest.importorskip("imagecodecs", reason="imagecodecs, which packs LZW and JPEG, is missing")
    from iou_doctor.file_repair.writers.tiff import save_tiff as save_copy

    for codec, kept in (("lzw", True), ("zstd", True), ("packbits", True), ("jpeg", False)):
        path = save_tiff(tmp_path / f"{codec}.tif", MASKS[0], compression=codec)
        notes = save_copy(tmp_path / f"{codec}2.tif", MASKS[0], str(path), keeps_values=True)
        with tifffile.TiffFile(tmp_path / f"{codec}2.tif") as file:
            name = file.pages[0].compression.name.lower()
            np.testing.assert_array_equal(file.asarray(), MASKS[0])
        assert (name == codec) == kept
        assert bool(notes) != kept


def test_an_nrrd_keeps_its_fields(tmp_path):
    nrrd = pytest.importorskip("nrrd", reason="pynrrd, of the extra `medical`, is missing")
    fields = {
        "encoding": "gzip",
        "space": "left-posterior-superior",
        "space directions": np.diag([1.0, 2.0, 3.0]),
        "space origin": np.array([4.0, 5.0, 6.0]),
        "kinds": ["domain"] * 3,
        "Segment0_LabelValue": "1",
        "scanner": "of a kind",
    }
    nrrd.write(str(tmp_path / "p.nrrd"), SHIFTED_VOLUME, fields)
    save_nrrd(tmp_path / "t", TRUTH)
    copy, values = fix(tmp_path, tmp_path / "p.nrrd", tmp_path / "t.nrrd")
    np.testing.assert_array_equal(values[0], SHIFTED_VOLUME - 1)
    kept = nrrd.read_header(copy.place)
    for name in fields.keys() - {"Segment0_LabelValue"}:
        np.testing.assert_array_equal(kept[name], fields[name])
    assert copy.unkept == (
        "not kept, because the copy has other axes or values: Segment0_LabelValue",
    )


def test_a_detached_nrrd_becomes_one_file(tmp_path):
    nrrd = pytest.importorskip("nrrd", reason="pynrrd, of the extra `medical`, is missing")
    nrrd.write(str(tmp_path / "p.nhdr"), SHIFTED_VOLUME, {"encoding": "raw", "spacings": [1, 2, 3]})
    save_nrrd(tmp_path / "t", TRUTH)
    copy, values = fix(tmp_path, tmp_path / "p.nhdr", tmp_path / "t.nrrd")
    assert copy.place == str(tmp_path / "out" / "p.nrrd")
    assert copy.unkept == ("the header and the voxels of an .nhdr file are in one .nrrd file",)
    np.testing.assert_array_equal(values[0], SHIFTED_VOLUME - 1)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_meta_image_keeps_its_header(tmp_path, compressed):
    path = save_mha(
        tmp_path / "p", SHIFTED_VOLUME, compressed=compressed, directions=np.diag([1, -1, 1])
    )
    content = path.read_bytes().replace(b"NDims", b"ElementSpacing = 1 2 3\nComment = x\nNDims", 1)
    path.write_bytes(content)
    save_mha(tmp_path / "t", TRUTH, directions=np.diag([1, -1, 1]))
    copy, values = fix(tmp_path, path, tmp_path / "t.mha")
    np.testing.assert_array_equal(values[0], SHIFTED_VOLUME - 1)
    assert copy.unkept == ()
    head = Path(copy.place).read_bytes()
    for line in content.split(b"ElementDataFile")[0].splitlines():
        assert line in head or line.startswith(b"CompressedDataSize")


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", [None, "labels/0"])
def test_a_zarr_keeps_its_chunks_codecs_and_attributes(tmp_path, version, name):
    zarr = pytest.importorskip("zarr", reason="zarr, of the extra `zarr`, is missing")
    np.save(tmp_path / "masks.npy", MASKS)
    codec = {"id": "lzma", "preset": 1} if version == 2 else {"name": "gzip"}
    codec = codec if version == 2 else {**codec, "configuration": {"level": 3}}
    more = {} if version == 2 else {"shards": (2, 32, 40), "dimension_names": ("t", "y", "x")}
    array = zarr.create_array(
        str(tmp_path / "p.zarr"),
        name=name,
        shape=SHIFTED.shape,
        dtype=SHIFTED.dtype,
        chunks=(2, 16, 20),
        compressors=codec,
        attributes={"unit": "pixel"},
        zarr_format=version,
        **more,
    )
    array[:] = SHIFTED
    if name:
        zarr.open_group(str(tmp_path / "p.zarr"), mode="a").attrs["by"] = {"a": [1]}
    place = f"{tmp_path}/p.zarr" + (f"::{name}" if name else "")
    copy, values = fix(tmp_path, place, tmp_path / "masks.npy")
    np.testing.assert_array_equal(values, SHIFTED - 1)
    assert copy.unkept == ()
    file = {2: ".zarray", 3: "zarr.json"}[version]
    folders = (tmp_path / "p.zarr", tmp_path / "out" / "p.zarr")
    old, new = (json.loads((folder / (name or "") / file).read_text()) for folder in folders)
    assert old == new
    found = zarr.open_array(str(folders[1]), path=name or "", mode="r")
    assert dict(found.attrs) == {"unit": "pixel"}
    if name:
        assert dict(zarr.open_group(str(folders[1]), mode="r").attrs) == {"by": {"a": [1]}}


def test_a_copy_that_is_turned_to_a_mask_of_another_format_is_an_array(tmp_path):
    save_nrrd(tmp_path / "t", TRUTH, directions=np.eye(3))
    save_mha(tmp_path / "p", TRUTH[::-1], directions=np.diag([-1, 1, 1]))
    copy, values = fix(tmp_path, tmp_path / "p.mha", tmp_path / "t.nrrd")
    assert copy.place == str(tmp_path / "out" / "p.npy")
    np.testing.assert_array_equal(values[0], TRUTH)
