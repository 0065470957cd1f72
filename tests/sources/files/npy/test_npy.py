from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources.window_cases import assert_reads, cases, error_of

from iou_doctor.errors import SourceError
from iou_doctor.sources.files.npy import npy
from iou_doctor.sources.opening import open_source


def npy_bytes(header: str, values: bytes = b"", version: int = 1) -> bytes:
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode("latin1") + values


def header_of(descr: str = "'|u1'", shape: str = "(4,)", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


@given(cases(), st.sampled_from("CF"))
def test_a_window_is_what_numpy_slices(case, order):
    array, windows = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npy"
        np.save(path, np.asarray(array, order=order))
        assert_reads(open_source(str(path)), array, windows)


def test_a_source_of_an_npy_file_describes_itself(tmp_path):
    path = tmp_path / "masks.npy"
    np.save(path, np.zeros((2, 3, 4), ">i2"))
    source = open_source(str(path))
    assert (source.path, source.format) == (str(path), "npy")
    assert (source.chunk_shape, source.is_sequential, source.names) == ((1, 1, 1), False, None)


def test_reading_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.arange(4))
    before = path.read_bytes()
    values = open_source(str(path)).read(())
    assert not values.flags.writeable
    assert path.read_bytes() == before


def test_a_header_by_python_2_is_read(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(header_of(shape="(2L, 2L)"), b"\1\2\3\4"))
    assert open_source(str(path)).read(()).tolist() == [[1, 2], [3, 4]]


def test_a_version_2_header_is_read(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(header_of(), b"\1\2\3\4", version=2))
    assert open_source(str(path)).read((slice(1, 3),)).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([{}], dtype=object), "pickled Python objects"),
        (np.array(["cat"]), "strings; save class ids as integers"),
        (np.array([b"cat"]), "strings; save class ids as integers"),
        (np.array([1j]), "complex numbers; save real ones"),
        (np.array([(1,)], dtype=[("a", "i4")]), "structured or raw values; save plain numbers"),
        (np.zeros(1, "V2"), "structured or raw values; save plain numbers"),
        (np.array(["2020-01-01"], "M8[D]"), "dates; save numbers"),
        (np.array([1], "m8[s]"), "time spans; save numbers"),
        (np.float32(1), "a single number; save an array with a sample axis"),
        (np.zeros((0, 4)), "shape (0, 4) holds no values; save at least one sample"),
        (np.zeros((4, 0)), "shape (4, 0) holds no values; save at least one sample"),
    ],
)
def test_an_array_without_numbers_is_refused(tmp_path, array, words):
    path = tmp_path / "a.npy"
    np.save(path, array, allow_pickle=True)
    message = error_of(path)
    assert str(path) in message
    assert words in message


@pytest.mark.parametrize(
    "shape", ["(1000000000000,)", "(10, 1000000000000)", "(5,)", "(" + "1000000," * 30 + ")"]
)
def test_a_header_that_claims_more_than_the_file_holds_is_refused_at_once(tmp_path, shape):
    path = tmp_path / "a.npy"
    path.write_bytes(npy_bytes(header_of(shape=shape), b"\0" * 4))
    start = time.perf_counter()
    message = error_of(path)
    assert time.perf_counter() - start < 1
    assert f"`{path}`: it is cut off" in message
    assert "4 are there; save or copy it again" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty (0 bytes); save the array again"),
        (b"hello, world", "not a .npy file: it begins with b'hello,'; save it with `np.save`"),
        (b"PK\x03\x04rest", "begins like a zip (.npz) file"),
        (b"\x93NUMPY", "its header is damaged or cut off"),
        (b"\x93NUMPY\x09\x00rest", "its .npy version is for structured arrays"),
        (b"\x93NUMPY\x01\x00", "its header is damaged"),
        (npy_bytes(header_of())[:40], "its header is damaged or cut off"),
        (npy_bytes("{" + " " * 50_000_000, version=2), "its header is damaged or cut off"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "its header is damaged or cut off"),
        (
            npy_bytes("\x00\xff garbage"),
            "its header is damaged or cut off; save it again with `np.save`",
        ),
        (npy_bytes("[1, 2]"), "its header is damaged"),
        (npy_bytes("{'descr': '|u1'}"), "its header is damaged"),
        (npy_bytes("{[]: 1}"), "its header is damaged"),
        (npy_bytes("(" * 9000), "its header is damaged"),
        (npy_bytes("-" * 9000 + "1"), "its header is damaged"),
        (npy_bytes("9" * 9000), "its header is damaged"),
        (npy_bytes(header_of(order="1")), "its header is damaged"),
        (npy_bytes(header_of(descr="'S10'")), "strings; save class ids as integers"),
        (npy_bytes(header_of(descr="'<i3'")), "not a valid dtype descriptor"),
        (npy_bytes(header_of(descr="'u1,u1'")), "structured or raw values"),
        (npy_bytes(header_of(descr="'(99999999,)u1'")), "structured or raw values"),
        (npy_bytes(header_of(descr="3")), "not a valid dtype descriptor"),
        (npy_bytes(header_of(shape="(-4,)"), b"1234"), "its header is damaged"),
        (npy_bytes(header_of(shape="4"), b"1234"), "its header is damaged"),
        (npy_bytes(header_of(shape="(" + "1," * 70 + ")"), b"1"), "70 axes; save an array with"),
    ],
)
def test_a_file_that_only_looks_like_npy_is_refused(tmp_path, content, words):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    message = error_of(path)
    assert str(path) in message
    assert words in message


@given(st.integers(0, 127), st.integers(0, 255))
def test_one_changed_byte_in_the_header_gives_an_array_or_an_error(place, value):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npy"
        np.save(path, np.arange(12, dtype=">i4").reshape(3, 4))
        content = bytearray(path.read_bytes())
        content[place] = value
        path.write_bytes(content)
        try:
            source = open_source(str(path))
        except SourceError:
            return
        assert source.read(()).shape == source.shape


def test_a_name_for_an_npy_file_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.arange(3))
    assert f"`{path}`: a .npy file holds one array without a name; drop `::x`" in error_of(
        f"{path}::x"
    )


def test_a_file_that_shrinks_after_opening_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "MOST_READ_BYTES", 0)
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(100_000))
    source = open_source(str(path))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(SourceError, match="it changed while it was read"):
        source.read((slice(50_000, 50_001),))


def test_a_file_that_disappears_after_opening_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "MOST_READ_BYTES", 0)
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(10))
    source = open_source(str(path))
    path.unlink()
    with pytest.raises(SourceError, match="it changed while it was read"):
        source.read((slice(0, 1),))
