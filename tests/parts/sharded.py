"""Reports from parts of a pair, to be compared with a check of it."""

from __future__ import annotations

import random
from pathlib import Path

from iou_doctor.diagnosis.pipeline import check_pair, choose_settings
from iou_doctor.parts.file import read_part, write_part
from iou_doctor.parts.job import make_job
from iou_doctor.parts.look import look_over
from iou_doctor.parts.make_report import make_report
from iou_doctor.parts.part import merge_parts
from iou_doctor.parts.plan_file import read_question
from iou_doctor.parts.scan_shard import ShardScan
from iou_doctor.render import json_v1

MOST_ROUNDS = 5


def scan_parts(pair, request, shards, folder, *, again=None):
    """Return the parts of all shards, as they are read back from files."""
    look = look_over(pair, request)
    job = make_job(pair, request, look.layout, shards)
    questions = look.questions if again is None else again
    parts = []
    for shard in range(1, shards + 1):
        scan = ShardScan(pair, job, questions, shard, choose_settings(request))
        file = Path(folder) / f"part-{shard}-{0 if again is None else 1}.npz"
        write_part(file, scan.scan(keep=print))
        parts.append(read_part(str(file)))
    return parts


def merge_at_random(parts, seed):
    """Return one part, merged in random order and groupings."""
    draw = random.Random(seed)
    parts = list(parts)
    while len(parts) > 1:
        draw.shuffle(parts)
        number = draw.randint(2, max(2, min(5, len(parts))))
        parts = [*parts[number:], merge_parts(parts[:number])]
    return parts[0]


def report_on_parts(pair, request, shards, folder, *, seed=0):
    """Return the report from parts, after as many rounds as it takes, and their number."""
    parts = scan_parts(pair, request, shards, folder)
    for number in range(1, MOST_ROUNDS + 1):
        report = make_report(merge_at_random(parts, seed), request)
        if not report.again:
            return report, number
        questions = tuple(read_question(one) for one in report.again)
        parts += scan_parts(pair, request, shards, folder, again=questions)
    raise AssertionError(f"still open: {report.again}")


def compare(pair, request, shards, folder, *, seed=0):
    """Return both reports as JSON, and the number of rounds."""
    report, rounds = report_on_parts(pair, request, shards, folder, seed=seed)
    return json_v1.render(check_pair(pair, request)), json_v1.render(report), rounds
