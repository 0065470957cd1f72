"""Choose the samples and pixels of the probe, and keep them during the pass over the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.counts.map_samples import NO_LABEL, DecodedMaps, Labels, Probe, find_centres

MANY, FINE, CROPS = 512, 32, 12
"""Samples that are kept at each scale."""
MANY_PIXELS, FINE_PIXELS = 24**2, 128**2
"""The maximum number of pixels of a sample that are kept in `many` and in `fine`."""
CROP_SIDE = 192
"""The maximum number of pixels along each side of a crop."""

Shape = tuple[int, ...]
DecodedLabels = Mapping[LabelDecoding, NDArray[np.integer]]
"""The label maps of a batch by decoding, shape (n, *spatial) each."""


class ProbeBuilder:
    """Gathers the label maps of chosen samples, whole or some rows at a time.

    Args:
        samples: the number of samples of the data set.
        size_of: returns the spatial shape of a sample.
        left_out: samples that the pass leaves out.
    """

    def __init__(
        self, samples: int, size_of: Callable[[int], Shape], left_out: tuple[int, ...] = ()
    ) -> None:
        self._lock = Lock()
        visited = [index for index in range(samples) if index not in left_out]
        self._scales = (
            _Scale(visited[:MANY], size_of, _make_even_pick(MANY_PIXELS)),
            _Scale(_choose_spread(visited, FINE), size_of, _make_even_pick(FINE_PIXELS)),
            _Scale(_choose_spread(visited, CROPS), size_of, _pick_middle),
        )

    def wants(self, samples: NDArray[np.int64]) -> bool:
        """Return whether any of these samples is to be kept."""
        return any(not scale.chosen.isdisjoint(samples.tolist()) for scale in self._scales)

    def add(self, batch: Batch, *, y_true: DecodedLabels, y_pred: DecodedLabels) -> None:
        """Keep the label maps of the chosen samples of a batch, shape (n, *spatial).

        Several threads may call this at the same time.
        """
        with self._lock:
            for index, sample in enumerate(batch.samples.tolist()):
                for scale in self._scales:
                    if sample in scale.chosen:
                        scale.add(sample, index, batch.first_row, y_true, y_pred)

    def build(self) -> Probe:
        """Return the probe with all maps that were kept."""
        many, fine, crops = (scale.collect() for scale in self._scales)
        return Probe(many, fine, crops)


Pick = Callable[[Shape], tuple[NDArray[np.intp], ...]]
"""Returns the indices to keep along each axis, for the spatial shape of a sample."""


class _Scale:
    """The maps of one scale."""

    def __init__(self, samples: list[int], size_of: Callable[[int], Shape], pick: Pick) -> None:
        self.samples, self.chosen = samples, frozenset(samples)
        self.size_of, self.pick = size_of, pick
        self.kept: dict[tuple[str, LabelDecoding], dict[int, Labels]] = {}
        self.picked: dict[Shape, tuple[tuple[NDArray[np.intp], ...], NDArray[np.intp]]] = {}
        """What `pick` returned for each shape; most samples share one."""

    def add(
        self, sample: int, index: int, first_row: int, true: DecodedLabels, pred: DecodedLabels
    ) -> None:
        shape = self.size_of(sample)
        picks, flat = self._find_picks(shape)
        if not flat.size:
            return
        for side, maps in (("true", true), ("pred", pred)):
            for decoding, labels in maps.items():
                pieces = self.kept.setdefault((side, decoding), {})
                if labels.shape[1:] == shape and labels[index].flags.c_contiguous:
                    pieces[sample] = _to_int32(labels[index].reshape(-1).take(flat))
                    continue
                rows = picks[0] - first_row
                here = (rows >= 0) & (rows < labels.shape[1])
                if not here.any():
                    continue
                whole = pieces.setdefault(sample, np.full(flat.shape, NO_LABEL, dtype=np.int32))
                whole[here] = _to_int32(labels[index][np.ix_(rows[here], *picks[1:])])

    def _find_picks(self, shape: Shape) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.intp]]:
        """Return the indices to keep along each axis, and the flat indices of those pixels."""
        if shape not in self.picked:
            picks = self.pick(shape)
            some = all(len(pick) for pick in picks)
            flat = np.ravel_multi_index(np.ix_(*picks), shape) if some else np.zeros(0, np.intp)
            self.picked[shape] = picks, flat
        return self.picked[shape]

    def collect(self) -> DecodedMaps:
        sides: dict[str, dict[LabelDecoding, tuple[Labels, ...]]] = {"true": {}, "pred": {}}
        samples = sorted({sample for pieces in self.kept.values() for sample in pieces})
        for (side, decoding), pieces in self.kept.items():
            sides[side][decoding] = tuple(pieces[sample] for sample in samples)
        return DecodedMaps(np.array(samples, dtype=np.int64), sides["true"], sides["pred"])


def _choose_spread(samples: list[int], count: int) -> list[int]:
    if len(samples) <= count:
        return samples
    places = np.linspace(0, len(samples) - 1, count).astype(int)
    return [samples[place] for place in places]


def _make_even_pick(pixels: int) -> Pick:
    """Return a function that picks about `pixels` pixels, evenly along each axis."""

    def pick(shape: Shape) -> tuple[NDArray[np.intp], ...]:
        side = max(1, ceil(pixels ** (1 / len(shape)) - 1e-9))
        return tuple(find_centres(size, min(size, side)) for size in shape)

    return pick


def _pick_middle(shape: Shape) -> tuple[NDArray[np.intp], ...]:
    """Return the indices of the middle of a 2-D map, and none for other maps."""
    if len(shape) != 2:
        return (np.zeros(0, dtype=np.intp),)
    sides = [min(size, CROP_SIDE) for size in shape]
    starts = [(size - side) // 2 for size, side in zip(shape, sides, strict=True)]
    return tuple(start + np.arange(side) for start, side in zip(starts, sides, strict=True))


def _to_int32(labels: NDArray[np.integer]) -> Labels:
    if labels.dtype.itemsize < 4 or labels.dtype == np.int32:
        return labels.astype(np.int32, copy=False)
    wide = labels.astype(np.int64, copy=False)
    clipped = np.clip(wide, -(2**31) + 1, 2**31 - 1).astype(np.int32)
    return np.where(is_no_class(wide), np.int32(NO_LABEL), clipped)
