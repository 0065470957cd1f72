"""Which file a finding is about, and a mark by which the next run knows the finding again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Suspicion
from iou_doctor.report.report import Input, Report

NAMED_INSIDE = {"npz", "hdf5"}
"""Formats whose paths are `FILE::name`."""


def file_and_name(array: Input) -> tuple[str, str | None]:
    """Return the file of an array, with forward slashes, and the name inside it."""
    file, name = array.path, ""
    if array.format in NAMED_INSIDE:
        file, _, name = file.partition("::")
    return file.replace("\\", "/").removeprefix("./"), name or None


def accused_first(finding: Finding, report: Report) -> tuple[Input, Input]:
    """Return the array that is to be mended, and the other one."""
    if _is_about_masks(finding):
        return report.masks, report.predictions
    return report.predictions, report.masks


def _is_about_masks(finding: Finding) -> bool:
    steps = finding.repair.steps if finding.repair else ()
    if steps:
        return all(step.side is Side.MASKS for step in steps)
    return finding.rule.suspicion is Suspicion.MASK_VALUES


def fingerprints(report: Report) -> Iterator[tuple[Finding, str]]:
    """Yield each finding with a mark of 64 hex digits.

    It is made of the rule and the paths and holds nothing that was measured: the same fault keeps
    its mark while its numbers change.
    """
    seen: Counter[str] = Counter()
    for finding in report.findings:
        code = finding.rule.code
        parts = (code, str(seen[code]), report.predictions.path, report.masks.path)
        seen[code] += 1
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        yield finding, hashlib.sha256(text).hexdigest()
