"""A comparison as JSON, `schema_version` 1: a public interface, written out key by key."""

from __future__ import annotations

import json

from iou_doctor.ledger.difference import Difference
from iou_doctor.ledger.prices import MOST_ENTRIES
from iou_doctor.render.ledger_json import build_interval
from iou_doctor.report.comparison import Comparison, Side
from iou_doctor.safety.safe_text import escape_json


def render(comparison: Comparison, *, version: str) -> str:
    """Return a comparison as JSON text. The same comparison gives the same bytes."""
    difference = comparison.difference
    before, after = comparison.readings
    samples_before, samples_after = comparison.of_samples
    document = {
        "schema_version": 1,
        "tool": {"name": "iou-doctor", "version": version},
        "before": _build_side(comparison.before),
        "after": _build_side(comparison.after),
        "gain": comparison.gain,
        "parts": {
            "reading_before": before,
            "samples_before": samples_before,
            "predictions": None if difference is None else difference.gain,
            "samples_after": samples_after,
            "reading_after": after,
        },
        "other_samples": list(comparison.samples.count) if comparison.samples else [0, 0],
        "other_sample_names": [
            list(names[:MOST_ENTRIES])
            for names in (comparison.samples.names if comparison.samples else ((), ()))
        ],
        "separated_by": [
            {"choice": one.choice, "before": one.before, "after": one.after}
            for one in comparison.separated_by
        ],
        "predictions": None if difference is None else _build_difference(difference),
    }
    return escape_json(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _build_side(side: Side) -> dict[str, object]:
    return {
        "predictions": side.predictions,
        "masks": side.masks,
        "metric": {
            "name": side.metric_call,
            "value": side.value,
            "error": side.error,
            "note": side.note,
        },
        "status": "sick" if side.sick else "healthy",
        "primary": side.primary,
        "num_classes": side.num_classes,
        "ignore_index": side.ignore_index,
        "mean_iou": side.mean_iou,
        "mean_iou_after_all": side.mean_iou_after_all,
    }


def _build_difference(difference: Difference) -> dict[str, object]:
    return {
        "mean_iou": list(difference.mean_iou),
        "interval": build_interval(difference.interval),
        "within_noise": difference.is_within_noise,
        "pairs": [
            {
                "truth": pair.truth,
                "prediction": pair.prediction,
                "pixels": list(pair.pixels),
                "gain": pair.gain,
            }
            for pair in difference.pairs
        ],
        "other_pairs": difference.other_pairs,
        "classes": [
            {"id": one.id, "iou": list(one.iou), "interval": build_interval(one.interval)}
            for one in difference.classes
        ],
        "samples": [
            {"sample": one.sample, "name": one.name, "gain": one.gain} for one in difference.samples
        ],
        "other_samples": difference.other_samples,
        "better": difference.better,
        "worse": difference.worse,
        "won": difference.won,
        "lost": difference.lost,
    }
