"""Arrays, layouts by hand, and naive versions of what the scan gathers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from math import isnan
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import ArrayLike, NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.scan.batch_plan import BatchPlan
from iou_doctor.scan.scan import scan
from iou_doctor.sources.memory.array import ArraySource

Array = NDArray[Any]
INTEGERS = ("bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
FLOATS = ("f2", "f4", "f8")
SCORES = (0.0, -0.0, 0.25, 0.5, 0.75, 1.0, 1.5, -1.0, -2.5, np.nan, np.inf, -np.inf)
LABELS = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS)


def pair_of(*, y_true: ArrayLike, y_pred: ArrayLike) -> Pair:
    return Pair(
        y_true=ArraySource(np.asarray(y_true), "y_true"),
        y_pred=ArraySource(np.asarray(y_pred), "y_pred"),
    )


def axes_of(array: Array, letters: str) -> Axes:
    """Return the axes that letters name: N samples, C classes, the others space."""
    return Axes(
        shape=array.shape,
        has_sample_axis=letters.startswith("N"),
        spatial=tuple(i for i, letter in enumerate(letters) if letter in "DHWL"),
        channel=letters.index("C") if "C" in letters else None,
    )


def layout_of(y_true: Array, y_pred: Array, true: str = "NHW", pred: str = "NHW") -> Layout:
    return Layout(axes_of(y_true, true), axes_of(y_pred, pred), Relation.EQUAL)


def stats_of(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    true: str = "NHW",
    pred: str = "NHW",
    pairings: Iterable[Pairing] = (LABELS,),
    threshold: float = 0.5,
) -> Stats:
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    return scan(
        pair_of(y_true=y_true, y_pred=y_pred),
        layout_of(y_true, y_pred, true, pred),
        pairings=tuple(pairings),
        threshold=threshold,
    )


def rows(table: PairCounts) -> dict[tuple[int, int, int], int]:
    """Return a table as {(image, truth, prediction): pixels}."""
    keys = zip(table.image.tolist(), table.truth.tolist(), table.prediction.tolist(), strict=True)
    return dict(zip(keys, table.count.tolist(), strict=True))


def counted_one_by_one(y_true: Array, y_pred: Array) -> Mapping[tuple[int, int, int], int]:
    return Counter(
        (image, int(true), int(pred))
        for image, (trues, preds) in enumerate(zip(y_true, y_pred, strict=True))
        for true, pred in zip(trues.ravel(), preds.ravel(), strict=True)
    )


def assert_same_stats(one: Stats, other: Stats) -> None:
    assert one.samples == other.samples
    assert one.tables.keys() == other.tables.keys()
    for pairing, table in one.tables.items():
        assert table == other.tables[pairing]
        assert table.count.dtype == np.int64
    assert _comparable(one.y_true) == _comparable(other.y_true)
    assert _comparable(one.y_pred) == _comparable(other.y_pred)


def _comparable(counts: ValueCounts) -> list[Any]:
    """Return all fields; the NaN of a place is spelled out, because NaN equals nothing."""
    values: list[Any] = []
    for field in fields(counts):
        value = getattr(counts, field.name)
        if field.name.startswith("first") and value is not None:
            stored = tuple("nan" if isnan(v) else v for v in value.values)
            value = (value.sample, value.position, stored)
        values.append((field.name, value))
    return values


def stats_of_batch(plan: BatchPlan, batch: Batch) -> Stats:
    """Return the Stats of one batch."""
    return Stats.merge(plan.count_parts(batch))


def label_maps(shape: Any, dtypes: tuple[str, ...] = INTEGERS) -> st.SearchStrategy[Array]:
    """Return integer arrays of any width, with ids near the classes and at the dtype's ends."""

    def of_dtype(name: str) -> st.SearchStrategy[Array]:
        dtype = np.dtype(name)
        if dtype.kind == "b":
            return hnp.arrays(dtype, shape)
        info = np.iinfo(dtype)
        ids = (0, 1, 2, 3, 21, 127, -1, 255, 65535, info.min, info.max, info.max - 1)
        inside = sorted({label for label in ids if info.min <= label <= info.max})
        return hnp.arrays(dtype, shape, elements=st.sampled_from(inside))

    return st.sampled_from(dtypes).flatmap(of_dtype)


def score_maps(shape: Any, dtypes: tuple[str, ...] = FLOATS) -> st.SearchStrategy[Array]:
    """Return float arrays with ties, fractions, NaN, Inf and what fits no float32."""
    huge = {"f2": 6e4, "f4": 3e38, "f8": 1e300}
    return st.sampled_from(dtypes).flatmap(
        lambda name: hnp.arrays(
            name, shape, elements=st.sampled_from((*SCORES, huge[name], -huge[name]))
        )
    )
