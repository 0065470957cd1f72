"""Some samples occur more than once, with the same mask and prediction.

Distributed evaluation fills the last batch with samples that were already used, so that every
worker gets equally many. A `repeat()` or overlapping lists of files do the same. The repeated
samples count twice, and the score depends on the number of workers.

    400 samples, the last 12 equal to the first 12:   mean IoU 0.7431
    388 different samples:                            mean IoU 0.7402

Cut the gathered arrays to the length of the data set. Samples that really are equal, such as frames
of a camera that does not move, look the same, so this is only a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import log10, pi
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent
from iou_doctor.counts.map_samples import InterpretedProbe, LabelMaps
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU506",
    name="duplicated-samples",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="some samples occur more than once and count each time",
    needs=Needs.WHOLE_DATA_SET,  # a sampler may draw an image twice
)

ANY = "any"
"""Key that matches every map, and also a map that was not kept."""
FEWEST_PAIRS = 3
"""Minimum number of different (truth, prediction) pairs in a sample. A sample with fewer is too
plain to be recognised.
"""
LEAST_RARITY = 3
"""If no map of a sample was kept, equal counts must be this many powers of ten less likely by
chance than one pair of samples in the whole data set."""
NEXT_BUT_ONE = 2
"""Distance of the slices on both sides of the middle one of a small body."""

Number = TypeVar("Number", bound=np.generic)


def find(evidence: Evidence) -> Result:
    """Look for samples with equal counts of all pairs, and with equal maps if maps were kept."""
    repeated = _find_repeated(evidence)
    if repeated and evidence.sampled:
        repeated = _keep_equal(repeated, evidence.sampled)
    if not repeated or (_are_of_a_symmetric_body(repeated) and _is_one_volume(evidence)):
        return []
    samples = evidence.interpretation.layout.samples
    at_the_end = list(repeated) == list(range(samples - len(repeated), samples))
    first = next(iter(repeated))
    count = f"{len(repeated):,}"
    if at_the_end:
        count = "the last" if len(repeated) == 1 else f"the last {count}"
    verb = "equals an earlier one" if len(repeated) == 1 else "equal earlier ones"
    return [
        Finding(
            RULE,
            message=f"{count} of {format_count(samples, 'sample')}"
            f" ({format_percent(len(repeated), samples)}) {verb} in mask and prediction",
            help="cut the gathered arrays to the length of the data set; if several workers"
            " evaluate, count each sample once",
            facts={
                "samples": samples,
                "repeated": len(repeated),
                "first": [repeated[first], first],
                "at_the_end": at_the_end,
            },
            evidence=f"{evidence.name_sample(first)} equals"
            f" {evidence.name_sample(repeated[first])}",
            repair=_leave_out(np.array(list(repeated))),
        )
    ]


def _is_one_volume(evidence: Evidence) -> bool:
    from iou_doctor.checks.volumes import is_one_volume  # only if samples repeat

    return is_one_volume(evidence)


def _are_of_a_symmetric_body(repeated: dict[int, int]) -> bool:
    """Return whether all equal samples are neighbours or mirror images about one slice.

    The slices of a ball or a cylinder are.
    """
    sums = Counter(last + first for last, first in repeated.items())
    middle, times = sums.most_common(1)[0]
    return all(
        (times > 1 and repeated.get(middle - last, middle - last) == first)
        or last - first <= NEXT_BUT_ONE
        or all(between in repeated for between in range(first + 1, last))
        for last, first in repeated.items()
    )


def _leave_out(repeated: NDArray[np.int64]) -> Repair:
    def relabel(pairs: PairCounts) -> PairCounts:
        return pairs.keep_rows(~np.isin(pairs.image, repeated))

    return Repair(name="count each sample once", safe=True, relabel=relabel)


def _find_repeated(evidence: Evidence) -> dict[int, int]:
    """Return the samples that equal an earlier one, each with the earliest such sample."""
    pairs = evidence.pairs
    starts = pairs.image_starts
    images, ends = _compute_of_images(pairs, _get_image), np.append(starts[1:], len(pairs))
    alike = _find_equal_checksums(pairs) & (ends - starts >= FEWEST_PAIRS)
    if not alike.any():
        return {}
    least = 2 * log10(len(starts)) + LEAST_RARITY
    is_rare = _compute_of_images(pairs, _estimate_rarity) > least
    maps = _encode_maps(evidence.sampled.many) if evidence.sampled else {}
    seen: dict[tuple[bytes, bytes | str | None], int] = {}
    repeated: dict[int, int] = {}
    for index in np.flatnonzero(alike & (is_rare | np.isin(images, list(maps)))).tolist():
        rows, image = pairs.take_rows(slice(starts[index], ends[index])), int(images[index])
        columns = (rows.truth, rows.prediction, rows.count)
        counts = b"".join(column.tobytes() for column in columns)
        own = maps.get(image)
        equal = [seen.get((counts, key)) for key in _list_keys(own, bool(is_rare[index]))]
        earlier = min((one for one in equal if one is not None), default=None)
        if earlier is not None:
            repeated[image] = earlier
        else:
            seen.setdefault((counts, own), image)
            seen.setdefault((counts, ANY), image)
    return repeated


def _keep_equal(repeated: dict[int, int], sampled: InterpretedProbe) -> dict[int, int]:
    """Return the pairs of samples whose larger maps are equal, too, where both were kept.

    An object that moves by a pixel keeps its counts, and its place in a small map.
    """
    larger = [_encode_maps(maps) for maps in (sampled.fine, sampled.crops)]
    return {
        image: earlier
        for image, earlier in repeated.items()
        if all(maps.get(image) in (None, maps.get(earlier, maps.get(image))) for maps in larger)
    }


def _list_keys(own: bytes | None, is_rare: bool) -> list[bytes | str | None]:
    """Return the keys of the samples that equal one with this map if their counts are equal.

    Args:
        own: its map; `None` if none was kept, empty if it has no structure.
        is_rare: whether its counts suffice where a map is missing.
    """
    keys: list[bytes | str | None] = [own] if own else []
    if is_rare:
        keys.append(ANY if own is None else None)
    return keys


def _find_equal_checksums(pairs: PairCounts) -> NDArray[np.bool_]:
    """Return which images may have the same counts as another one: their checksums are equal."""
    alike = _find_repeated_values(_compute_of_images(pairs, _sum_squares))
    if not alike.any():  # as in most data; the checksum of all three columns takes longer
        return alike
    return _find_repeated_values(_compute_of_images(pairs, _hash_rows))


def _compute_of_images(
    pairs: PairCounts, compute: Callable[[PairCounts, NDArray[np.intp]], NDArray[Number]]
) -> NDArray[Number]:
    """Return a number for each image.

    Args:
        pairs: the counts of all images.
        compute: from the rows of some images, and the index of the first row of each image.
    """
    return np.concatenate([compute(block, block.image_starts) for block in pairs.iterate_blocks()])


def _get_image(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.int64]:
    return pairs.image[starts]


def _sum_squares(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.int64]:
    count = pairs.count
    return np.add.reduceat(count * count, starts)


def _hash_rows(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.uint64]:
    mixed = np.zeros(len(pairs), dtype=np.uint64)
    for column in (pairs.truth, pairs.prediction, pairs.count):
        mixed = (mixed ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.add.reduceat(mixed, starts)


def _find_repeated_values(values: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which of the values occur more than once."""
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    repeats: NDArray[np.bool_] = times[place] > 1
    return repeats


def _encode_maps(maps: LabelMaps) -> dict[int, bytes]:
    """Return both maps of each kept sample as bytes; empty for a mask without structure."""
    return {
        int(sample): b"" if true.min() == true.max() else true.tobytes() + pred.tobytes()
        for sample, true, pred in zip(maps.samples, maps.y_true, maps.y_pred, strict=True)
    }


def _estimate_rarity(pairs: PairCounts, starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how unlikely it is that another image has these counts by chance, in powers of ten.

    A count that varies at least like a Poisson number recurs with a probability of at most
    1 / sqrt(2 pi count). The largest count of an image is left out, since the others determine it.
    """
    count = pairs.count
    largest = np.maximum.reduceat(count, starts)
    rarity = np.add.reduceat(np.log10(2 * pi * count), starts) - np.log10(2 * pi * largest)
    return rarity / 2
