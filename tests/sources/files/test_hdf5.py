from __future__ import annotations

import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sources.window_cases import assert_reads, cases, error_of

from iou_doctor.arrays.layout import Assumption
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.hdf5 import chunks as hdf5_chunks
from iou_doctor.sources.opening import open_pair, open_source


@pytest.fixture(params=["zlib", "isal.isal_zlib"])
def gunzip(monkeypatch, request):
    """What unpacks chunks, with and without the extra `speed`."""
    module = pytest.importorskip(request.param, reason="there is no isal for this machine")
    monkeypatch.setattr(hdf5_chunks, "ZLIB", module)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


@given(cases(), st.booleans())
def test_a_window_is_what_numpy_slices(case, chunked):
    array, windows = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with h5py.File(path, "w") as file:
            if chunked:
                chunks = tuple(max(1, length // 2) for length in array.shape)
                file.create_dataset("x", data=array, chunks=chunks, compression="gzip")
            else:
                file["x"] = array
        assert_reads(open_source(f"{path}::/x"), array, windows)


def test_the_only_data_set_is_taken_and_named_in_the_path(path):
    with h5py.File(path, "w") as file:
        file["run/masks"] = np.zeros((2, 3), bool)
    source = open_source(str(path))
    assert (source.path, source.format) == (f"{path}::/run/masks", "hdf5")
    assert (source.dtype, source.is_sequential, source.names) == (np.dtype(bool), False, None)


def test_the_chunk_shape_is_that_of_the_data_set(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros((8, 6)), chunks=(4, 3))
        file["y"] = np.zeros((8, 6))
    assert open_source(f"{path}::x").chunk_shape == (4, 3)
    assert open_source(f"{path}::y").chunk_shape == (1, 1)


@pytest.mark.parametrize("name", ["/a/x", "a/x", "//a/./x", "/soft", "/a/near"])
def test_a_data_set_is_found_by_each_of_its_names(path, name):
    with h5py.File(path, "w") as file:
        file["a/x"] = [1, 2]
        file["soft"] = h5py.SoftLink("/a/x")
        file["a/near"] = h5py.SoftLink("x")
    assert open_source(f"{path}::{name}").read(()).tolist() == [1, 2]


def test_a_soft_link_to_a_group_is_followed(path):
    with h5py.File(path, "w") as file:
        file["a/x"] = [1, 2]
        file["b"] = h5py.SoftLink("/a")
    assert open_source(f"{path}::/b/x").read(()).tolist() == [1, 2]


def test_an_integer_enum_is_read_as_integers(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=[0, 1], dtype=h5py.enum_dtype({"road": 0, "sky": 1}))
    values = open_source(str(path)).read(())
    assert (values.tolist(), values.dtype.metadata) == ([0, 1], None)


def test_a_virtual_data_set_within_the_file_is_read(path):
    with h5py.File(path, "w") as file:
        file["a"] = [1, 2]
        layout = h5py.VirtualLayout((2,), "i8")
        layout[:] = h5py.VirtualSource(file["a"])
        file.create_virtual_dataset("v", layout)
    assert open_source(f"{path}::v").read(()).tolist() == [1, 2]


def test_a_file_with_a_user_block_is_read(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["x"] = [1, 2]
    assert open_source(str(path)).read(()).tolist() == [1, 2]


def test_several_data_sets_are_listed_with_shape_and_type(path):
    with h5py.File(path, "w") as file:
        file["a"] = np.zeros((2, 3), np.uint8)
        file["g/b"] = np.zeros(4, np.float32)
    assert error_of(path) == (
        f"cannot read `{path}`: it holds `/a (2, 3) uint8`, `/g/b (4,) float32`; "
        "add `::/a` or another name"
    )


def test_a_group_is_refused_with_its_data_sets(path):
    with h5py.File(path, "w") as file:
        file["g/b"] = np.zeros(4, np.float32)
        file.create_group("none")
    assert f"`{path}::/g`: it is a group with `/g/b (4,) float32`; name" in error_of(f"{path}::/g")
    assert "it is a group without data sets; name" in error_of(f"{path}::/none")
    assert "it is a group with `/g/b (4,) float32`" in error_of(f"{path}::/")


@pytest.mark.parametrize("name", ["z", "/g/z", "/g/b/z"])
def test_a_missing_name_is_refused_with_what_the_file_holds(path, name):
    with h5py.File(path, "w") as file:
        file["g/b"] = np.zeros(4, np.float32)
    message = error_of(f"{path}::{name}")
    assert f"`{path}::{name}`: there is no `z` in " in message
    assert "the file holds " in message


def test_values_in_other_files_are_refused_by_name(path):
    other = path.with_name("other.h5")
    with h5py.File(other, "w") as file:
        file["x"] = [1, 2]
        file["g/x"] = [1, 2]
    with h5py.File(path, "w") as file:
        file["link"] = h5py.ExternalLink("other.h5", "/x")
        file["group"] = h5py.ExternalLink("other.h5", "/g")
        file["soft"] = h5py.SoftLink("/group/x")
        layout = h5py.VirtualLayout((2,), "i8")
        layout[:] = h5py.VirtualSource("other.h5", "x", (2,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", (2,), "u1", external=[(str(other), 0, 2)])
        within = h5py.VirtualLayout((2,), "u1")
        within[:] = h5py.VirtualSource(".", "raw", (2,), "u1")
        file.create_virtual_dataset("within", within)
    for name in ("link", "group/x", "soft"):
        assert "a link to another file, `other.h5`; give that file" in error_of(f"{path}::{name}")
    assert "its parts lie in other files (`other.h5`)" in error_of(f"{path}::virtual")
    for name in ("raw", "within"):
        assert f"values lie in another file, `{other}`; copy" in error_of(f"{path}::{name}")


def test_a_file_of_links_to_other_files_is_refused_by_name(path):
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("other.h5", "/x")
    assert "only links to other files (`other.h5`); give those files" in error_of(path)


def test_soft_links_in_a_circle_and_into_nothing_are_refused(path):
    with h5py.File(path, "w") as file:
        file["x"] = h5py.SoftLink("/y")
        file["y"] = h5py.SoftLink("/x")
        file["z"] = h5py.SoftLink("/nothing")
    assert "soft links form a circle" in error_of(f"{path}::x")
    assert "there is no `nothing` in `/`" in error_of(f"{path}::z")
    assert "it holds no data sets" in error_of(path)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.float32(1), "a single number; save an array"),
        (h5py.Empty("f4"), "null data set without values; save an array"),
        (np.zeros((0, 4)), "shape (0, 4) holds no values; save at least one sample"),
        (["cat"], "save"),
        (np.array([b"cat"]), "strings; save class ids as integers"),
        (np.array([1j]), "complex numbers; save real ones"),
        (np.array([(1,)], dtype=[("a", "i4")]), "structured or raw values"),
    ],
)
def test_a_data_set_without_numbers_is_refused(path, values, words):
    with h5py.File(path, "w") as file:
        file["x"] = values
    message = error_of(path)
    assert f"`{path}::/x`" in message
    assert words in message


@pytest.mark.parametrize("chunks", [None, (1000,)])
def test_values_that_were_never_written_are_refused(path, chunks):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**12,), "u1", chunks=chunks)
    assert f"`{path}::/x`: no values were ever written to it; save it again" in error_of(path)


@pytest.mark.parametrize(
    ("shape", "chunks", "words"),
    [
        ((2**40, 2**20), (1, 16), "most of it was never written"),
        ((2**60,), (16,), "most of it was never written"),
        ((10**7, 16, 16), (1, 16, 16), "most of it was never written"),
        ((3, 2**16, 2**15 + 1), (1, 2**16, 2**15 + 1), "save it with chunks of one sample"),
    ],
)
def test_a_small_file_that_claims_a_large_array_is_refused_at_once(path, shape, chunks, words):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", shape, "u1", chunks=chunks, compression="gzip")
        data.id.write_direct_chunk((0,) * len(shape), zlib.compress(b""))
    assert words in error_of(path)


def test_values_that_were_never_written_are_counted(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (8, 4), "u1", chunks=(2, 4), fillvalue=7)[:2] = 1
    source = open_source(str(path))
    assert (source.missing, source.fill_value) == ("3 of 4 chunks were never written", "7")
    pair = open_pair(y_true=str(path), y_pred=np.zeros((8, 4), np.uint8))
    assert pair.assumed == (
        Assumption("masks.values", "the fill value 7", "3 of 4 chunks were never written"),
    )


def test_virtual_values_without_a_data_set_are_counted(path):
    with h5py.File(path, "w") as file:
        file["a"] = np.ones((2, 4), np.uint8)
        file.create_dataset("b", (4, 4), "u1", chunks=(1, 4))[:1] = 1
        half, whole = h5py.VirtualLayout((4, 4), "u1"), h5py.VirtualLayout((4, 4), "u1")
        half[:2], whole[:] = h5py.VirtualSource(file["a"]), h5py.VirtualSource(file["b"])
        file.create_virtual_dataset("half", half)
        file.create_virtual_dataset("whole", whole)
    half = open_source(f"{path}::half")
    assert half.missing == "8 of 16 virtual values belong to no data set"
    assert open_source(f"{path}::whole").missing == "3 of 4 chunks were never written"
    assert open_source(f"{path}::a").missing is None


def test_groups_that_are_deep_or_a_circle_end(path):
    with h5py.File(path, "w") as file:
        group = file
        for _ in range(2000):
            group = group.create_group("g")
        group["x"] = [1, 2]
        file["again"] = file["g"]
        file["g/g/root"] = file["/"]
    assert "its groups are too many or too deep to search; add `::/name`" in error_of(path)
    assert "its name has more than 1,000 parts" in error_of(f"{path}::{'g/' * 2000}x")
    with h5py.File(path, "a") as file:
        file["y"] = [3, 4]
    assert "it holds `/y (2,) int64`; add `::/y` or another name" in error_of(path)
    assert open_source(f"{path}::y").read(()).tolist() == [3, 4]


def test_a_data_set_with_two_names_in_a_circle_of_groups_is_the_only_one(path):
    with h5py.File(path, "w") as file:
        file["g/x"] = [1, 2]
        file["h"] = file["g"]
        file["z"] = file["g/x"]
        file["g/up"] = file["/"]
    assert open_source(str(path)).path == f"{path}::/g/x"


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.attrs.create("keras_version", "3.0"),
        lambda file: file.attrs.create("model_config", "{}"),
        lambda file: file.create_group("model_weights"),
    ],
)
def test_a_keras_model_is_refused_as_one(path, write):
    with h5py.File(path, "w") as file:
        write(file)
        file["x"] = [1, 2]
    message = f"`{path}`: it is a Keras model, not arrays; give its images with --images"
    assert message in error_of(path)
    assert message in error_of(f"{path}::x")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty (0 bytes)"),
        (b"no HDF5 at all", "not an HDF5 file, or it is cut off: it begins with b'no HDF'"),
        (b"\x89HDF\r\n\x1a\n", "damaged or cut off"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "save or copy it again"),
    ],
)
def test_a_file_that_is_no_hdf5_is_refused(path, content, words):
    path.write_bytes(content)
    message = error_of(path)
    assert str(path) in message
    assert words in message


@pytest.mark.parametrize("kept", [10, 100, 1000, 5000])
def test_a_truncated_file_is_refused(path, kept):
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(1000)
    path.write_bytes(path.read_bytes()[:kept])
    assert str(path) in error_of(path)


def test_a_damaged_chunk_is_refused_when_read(path):
    values = np.random.default_rng(0).integers(0, 9, 50_000).astype(np.uint8)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=values, chunks=(50_000,), compression="gzip")
        chunk = file["x"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(SourceError, match="::/x`: the HDF5 file is damaged or cut off"):
        open_source(str(path)).read((slice(0, 1),))


def test_a_chunk_without_its_checksum_is_refused(path):
    """HDF5 1.14 ends the process if it reads one."""
    values = np.ones((3, 12, 10), "f4")
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=values, chunks=(1, 12, 10), fletcher32=True)
    content = path.read_bytes()
    size = (12 * 10 * 4 + 4).to_bytes(4, "little") + bytes(4)
    assert content.count(size) == 3
    assert open_source(str(path)).read(()).sum() == 360
    path.write_bytes(content.replace(size, bytes(8), 1))
    assert "a chunk has no checksum" in error_of(f"{path}::/x")


def test_a_damaged_fill_value_is_refused(path):
    """HDF5 1.14 ends the process if it is asked for such a fill value."""
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.ones((3, 4), "u1"), chunks=(1, 4), compression="gzip")
    content = path.read_bytes()
    message = bytes.fromhex("05 00 08 00 01 00 00 00 02 03 02 01")  # its size follows
    assert content.count(message) == 1
    path.write_bytes(content.replace(message + bytes(4), message + b"\0\0\xff\xff"))
    assert "the HDF5 file is damaged or cut off" in error_of(path)


def test_a_closed_file_is_refused_when_read(path):
    with h5py.File(path, "w") as file:
        file["x"] = [1, 2]
    source = open_source(str(path))
    source.close()
    with pytest.raises(SourceError, match="::/x`"):
        source.read(())


def test_a_missing_filter_is_refused_with_the_plugin_that_has_it(path, monkeypatch):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros(10), compression="gzip")
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda _: False)
    message = error_of(path)
    assert (
        f"`{path}::/x`: it is compressed with a filter that is missing here (1, deflate)" in message
    )
    assert message.endswith("install `hdf5plugin`, or save it with gzip")


def test_a_chunk_row_is_decompressed_once_for_several_windows(path):
    with h5py.File(path, "w") as file:
        # one chunk row of 8 MB: more than HDF5's own cache holds
        file.create_dataset("x", data=np.zeros((8, 1 << 20), np.uint8), chunks=(8, 1 << 18))
    source = open_source(str(path))
    cache = source._file.id.get_access_plist().get_cache()
    assert cache[2] == 8 << 20


@st.composite
def packed_cases(draw):
    """An array, chunks, and how to pack them."""
    array, _ = draw(cases())
    chunks = tuple(draw(st.integers(1, length)) for length in array.shape)
    return array, chunks, draw(st.booleans()), draw(st.sampled_from(["gzip", "lzf", None]))


@pytest.mark.usefixtures("gunzip")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packed_cases())
def test_windows_of_whole_chunks_are_what_numpy_slices(case):
    array, chunks, shuffle, compression = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset(
                "x", data=array, chunks=chunks, shuffle=shuffle, compression=compression
            )
        source = open_source(f"{path}::/x")
        for start in range(0, array.shape[0], chunks[0]):
            window = (slice(start, start + chunks[0]),)
            np.testing.assert_array_equal(source.read(window), array[window])


@pytest.mark.parametrize(("shuffle", "fletcher"), [(False, False), (True, False), (True, True)])
def test_gzip_is_decompressed_outside_hdf5_and_other_filters_by_it(path, shuffle, fletcher):
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "x", (4, 6), "i4", data=np.arange(24), chunks=(2, 6), compression="gzip",
            shuffle=shuffle, fletcher32=fletcher,
        )  # fmt: skip
    source = open_source(str(path))
    source_window = (slice(2, 4), slice(0, 6))
    assert (source._read_chunks(source_window) is None) == fletcher
    assert source._read_chunks((slice(1, 3), slice(0, 6))) is None
    np.testing.assert_array_equal(source.read(source_window), np.arange(24).reshape(4, 6)[2:])


def test_chunks_that_were_never_written_read_as_the_fill_value(path):
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "x", (4, 2), "u1", chunks=(2, 2), compression="gzip", fillvalue=7
        )
        data[:2] = 1
    assert open_source(str(path)).read(()).tolist() == [[1, 1], [1, 1], [7, 7], [7, 7]]


def test_a_chunk_whose_filter_was_skipped_is_read_by_hdf5(path):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", (2, 2), "u1", chunks=(2, 2), compression="gzip")
        data.id.write_direct_chunk((0, 0), bytes([1, 2, 3, 4]), filter_mask=1)
    assert open_source(str(path)).read(()).tolist() == [[1, 2], [3, 4]]


@pytest.mark.usefixtures("gunzip")
@pytest.mark.parametrize(
    "chunk",
    [
        b"no gzip",
        zlib.compress(b"too short"),
        zlib.compress(bytes(65)),
        zlib.compress(bytes(64))[:-1],
        zlib.compress(bytes(64))[:-1] + b"?",  # another checksum
    ],
)
def test_a_damaged_chunk_is_refused(path, chunk):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", (8, 8), "u1", chunks=(8, 8), compression="gzip")
        data.id.write_direct_chunk((0, 0), chunk)
    source = open_source(str(path))
    with pytest.raises(SourceError, match="damaged or cut off"):
        source.read(())


@pytest.mark.usefixtures("gunzip")
def test_a_flipped_bit_gives_no_other_values(path):
    """What HDF5 refuses is refused, also if the stream decodes to as many bytes or more."""
    array = np.random.default_rng(0).integers(0, 3, (64, 64), np.uint8)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=array, chunks=(64, 64), compression="gzip")
        chunk = file["x"].id.get_chunk_info(0)
    sound = path.read_bytes()
    for place in range(0, chunk.size, 5):
        damaged = bytearray(sound)
        damaged[chunk.byte_offset + place] ^= 1 << place % 8
        path.write_bytes(damaged)
        source = open_source(str(path))
        try:
            np.testing.assert_array_equal(source.read(()), array)
        except SourceError:
            continue
        finally:
            source.close()


def test_threads_decompress_at_the_same_time(path):
    array = np.arange(64 * 64 * 64, dtype="u2").reshape(64, 64, 64)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=array, chunks=(1, 64, 64), compression="gzip", shuffle=True)
    source = open_source(str(path))
    windows = [(slice(start, start + 1),) for start in range(64)] * 8
    with ThreadPoolExecutor(8) as pool:
        for window, values in zip(windows, pool.map(source.read, windows), strict=True):
            np.testing.assert_array_equal(values, array[window])
