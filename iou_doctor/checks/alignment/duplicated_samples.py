"""Some samples occur twice, mask and prediction alike.

Distributed evaluation fills the last batch with samples it has seen, so that every worker gets as
many; a `repeat()` or an overlapping list of files does the same. The repeated samples count twice,
and the score depends on the number of workers.

    400 samples, the last 12 equal to the first 12:   mean IoU 0.7431
    388 different samples:                            mean IoU 0.7402

Cut the gathered arrays to the length of the data set. Truly equal samples (frames of a camera that
stands still) look the same: it is a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log10, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent
from iou_doctor.counts.map_samples import LabelMaps
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU506",
    name="duplicated-samples",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="some samples occur twice, and count twice",
)
ANY = "any"
"""Stands for any map, or none."""
FEWEST_PAIRS = 3
"""Different (truth, prediction) pairs in a sample, below which it is too plain to be recognised."""
SURE = 3
"""Powers of ten by which equal counts must be unlikely where no map of the sample was kept."""


def find(evidence: Evidence) -> Result:
    """Look for samples with equal counts of all pairs, and equal maps where maps were kept."""
    repeated = _repeated(evidence)
    if not repeated:
        return []
    samples = evidence.interpretation.layout.samples
    last = list(repeated) == list(range(samples - len(repeated), samples))
    first = next(iter(repeated))
    which = (
        f"the last {format_count(len(repeated), 'sample')} of {samples:,}"
        if last
        else (f"{format_count(len(repeated), 'sample')} of {samples:,}")
    )
    verb = "equals an earlier one" if len(repeated) == 1 else "equal earlier ones"
    return [
        Finding(
            RULE,
            message=f"{which} ({format_percent(len(repeated), samples)}) {verb},"
            " mask and prediction alike",
            help="cut the gathered arrays to the length of the data set; count each sample once"
            " when you gather from several workers",
            facts={
                "samples": samples,
                "repeated": len(repeated),
                "first": [repeated[first], first],
                "at_the_end": last,
            },
            evidence=f"{evidence.name_sample(first)} equals"
            f" {evidence.name_sample(repeated[first])}",
            repair=_without(np.array(list(repeated))),
        )
    ]


def _without(repeated: NDArray[np.int64]) -> Repair:
    def relabel(pairs: PairCounts) -> PairCounts:
        return pairs.where(~np.isin(pairs.image, repeated))

    return Repair(name="count each sample once", safe=True, relabel=relabel)


def _repeated(evidence: Evidence) -> dict[int, int]:
    """Return the samples that equal an earlier one, each with the earliest it equals."""
    pairs = evidence.pairs
    starts = pairs.starts
    images, ends = _of_images(pairs, _number), np.append(starts[1:], len(pairs))
    alike = _alike(pairs) & (ends - starts >= FEWEST_PAIRS)
    if not alike.any():
        return {}
    telling = _of_images(pairs, _rarity) > 2 * log10(len(starts)) + SURE
    maps = _thumbnails(evidence.sampled.many) if evidence.sampled else {}
    seen: dict[tuple[bytes, bytes | str | None], int] = {}
    repeated: dict[int, int] = {}
    for index in np.flatnonzero(alike & (telling | np.isin(images, list(maps)))).tolist():
        rows, image = pairs.rows(slice(starts[index], ends[index])), int(images[index])
        columns = (rows.truth, rows.prediction, rows.count)
        counts = b"".join(column.tobytes() for column in columns)
        own = maps.get(image)
        equal = [seen.get((counts, other)) for other in _comparable(own, bool(telling[index]))]
        earlier = min((one for one in equal if one is not None), default=None)
        if earlier is not None:
            repeated[image] = earlier
        else:
            seen.setdefault((counts, own), image)
            seen.setdefault((counts, ANY), image)
    return repeated


def _comparable(own: bytes | None, telling: bool) -> list[bytes | str | None]:
    """Return the maps of samples that equal one with this map if their counts are equal.

    Args:
        own: its map; `None` where none was kept, empty where it has no structure.
        telling: whether counts tell enough where a map is missing.
    """
    maps: list[bytes | str | None] = [own] if own else []
    if telling:
        maps.append(ANY if own is None else None)
    return maps


def _alike(pairs: PairCounts) -> NDArray[np.bool_]:
    """Return which images may have the same table as another one: their checksums are equal."""
    alike = _repeats(_of_images(pairs, _squares))
    if not alike.any():  # as in most data; else all three columns are looked at
        return alike
    return _repeats(_of_images(pairs, _mixed))


def _of_images(
    pairs: PairCounts, number: Callable[[PairCounts, NDArray[np.intp]], NDArray[Any]]
) -> NDArray[Any]:
    """Return a number for each image, from some rows and where the images begin in them."""
    return np.concatenate([number(block, block.starts) for block in pairs.blocks()])


def _number(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.int64]:
    return pairs.image[starts]


def _squares(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.int64]:
    count = pairs.count
    return np.add.reduceat(count * count, starts)


def _mixed(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.uint64]:
    mixed = np.zeros(len(pairs), dtype=np.uint64)
    for column in (pairs.truth, pairs.prediction, pairs.count):
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.add.reduceat(mixed, starts)


def _repeats(sums: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of these occur more than once."""
    _, place, times = np.unique(sums, return_inverse=True, return_counts=True)
    repeats: NDArray[np.bool_] = times[place] > 1
    return repeats


def _thumbnails(maps: LabelMaps) -> dict[int, bytes]:
    """Return both maps of each kept sample; nothing for a mask without structure."""
    return {
        int(sample): b"" if true.min() == true.max() else true.tobytes() + pred.tobytes()
        for sample, true, pred in zip(maps.samples, maps.y_true, maps.y_pred, strict=True)
    }


def _rarity(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how seldom another image has these very counts by chance: powers of ten.

    A count that varies at least as a Poisson number does is met again with a chance of at most
    1 / sqrt(2 pi count); the largest one is what the others leave.
    """
    count = pairs.count
    largest = np.maximum.reduceat(count, starts)
    rarity = np.add.reduceat(np.log10(2 * pi * count), starts) - np.log10(2 * pi * largest)
    return rarity / 2
