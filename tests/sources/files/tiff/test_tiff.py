"""TIFFs that Pillow does not read: pages, bands, tiles, types and compressions."""

from __future__ import annotations

import struct
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from PIL import Image
from sources.window_cases import error_of, error_of_values

from iou_doctor.errors import SourceError
from iou_doctor.sources.files.tiff.tiff import open_tiff
from iou_doctor.sources.opening import open_source

RANDOM = np.random.default_rng(0)
CODECS = ["none", "zlib", "lzw", "zstd", "packbits"]


def draw(*shape, dtype="uint8"):
    return RANDOM.integers(0, 5, shape).astype(dtype)


def save(path, array, **options):
    codec = options.get("compression", "none")
    if codec not in {"none", "zlib"}:
        pytest.importorskip("imagecodecs", reason=f"imagecodecs, which packs {codec}, is missing")
    options["compression"] = None if codec == "none" else codec
    tifffile.imwrite(path, array, **options)
    return str(path)


def check_windows(source, array):
    """Compare some windows with slices of the array."""
    assert (source.shape, source.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(source.read(()), array)
    for _ in range(6):
        low = [RANDOM.integers(0, size) for size in array.shape]
        high = [
            RANDOM.integers(start + 1, size + 1)
            for start, size in zip(low, array.shape, strict=True)
        ]
        window = tuple(map(slice, low, high))
        np.testing.assert_array_equal(source.read(window), array[window])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 32)}, {"rowsperstrip": 7}])
@pytest.mark.parametrize("shape", [(5, 40, 70), (3, 40, 70, 3), (2, 3, 40, 70)])
def test_pages_are_an_array(tmp_path, codec, layout, shape):
    array = draw(*shape, dtype="int16")
    photometric = "rgb" if shape[-1] == 3 else "minisblack"
    options = {"compression": codec, "photometric": photometric, **layout}
    source = open_source(save(tmp_path / "a.tif", array, **options))
    assert (source.format, source.names) == ("tiff", None)
    check_windows(source, array)


@pytest.mark.parametrize("dtype", ["int8", "uint32", "int64", "float16", "float64", ">f4", ">i2"])
@pytest.mark.parametrize("codec", ["none", "zlib"])
def test_one_page_of_any_type_is_one_image(tmp_path, dtype, codec):
    array = draw(20, 30, dtype=dtype)
    path = save(
        tmp_path / "a.tif",
        array,
        compression=codec,
        byteorder=np.dtype(dtype).byteorder.replace("=", "<").replace("|", "<"),
    )
    source = open_source(path)
    assert (source.format, source.names, source.shape) == ("images", ("a",), (1, 20, 30))
    np.testing.assert_array_equal(source.read(())[0], array)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}, {"rowsperstrip": 7}])
@pytest.mark.parametrize("codec", ["none", "zlib"])
def test_bands_are_channels(tmp_path, planar, layout, codec):
    array = draw(40, 30, 6, dtype="float32")
    stored = array if planar == "contig" else np.moveaxis(array, -1, 0)
    options = {"planarconfig": planar, "photometric": "minisblack", "compression": codec, **layout}
    source = open_source(save(tmp_path / "a.tif", stored, **options))
    assert source.names == ("a",)
    check_windows(source, stored[np.newaxis])


@pytest.mark.parametrize("codec", [None, "tiff_adobe_deflate", "tiff_lzw"])
def test_pages_that_pillow_writes_are_an_array(tmp_path, codec):
    if codec == "tiff_lzw":
        pytest.importorskip("imagecodecs", reason="imagecodecs, which unpacks LZW, is missing")
    array = draw(4, 20, 30)
    first, *more = map(Image.fromarray, array)
    first.save(tmp_path / "a.tif", save_all=True, append_images=more, compression=codec)
    check_windows(open_source(str(tmp_path / "a.tif")), array)


def test_a_codec_that_needs_the_extra_says_so(tmp_path, monkeypatch):
    first, *more = map(Image.fromarray, draw(4, 20, 30))
    path = str(tmp_path / "a.tif")
    first.save(path, save_all=True, append_images=more, compression="tiff_lzw")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    assert error_of(path) == (
        f"cannot read `{path}`: it is a TIFF with 4 pages, compressed with LZW; `pip install"
        " \"iou-doctor[tiff]\"` reads it, or save it with `np.save('NAME.npy',"
        " tifffile.imread(FILE))`"
    )


def test_a_folder_mixes_kinds_that_pillow_reads_and_others(tmp_path):
    Image.fromarray(draw(9, 8)).save(tmp_path / "a.png")
    save(tmp_path / "b.tif", draw(9, 8, dtype="int64"))
    source = open_source(str(tmp_path))
    assert (source.format, source.shape, source.dtype) == ("images", (2, 9, 8), np.int64)


def test_a_folder_of_stacks_is_read_stack_by_stack(tmp_path):
    stacks = [draw(4, 9, 8), draw(6, 9, 8)]
    for number, stack in enumerate(stacks):
        save(tmp_path / f"{number}.tif", stack, photometric="minisblack")
    source = open_source(str(tmp_path))
    assert source.shape == (2, None, 9, 8)
    np.testing.assert_array_equal(source.read((slice(1, 2),))[0], stacks[1])


def test_threads_unpack_a_large_segment_once(tmp_path, monkeypatch):
    array = draw(400, 60, dtype="int32")
    path = save(tmp_path / "a.tif", array, compression="zlib", rowsperstrip=400)
    monkeypatch.setattr("iou_doctor.sources.files.tiff.pages._LEAST_LARGE_BYTES", 1)
    source = open_tiff(path)
    decode, count = source._page.decode, []

    def decode_slowly(*arguments, **options):
        count.append(1)
        time.sleep(0.02)
        return decode(*arguments, **options)

    source._page.__dict__["decode"] = decode_slowly
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(source.read, [(slice(i, i + 40),) for i in range(0, 400, 40)]))
    np.testing.assert_array_equal(np.concatenate(parts), array)
    assert len(count) == 1


def test_axes_of_ome_are_read_and_no_other_file_is(tmp_path):
    array = draw(2, 3, 20, 30, dtype="uint16")
    tifffile.imwrite(tmp_path / "a.ome.tif", array, metadata={"axes": "TZYX"}, ome=True)
    content = (tmp_path / "a.ome.tif").read_bytes()
    assert b"<OME" in content
    check_windows(open_source(str(tmp_path / "a.ome.tif")), array)


@pytest.mark.parametrize("codec", ["none", "zlib"])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}])
def test_a_damaged_file_is_refused_or_read(tmp_path, codec, layout):
    path = tmp_path / "a.tif"
    save(path, draw(3, 40, 30), compression=codec, photometric="minisblack", **layout)
    sound = path.read_bytes()
    random = np.random.default_rng(0)
    for number in range(300):
        damaged = bytearray(sound if number % 3 else sound[: random.integers(9, len(sound))])
        for place in random.integers(0, len(damaged), 4):
            damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        try:
            open_source(str(path)).read(())
        except (SourceError, MemoryError):
            continue


def test_a_file_without_some_of_its_strips_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((12, 10), np.uint8), rowsperstrip=12)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as file:
        file.pages[0].tags["RowsPerStrip"].overwrite(2)
    assert "some of its strips or tiles are missing" in error_of(tmp_path / "a.tif")


def test_a_tile_in_the_header_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((20, 40), np.int64), tile=(16, 16))
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as file:
        tag = file.pages[0].tags["TileOffsets"]
        tag.overwrite((0, *tag.value[1:]))
    assert "it is damaged" in error_of_values(tmp_path / "a.tif")


def test_pixels_within_the_header_are_refused(tmp_path):
    path = save(tmp_path / "a.tif", np.ones((12, 10), np.int64))
    with tifffile.TiffFile(path) as file:
        tag = file.pages[0].tags["StripOffsets"]
    with (tmp_path / "a.tif").open("r+b") as stream:
        stream.seek(tag.valueoffset)
        stream.write(bytes(4))
    assert "it is damaged" in error_of(path)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("fault", ["circle", "tags", "beyond"])
def test_directories_that_take_hours_are_refused_at_once(tmp_path, big, fault):
    path = tmp_path / "a.tif"
    save(path, np.ones((12, 10), np.int64), bigtiff=big)
    content = bytearray(path.read_bytes())
    place, wide = (16, 8) if big else (8, 4)
    (tags,) = struct.unpack_from("<Q" if big else "<H", content, place)
    following = place + (8 + 20 * tags if big else 2 + 12 * tags)
    assert int.from_bytes(content[following : following + wide], "little") == 0
    assert open_source(str(path)).shape == (1, 12, 10)
    if fault == "tags":
        content[place : place + 2] = b"\xff\xff"
    else:
        target = place if fault == "circle" else len(content) + 5
        content[following : following + wide] = target.to_bytes(wide, "little")
    path.write_bytes(content)
    if fault == "beyond":  # as tifffile, which takes the pages before
        assert open_source(str(path)).shape == (1, 12, 10)
    else:
        assert "it is damaged" in error_of(path)


def test_pages_that_claim_more_than_the_file_holds_are_refused_at_once(tmp_path):
    path = tmp_path / "a.tif"
    save(path, draw(2, 300, 301), compression="zlib", photometric="minisblack")
    size = np.array(301, "<u4").tobytes()
    path.write_bytes(path.read_bytes().replace(size, np.array(3_000_000, "<u4").tobytes()))
    assert "save" in error_of(path)


def test_a_kind_that_needs_the_extra_says_so(tmp_path, monkeypatch):
    path = save(tmp_path / "a.tif", draw(2, 9, 8), photometric="minisblack")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    assert error_of(path) == (
        f"cannot read `{path}`: it is a TIFF of a kind that Pillow does not read (several pages or"
        ' bands, or other values); `pip install "iou-doctor[tiff]"` reads it, or save it with'
        " `np.save('NAME.npy', tifffile.imread(FILE))`"
    )


def test_a_large_compressed_stack_is_read_in_little_memory(tmp_path):
    array = np.zeros((40, 512, 512), np.uint8)
    path = save(tmp_path / "a.tif", array, compression="zlib", photometric="minisblack")
    source = open_source(path)
    tracemalloc.start()
    for page in range(40):
        source.read((slice(page, page + 1),))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 512 * 512


def test_jpeg_before_a_page_of_mask_bits_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    path = str(tmp_path / "cog.tif")
    Image.new("RGB", (64, 48)).save(path, compression="jpeg")
    with tifffile.TiffWriter(path, append=True) as writer:
        writer.write(np.ones((48, 64), bool), photometric="mask", subfiletype=4)
    assert "a TIFF with one page, compressed with JPEG; `pip install" in error_of(path)
