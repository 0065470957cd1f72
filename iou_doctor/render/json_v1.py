"""The report as JSON, `schema_version` 1: a public interface, written out key by key."""

from __future__ import annotations

import json

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.metrics.score import ContractScore
from iou_doctor.render import ledger_json, lookup_json
from iou_doctor.report.finding import Finding, Outcome
from iou_doctor.report.report import Input, Report
from iou_doctor.safety.safe_text import escape_json


def render(report: Report) -> str:
    """Return the report as JSON text. The same report gives the same bytes."""
    return (
        escape_json(
            json.dumps(_build_document(report), indent=2, ensure_ascii=False, allow_nan=False)
        )
        + "\n"
    )


def _build_document(report: Report) -> dict[str, object]:
    is_of_stored = report.ledger_as_stored is not None
    return {
        "schema_version": 1,
        "tool": {"name": "iou-doctor", "version": report.version},
        "verdict": _build_verdict(report),
        "block": _build_block(report),
        "inputs": {
            "predictions": _build_input(report.predictions),
            "masks": _build_input(report.masks),
        },
        "reading": _build_reading(report.reading),
        "pixels": {
            "total": report.pixels.total,
            "counted": report.pixels.counted,
            "ignored": report.pixels.ignored,
            "out_of_range": report.pixels.out_of_range,
        },
        "scores": {
            **_build_scores(report),
            "interval": ledger_json.build_interval(report.interval if is_of_stored else None),
            "fine_grained": _build_fine_grained(report) if is_of_stored else None,
        },
        "metric": {
            "name": report.metric_call,
            "value": report.metric.value,
            "error": report.metric.error,
            "note": report.metric.note,
        },
        "contracts": [_build_contract(contract) for contract in report.contracts],
        "ledger": _build_ledger(report),
        "findings": [_build_finding(finding, report) for finding in report.findings],
        "rules": [_build_outcome(outcome) for outcome in report.outcomes],
        **({"again": list(report.again)} if report.again else {}),
        **({} if report.lookup is None else {"seen": lookup_json.build_lookup(report.lookup)}),
    }


def _build_verdict(report: Report) -> dict[str, object]:
    verdict = report.verdict
    return {
        "status": "sick" if verdict.sick else "healthy",
        "primary": verdict.primary,
        "summary": verdict.summary,
        "mean_iou_after_all": verdict.mean_iou_after_all,
        "fails": report.fails,
    }


def _build_reading(reading: Interpretation) -> dict[str, object]:
    return {
        "num_classes": reading.num_classes,
        "ignore_index": reading.ignore_index,
        "assumed": [
            {"field": guess.field, "value": guess.value, "why": guess.why}
            for guess in reading.assumed
        ],
    }


def _build_block(report: Report) -> dict[str, object] | None:
    """Return the code that makes all repairs: lines, and the score that the last one gives."""
    block = report.block
    if block is None:
        return None
    return {"arrays": list(block.arrays), "metric": list(block.metric), "reads": block.reads}


def _build_input(array: Input) -> dict[str, object]:
    return {
        "path": array.path,
        "format": array.format,
        "shape": list(array.shape),
        "dtype": array.dtype,
        "encoding": array.encoding.value,
        "class_axis": array.class_axis,
    }


def _build_scores(report: Report) -> dict[str, object]:
    score, names = report.score, report.reading.class_names
    intervals = report.class_intervals if report.ledger_as_stored else {}
    return {
        "mean_iou": score.mean_iou if score else None,
        "pixel_accuracy": score.pixel_accuracy if score else None,
        "frequency_weighted_iou": score.frequency_weighted_iou if score else None,
        "mean_dice": score.mean_dice if score else None,
        "per_image_mean_iou": score.per_image_mean_iou if score else None,
        "per_class": [
            {
                "id": entry.id,
                "name": names[entry.id],
                "iou": entry.iou,
                "truth_pixels": entry.truth_pixels,
                "predicted_pixels": entry.predicted_pixels,
                "intersection": entry.intersection,
                "interval": ledger_json.build_interval(intervals.get(entry.id)),
            }
            for entry in (score.per_class if score else ())
        ],
    }


def _build_ledger(report: Report) -> dict[str, object] | None:
    if report.ledger is None:
        return None
    names = report.arrays.names if report.arrays else ()
    return {
        **ledger_json.build_ledger(
            report.ledger, report.image_areas, report.class_intervals, names
        ),
        "interval": ledger_json.build_interval(report.interval),
        "fine_grained": _build_fine_grained(report),
    }


def _build_fine_grained(report: Report) -> dict[str, object] | None:
    found = report.fine_grained
    if found is None:
        return None
    return {
        "images": found.images,
        "classes": found.classes,
        "worst_tenth": found.worst_tenth,
        "boundary": found.boundary,
        "lacks_boundary": found.lacks_boundary,
    }


def _build_contract(contract: ContractScore) -> dict[str, object]:
    return {
        "name": contract.name,
        "call": contract.call,
        "library": contract.library,
        "versions": contract.versions,
        "value": contract.value,
        "error": contract.error,
        "note": contract.note,
    }


def _build_finding(finding: Finding, report: Report) -> dict[str, object]:
    repair = finding.repair
    return {
        "code": finding.rule.code,
        "name": finding.rule.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "help": finding.help,
        "facts": dict(finding.facts),
        "repair": None
        if repair is None
        else {
            "name": repair.name,
            "safe": repair.safe,
            "mean_iou_after": repair.mean_iou_after,
            "estimated": repair.estimated,
        },
        "explains": list(report.explains.get(finding.rule.name, ())),
    }


def _build_outcome(outcome: Outcome) -> dict[str, object]:
    return {
        "code": outcome.rule.code,
        "name": outcome.rule.name,
        "status": outcome.status.value,
        "reason": outcome.reason,
    }
