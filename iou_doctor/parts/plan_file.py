"""The file of a plan: how to read the arrays, decided once for all shards, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iou_doctor.arrays.layout import Layout
from iou_doctor.diagnosis.questions import AnyQuestion
from iou_doctor.errors import OutputError, UsageError
from iou_doctor.parts.answers import read_question, write_question
from iou_doctor.parts.consistency import DAMAGED, check_question
from iou_doctor.parts.job import Job, read_job
from iou_doctor.parts.plain import NotPlainError, shorten, to_plain
from iou_doctor.parts.seal import SEAL, check_seal, make_seal
from iou_doctor.record import record
from iou_doctor.safety.atomic_files import follow_links, open_part, stage
from iou_doctor.safety.safe_text import escape_name
from iou_doctor.safety.text_files import read_text

FORMAT, VERSION = "iou-doctor plan", 1
AGAIN = "again"
"""The key of a JSON report with the questions of the second round."""


@record
class Plan:
    """What every shard is told."""

    job: Job
    """With one shard, whatever the number will be."""
    questions: tuple[AnyQuestion, ...]


def write_plan(path: Path, plan: Plan) -> None:
    """Write a plan, or leave everything as it was.

    Raises:
        OutputError: the file cannot be written.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "job": to_plain(plan.job),
        "questions": [write_question(one) for one in plan.questions],
    }
    sealed = {**document, SEAL: make_seal(document)}
    data = (json.dumps(sealed, indent=1) + "\n").encode("ascii")
    try:
        place = follow_links(path)
        with stage([place], overwrite=True) as names, open_part(names[place]) as stream:
            stream.write(data)
    except OSError as error:
        raise OutputError(f"--output {path}: cannot be written ({error.strerror})") from error


def read_plan(path: str) -> Plan:
    """Return the plan in a file.

    Raises:
        UsageError: it is no plan, or of a later version.
    """
    document, name = _load(path, "--plan"), escape_name(path)
    try:
        if document["format"] != FORMAT:
            raise NotPlainError("its format is another one")
        if document["version"] != VERSION:
            raise NotPlainError(f"it has version {shorten(document['version'])}, and not {VERSION}")
        check_seal(document)
        job = read_job(document["job"])
        questions = tuple(read_question(one) for one in document["questions"])
        for question in questions:
            check_question(question, job.layout)
        return Plan(job, questions)
    except DAMAGED as error:
        raise UsageError(
            f"--plan {name}: it is no plan, or it is damaged ({error}); give a file that"
            " `iou-doctor plan` of this version has written"
        ) from error


def read_again(path: str) -> tuple[AnyQuestion, ...]:
    """Return the questions of the second round, which a JSON report holds.

    Raises:
        UsageError: the file is no report, or has no such questions.
    """
    document = _load(path, "--again")
    try:
        questions = tuple(read_question(one) for one in document.get(AGAIN, ()))
    except DAMAGED as error:
        raise _refuse_again(path, error) from error
    if not questions:
        name = escape_name(path)
        raise UsageError(f"--again {name}: all its scores are exact; no second round is needed")
    return questions


def refuse_foreign(questions: Sequence[AnyQuestion], layout: Layout, path: str) -> None:
    """Refuse questions of a report that are not about the arrays.

    Args:
        questions: what `read_again` has returned.
        layout: what the axes of the arrays mean.
        path: the report.

    Raises:
        UsageError: one of them is about other arrays.
    """
    try:
        for question in questions:
            check_question(question, layout)
    except NotPlainError as error:
        raise _refuse_again(path, error) from error


def _refuse_again(path: str, error: Exception) -> UsageError:
    return UsageError(
        f"--again {escape_name(path)}: it is no report on these arrays ({error}); give a file that"
        " `iou-doctor report … --report json=FILE` has written"
    )


def write_again(questions: Sequence[AnyQuestion]) -> tuple[dict[str, Any], ...]:
    """Return the questions of the second round as plain values."""
    return tuple(write_question(one) for one in questions)


def _load(path: str, option: str) -> Any:
    name = escape_name(path)
    try:
        return json.loads(read_text(Path(path)))
    except OSError as error:
        raise UsageError(f"{option} {name}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{option} {name}: it is not valid JSON") from error
