from __future__ import annotations

import io
import struct
import tempfile
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sources.window_cases import error_of, windows

from iou_doctor.errors import SourceError
from iou_doctor.sources.files.images import image as _image
from iou_doctor.sources.files.images import image_file, image_limits
from iou_doctor.sources.opening import open_source


def save(folder, **images):
    folder.mkdir(exist_ok=True)
    for name, values in images.items():
        Image.fromarray(np.asarray(values, np.uint8)).save(folder / f"{name}.png")
    return folder


def png_claiming(width, height, data=b"\0"):
    def chunk(kind, body):
        crc = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@given(st.data(), st.sampled_from([(), (3,), (4,)]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_window_of_equal_images_is_what_numpy_slices(data, channels):
    shape = (data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5)), 3, *channels)
    array = (np.arange(np.prod(shape)) % 251).reshape(shape).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        for number, image in enumerate(array):
            Image.fromarray(image).save(Path(folder) / f"{number}.png")
        source = open_source(folder)
        assert (source.shape, source.dtype) == (shape, np.uint8)
        for window in data.draw(st.lists(windows(shape), min_size=1, max_size=4)):
            np.testing.assert_array_equal(source.read(window), array[window])
            assert source.read(window).shape == array[window].shape


def test_images_of_different_sizes_are_read_one_by_one(tmp_path):
    folder = save(tmp_path / "masks", b=[[1, 2, 3], [4, 5, 6]], a=[[7, 8]])
    source = open_source(str(folder))
    assert (source.path, source.format) == (str(folder), "images")
    assert (source.shape, source.chunk_shape) == ((2, None, None), (1, 1, 1))
    assert (source.names, source.is_sequential) == (("a", "b"), False)
    assert [source.get_sample_shape(0), source.get_sample_shape(1)] == [(1, 2), (2, 3)]
    assert source.read((slice(0, 1),)).tolist() == [[[7, 8]]]
    assert source.read((slice(1, 2), slice(1, 2), slice(0, 2))).tolist() == [[[4, 5]]]


def test_only_the_axis_that_differs_has_no_length(tmp_path):
    folder = save(tmp_path / "masks", a=[[7, 8]], b=[[1, 2], [3, 4]])
    assert open_source(str(folder)).shape == (2, None, 2)


def test_a_window_across_images_of_different_sizes_is_a_mistake(tmp_path):
    folder = save(tmp_path / "masks", a=[[7, 8]], b=[[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="within one image"):
        open_source(str(folder)).read(())


def test_hidden_files_other_files_and_nested_folders_are_left_out(tmp_path):
    folder = save(tmp_path / "masks", b=[[1]])
    save(folder / "nested.png", c=[[1]])
    (folder / ".a.png").write_bytes(b"not an image")
    (folder / "readme.txt").write_text("text")
    Image.new("L", (1, 1)).save(folder / "A.PNG")
    assert open_source(str(folder)).names == ("A", "b")


def test_names_are_sorted_by_their_numbers_and_without_their_suffixes(tmp_path):
    names = ["a", "a-b", "a10", "a9", "b09_2", "b9_1"]
    folder = save(tmp_path / "masks", **{name: [[1]] for name in names})
    assert open_source(str(folder)).names == ("a", "a9", "a10", "a-b", "b9_1", "b09_2")


def test_a_single_image_is_a_source_of_one(tmp_path):
    save(tmp_path, mask=[[1, 2]])
    source = open_source(str(tmp_path / "mask.png"))
    assert (source.path, source.shape) == (str(tmp_path / "mask.png"), (1, 1, 2))
    assert source.names == ("mask",)
    assert source.read(()).tolist() == [[[1, 2]]]


def test_a_palette_image_is_read_as_indices(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([1, 0])
    image.save(tmp_path / "a.png")
    assert open_source(str(tmp_path)).read(()).tolist() == [[[1, 0]]]


@pytest.mark.parametrize(
    ("mode", "suffix", "dtype", "channels"),
    [
        ("1", "png", "bool", ()),
        ("1", "tif", "bool", ()),
        ("L", "png", "uint8", ()),
        ("L", "bmp", "uint8", ()),
        ("L", "tiff", "uint8", ()),
        ("L", "jpg", "uint8", ()),
        ("P", "png", "uint8", ()),
        ("I;16", "png", "uint16", ()),
        ("I;16", "tif", "uint16", ()),
        ("I", "tif", "int32", ()),
        ("F", "tif", "float32", ()),
        ("LA", "png", "uint8", ()),
        ("RGB", "jpeg", "uint8", (3,)),
        ("RGB", "png", "uint8", (3,)),
        ("RGBA", "png", "uint8", (4,)),
    ],
)
def test_each_mode_has_its_type(tmp_path, monkeypatch, mode, suffix, dtype, channels):
    if mode in {"L", "P"}:
        Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3)).save(tmp_path / f"a.{suffix}")
    else:
        Image.new(mode, (3, 2), 1).save(tmp_path / f"a.{suffix}")
    source = open_source(str(tmp_path))
    assert (source.dtype, source.shape) == (np.dtype(dtype), (1, 2, 3, *channels))
    values = source.read(())
    assert values.dtype == np.dtype(dtype)
    # a large image is converted in bands
    monkeypatch.setattr("iou_doctor.sources.files.images.image._LEAST_LARGE_PIXELS", 1)
    monkeypatch.setattr("iou_doctor.sources.files.images.image._BAND_ROWS", 1)
    banded = open_source(str(tmp_path)).read(())
    assert banded.dtype == values.dtype
    np.testing.assert_array_equal(banded, values)


@pytest.mark.parametrize("suffix", ["gif", "jp2", "pgm"])
def test_a_grey_image_of_any_lossless_format_keeps_its_labels(tmp_path, suffix):
    labels = np.random.default_rng(0).integers(0, 21, (40, 30), np.uint8)
    Image.fromarray(labels).save(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(open_source(str(tmp_path)).read(())[0], labels)


def test_a_palette_of_a_gif_is_read_as_indices(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([1, 0])
    image.save(tmp_path / "a.gif")
    assert open_source(str(tmp_path)).read(()).tolist() == [[[1, 0]]]


def test_a_lossless_webp_keeps_its_colours(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    Image.fromarray(colours).save(tmp_path / "a.webp", lossless=True)
    np.testing.assert_array_equal(open_source(str(tmp_path)).read(())[0], colours)


@pytest.mark.parametrize("most", [1, 3, 20, 254, 255, 256, 1000, 65534, 65535])
@pytest.mark.parametrize("plain", [True, False])
def test_a_pgm_of_any_range_is_read_as_it_is_stored(tmp_path, most, plain):
    values = np.linspace(0, most, 12).round().astype(int)
    dtype = ">u2" if most > 255 else "u1"
    body = " ".join(map(str, values)).encode() if plain else values.astype(dtype).tobytes()
    header = f"P{2 if plain else 5}\n4 3\n# a comment\n{most}\n".encode()
    (tmp_path / "a.pgm").write_bytes(header + body)
    assert open_source(str(tmp_path)).read(()).ravel().tolist() == values.tolist()


def test_a_gif_with_several_frames_is_refused(tmp_path):
    frames = [Image.fromarray(np.full((9, 9), value, np.uint8)) for value in (0, 90)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert "a.gif`: it has several pages" in error_of(tmp_path)


@pytest.mark.parametrize("suffix", ["webp", "jp2"])
def test_a_large_plain_image_in_few_bytes_is_refused_at_once(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(image_limits, "_MOST_UNBOUNDED_PIXELS", 1000)
    Image.new("RGB", (2000, 2000)).save(tmp_path / f"a.{suffix}", lossless=True)
    size = (tmp_path / f"a.{suffix}").stat().st_size
    monkeypatch.setattr(image_limits, "_EXPANSION_OF_UNBOUNDED", 2000 * 2000 * 3 // size - 1)
    assert "2000 x 2000 pixels do not fit into" in error_of(tmp_path)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_16_bit_tiff_is_read_in_native_order(tmp_path, byteorder, compression):
    values = np.array([[1, 256], [65535, 2]], np.uint16)
    if compression and byteorder == ">":
        Image.fromarray(values).save(tmp_path / "a.tif", compression="tiff_adobe_deflate")
    else:
        tifffile.imwrite(tmp_path / "a.tif", values, byteorder=byteorder)
    read = open_source(str(tmp_path)).read(())
    assert (read.tolist(), read.dtype.isnative) == ([[[1, 256], [65535, 2]]], True)


@pytest.mark.parametrize(
    ("first", "second", "dtype", "values"),
    [("1", "L", "uint8", 1), ("L", "P", "uint8", 1), ("I;16", "L", "uint16", 1)],
)
def test_narrow_images_are_widened(tmp_path, first, second, dtype, values):
    Image.new(first, (1, 1), 1).save(tmp_path / "a.png")
    Image.new(second, (1, 1), 1).save(tmp_path / "b.png")
    source = open_source(str(tmp_path))
    assert source.dtype == np.dtype(dtype)
    for number in range(2):
        part = source.read((slice(number, number + 1),))
        assert (part.tolist(), part.dtype) == ([[[values]]], np.dtype(dtype))


@pytest.mark.parametrize(
    ("modes", "odd"),
    [(("L", "L", "RGB"), "c"), (("RGB", "RGBA"), "b"), (("F", "L"), "b")],
)
def test_images_of_different_kinds_are_refused_with_the_first_odd_one(tmp_path, modes, odd):
    for stem, mode in zip("abc", modes, strict=False):
        Image.new(mode, (1, 1)).save(tmp_path / f"{stem}.tif")
    first, other = tmp_path / "a.tif", tmp_path / f"{odd}.tif"
    assert error_of(tmp_path) == (
        f"cannot read `{tmp_path}`: its files differ in kind: `{first}` is {modes[0]} and "
        f"`{other}` is {modes[-1]}; save them all in one kind, or name those to read with a"
        " pattern or a list"
    )


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "PA", "YCbCr"])
def test_another_mode_is_refused_by_name(tmp_path, mode):
    Image.new(mode, (1, 1)).save(tmp_path / "a.tif")
    message = (
        f"`{tmp_path / 'a.tif'}`: its pixels are of mode {mode}; save them as grey, palette, RGB"
    )
    assert message in error_of(tmp_path)


def test_a_signed_8_bit_tiff_keeps_its_signs(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[-1]], np.int8))
    assert open_source(str(tmp_path)).read(()).tolist() == [[[-1]]]


def test_a_signed_16_bit_tiff_keeps_its_signs(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[-1, 5]], np.int16))
    assert open_source(str(tmp_path)).read(()).tolist() == [[[-1, 5]]]


def test_a_tiff_with_pages_in_a_folder_is_a_volume(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 20, 20), np.uint8), photometric="minisblack")
    assert open_source(str(tmp_path)).shape == (1, 2, 20, 20)


def test_two_files_with_one_stem_are_refused_by_name(tmp_path):
    save(tmp_path, a=[[1]])
    Image.new("L", (1, 1)).save(tmp_path / "a.jpg")
    message = f"`{tmp_path}`: `a.jpg` and `a.png` differ only in their suffix; keep one of them"
    assert message in error_of(tmp_path)


def test_a_folder_without_arrays_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.txt").write_text("text")
    message = error_of(tmp_path)
    assert (
        f"`{tmp_path}`: the folder has no images or arrays, only .txt files; save them as"
        in message
    )


def test_subfolders_are_read_where_a_folder_has_no_files_itself(tmp_path):
    for folder in ("b", "a/2", "a/10"):
        (tmp_path / folder).mkdir(parents=True)
        save(tmp_path / folder, x=[[1]])
    save(tmp_path / "b" / "pictures", y=[[1]])
    (tmp_path / ".hidden").mkdir()
    save(tmp_path / ".hidden", z=[[1]])
    assert open_source(str(tmp_path)).names == ("a/2/x", "a/10/x", "b/x")


def test_a_folder_that_links_to_its_parent_is_read_once(tmp_path):
    save(tmp_path / "a", x=[[1]])
    (tmp_path / "up").symlink_to(tmp_path, target_is_directory=True)
    assert open_source(str(tmp_path)).names == ("a/x",)


def test_a_folder_of_arrays_is_like_one_of_images(tmp_path):
    for number in range(12):
        np.save(tmp_path / f"{number}.npy", np.full((2, 3), number, np.int64))
    source = open_source(str(tmp_path))
    assert (source.format, source.shape, source.dtype) == ("npy_files", (12, 2, 3), np.int64)
    assert source.names == tuple(map(str, range(12)))
    assert source.read((slice(9, 11), slice(0, 1))).tolist() == [[[9] * 3], [[10] * 3]]


def test_arrays_of_different_sizes_are_read_one_by_one(tmp_path):
    np.savez(tmp_path / "a.npz", labels=np.ones((2, 3), np.uint8), scores=np.zeros(1))
    np.savez_compressed(tmp_path / "b.npz", labels=np.ones((4, 3), np.int32), scores=np.zeros(1))
    source = open_source(f"{tmp_path}::labels")
    assert (source.path, source.format) == (f"{tmp_path}::labels", "npz_files")
    assert (source.shape, source.dtype) == ((2, None, 3), np.int32)
    assert source.read((slice(1, 2),)).tolist() == np.ones((1, 4, 3)).tolist()
    assert "it holds `labels`, `scores`; add `::labels`" in error_of(tmp_path)


def test_a_file_that_changes_after_the_folder_was_opened_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    source = open_source(str(tmp_path))
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    with pytest.raises(SourceError, match=r"a\.npy`: it changed while it was read"):
        source.read(())


def test_scores_and_labels_in_one_folder_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3), np.uint8))
    np.save(tmp_path / "b.npy", np.zeros((2, 3), np.float32))
    assert "a.npy` is uint8 (2, 3) and" in error_of(tmp_path)


def test_the_most_frequent_format_of_a_folder_is_read(tmp_path):
    save(tmp_path, a=[[1]], b=[[1]])
    np.save(tmp_path / "scores.npy", np.zeros(3))
    assert open_source(str(tmp_path)).names == ("a", "b")
    np.save(tmp_path / "more.npy", np.zeros(3))
    assert error_of(tmp_path) == (
        f"cannot read `{tmp_path}`: it holds as many .npy as .png files (2); name one kind with a"
        f" pattern: '{tmp_path}/**/*.npy' or '{tmp_path}/**/*.png'"
    )


def test_a_folder_of_colours_and_ids_is_refused_with_a_pattern_that_works(tmp_path):
    for stem, mode in (("x_color", "RGBA"), ("x_labelIds", "L"), ("y_color", "RGBA")):
        (tmp_path / "city").mkdir(exist_ok=True)
        Image.new(mode, (1, 1)).save(tmp_path / "city" / f"{stem}.png")
    pattern = f"{tmp_path}/**/*_labelIds.png"
    assert f"or '{pattern}'" in error_of(tmp_path)
    assert open_source(pattern).names == ("city/x_labelIds",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("IM0001", b"\0" * 128 + b"DICM\2", "IM0001`: it is a DICOM file, which"),
        ("0.pt", b"PK\3\4", "0.pt`: it is a file of PyTorch"),
        ("0.json", b"{}", "the folder has no images or arrays"),
    ],
)
def test_a_folder_of_files_that_are_not_read_names_them(tmp_path, name, content, words):
    (tmp_path / "README").write_text("text")
    (tmp_path / name).write_bytes(content)
    assert words in error_of(tmp_path)


def test_a_pattern_names_the_files(tmp_path):
    save(tmp_path / "a", x_gt=[[1]], x=[[2]])
    save(tmp_path / "b", y_gt=[[3]])
    np.save(tmp_path / "a" / "z_gt.npy", np.zeros(3))
    source = open_source(f"{tmp_path}/*/*_gt.png")
    assert (source.path, source.names) == (f"{tmp_path}/*/*_gt.png", ("a/x_gt", "b/y_gt"))
    assert open_source(f"{tmp_path}/**/x*.png").names == ("a/x", "a/x_gt")
    assert open_source(f"{tmp_path}/[b]").names == ("b/y_gt",)
    assert open_source(f"{tmp_path}/a/*.npy").read(()).tolist() == [[0, 0, 0]]


def test_a_pattern_without_files_is_refused(tmp_path):
    assert error_of(f"{tmp_path}/*.png") == (
        f"cannot read `{tmp_path}/*.png`: no file matches the pattern; check it, or give the folder"
    )


def test_a_name_with_wildcards_is_a_name_where_such_a_file_exists(tmp_path):
    np.save(tmp_path / "a[1].npy", np.zeros(3))
    assert open_source(f"{tmp_path}/a[1].npy").format == "npy"


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0"])
@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "jpg", "gif", "webp", "jp2", "pgm"])
def test_a_file_that_is_no_image_is_refused_by_name(tmp_path, content, suffix):
    save(tmp_path, a=[[1]])
    bad = tmp_path / f"b.{suffix}"
    bad.write_bytes(content)
    message = error_of(tmp_path)
    assert str(bad) in message
    assert "save" in message


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "jpg", "gif", "webp", "jp2", "pgm"])
def test_a_truncated_image_is_refused_by_name(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(SourceError) as caught:
        open_source(str(tmp_path)).read(())
    assert str(path) in str(caught.value)


def test_a_damaged_image_is_refused_when_read(tmp_path):
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    content = bytearray(path.read_bytes())
    content[1000:1100] = b"\xff" * 100
    path.write_bytes(content)
    source = open_source(str(tmp_path))
    with pytest.raises(SourceError, match=r"a\.png`: it is damaged"):
        source.read(())


def test_the_message_of_pillow_names_the_file_and_no_object(tmp_path):
    (tmp_path / "0.png").write_bytes(b"no image")
    assert f"cannot identify image file '{tmp_path / '0.png'}'" in error_of(tmp_path)


def test_a_flipped_bit_of_a_png_gives_no_other_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 4, (32, 32), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "0.png")
    sound = (tmp_path / "0.png").read_bytes()
    for place in range(8, len(sound), 3):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "0.png").write_bytes(damaged)
        try:
            np.testing.assert_array_equal(open_source(str(tmp_path)).read(())[0], pixels)
        except SourceError:
            continue


@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("predictor", [False, True])
def test_a_flipped_bit_of_a_deflated_tiff_gives_no_other_pixels(tmp_path, tile, predictor):
    """Libtiff does not compare the checksums of strips and tiles."""
    random = np.random.default_rng(0)
    array = random.integers(0, 200, (48, 40), np.uint8)
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, array, compression="zlib", tile=tile, predictor=predictor)
    np.testing.assert_array_equal(open_source(str(path)).read(())[0], array)
    content = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        starts, sizes = page.dataoffsets, page.databytecounts
    refused = 0
    for start, size in zip(starts, sizes, strict=True):
        for bit in random.integers(0, 8 * size, 20):
            damaged = bytearray(content)
            damaged[start + bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            try:  # some bits at the end of the last byte mean nothing
                np.testing.assert_array_equal(open_source(str(path)).read(())[0], array)
            except SourceError as error:
                refused += "it is damaged" in str(error)
    assert refused > 15 * len(starts)


@pytest.mark.parametrize("cut", [1, 4, 12, 13, 16, 20, 24])
def test_a_png_that_is_cut_off_anywhere_is_refused(tmp_path, cut):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "0.png")
    sound = (tmp_path / "0.png").read_bytes()
    (tmp_path / "0.png").write_bytes(sound[:-cut])
    with pytest.raises(SourceError, match="damaged, cut off"):
        open_source(str(tmp_path)).read(())


def test_a_damaged_chunk_that_the_pixels_do_not_need_is_passed_over(tmp_path):
    Image.fromarray(np.ones((9, 9), np.uint8)).save(tmp_path / "0.png")
    sound = (tmp_path / "0.png").read_bytes()
    chunk = b"\0\0\0\x02teSt" + b"ab" + b"\0\0\0\0"
    end = sound.index(b"IEND") - 4
    (tmp_path / "0.png").write_bytes(sound[:end] + chunk + sound[end:] + b"more")
    assert open_source(str(tmp_path)).read(()).all()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the list of mapped files")
@pytest.mark.parametrize("suffix", [".bmp", ".tif"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_no_image_is_mapped_into_memory(tmp_path, monkeypatch, suffix, compression):
    """A mapped file that shrinks ends the process."""
    path = tmp_path / f"0{suffix}"
    Image.fromarray(np.ones((500, 500), np.uint8)).save(path, compression=compression)
    maps = []
    asarray = np.asarray

    def watch(image):
        values = asarray(image)
        maps.append(Path("/proc/self/maps").read_text())
        return values

    monkeypatch.setattr("iou_doctor.sources.files.images.image.np.asarray", watch)
    assert open_source(str(path)).read(()).all()
    assert maps
    assert not any(str(path) in text for text in maps)


def test_a_header_that_claims_more_pixels_than_the_file_holds_is_refused_at_once(tmp_path):
    (tmp_path / "a.png").write_bytes(png_claiming(40_000, 40_000))
    start = time.perf_counter()
    message = error_of(tmp_path)
    assert time.perf_counter() - start < 1
    assert "a.png`: it is cut off: 40000 x 40000 pixels do not fit into" in message


@pytest.mark.parametrize("suffix", ["bmp", "tif"])
def test_an_uncompressed_header_that_claims_more_is_refused_at_once(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (300, 301)).save(path)
    width = struct.pack("<I", 300)
    path.write_bytes(path.read_bytes().replace(width, struct.pack("<I", 30_000), 1))
    assert "30000 x 301 pixels do not fit into" in error_of(path)


def test_an_image_above_the_limit_is_refused(tmp_path, monkeypatch):
    save(tmp_path, a=np.zeros((3, 4)))
    monkeypatch.setattr(image_limits, "MOST_PIXELS", 11)
    assert "a.png`: it has 12 pixels, more than 11; cut it into tiles" in error_of(tmp_path)


def test_a_large_image_is_read_without_a_warning(tmp_path, monkeypatch):
    save(tmp_path, a=np.zeros((3, 4)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_source(str(tmp_path)).read(()).shape == (1, 3, 4)
    assert Image.MAX_IMAGE_PIXELS == 2


def test_windows_of_one_image_decode_it_once(tmp_path, monkeypatch):
    decoded = []

    def decode(header):
        decoded.append(header.stem)
        return _image.decode(header)

    monkeypatch.setattr(image_file, "decode", decode)
    source = open_source(str(save(tmp_path, a=[[1], [2]], b=[[3], [4]])))
    for number in range(2):
        for row in range(2):
            source.read((slice(number, number + 1), slice(row, row + 1)))
    assert decoded == ["a", "b"]


@pytest.mark.parametrize("content", [None, [[1, 2, 3]]])
def test_an_image_that_changes_after_opening_is_refused(tmp_path, content):
    source = open_source(str(save(tmp_path, a=[[1]])))
    (tmp_path / "a.png").unlink()
    if content:
        save(tmp_path, a=content)
    with pytest.raises(SourceError, match=r"a\.png"):
        source.read(())


def test_a_name_for_an_image_is_refused(tmp_path):
    save(tmp_path, a=[[1]])
    assert "an image has no named arrays; drop `::x`" in error_of(f"{tmp_path}/a.png::x")
    assert "a folder of images has no named arrays; drop `::x`" in error_of(f"{tmp_path}::x")


@given(st.data(), st.sampled_from(["PNG", "TIFF", "BMP", "JPEG"]))
@settings(max_examples=200)
def test_one_changed_byte_gives_an_image_or_an_error(data, kind):
    stream = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8)).save(stream, kind)
    content = bytearray(stream.getvalue())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{kind.lower()}"
        path.write_bytes(content)
        try:
            source = open_source(str(path))
            assert source.read(()).shape == source.shape
        except SourceError:
            pass


def test_a_pattern_visits_each_folder_once_though_links_lead_back(tmp_path):
    for number in range(8):
        folder = tmp_path / f"{number}" / "y [1]"
        folder.mkdir(parents=True)
        save(folder, **{f"a{number}": [[number]]})
        (folder / "up").symlink_to(tmp_path)
    names = tuple(f"{number}/y [1]/a{number}" for number in range(8))
    for pattern in ("**/*.png", "**/**/*.png", "**/y*/*.png", "**", "**/"):
        assert open_source(f"{tmp_path}/{pattern}").names == names
    assert open_source(f"{tmp_path}/0/y*/a**").names == ("y [1]/a0",)  # like a single `*`


def test_folders_that_lie_too_deep_are_refused(tmp_path):
    folder = tmp_path / "x"
    folder.joinpath(*["a"] * 70).mkdir(parents=True)
    assert "it lies more than 64 folders deep; give a folder in it" in error_of(folder)
    assert "no file matches the pattern" in error_of(f"{folder}/**/*.png")
