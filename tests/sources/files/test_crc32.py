"""The checksum of a file is that of zlib, whoever calculates it."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.sources.files import crc32
from iou_doctor.sources.files.crc32 import calculate_crc32, combine_crc32


@given(st.binary(), st.binary())
def test_two_pieces_have_the_checksum_of_the_whole(first, second):
    combined = combine_crc32(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)


def test_a_long_piece_has_the_checksum_of_the_whole():
    first, second = b"first", bytes(10_000_019)
    combined = combine_crc32(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)


@pytest.mark.parametrize("module", ["zlib", "isal.isal_zlib"])
@pytest.mark.parametrize(("start", "stop"), [(0, 1000), (7, 993), (0, 0), (999, 1000), (0, 11)])
def test_threads_and_pieces_change_nothing(tmp_path, monkeypatch, module, start, stop):
    calculate = pytest.importorskip(module, reason="there is no isal for this machine").crc32
    monkeypatch.setattr(crc32, "_calculate", calculate)
    data = bytes(number * number % 251 for number in range(1000))
    (tmp_path / "a").write_bytes(data)
    for share, piece in ((1 << 25, 1 << 20), (10, 7), (300, 1000)):
        monkeypatch.setattr(crc32, "SHARE_BYTES", share)
        monkeypatch.setattr(crc32, "PIECE_BYTES", piece)
        assert calculate_crc32(str(tmp_path / "a"), start, stop) == zlib.crc32(data[start:stop])


def test_a_file_that_has_shrunk_is_an_error(tmp_path):
    (tmp_path / "a").write_bytes(bytes(10))
    with pytest.raises(EOFError):
        calculate_crc32(str(tmp_path / "a"), 0, 11)
