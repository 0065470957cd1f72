"""Keeps the probe while the pass walks by: which samples, which of their pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.counts.map_samples import NO_LABEL, DecodedMaps, Labels, Probe, find_centres

MANY, FINE, CROPS = 512, 32, 12
"""Samples kept at each scale."""
MANY_PIXELS, FINE_PIXELS = 24**2, 128**2
"""Pixels kept of each sample, at most (0.6 and 16 thousand)."""
CROP_SIDE = 192
"""Pixels along each side of a crop, at most."""

Shape = tuple[int, ...]
DecodedLabels = Mapping[LabelDecoding, NDArray[Any]]


class ProbeBuilder:
    """Gathers the maps of chosen samples, whole or row by row.

    Args:
        samples: number of samples of the whole.
        size_of: returns the spatial shape of a sample.
        left_out: samples that the pass does not visit.
    """

    def __init__(
        self, samples: int, size_of: Callable[[int], Shape], left_out: tuple[int, ...] = ()
    ) -> None:
        self._lock = Lock()
        visited = [index for index in range(samples) if index not in left_out]
        self._scales = (
            _Scale(visited[:MANY], size_of, _thinned(MANY_PIXELS)),
            _Scale(_spread(visited, FINE), size_of, _thinned(FINE_PIXELS)),
            _Scale(_spread(visited, CROPS), size_of, _middle),
        )

    def wants(self, samples: NDArray[np.int64]) -> bool:
        """Return whether any of these samples is kept."""
        return any(not scale.chosen.isdisjoint(samples.tolist()) for scale in self._scales)

    def add(self, batch: Batch, *, y_true: DecodedLabels, y_pred: DecodedLabels) -> None:
        """Keep what this batch has of the chosen samples; label maps have shape (n, *spatial).

        Several threads may add at the same time.
        """
        with self._lock:
            for index, sample in enumerate(batch.samples.tolist()):
                for scale in self._scales:
                    if sample in scale.chosen:
                        scale.add(sample, index, batch.first_row, y_true, y_pred)

    def build(self) -> Probe:
        """Return the probe."""
        many, fine, crops = (scale.maps() for scale in self._scales)
        return Probe(many, fine, crops)


Pick = Callable[[Shape], tuple[NDArray[np.intp], ...]]
"""From the spatial shape of a sample to the indices kept along each axis."""


@dataclass
class _Scale:
    samples: list[int]
    size_of: Callable[[int], Shape]
    pick: Pick
    kept: dict[tuple[str, LabelDecoding], dict[int, Labels]] = field(default_factory=dict)
    picked: dict[Shape, tuple[tuple[NDArray[np.intp], ...], NDArray[np.intp]]] = field(
        default_factory=dict
    )
    """What `pick` returned for each shape: most samples have one and the same."""

    def __post_init__(self) -> None:
        self.chosen = frozenset(self.samples)

    def add(
        self, sample: int, index: int, first_row: int, true: DecodedLabels, pred: DecodedLabels
    ) -> None:
        shape = self.size_of(sample)
        picks, flat = self._picks(shape)
        if not flat.size:
            return
        for side, maps in (("true", true), ("pred", pred)):
            for decoding, labels in maps.items():
                pieces = self.kept.setdefault((side, decoding), {})
                if labels.shape[1:] == shape and labels[index].flags.c_contiguous:
                    pieces[sample] = _small(labels[index].reshape(-1).take(flat))
                    continue
                rows = picks[0] - first_row
                here = (rows >= 0) & (rows < labels.shape[1])
                if not here.any():
                    continue
                whole = pieces.setdefault(sample, np.full(flat.shape, NO_LABEL, dtype=np.int32))
                whole[here] = _small(labels[index][np.ix_(rows[here], *picks[1:])])

    def _picks(self, shape: Shape) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.intp]]:
        """Return the indices kept along each axis, and the numbers of those pixels."""
        if shape not in self.picked:
            picks = self.pick(shape)
            some = all(len(pick) for pick in picks)
            flat = np.ravel_multi_index(np.ix_(*picks), shape) if some else np.zeros(0, np.intp)
            self.picked[shape] = picks, flat
        return self.picked[shape]

    def maps(self) -> DecodedMaps:
        sides: dict[str, dict[LabelDecoding, tuple[Labels, ...]]] = {"true": {}, "pred": {}}
        samples = sorted({sample for pieces in self.kept.values() for sample in pieces})
        for (side, decoding), pieces in self.kept.items():
            sides[side][decoding] = tuple(pieces[sample] for sample in samples)
        return DecodedMaps(np.array(samples, dtype=np.int64), sides["true"], sides["pred"])


def _spread(samples: list[int], count: int) -> list[int]:
    if len(samples) <= count:
        return samples
    places = np.linspace(0, len(samples) - 1, count).astype(int)
    return [samples[place] for place in places]


def _thinned(pixels: int) -> Pick:
    """Return a pick of about `pixels` pixels, even along each axis."""

    def pick(shape: Shape) -> tuple[NDArray[np.intp], ...]:
        side = max(1, ceil(pixels ** (1 / len(shape)) - 1e-9))
        return tuple(find_centres(size, min(size, side)) for size in shape)

    return pick


def _middle(shape: Shape) -> tuple[NDArray[np.intp], ...]:
    """Return the middle of a 2-D map at full resolution; nothing of others."""
    if len(shape) != 2:
        return (np.zeros(0, dtype=np.intp),)
    sides = [min(size, CROP_SIDE) for size in shape]
    starts = [(size - side) // 2 for size, side in zip(shape, sides, strict=True)]
    return tuple(start + np.arange(side) for start, side in zip(starts, sides, strict=True))


def _small(labels: NDArray[Any]) -> Labels:
    if labels.dtype.itemsize < 4 or labels.dtype == np.int32:
        return labels.astype(np.int32, copy=False)
    as_int64 = labels.astype(np.int64, copy=False)
    clipped = np.clip(as_int64, -(2**31) + 1, 2**31 - 1).astype(np.int32)
    return np.where(is_no_class(as_int64), np.int32(NO_LABEL), clipped)
