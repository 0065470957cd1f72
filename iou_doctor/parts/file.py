"""The file of a part: an npz archive of columns, and one member with everything else as JSON.

NumPy writes and reads such files everywhere. Nothing in them is code, and nothing is unpickled.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from iou_doctor.diagnosis.passes import Counts
from iou_doctor.errors import OutputError
from iou_doctor.parts.answers import (
    key_of,
    read_answer,
    read_question,
    write_answer,
    write_question,
)
from iou_doctor.parts.columns import Bytes, Columns
from iou_doctor.parts.consistency import DAMAGED, check_extremes, check_question
from iou_doctor.parts.job import Job, SourceFacts, read_job
from iou_doctor.parts.part import Answered, Entries, ModelPart, Part, Segment
from iou_doctor.parts.plain import NotPlainError, from_plain, shorten, to_plain
from iou_doctor.parts.seal import SEAL, check_seal, make_seal
from iou_doctor.safety.atomic_files import follow_links, open_part, stage
from iou_doctor.safety.text_files import open_regular
from iou_doctor.sources.files.memory_limits import MOST_HELD_BYTES
from iou_doctor.sources.source_errors import source_error

FORMAT, VERSION = "iou-doctor part", 1
HEADER = "part.json"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that the same part has the same bytes."""
MOST_EXPANSION = 256
"""The maximum number of bytes that the columns take as int64, for each byte of the file. A cell of
a real table takes over a byte in the file, and 40 as int64."""
HOW = "give a file that `iou-doctor scan` of this version has written"
SIDES = ("y_true", "y_pred")


def write_part(path: Path, part: Part, *, option: str = "--output") -> None:
    """Write a part, or leave everything as it was.

    Args:
        path: the file.
        part: what to write.
        option: the option that names the file, for the error.

    Raises:
        OutputError: the file cannot be written.
    """
    columns = Columns()
    document = _build_document(part, columns)
    try:
        place = follow_links(path)
        with stage([place], overwrite=True) as names, open_part(names[place]) as stream:
            _write_archive(stream, document, columns)
    except OSError as error:
        raise OutputError(f"{option} {path}: cannot be written ({error.strerror})") from error


def _write_archive(stream: IO[bytes], document: dict[str, Any], columns: Columns) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, stored in columns.stored.items():
            with archive.open(_name_member(f"{name}.npy"), "w") as member:
                np.lib.format.write_array(member, stored, (1, 0), allow_pickle=False)
        sealed = {**document, SEAL: make_seal(document, _list_checksums(archive))}
        archive.writestr(_name_member(HEADER), json.dumps(sealed, sort_keys=True))


def _list_checksums(archive: zipfile.ZipFile) -> dict[str, int]:
    return {each.filename: each.CRC for each in archive.infolist() if each.filename != HEADER}


def _name_member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, LONG_AGO)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _build_document(part: Part, columns: Columns) -> dict[str, Any]:
    """Keep the columns of a part, and return the rest of it as plain values."""
    answers = []
    for index, key in enumerate(sorted(part.answers)):
        answered = part.answers[key]
        with columns.within(f"answer{index}"):
            values = write_answer(answered.question, answered.answer, columns)
        shards = sorted(answered.shards)
        question = write_question(answered.question)
        answers.append({"question": question, "shards": shards, "values": values})
    for shard in sorted(part.segments):
        for side in SIDES:
            with columns.within(f"shard{shard}/{side}"):
                _write_entries(getattr(part.segments[shard], side), columns)
    return {
        "format": FORMAT,
        "version": VERSION,
        "job": to_plain(part.job),
        "shards": sorted(part.segments),
        "answers": answers,
        "models": to_plain(part.models),
        "fallbacks": list(part.fallbacks),
        "done": part.done,
    }


def _write_entries(entries: Entries, columns: Columns) -> None:
    if entries.names is not None:
        columns.put_text("names", json.dumps(entries.names))
    if entries.shapes is not None:
        columns.put("shapes", entries.shapes)


def read_part(path: str) -> Part:
    """Return the part in a file.

    Raises:
        SourceError: it is no part, cut off, damaged, or of a later version.
    """
    try:
        document, stored = _read_archive(path)
        return _read_document(path, document, stored)
    except FileNotFoundError as error:
        raise source_error(path, f"there is no such file; {HOW}") from error
    except OSError as error:
        raise source_error(path, f"{error.strerror or error}; {HOW}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise source_error(path, f"it is no part, or it is cut off ({error}); {HOW}") from error
    except DAMAGED as error:
        raise source_error(path, f"it is no part, or it is damaged ({error}); {HOW}") from error


def _read_archive(path: str) -> tuple[Any, dict[str, Bytes]]:
    stored: dict[str, Bytes] = {}
    with open_regular(path) as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        most = max(MOST_HELD_BYTES // 4, MOST_EXPANSION * os.fstat(file.fileno()).st_size)
        _check_memory(sum(member.file_size for member in members), min(most, MOST_HELD_BYTES))
        document, taken = json.loads(archive.read(HEADER)), 0
        if document["format"] != FORMAT:
            raise NotPlainError("its format is another one")
        if document["version"] != VERSION:
            raise NotPlainError(
                f"its format has version {shorten(document['version'])}, and this iou-doctor reads"
                f" {VERSION}"
            )
        check_seal(document, _list_checksums(archive))
        for member in members:
            if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise NotPlainError("it is compressed in another way")
            if member.filename != HEADER:
                planes = _read_planes(archive.read(member))
                stored[member.filename.removesuffix(".npy")] = planes
                taken += 8 * planes.shape[1]
                _check_memory(taken, most)
    return document, stored


def _check_memory(size: int, most: int) -> None:
    if size > most:
        raise NotPlainError(f"it would take more than {most:,} bytes of memory")


def _read_planes(data: bytes) -> Bytes:
    """Return the bytes of an array of bytes in two axes, from the content of an .npy file."""
    length = int.from_bytes(data[8:10], "little") + 10
    header = data[10:length].decode("latin-1")
    shape = header.partition("'shape': (")[2].partition(")")[0].split(",")
    rows, count = (int(size) for size in shape)
    if data[:8] != b"\x93NUMPY\x01\x00" or "'|u1'" not in header or "order': False" not in header:
        raise NotPlainError("an array in it is not as iou-doctor writes it")
    if rows < 1 or count < 0 or rows * count != len(data) - length:
        raise NotPlainError("an array in it is cut off")
    return np.frombuffer(data, np.uint8, offset=length).reshape(rows, count)


def _read_document(path: str, document: Any, stored: dict[str, Bytes]) -> Part:
    job = read_job(document["job"])
    columns = Columns(stored, samples=job.layout.samples)
    shards = _read_shards(document["shards"], job)
    segments = {}
    for shard in shards:
        sides = []
        for side in SIDES:
            facts: SourceFacts = getattr(job.pair, side)
            with columns.within(f"shard{shard}/{side}"):
                sides.append(_read_entries(job, shard, facts, columns))
        segments[shard] = Segment(*sides)
    answers = {}
    for index, each in enumerate(document["answers"]):
        question = read_question(each["question"])
        check_question(question, job.layout)
        with columns.within(f"answer{index}"):
            answer = read_answer(question, each["values"], columns)
        if isinstance(answer, Counts):
            check_extremes(answer.stats.y_true, np.dtype(job.pair.y_true.dtype))
            check_extremes(answer.stats.y_pred, np.dtype(job.pair.y_pred.dtype))
        own = frozenset(_read_shards(each["shards"], job))
        answers[key_of(question)] = Answered(question, own, answer)
    return Part(
        job=job,
        segments=segments,
        answers=answers,
        models=from_plain(tuple[ModelPart, ...], document["models"]),
        fallbacks=from_plain(tuple[str, ...], document["fallbacks"]),
        done=_read_done(job, shards, document["done"]),
        origin=path,
    )


def _read_shards(values: Any, job: Job) -> tuple[int, ...]:
    shards: tuple[int, ...] = from_plain(tuple[int, ...], values)
    if not shards or not all(1 <= shard <= job.shards for shard in shards):
        raise NotPlainError(f"it names the shards {shorten(values)} of {job.shards}")
    return shards


def _read_done(job: Job, shards: tuple[int, ...], done: Any) -> int | None:
    if done is not None and (len(shards) != 1 or done not in job.list_samples(shards[0])):
        raise NotPlainError(f"it names {shorten(done)} as the next sample")
    return from_plain(int | None, done)  # type: ignore[no-any-return]


def _read_entries(job: Job, shard: int, source: SourceFacts, columns: Columns) -> Entries:
    number = len(job.list_entries(shard, source))
    names = None
    if source.has_names:
        names = from_plain(tuple[str, ...], json.loads(columns.take_text("names")))
        if len(names) != number:
            raise NotPlainError("names of samples are missing")
    varies = None in source.shape[1:]
    shapes = columns.take("shapes", (number, len(source.shape) - 1)) if varies else None
    return Entries(names, shapes)
