"""Questions and their answers as plain values and columns, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from iou_doctor.counts.channel_overlaps import ChannelOverlaps
from iou_doctor.counts.map_samples import LabelMaps, Probe
from iou_doctor.counts.stats import Stats
from iou_doctor.diagnosis.boundaries import MeasureBoundaries
from iou_doctor.diagnosis.channel_scores import CountChannelScores
from iou_doctor.diagnosis.channels import CODES, ChannelAreas, CompareChannels, SumChannels
from iou_doctor.diagnosis.count_values import FindLevels
from iou_doctor.diagnosis.measure_samples import MeasureSamples
from iou_doctor.diagnosis.passes import CountArrays, Counts, RecountPairs
from iou_doctor.diagnosis.recount_kinds import RecountKinds
from iou_doctor.diagnosis.scrambled import CompareOrders
from iou_doctor.diagnosis.whole_maps import ReadMaps
from iou_doctor.parts.columns import Columns
from iou_doctor.parts.packing import (
    read_kinds,
    read_maps,
    read_pairs,
    read_probe,
    read_sums,
    read_values,
    write_kinds,
    write_maps,
    write_pairs,
    write_probe,
    write_sums,
    write_values,
)
from iou_doctor.parts.plain import NotPlainError, from_plain, shorten, to_plain

KINDS: Mapping[str, type] = {
    "count": CountArrays,
    "recount": RecountPairs,
    "levels": FindLevels,
    "values": MeasureSamples,
    "maps": ReadMaps,
    "orders": CompareOrders,
    "areas": SumChannels,
    "overlaps": CompareChannels,
    "channels": CountChannelScores,
    "boundaries": MeasureBoundaries,
    "kinds": RecountKinds,
}
"""The kinds of questions, as JSON names them."""
_NAMES = {question: name for name, question in KINDS.items()}


def write_question(question: object) -> dict[str, Any]:
    """Return a question as plain values.

    Raises:
        NotPlainError: its fields are no plain values.
    """
    try:
        return {"kind": _NAMES[type(question)], **to_plain(question)}
    except KeyError as error:  # a step that only `why` tries
        raise NotPlainError(f"{error} has no name in JSON") from error


def read_question(values: Any) -> Any:
    """Return the question that `write_question` turned into these values.

    Raises:
        NotPlainError: they are not those of a question.
    """
    if not isinstance(values, dict) or values.get("kind") not in KINDS:
        raise NotPlainError(f"{shorten(values)} is no question")
    rest = {name: value for name, value in values.items() if name != "kind"}
    return from_plain(KINDS[values["kind"]], rest)


def key_of(question: object) -> str:
    """Return a text that names a question.

    Whether the first pass tells the kinds of errors is no part of it, since they are one more
    answer to the same question.
    """
    values = write_question(question)
    plan = values.get("plan")
    if plan is not None:
        values = {**values, "plan": {**plan, "kinds": None}}
    return json.dumps(values, sort_keys=True)


def write_answer(question: object, answer: Any, columns: Columns) -> Any:
    """Keep the columns of an answer, and return the rest of it as plain values."""
    return _WRITERS[type(question)](answer, columns)


def read_answer(question: Any, values: Any, columns: Columns) -> Any:
    """Return the answer that `write_answer` has written.

    Raises:
        NotPlainError: something is missing or damaged.
    """
    try:
        return _READERS[type(question)](question, values, columns)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise NotPlainError(f"it is damaged: {error}") from error


def _write_counts(answer: Counts, columns: Columns) -> Any:
    stats = answer.stats
    counted = [answer.plan.pairings.index(pairing) for pairing in stats.tables]
    for index, table in zip(counted, stats.tables.values(), strict=True):
        with columns.within(f"pairs{index}"):
            write_pairs(table, columns)
    if stats.sums is not None:
        write_sums(stats.sums, columns)
    return {
        "samples": stats.samples,
        "tables": counted,
        "y_true": write_values(stats.y_true),
        "y_pred": write_values(stats.y_pred),
        "sums": None if stats.sums is None else list(stats.sums.whole.shape),
        "kinds": write_kinds(stats.kinds, columns),
        "probe": write_probe(answer.samples, columns),
    }


def _read_counts(question: CountArrays, values: Any, columns: Columns) -> Counts:
    tables = {}
    for index in values["tables"]:
        with columns.within(f"pairs{index}"):
            tables[question.plan.pairings[index]] = read_pairs(columns)
    stats = Stats(
        samples=int(values["samples"]),
        tables=tables,
        y_true=read_values(values["y_true"]),
        y_pred=read_values(values["y_pred"]),
        sums=None if values["sums"] is None else read_sums(values["sums"], columns),
        kinds=read_kinds(values["kinds"], columns),
    )
    probe = read_probe(values["probe"], question.plan.pairings, columns)
    return Counts(question.plan, stats, probe)


def _write_label_maps(answer: LabelMaps, columns: Columns) -> Any:
    columns.put("samples", answer.samples)
    return [write_maps(getattr(answer, side), side, columns) for side in ("y_true", "y_pred")]


def _read_label_maps(values: Any, columns: Columns) -> LabelMaps:
    true, pred = values
    samples = columns.take_samples("samples")
    sides = read_maps(true, "y_true", columns), read_maps(pred, "y_pred", columns)
    if not len(samples) == len(sides[0]) == len(sides[1]):
        raise NotPlainError("maps of samples are missing")
    return LabelMaps(samples, *sides)


def _write_areas(answer: ChannelAreas, columns: Columns) -> Any:
    write_sums(answer.sums, columns)
    return {"shape": list(answer.sums.whole.shape), "pixels": answer.pixels}


def _write_overlaps(answer: tuple[ChannelOverlaps, Probe], columns: Columns) -> Any:
    overlaps, probe = answer
    plain = {
        each.name: np.asarray(getattr(overlaps, each.name)).tolist() for each in fields(overlaps)
    }
    return {"overlaps": plain, "probe": write_probe(probe, columns)}


def _read_overlaps(values: Any, columns: Columns) -> tuple[ChannelOverlaps, Probe]:
    given = values["overlaps"]
    both, truth, predicted = (
        np.array(given[name], dtype=np.int64) for name in ("both", "truth", "predicted")
    )
    overlaps = ChannelOverlaps(both, truth, predicted, int(given["pixels"]))
    return overlaps, read_probe(values["probe"], [CODES], columns)


_WRITERS: Mapping[type, Callable[[Any, Columns], Any]] = {
    CountArrays: _write_counts,
    RecountPairs: write_pairs,
    FindLevels: lambda answer, _: sorted(answer),
    MeasureSamples: lambda answer, _: {str(one): write_values(answer[one]) for one in answer},
    ReadMaps: _write_label_maps,
    CompareOrders: lambda answer, _: list(answer),
    SumChannels: _write_areas,
    CompareChannels: _write_overlaps,
    CountChannelScores: write_pairs,
    MeasureBoundaries: lambda answer, _: answer.tolist(),
    RecountKinds: write_kinds,
}
_READERS: Mapping[type, Callable[[Any, Any, Columns], Any]] = {
    CountArrays: _read_counts,
    RecountPairs: lambda _, __, columns: read_pairs(columns),
    FindLevels: lambda _, values, __: frozenset(map(int, values)),
    MeasureSamples: lambda question, values, _: {
        range(question.layout.samples)[int(one)]: read_values(values[one]) for one in values
    },
    ReadMaps: lambda _, values, columns: _read_label_maps(values, columns),
    CompareOrders: lambda _, values, __: tuple(map(int, values)),
    SumChannels: lambda _, values, columns: ChannelAreas(
        read_sums(values["shape"], columns), int(values["pixels"])
    ),
    CompareChannels: lambda _, values, columns: _read_overlaps(values, columns),
    CountChannelScores: lambda _, __, columns: read_pairs(columns),
    MeasureBoundaries: lambda question, values, _: np.array(values, dtype=np.int64).reshape(
        5, question.num_classes
    ),
    RecountKinds: lambda _, values, columns: read_kinds(values, columns),
}
