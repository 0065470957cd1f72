"""The file of a part: few bytes, the same ones for the same part, and refused if damaged."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from build import pair_of
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.arrays.interpretation import Options
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import SourceError
from iou_doctor.parts import file
from iou_doctor.parts.columns import Columns
from iou_doctor.parts.file import read_part, write_part
from iou_doctor.parts.packing import read_pairs, write_pairs
from iou_doctor.parts.part import merge_parts
from parts.sharded import scan_parts
from parts.test_same_report import make_labels

MOST_BYTES = 3
"""Of a cell that is not zero, the probe and the names apart."""


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    masks, predictions = make_labels()
    pair = pair_of(y_true=masks, y_pred=predictions)
    return scan_parts(
        pair, CheckRequest(options=Options(num_classes=4)), 3, tmp_path_factory.mktemp("p")
    )


def test_the_order_of_parts_does_not_matter_for_the_bytes(parts, tmp_path):
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    write_part(one, merge_parts(parts))
    write_part(other, merge_parts([parts[1], merge_parts([parts[2], parts[0]])]))
    assert one.read_bytes() == other.read_bytes()


def test_numpy_reads_it_without_pickle(parts, tmp_path):
    write_part(tmp_path / "part.npz", parts[0])
    with np.load(tmp_path / "part.npz", allow_pickle=False) as archive:
        names = [name for name in archive.files if name != file.HEADER]
        assert all(archive[name].dtype == np.uint8 for name in names)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2**40), st.integers(-(2**62), 2**30), st.integers(-5, 300),
            st.integers(1, 2**40),
        ),
        max_size=20,
    )
)  # fmt: skip
def test_tables_come_back_as_they_were(rows):
    table = PairCounts.merge([])
    if rows:
        columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
        names = ("image", "truth", "prediction", "count")
        table = PairCounts.from_rows(**dict(zip(names, columns, strict=True)))
    kept = Columns()
    write_pairs(table, kept)
    assert read_pairs(kept) == table


def test_a_cell_takes_few_bytes():
    """Counts of pixels in images of 512 x 512 with 19 classes."""
    rng = np.random.default_rng(0)
    images, kept = 2000, Columns()
    cells = np.flatnonzero(rng.random((images, 19, 19)) < 0.15)
    image, rest = np.divmod(cells, 19 * 19)
    count = np.exp(rng.uniform(0, 11, len(cells))).astype(np.int64) + 1
    write_pairs(PairCounts(image, rest // 19, rest % 19, count), kept)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, stored in kept.stored.items():
            archive.writestr(name, stored.tobytes())
    assert len(stream.getvalue()) <= MOST_BYTES * len(cells)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_files_are_refused(parts, data, tmp_path_factory):
    place = tmp_path_factory.mktemp("d") / "part.npz"
    write_part(place, parts[0])
    content = bytearray(place.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    place.write_bytes(content)
    with suppress(SourceError):  # unless nobody reads the byte, such as the date of a member
        read_part(str(place))


def change(part, tmp_path, edit):
    """Write a part whose header is edited."""
    place = tmp_path / "changed.npz"
    write_part(place, part)
    with zipfile.ZipFile(place) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members[file.HEADER])
    edit(document)
    members[file.HEADER] = json.dumps(document).encode()
    with zipfile.ZipFile(place, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(place)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda document: document.update(version=2), "version 2, and this iou-doctor reads 1"),
        (lambda document: document.update(format="other"), "its format is another one"),
        (lambda document: document["shards"].append(9), "names the shard 9 of 3"),
        (lambda document: document["answers"][0]["question"].update(kind="eval"), "no question"),
        (lambda document: document["job"].update(shards=0), "number of shards"),
        (lambda document: document["job"].pop("tool"), "the fields of Job"),
    ],
)  # fmt: skip
def test_parts_of_another_kind_are_refused(parts, tmp_path, edit, message):
    with pytest.raises(SourceError, match=message):
        read_part(change(parts[0], tmp_path, edit))
