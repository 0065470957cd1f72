from __future__ import annotations

import io
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources.window_cases import assert_reads, cases, error_of

from iou_doctor.errors import SourceError
from iou_doctor.sources.files import memory_limits
from iou_doctor.sources.opening import open_source


def npy_bytes(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def claiming_bytes(shape):
    stream = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + b"\0" * 4


def write_zip(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@given(cases(), st.sampled_from("CF"), st.sampled_from([np.savez, np.savez_compressed]))
def test_a_window_is_what_numpy_slices(case, order, save):
    array, windows = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        save(path, other=np.zeros(7), masks=np.asarray(array, order=order))
        assert_reads(open_source(f"{path}::masks"), array, windows)


def test_the_only_member_is_taken_and_named_in_the_path(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, masks=np.zeros((2, 3)))
    source = open_source(str(path))
    assert (source.path, source.format) == (f"{path}::masks", "npz")
    assert (source.chunk_shape, source.is_sequential, source.names) == ((1, 1), False, None)


def test_a_compressed_member_is_read_forwards(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, np.zeros((2, 3)))
    source = open_source(str(path))
    assert (source.path, source.is_sequential) == (f"{path}::arr_0", True)


def test_a_compressed_fortran_member_is_read_in_any_order(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, np.zeros((2, 3), order="F"))
    assert open_source(str(path)).is_sequential is False


def test_a_member_is_found_with_and_without_its_suffix(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(2), b=np.ones(2))
    assert open_source(f"{path}::b").read(()).tolist() == [1, 1]
    assert open_source(f"{path}::b.npy").read(()).tolist() == [1, 1]


def test_a_member_saved_without_the_suffix_is_found(tmp_path):
    path = tmp_path / "a.npz"
    write_zip(path, {"raw": npy_bytes(np.arange(3))})
    assert open_source(f"{path}::raw").read(()).tolist() == [0, 1, 2]


def test_reading_a_compressed_member_holds_a_window_and_not_the_whole(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, np.zeros((64, 1 << 20), np.uint8))
    source = open_source(str(path))
    tracemalloc.start()
    try:
        assert source.read((slice(60, 61),)).sum() == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


def test_a_closed_source_can_be_read_again(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, np.arange(9))
    source = open_source(str(path))
    assert source.read((slice(4, 6),)).tolist() == [4, 5]
    source.close()
    assert source.read((slice(5, 7),)).tolist() == [5, 6]


def test_several_members_are_listed(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros(2), y=np.zeros(2))
    assert error_of(path) == (f"cannot read `{path}`: it holds `x`, `y`; add `::x` or another name")


def test_a_missing_member_is_refused_with_those_there_are(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros(2), y=np.zeros(2))
    assert error_of(f"{path}::z") == (
        f"cannot read `{path}`: it has no member `z`; it has `x`, `y`"
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a .npy file"),
        (b"text", "not a .npy file"),
        (npy_bytes(np.zeros((0, 3))), "holds no values; save at least one sample"),
        (npy_bytes(np.zeros(())), "a single number; save an array"),
        (npy_bytes(np.array(["a"])), "strings; save class ids as integers"),
        (npy_bytes(np.zeros(100))[:-1], "it is cut off"),
        (claiming_bytes((10**12,)), "its header says 1,000,000,000,000 bytes of values, and 4 are"),
        (
            b"\x93NUMPY\x02\x00\xf0\xff\xff\x7f" + b" " * 50_000_000,
            "its header is damaged or cut off",
        ),
    ],
)
def test_a_member_without_usable_numbers_is_refused(tmp_path, method, content, words):
    path = tmp_path / "a.npz"
    write_zip(path, {"x.npy": content}, method)
    message = error_of(path)
    assert f"`{path}::x`" in message
    assert words in message


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_directory_that_claims_more_than_the_file_holds_is_refused(tmp_path, save):
    path = tmp_path / "a.npz"
    save(path, x=np.zeros(4))
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    message = error_of(path)
    assert f"`{path}::x`: it is cut off: 4,000,000,000 bytes do not fit" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty (0 bytes)"),
        (b"no zip file", "not a .npz file: it begins with b'no zip'; save it with `np.savez`"),
        (npy_bytes(np.zeros(3)), "not a .npz file: it begins like a .npy file"),
        (b"PK\x03\x04 and no more", "the zip file is damaged or cut off; save or copy it again"),
    ],
)
def test_a_file_that_is_no_zip_is_refused(tmp_path, content, words):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    message = error_of(path)
    assert str(path) in message
    assert words in message


def test_a_truncated_zip_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:-100])
    assert f"`{path}`: the zip file is damaged or cut off" in error_of(path)


@pytest.mark.parametrize("members", [{}, {"notes.txt": b"text"}])
def test_a_zip_without_arrays_is_refused(tmp_path, members):
    path = tmp_path / "a.npz"
    write_zip(path, members)
    assert f"`{path}`: it holds no arrays; save them with `np.savez`" in error_of(path)


def test_another_compression_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    write_zip(path, {"x.npy": npy_bytes(np.zeros(3))}, zipfile.ZIP_BZIP2)
    assert f"`{path}::x`: its compression is not that of NumPy" in error_of(path)


def test_an_encrypted_member_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.zeros(4))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert f"`{path}::x`: it is encrypted; save it with `np.savez`" in error_of(path)


def test_damaged_compressed_data_is_refused_when_read(tmp_path):
    path = tmp_path / "a.npz"
    values = np.random.default_rng(0).integers(0, 9, 50_000).astype(np.uint8)
    np.savez_compressed(path, x=values)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    source = open_source(str(path))
    with pytest.raises(SourceError, match="::x`: its compressed data is damaged"):
        source.read(())


def test_a_large_fortran_member_is_refused_before_memory_is_asked_for(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    array = np.zeros((100, 200), np.uint8, order="F")
    np.savez_compressed(path, array)
    monkeypatch.setattr(memory_limits, "MOST_HELD_BYTES", array.nbytes)
    assert open_source(str(path)).read(()).shape == array.shape
    monkeypatch.setattr(memory_limits, "MOST_HELD_BYTES", array.nbytes - 1)
    message = error_of(path)
    assert "unpacked as a whole, which takes 20,000 bytes of memory, over 19,999" in message
    np.savez(path, array)
    assert open_source(str(path)).read(()).shape == array.shape


@pytest.mark.parametrize("place", [200, 50_000, 99_000])
def test_a_damaged_stored_member_is_refused_as_numpy_refuses_it(tmp_path, place):
    path = tmp_path / "a.npz"
    np.savez(path, np.zeros(100_000, np.uint8))
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1
    path.write_bytes(damaged)
    with np.load(path) as archive, pytest.raises(zipfile.BadZipFile):
        archive["arr_0"]
    assert "damaged" in error_of(path)


def test_a_compressed_file_that_disappears_after_opening_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, np.zeros(10))
    source = open_source(str(path))
    path.unlink()
    with pytest.raises(SourceError, match="changed while it was read"):
        source.read(())


def test_a_compressed_file_that_is_replaced_after_opening_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, np.zeros(10))
    source = open_source(str(path))
    np.savez_compressed(path, other=np.zeros(10))
    with pytest.raises(SourceError, match="changed while it was read"):
        source.read(())


@given(st.data(), st.sampled_from([np.savez, np.savez_compressed]))
def test_one_changed_byte_gives_an_array_or_an_error(data, save):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        save(path, x=np.arange(12).reshape(3, 4))
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        try:
            source = open_source(str(path))
            assert source.read(()).shape == source.shape
        except SourceError:
            pass
