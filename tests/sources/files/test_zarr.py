"""Zarr arrays of versions 2 and 3, groups, OME-Zarr, damaged and hostile ones."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from build import mean_iou
from field.arrays import draw_masks, predict
from sources.window_cases import error_of

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import SourceError
from iou_doctor.file_repair.run import repair_files
from iou_doctor.scan.batch_plan import BatchPlan
from iou_doctor.sources.files.remote import connection
from iou_doctor.sources.files.zarr.zarr_array import ZarrSource
from iou_doctor.sources.opening import open_source

zarr = pytest.importorskip("zarr", reason="zarr, of the extra `zarr`, is missing")
numcodecs = pytest.importorskip("numcodecs", reason="numcodecs, which comes with zarr, is missing")

RANDOM = np.random.default_rng(0)
VALUES = RANDOM.integers(0, 5, (6, 40, 50))


def save(path, array, **options):
    options = {"chunks": (2, 16, 20), **options}
    store = zarr.create_array(str(path), shape=array.shape, dtype=array.dtype, **options)
    store[:] = array
    return path


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float32", "float16", ">i2"])
@pytest.mark.parametrize("version", [2, 3])
def test_windows_are_those_of_numpy(tmp_path, dtype, version):
    array = VALUES.astype(dtype)
    path = save(tmp_path / "a.zarr", array, zarr_format=version)
    source = open_source(str(path))
    assert (source.path, source.format, source.names) == (str(path), "zarr", None)
    assert (source.shape, source.chunk_shape) == (array.shape, (2, 16, 20))
    assert source.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(source.read(()), array)
    for window in ((slice(1, 4),), (slice(5, 6), slice(3, 40), slice(0, 7))):
        np.testing.assert_array_equal(source.read(window), array[window])


def test_shards_are_read(tmp_path):
    path = save(tmp_path / "a.zarr", VALUES, shards=(2, 32, 40), chunks=(1, 16, 20))
    np.testing.assert_array_equal(open_source(str(path)).read((slice(2, 5),)), VALUES[2:5])


def test_a_group_needs_a_name_if_it_has_several_arrays(tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    for name in ("preds", "more/masks"):
        group.create_array(name, shape=VALUES.shape, dtype="i8")[:] = VALUES
    assert "it holds `more/masks`, `preds`; add `::more/masks`" in error_of(tmp_path / "a.zarr")
    assert "it has no array `x`; it has `more/masks`, `preds`" in error_of(f"{tmp_path}/a.zarr::x")
    assert "leads out of it" in error_of(f"{tmp_path}/a.zarr::../b.zarr")
    source = open_source(f"{tmp_path}/a.zarr::/more/masks")
    assert source.path == f"{tmp_path}/a.zarr::more/masks"
    np.testing.assert_array_equal(source.read(()), VALUES)


def test_a_folder_without_the_suffix_is_recognised(tmp_path):
    save(tmp_path / "a", VALUES)
    assert open_source(str(tmp_path / "a")).format == "zarr"


@pytest.mark.parametrize("version", [2, 3])
def test_the_finest_resolution_of_an_ome_image_is_read(tmp_path, version):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=version)
    for level, step in enumerate((1, 2)):
        part = VALUES[:, ::step, ::step]
        group.create_array(str(level), shape=part.shape, dtype="i8")[:] = part
    scales = [{"datasets": [{"path": "0"}, {"path": "1"}]}]
    group.attrs["multiscales"] = scales
    if version == 3:
        group.attrs["ome"] = {"multiscales": scales}
    assert open_source(str(tmp_path / "a.zarr")).shape == VALUES.shape


def test_a_folder_of_arrays_is_a_series(tmp_path):
    for number in range(3):
        save(tmp_path / "z" / f"{number}.zarr", VALUES[number], chunks=(16, 20))
    source = open_source(str(tmp_path / "z"))
    assert (source.format, source.names) == ("zarr_files", ("0", "1", "2"))
    for pattern in ("*.zarr", "[0-2]*", "**"):
        assert open_source(str(tmp_path / "z" / pattern)).names == ("0", "1", "2")
    np.testing.assert_array_equal(source.read(()), VALUES[:3])


def test_the_score_is_that_of_numpy(tmp_path):
    masks = draw_masks((4, 48, 60), 3)
    preds = predict(masks, 3)
    save(tmp_path / "m.zarr", masks)
    save(tmp_path / "p.zarr", preds)
    request = CheckRequest(
        predictions=f"{tmp_path}/p.zarr",
        masks=f"{tmp_path}/m.zarr",
        options=Options(num_classes=3),
    )
    assert check(request).mean_iou == mean_iou(masks, preds, 3)


@pytest.mark.parametrize("name", [None, "preds"])
def test_a_copy_is_zarr_as_well(tmp_path, name):
    masks = draw_masks((4, 48, 60), 3)
    preds = predict(masks, 3)
    save(tmp_path / "m.zarr", masks)
    zarr.create_array(str(tmp_path / "p.zarr"), name=name, data=preds + np.uint8(1))
    request = CheckRequest(
        predictions=f"{tmp_path}/p.zarr" + ("::preds" if name else ""),
        masks=f"{tmp_path}/m.zarr",
        options=Options(num_classes=3),
    )
    for _ in range(2):
        done = repair_files(request, output_dir=tmp_path / "out", overwrite=True)
    assert done.predictions == f"{tmp_path}/out/p.zarr" + ("::preds" if name else "")
    np.testing.assert_array_equal(open_source(done.predictions).read(()), preds)
    assert done.report.mean_iou == mean_iou(masks, preds, 3)


def test_copies_of_a_folder_of_arrays_are_one_as_well(tmp_path):
    masks = draw_masks((3, 48, 60), 3)
    preds = predict(masks, 3)
    for number in range(3):
        save(tmp_path / "m" / f"{number}.zarr", masks[number], chunks=(16, 20))
        save(tmp_path / "p" / f"{number}.zarr", preds[number] + np.uint8(1), chunks=(16, 20))
    request = CheckRequest(
        predictions=f"{tmp_path}/p", masks=f"{tmp_path}/m", options=Options(num_classes=3)
    )
    for _ in range(2):
        done = repair_files(request, output_dir=tmp_path / "out", overwrite=True)
    np.testing.assert_array_equal(open_source(done.predictions).read(()), preds)


def test_a_codec_that_unpickles_is_refused_before_it_is_used(tmp_path):
    path = save(tmp_path / "a.zarr", VALUES, zarr_format=2)
    metadata = json.loads((path / ".zarray").read_text())
    for change in ({"filters": [{"id": "pickle"}]}, {"compressor": {"id": "pickle"}}):
        (path / ".zarray").write_text(json.dumps(metadata | change))
        assert "its codec `pickle` is not one of numbers" in error_of(path)
    path = save(tmp_path / "b.zarr", VALUES)
    metadata = json.loads((path / "zarr.json").read_text())
    for codec in ("numcodecs.pickle", "unknown"):
        inner = {"name": "sharding_indexed", "configuration": {"codecs": [{"name": codec}]}}
        for codecs in ([{"name": codec}], [inner]):
            (path / "zarr.json").write_text(json.dumps(metadata | {"codecs": codecs}))
            assert f"its codec `{codec}` is not one of numbers" in error_of(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": [10**9, 10**6, 10**6]}, "and nearly nothing was written"),
        ({"shape": [60_000, 40, 50]}, "in 270,000 chunks, and nearly nothing was written"),
        ({"shape": [-1, 4, 4]}, "save"),
        ({"shape": []}, "save"),
        ({"data_type": "string"}, "save"),
        ({"node_type": "other"}, "it holds no arrays"),
        ({"data_type": "complex64", "fill_value": [0.0, 0.0]}, "it holds complex numbers"),
        (
            {
                "chunk_grid": {
                    "name": "regular",
                    "configuration": {"chunk_shape": [6, 40000, 50000]},
                }
            },
            "each of its chunks takes",
        ),
    ],
)
def test_metadata_that_claim_too_much_are_refused(tmp_path, change, words):
    path = save(tmp_path / "a.zarr", VALUES)
    metadata = json.loads((path / "zarr.json").read_text())
    (path / "zarr.json").write_text(json.dumps(metadata | change))
    assert words in error_of(path)


def test_attributes_that_are_no_object_are_passed_over(tmp_path):
    path = save(tmp_path / "a.zarr", VALUES)
    metadata = json.loads((path / "zarr.json").read_text())
    (path / "zarr.json").write_text(json.dumps(metadata | {"attributes": [1]}))
    np.testing.assert_array_equal(open_source(str(path)).read(()), VALUES)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_metadata_that_are_no_object_are_refused(tmp_path, content):
    path = save(tmp_path / "a.zarr", VALUES)
    (path / "zarr.json").write_bytes(content)
    assert "the Zarr metadata are damaged" in error_of(path)


@pytest.mark.parametrize("version", [2, 3])
def test_a_damaged_chunk_is_refused_or_read(tmp_path, version):
    path = save(tmp_path / "a.zarr", VALUES, zarr_format=version)
    chunk = next(
        file for file in sorted(path.rglob("*")) if file.is_file() and "z" not in file.name
    )
    sound = chunk.read_bytes()
    for number in range(60):
        damaged = bytearray(sound if number % 3 else sound[: RANDOM.integers(0, len(sound))])
        for place in RANDOM.integers(0, max(1, len(damaged)), 3):
            if damaged:
                damaged[place] ^= 1 << RANDOM.integers(8)
        chunk.write_bytes(damaged)
        try:
            open_source(str(path)).read(())
        except (SourceError, MemoryError):
            continue


def test_groups_in_a_circle_are_searched_once(tmp_path):
    zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    (tmp_path / "a.zarr" / "again").symlink_to(tmp_path / "a.zarr")
    assert "it holds no arrays" in error_of(tmp_path / "a.zarr")


def test_a_chunk_that_changes_meanwhile_gives_no_score(tmp_path, monkeypatch):
    path = save(tmp_path / "a.zarr", VALUES)
    (chunk,) = [file for file in sorted(path.rglob("*")) if file.is_file()][-1:]
    count = BatchPlan.count_parts

    def count_and_touch(*arguments, **options):
        os.utime(chunk, ns=(0, chunk.stat().st_mtime_ns + 1))
        return count(*arguments, **options)

    monkeypatch.setattr(BatchPlan, "count_parts", count_and_touch)
    with pytest.raises(SourceError, match="changed while it was read"):
        check(CheckRequest(predictions=str(path), masks=str(path), options=Options(num_classes=5)))


def test_an_error_of_a_store_is_that_of_the_array(monkeypatch):
    monkeypatch.setattr(connection, "WAITS", ())

    class AnswerError(Exception):
        """What aiohttp raises is no `OSError`."""

    class Unanswered:
        shape, chunks, dtype = (2,), (1,), np.dtype(np.uint8)

        def __getitem__(self, parts):
            raise AnswerError("500, url='https://host/a.zarr/c/0?sig=SECRET'")

    source = ZarrSource("https://host/a.zarr", Unanswered(), ())
    with pytest.raises(SourceError, match=r"500, url='https://host/a.zarr/c/0'"):
        source.read((slice(0, 1),))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("replace", "sentence"),
    [
        (lambda chunk: chunk.symlink_to("/dev/zero"), "it is a device or a pipe"),
        (lambda chunk: os.mkfifo(chunk), "it is a device or a pipe"),
        (lambda chunk: chunk.write_bytes(bytes(1 << 22)), "bytes, far more than a chunk"),
    ],
)
def test_a_chunk_without_an_end_or_far_too_large_is_refused(tmp_path, version, replace, sentence):
    path = tmp_path / "a.zarr"
    zarr.create_array(str(path), data=VALUES, chunks=VALUES.shape, zarr_format=version)
    chunk = find_chunk(path)
    chunk.unlink()
    replace(chunk)
    source = open_source(str(path))
    with pytest.raises(SourceError, match=sentence):
        source.read(())


def find_chunk(path):
    (chunk,) = (
        file
        for file in path.rglob("*")
        if file.is_file() and not file.name.startswith((".z", "zarr.json"))
    )
    return chunk
