"""Choose the samples and pixels of the probe, and keep them during the pass over the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from math import ceil
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.counts.map_samples import NO_LABEL, DecodedMaps, Labels, Probe, find_centres
from iou_doctor.record import record
from iou_doctor.scan.native.library import load_kernels
from iou_doctor.scan.native.pick_labels import (
    Places,
    PreparedPicks,
    find_places,
    pick_labels,
    prepare_picks,
)

MANY, FINE, CROPS = 512, 32, 12
"""Samples that are kept at each scale."""
MANY_PIXELS, FINE_PIXELS = 24**2, 128**2
"""The maximum number of pixels of a sample that are kept in `many` and in `fine`."""
CROP_SIDE = 192
"""The maximum number of pixels along each side of a crop."""
FEW_SHAPES = 8
"""Shapes whose places are remembered; most samples share one."""

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
        kernels = load_kernels()
        for wanted in self.choose(batch, y_true=y_true, y_pred=y_pred):
            if kernels and wanted.labels.flags.c_contiguous:
                wanted.keep(pick_labels(kernels, wanted.prepare()))
            else:
                wanted.keep(wanted.pick())

    def choose(
        self, batch: Batch, *, y_true: DecodedLabels, y_pred: DecodedLabels
    ) -> Iterator[Wanted]:
        """Yield what is to be kept of the label maps of a batch, shape (n, *spatial)."""
        for scale in self._scales:
            yield from scale.choose(batch, y_true, y_pred)

    def build(self) -> Probe:
        """Return the probe with all maps that were kept."""
        many, fine, crops = (scale.collect() for scale in self._scales)
        return Probe(many, fine, crops)


Picks = tuple[NDArray[np.intp], ...]
"""The indices to keep along each axis of a sample."""


@record
class Wanted:
    """Labels to pick from some images of a batch, and where to keep them."""

    labels: NDArray[np.integer]
    """The label maps of the batch, shape (n, *spatial)."""
    images: list[int]
    """Which of the n maps to pick from."""
    indices: Picks
    """The indices to pick along each axis."""
    places: Places
    keep: Callable[[NDArray[np.int32]], None]
    """Takes the labels, shape (images, *indices)."""

    def prepare(self) -> PreparedPicks:
        """Return what the kernels need to pick the labels; the maps have to be C-contiguous."""
        return prepare_picks(self.labels, self.images, self.places)

    def pick(self) -> NDArray[np.int32]:
        """Return the labels, picked by NumPy."""
        places = np.ix_(*self.indices)
        return np.stack([_to_int32(self.labels[image][places]) for image in self.images])


class _Scale:
    """The maps of one scale."""

    def __init__(
        self, samples: list[int], size_of: Callable[[int], Shape], pick: Callable[[Shape], Picks]
    ) -> None:
        self.samples, self.chosen = samples, frozenset(samples)
        self.size_of = size_of
        self.kept: dict[tuple[str, LabelDecoding], dict[int, Labels]] = {}
        self.lock = Lock()
        self.find_picks = lru_cache(FEW_SHAPES)(pick)
        # not a method: it would keep this object, with all maps, until garbage is collected
        self.find_places = lru_cache(FEW_SHAPES)(partial(_find_places, self.find_picks))

    def choose(self, batch: Batch, true: DecodedLabels, pred: DecodedLabels) -> Iterator[Wanted]:
        """Yield what is to be kept of a batch."""
        samples = batch.samples.tolist()
        images = [image for image, sample in enumerate(samples) if sample in self.chosen]
        if not images:
            return
        shape = self.size_of(samples[images[0]])  # all samples of a batch have the same one
        if not all(map(len, self.find_picks(shape))):
            return
        chosen = [samples[image] for image in images]
        for side, maps in (("true", true), ("pred", pred)):
            for decoding, labels in maps.items():
                found = self.find_places(shape, batch.first_row, labels.shape[1:])
                if found is not None:
                    here, indices, places = found
                    keep = partial(self._keep, (side, decoding), chosen, here)
                    yield Wanted(labels, images, indices, places, keep)

    def _keep(
        self,
        key: tuple[str, LabelDecoding],
        samples: list[int],
        here: NDArray[np.bool_],
        picked: NDArray[np.int32],
    ) -> None:
        """Keep the picked rows of some samples; `here` says which of all picked rows they are."""
        is_whole = here.all()
        with self.lock:
            maps = self.kept.setdefault(key, {})
            for sample, rows in zip(samples, picked, strict=True):
                if is_whole:
                    maps[sample] = rows
                    continue
                shape = len(here), *rows.shape[1:]
                maps.setdefault(sample, np.full(shape, NO_LABEL, np.int32))[here] = rows

    def collect(self) -> DecodedMaps:
        sides: dict[str, dict[LabelDecoding, tuple[Labels, ...]]] = {"true": {}, "pred": {}}
        samples = sorted({sample for pieces in self.kept.values() for sample in pieces})
        for (side, decoding), pieces in self.kept.items():
            sides[side][decoding] = tuple(pieces[sample] for sample in samples)
        return DecodedMaps(np.array(samples, dtype=np.int64), sides["true"], sides["pred"])


def _find_places(
    find_picks: Callable[[Shape], Picks], shape: Shape, first_row: int, part: Shape
) -> tuple[NDArray[np.bool_], Picks, Places] | None:
    """Return which picked rows of a sample are in a part of it, and the places there.

    Args:
        find_picks: returns the indices to keep of a sample.
        shape: the spatial shape of the sample.
        first_row: where the part begins in it.
        part: the spatial shape of the part.
    """
    picks = find_picks(shape)
    rows = picks[0] - first_row
    here = (rows >= 0) & (rows < part[0])
    if not here.any():
        return None
    indices = (rows[here], *picks[1:])
    return here, indices, find_places(indices, part)


def _choose_spread(samples: list[int], count: int) -> list[int]:
    if len(samples) <= count:
        return samples
    places = np.linspace(0, len(samples) - 1, count).astype(int)
    return [samples[place] for place in places]


def _make_even_pick(pixels: int) -> Callable[[Shape], Picks]:
    """Return a function that picks about `pixels` pixels, evenly along each axis."""

    def pick(shape: Shape) -> Picks:
        side = max(1, ceil(pixels ** (1 / len(shape)) - 1e-9))
        return tuple(find_centres(size, min(size, side)) for size in shape)

    return pick


def _pick_middle(shape: Shape) -> Picks:
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
