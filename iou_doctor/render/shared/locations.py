"""The file that a finding is about, and a fingerprint that identifies it in later runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Suspicion
from iou_doctor.report.report import Input, Report

FORMATS_WITH_NAMES = {"npz", "hdf5"}
"""Formats that hold several arrays; their paths have the form `FILE::name`."""


def split_path(array: Input) -> tuple[str, str | None]:
    """Return the file of an array, with forward slashes, and the array's name inside the file."""
    file, name = array.path, ""
    if array.format in FORMATS_WITH_NAMES:
        file, _, name = file.partition("::")
    return file.replace("\\", "/").removeprefix("./"), name or None


def order_by_suspicion(finding: Finding, report: Report) -> tuple[Input, Input]:
    """Return the array that the finding is about, and the other one."""
    if _is_about_masks(finding):
        return report.masks, report.predictions
    return report.predictions, report.masks


def _is_about_masks(finding: Finding) -> bool:
    steps = finding.repair.steps if finding.repair else ()
    if steps:
        return all(step.side is Side.MASKS for step in steps)
    return finding.rule.suspicion is Suspicion.MASK_VALUES


def compute_fingerprints(report: Report) -> Iterator[tuple[Finding, str]]:
    """Yield each finding with its fingerprint, which has 64 hexadecimal digits.

    A fingerprint depends on the rule and on the two paths, and on nothing that was measured: a
    fault keeps its fingerprint while its numbers change.
    """
    seen: Counter[str] = Counter()
    for finding in report.findings:
        code = finding.rule.code
        parts = (code, str(seen[code]), report.predictions.path, report.masks.path)
        seen[code] += 1
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        yield finding, hashlib.sha256(text).hexdigest()
