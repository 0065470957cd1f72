"""The file of a part: few bytes, the same ones for the same part, and refused if damaged."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from build import pair_of
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.arrays.interpretation import Options
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import SourceError, UsageError
from iou_doctor.parts import file
from iou_doctor.parts.columns import Columns
from iou_doctor.parts.file import read_part, write_part
from iou_doctor.parts.make_report import make_report
from iou_doctor.parts.packing import read_pairs, write_pairs
from iou_doctor.parts.part import merge_parts
from parts.forging import SEAL, read_members, seal_part
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


def test_columns_that_are_far_larger_than_the_file_are_refused(parts, tmp_path, monkeypatch):
    monkeypatch.setattr(file, "MOST_HELD_BYTES", 1 << 22)
    place = tmp_path / "part.npz"
    write_part(place, parts[0])
    members = read_members(place)
    document = json.loads(members.pop(file.HEADER))
    column = io.BytesIO()
    np.save(column, np.zeros((1, 1 << 18), np.uint8))
    for columns, words in (({}, ""), ({"more.npy": column.getvalue()}, "bytes of memory")):
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (members | columns).items():
                archive.writestr(name, content)
            archive.writestr(file.HEADER, seal_part(document, archive))
        if words:
            with pytest.raises(SourceError, match=words):
                read_part(str(place))
        else:
            assert read_part(str(place)).shards


@settings(max_examples=30)
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
    assert read_pairs(Columns(kept.stored, samples=2**40 + 1)) == table


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


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_files_are_refused(parts, data, tmp_path_factory):
    place = tmp_path_factory.mktemp("d") / "part.npz"
    write_part(place, parts[0])
    whole = place.read_bytes()
    content = bytearray(whole)
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    place.write_bytes(content)
    with suppress(SourceError):
        write_part(place, read_part(str(place)))
        assert place.read_bytes() == whole  # nobody reads the byte, such as the date of a member


def change(part, tmp_path, edit, *, compression=zipfile.ZIP_STORED, **columns):
    """Write a part whose header is edited, and some of whose columns are replaced."""
    place = tmp_path / "changed.npz"
    write_part(place, part)
    with zipfile.ZipFile(place) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members[file.HEADER])
    edit(document)
    for name, values in columns.items():
        stream, kept = io.BytesIO(), Columns()
        kept.put(name, np.array(values, dtype=np.int64))
        np.lib.format.write_array(stream, kept.stored[name], (1, 0))
        members[f"answer0/{name.replace('__', '/')}.npy"] = stream.getvalue()
    with zipfile.ZipFile(place, "w", compression) as archive:
        for name, content in members.items():
            if name != file.HEADER:
                archive.writestr(name, content)
        archive.writestr(file.HEADER, seal_part(document, archive))
    return str(place)


def shrink(job):
    for side in ("y_true", "y_pred"):
        job["pair"][side]["shape"][0] = job["layout"][side]["shape"][0] = -1


def get_values(document):
    return document["answers"][0]["values"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda document: document.update(version=2), "version 2, and this iou-doctor reads 1"),
        (lambda document: document.update(format="other"), "its format is another one"),
        (lambda document: document["shards"].append(9), r"names the shards \[1, 9\] of 3"),
        (lambda document: document["answers"][0]["question"].update(kind="eval"), "no question"),
        (lambda document: document["job"].update(shards=0), "number of shards"),
        (lambda document: document["job"].pop("tool"), "the fields of Job"),
        (lambda document: document["job"].update(shards=10**9), "number of shards"),
        (lambda document: document["job"]["pair"]["y_true"].update(dtype="x"), "'x' not under"),
        (lambda document: document["job"]["layout"]["y_true"].update(channel=3), "its layout is"),
        (lambda document: document["job"]["layout"]["y_pred"].update(spatial=[]), "its layout is"),
        (lambda document: document["job"]["pair"]["y_pred"]["shape"].pop(), "its layout is"),
        (lambda document: shrink(document["job"]), "the shapes of its arrays are wrong"),
        (lambda document: document["answers"][0].update(shards=[]), r"names the shards \[\] of 3"),
        (lambda document: get_values(document)["y_true"].__setitem__(0, None), "values is None"),
        (lambda document: get_values(document)["y_true"].__setitem__(2, 2e999), "minimum is inf"),
        (lambda document: get_values(document)["probe"]["many"]["y_pred"].clear(), "are missing"),
        (lambda document: get_values(document)["y_true"].__setitem__(2, -1), "-1 is no value of"),
        (lambda document: document.update(done=7), "names 7 as the next sample"),
    ],
)  # fmt: skip
def test_parts_of_another_kind_are_refused(parts, tmp_path, edit, message):
    with pytest.raises(SourceError, match=message):
        read_part(change(parts[0], tmp_path, edit))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("pairs0__images", [7, 1, 1], "samples that are not among 9"),
        ("pairs0__images", [-1, 1, 1], "samples that are not among 9"),
        ("pairs0__rows", [2**40, 1, 1], "its tables are damaged"),
        ("pairs0__count", [0] * 48, "its tables are damaged"),
        ("many__samples", [0, 1, 9], "samples that are not among 9"),
        ("many__samples", [0, 1], "maps of samples are missing"),
    ],
)
def test_columns_that_do_not_fit_are_refused(parts, tmp_path, column, values, message):
    with pytest.raises(SourceError, match=message):
        read_part(change(parts[0], tmp_path, lambda _: None, **{column: values}))


def test_other_compressions_and_long_values_are_refused_in_a_short_line(parts, tmp_path):
    with pytest.raises(SourceError, match="compressed in another way"):
        read_part(change(parts[0], tmp_path, lambda _: None, compression=zipfile.ZIP_LZMA))

    def mistake(document):
        document["answers"][0]["question"]["kind"] = 3

    with pytest.raises(SourceError, match="is no question") as caught:
        read_part(change(parts[0], tmp_path, mistake))
    assert len(str(caught.value)) < 400


def test_a_part_that_was_edited_is_refused(parts, tmp_path):
    place = tmp_path / "edited.npz"
    write_part(place, parts[0])
    with zipfile.ZipFile(place) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members[file.HEADER])
    get_values(document)["y_true"][0] += 1
    members[file.HEADER] = json.dumps(document).encode()
    with zipfile.ZipFile(place, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(SourceError, match="it was changed after iou-doctor had written it"):
        read_part(str(place))
    del document[SEAL]
    with zipfile.ZipFile(place, "w") as archive:
        for name, content in (members | {file.HEADER: json.dumps(document)}).items():
            archive.writestr(name, content)
    with pytest.raises(SourceError, match=r"an earlier version .* `iou-doctor scan` of this vers"):
        read_part(str(place))


def test_a_part_without_what_the_report_asks_names_the_version(parts):
    whole = merge_parts(parts)
    request = CheckRequest(options=Options(num_classes=4))
    with pytest.raises(UsageError, match="lacks counts that the report needs; scan all shards"):
        make_report(replace(whole, answers={}), request)
