"""No chunk of a Zarr array unpacks to far more than the array says, whatever its codec is."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sources.files.test_zarr import find_chunk

from iou_doctor.errors import SourceError
from iou_doctor.sources.files.zarr.zstd_frames import measure_frames
from iou_doctor.sources.opening import open_source

numcodecs = pytest.importorskip("numcodecs", reason="needs the extra `zarr`")
zarr = pytest.importorskip("zarr", reason="needs the extra `zarr`")

VALUES = np.random.default_rng(0).integers(0, 5, (6, 40, 50)).astype(np.uint8)
BOMB = bytes(1 << 25)
CODECS = {
    name: numcodecs.get_codec({"id": name})
    for name in ("gzip", "zlib", "bz2", "lzma", "zstd", "blosc", "lz4")
}


def repeat(size: int) -> bytes:
    """Return a frame of Zstandard that states no size, and repeats a byte."""
    number = -(-size // (1 << 17))
    sizes = [min(1 << 17, size - (block << 17)) for block in range(number)]
    blocks = [
        (length << 3 | 1 << 1 | (block == number - 1)).to_bytes(3, "little") + b"\0"
        for block, length in enumerate(sizes)
    ]
    return b"\x28\xb5\x2f\xfd\0\x38" + b"".join(blocks)


BOMBS = {
    **{name: codec.encode(BOMB) for name, codec in CODECS.items()},
    "zstd without a size": repeat(len(BOMB)),
    "several frames of zstd": CODECS["zstd"].encode(b"abc") + repeat(len(BOMB)),
    "several members of gzip": CODECS["gzip"].encode(b"abc") + CODECS["gzip"].encode(BOMB),
    "a dictionary of zstd": bytes.fromhex("28b52ffdc33800000000") + (1 << 33).to_bytes(8, "little"),
}


def choose_codec(bomb):
    return next(name for name in CODECS if name in bomb)


def save(path, *, version, codec, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some codecs are in no specification of version 3
        made = CODECS[codec]
        if version == 3:
            made = zarr.registry.get_codec_class(f"numcodecs.{codec}")()
            if codec in {"gzip", "zstd", "blosc"}:
                made = zarr.registry.get_codec_class(codec)()
        zarr.create_array(
            str(path), data=VALUES, zarr_format=version, compressors=made, overwrite=True, **more
        )
    return open_source(str(path))


@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr")
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused(tmp_path, version, bomb):
    path = tmp_path / "a.zarr"
    source = save(path, version=version, codec=choose_codec(bomb), chunks=VALUES.shape)
    np.testing.assert_array_equal(source.read(()), VALUES)
    find_chunk(path).write_bytes(BOMBS[bomb])
    with pytest.raises(SourceError, match="unpacks to far more bytes than the array says"):
        open_source(str(path)).read(())


@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr")
@pytest.mark.parametrize("codec", CODECS)
def test_a_bomb_in_a_shard_is_refused(tmp_path, codec):
    path = tmp_path / "a.zarr"
    more = {"version": 3, "codec": codec, "chunks": (3, 20, 25), "shards": VALUES.shape}
    np.testing.assert_array_equal(save(path, **more).read(()), VALUES)
    bomb = bytes(CODECS[codec].encode(BOMB))
    index = np.zeros((8, 2), "<u8")
    index[:] = 0, len(bomb)
    checksum = numcodecs.checksum32.CRC32C(location="end").encode(index.tobytes())
    find_chunk(path).write_bytes(bomb + bytes(checksum))
    with pytest.raises(SourceError, match=r"unpacks to far more bytes|far more than a chunk"):
        open_source(str(path)).read(())


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 1 << 18), st.booleans()),
        min_size=1,
    ),
    st.booleans(),
)
def test_frames_of_zstd_are_measured(parts, is_stated):
    frames = [
        repeat(count) if not is_stated or is_repeated else CODECS["zstd"].encode(text * count)
        for text, count, is_repeated in parts
    ]
    unpacked = sum(len(CODECS["zstd"].decode(frame)) for frame in frames)
    packed = memoryview(b"".join(map(bytes, frames)))
    assert measure_frames(packed, 1 << 40) == unpacked
    assert measure_frames(packed[: len(packed) // 2], 1 << 40) <= unpacked


@given(st.binary(max_size=60), st.sampled_from([b"", b"\x28\xb5\x2f\xfd"]))
def test_damaged_frames_are_measured_as_far_as_they_can_be_read(data, start):
    assert measure_frames(memoryview(start + data), 1 << 20) >= 0
