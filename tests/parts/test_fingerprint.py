"""What tells the files of one data set from others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.parts.fingerprint import fingerprint_files
from iou_doctor.sources.files.file_status import stamp_file


@pytest.mark.parametrize("place", [0, 99_999])
def test_another_byte_at_either_end_is_another_file(tmp_path, place):
    prints = set()
    for value in (0, 1):
        content = bytearray(100_000)
        content[place] = value
        (tmp_path / "a").write_bytes(content)
        prints.add(fingerprint_files((stamp_file(str(tmp_path / "a")),)))
    assert len(prints) == 2


def test_a_copy_is_the_same(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 50)
    one, other = (fingerprint_files((stamp_file(str(tmp_path / name)),)) for name in ("a", "b"))
    assert one == other


def test_objects_in_a_store_are_told_by_their_versions():
    stamp = FileStamp("s3://bucket/a.npy", 100, modified=0, inode=0, changed=0, version="one")
    same = replace(stamp, path="s3://mirror/a.npy")
    assert fingerprint_files((stamp,)) == fingerprint_files((same,))
    assert fingerprint_files((stamp,)) != fingerprint_files((replace(stamp, version="two"),))
