"""MATLAB files of all versions, and damaged ones."""

from __future__ import annotations

import struct
import zlib

import h5py
import numpy as np
import pytest
import scipy.io
from sources.window_cases import error_of, error_of_values

from iou_doctor.errors import SourceError
from iou_doctor.sources.opening import open_source

VALUES = np.arange(105).reshape(3, 5, 7) % 4


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float32", "float64"])
@pytest.mark.parametrize("compressed", [True, False])
def test_a_variable_keeps_its_type_and_the_order_of_its_axes(tmp_path, dtype, compressed):
    values = VALUES.astype(dtype)
    scipy.io.savemat(tmp_path / "a.mat", {"gt": values}, do_compression=compressed)
    source = open_source(str(tmp_path / "a.mat"))
    assert (source.path, source.format) == (f"{tmp_path}/a.mat::gt", "matlab")
    assert (source.shape, source.dtype) == (values.shape, values.dtype)
    np.testing.assert_array_equal(source.read(()), values)
    np.testing.assert_array_equal(
        source.read((slice(1, 2), slice(2, 4))), values[slice(1, 2), slice(2, 4)]
    )


def test_the_only_variable_with_numbers_is_read(tmp_path):
    more = {"name": "text", "cells": np.array([1, "a"], dtype=object), "s": {"a": 1}}
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES, **more})
    assert open_source(str(tmp_path / "a.mat")).path.endswith("::gt")
    assert "it is of class char, which holds no numbers" in error_of(f"{tmp_path}/a.mat::name")


def test_several_variables_need_a_name(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES, "scores": VALUES})
    assert "it holds `gt`, `scores`; add `::gt` or another" in error_of(tmp_path / "a.mat")
    assert "it has no variable `x`; it has `gt`, `scores`" in error_of(f"{tmp_path}/a.mat::x")
    assert open_source(f"{tmp_path}/a.mat::scores").shape == VALUES.shape


def test_a_file_without_numbers_is_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"name": "text"})
    assert "it holds no arrays of numbers" in error_of(tmp_path / "a.mat")


def test_axes_of_version_7_3_are_in_the_order_of_matlab(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["gt"] = VALUES.T
        file["gt"].attrs["MATLAB_class"] = np.bytes_("double")
    with (tmp_path / "a.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))
    source = open_source(str(tmp_path / "a.mat"))
    assert (source.shape, source.format) == (VALUES.shape, "matlab")
    np.testing.assert_array_equal(source.read((slice(1, 3),)), VALUES[1:3])


@pytest.mark.parametrize("compressed", [True, False])
def test_a_damaged_file_is_refused_or_read(tmp_path, compressed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"gt": VALUES.astype(np.uint8)}, do_compression=compressed)
    sound = path.read_bytes()
    random = np.random.default_rng(0)
    for number in range(1000):
        damaged = bytearray(sound if number % 2 else sound[: random.integers(1, len(sound))])
        for place in random.integers(0, len(damaged), 2):
            damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        try:
            open_source(str(path)).read(())
        except (SourceError, MemoryError):
            continue


def test_a_variable_that_claims_more_than_the_file_can_hold_is_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES.astype(np.uint8)})
    content = (tmp_path / "a.mat").read_bytes()
    shape = np.array(VALUES.shape, "<i4").tobytes()
    claimed = content.replace(shape, np.array((30000, 30000, 2), "<i4").tobytes())
    assert claimed != content
    (tmp_path / "a.mat").write_bytes(claimed)
    assert "the MATLAB file is damaged or cut off" in error_of(tmp_path / "a.mat")


@pytest.mark.parametrize("side", [60_000, 20_000])
def test_a_compressed_variable_that_would_fill_the_memory_is_refused(tmp_path, side):
    head = struct.pack("<8I", 6, 8, 9, 0, 5, 8, side, side) + struct.pack(
        "<2I", 2 << 16 | 1, 0x7467
    )
    matrix = head + struct.pack("<2I", 2, side * side)
    packed = zlib.compress(struct.pack("<2I", 14, len(matrix)) + matrix)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    (tmp_path / "a.mat").write_bytes(header + struct.pack("<2I", 15, len(packed)) + packed)
    words = (
        "it is cut off: 400,000,000 bytes do" if side == 20_000 else "is unpacked as a whole, which"
    )
    assert words in error_of(tmp_path / "a.mat")


def test_doubles_that_are_stored_as_bytes_are_doubles(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES.astype(np.uint8)})
    content = bytearray((tmp_path / "a.mat").read_bytes())
    place = content.index(struct.pack("<3I", 6, 8, 9)) + 8
    content[place] = 6  # the class: double
    (tmp_path / "a.mat").write_bytes(content)
    source = open_source(str(tmp_path / "a.mat"))
    assert source.dtype == np.float64
    np.testing.assert_array_equal(source.read(()), VALUES)


def test_complex_numbers_and_other_versions_are_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES * 1j})
    assert "it is of class complex" in error_of(f"{tmp_path}/a.mat::gt")
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES[0]}, format="4")
    assert "no MATLAB file of version 5 or later; save it with `save -v7" in error_of(
        tmp_path / "a.mat"
    )


@pytest.mark.parametrize(
    ("place", "byte"),
    [(2, 0), (125, 127), (128, 13), (145, 0xFF), (152, 7), (176, 9), (176, 2), (178, 50)],
    ids=["text", "version", "variable", "flags", "shape", "name", "unsigned", "short name"],
)
def test_what_scipy_refuses_is_refused(tmp_path, place, byte):
    """A flag of complex numbers asks for a second part, also beside that of logical ones."""
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES.astype(np.uint8)})
    content = bytearray((tmp_path / "a.mat").read_bytes())
    assert content[144:148] == struct.pack("<I", 9)
    content[place] = byte
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises((ValueError, TypeError, OSError, KeyError)):
        scipy.io.loadmat(tmp_path / "a.mat")
    assert "cannot read" in error_of(tmp_path / "a.mat")


@pytest.mark.parametrize("compressed", [True, False])
def test_values_that_do_not_end_with_the_variable_are_refused(tmp_path, compressed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"gt": VALUES.astype(np.uint8)}, do_compression=compressed)
    content = path.read_bytes()
    if compressed:
        packed = zlib.compress(zlib.decompress(content[136:]) + bytes(8))
        path.write_bytes(content[:128] + struct.pack("<2I", 15, len(packed)) + packed)
    else:
        path.write_bytes(content + bytes(7))
    with pytest.raises((ValueError, OSError)):
        scipy.io.loadmat(path)
    assert "the MATLAB file is damaged or cut off" in error_of_values(path)


def test_values_in_a_larger_type_than_their_class_are_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES.astype(np.int16)})
    content = bytearray((tmp_path / "a.mat").read_bytes())
    place = content.index(struct.pack("<3I", 6, 8, 10)) + 8
    content[place] = 8  # the class: int8
    (tmp_path / "a.mat").write_bytes(content)
    assert "the MATLAB file is damaged or cut off" in error_of(tmp_path / "a.mat")


def test_a_text_file_of_octave_is_named(tmp_path):
    (tmp_path / "a.mat").write_text("# Created by Octave 8.4.0\n# name: gt\n")
    assert "it is a text file of Octave; save it with `save -v7 FILE`" in error_of(
        tmp_path / "a.mat"
    )
