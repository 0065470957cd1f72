"""Runs the block to paste of a report on its arrays: it must give the score that it promises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import iou_doctor
from casebook import combinations
from casebook.cases import Arrays, Case
from iou_doctor.report.repair_block import RepairBlock
from iou_doctor.report.report import Report
from iou_doctor.sources.opening import open_pair

TOLERANCE = 2e-5
"""How near to the promise Keras comes with its float32."""


@dataclass(frozen=True)
class Pasted:
    """What became of the block of one case."""

    name: str
    is_repaired: bool
    """Whether the report offers repairs."""
    promised: float | None
    """What the block promises; `None` if there is no block."""
    got: float | str | None
    """What it gives, or the error."""
    code: str = ""
    contradictions: tuple[str, ...] = ()
    """The helps of root causes that call Keras with other classes than the block."""

    @property
    def right(self) -> bool:
        """Whether the block keeps its promise."""
        if self.promised is None:
            return True
        if self.contradictions:
            return False
        return isinstance(self.got, float) and abs(self.got - self.promised) <= TOLERANCE


def paste(case: Case) -> Pasted:
    """Run the block of a sick case."""
    return paste_arrays(case.name, case.build())


def paste_numbered(number: int) -> Pasted:
    """Run the block of a combination of two faults, by its number."""
    pair = list(combinations.pairs())[number]
    return paste_arrays(pair.name, pair.build())


def paste_arrays(name: str, arrays: Arrays) -> Pasted:
    """Check arrays, and run the block of the report on them."""
    report = iou_doctor.check(y_true=arrays.y_true, y_pred=arrays.y_pred, **arrays.options)
    is_repaired = report.verdict.mean_iou_after_all is not None and _has_repair(report)
    block = report.block
    if block is None:
        return Pasted(name, is_repaired, None, None)
    try:
        got: float | str = run_block(block, *read_arrays(arrays))
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
    contradictions = tuple(list_contradictions(report, block))
    return Pasted(name, is_repaired, block.reads, got, "\n".join(block.lines), contradictions)


def list_contradictions(report: Report, block: RepairBlock) -> Iterator[str]:
    """Yield the helps of root causes with another number of classes or ignore label."""
    ours = "".join(block.metric)
    if "keras." not in ours:
        return
    for finding in report.findings:
        if finding.rule.name in report.consequences or "keras.metrics" not in finding.help:
            continue
        for said in re.findall(r"num_classes=\d+|ignore_class=-?\d+", finding.help):
            if said not in ours and said.partition("=")[0] in ours:
                yield finding.help


def _has_repair(report: Report) -> bool:
    return any(
        finding.repair and finding.rule.name not in report.consequences
        for finding in report.findings
    )


def read_arrays(arrays: Arrays) -> tuple[Any, Any]:
    """Return masks and predictions as NumPy arrays, those of folders too."""
    pair = open_pair(y_true=arrays.y_true, y_pred=arrays.y_pred)
    masks, predictions = (
        np.asarray(source.read((slice(None),) * len(source.shape)))
        for source in (pair.y_true, pair.y_pred)
    )
    return masks, predictions


def run_block(block: RepairBlock, masks: Any, predictions: Any) -> float:
    """Run the lines of a block, and return what its last line gives."""
    names: dict[str, Any] = {"np": np, "masks": masks.copy(), "predictions": predictions.copy()}
    if any("keras." in line for line in block.metric):
        import keras

        names["keras"] = keras
    *lines, last = block.arrays + block.metric
    exec("\n".join(lines), names)
    return float(eval(last, names))


def line(pasted: Sequence[Pasted]) -> str:
    """Return one line about all blocks."""
    repaired = [one for one in pasted if one.is_repaired]
    blocks = [one for one in repaired if one.promised is not None]
    right = sum(one.right for one in blocks)
    return (
        f"blocks to paste: {len(repaired)} reports with a repair, {len(blocks)} with a block,"
        f" {right} of these give what they promise"
    )
