"""Pairs of labels as machine code."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from iou_doctor.scan.kernels._compiled import compiled
from iou_doctor.scan.kernels._narrow import WORDS, narrow
from iou_doctor.scan.kernels._runs import FINDS_RUNS, GROUP, find_runs, word_at

CELLS = 2**16
REPLICAS = 1 if FINDS_RUNS else 8
"""Cells for each pair, taken in turns: a store must not wait for that of the pixel before. Runs
beside each other have different pairs."""
STEP = CELLS + 32
"""From one replica of a cell to the next: they must not share a set of the cache."""
SMALL = 2**12
"""Pixels of an image up to which adding up replicas costs more than they save."""
BLOCK = 2**12
"""Pixels whose runs are found before they are counted: few enough for 16 bits, and the cache."""
SPARSE = 4
"""Cells that may be filled, for each pixel of an image, beyond which looking through them is too
dear."""
EVERY_OTHER, LANE = np.uint64(0x00FF00FF00FF00FF), np.uint64(0xFFFF)
BYTE_BITS, LANE_BITS = np.uint64(8), np.uint64(16)


class Side(NamedTuple):
    """The codes of one array: bytes that stand for labels."""

    codes: Any
    """uint8, shape (pixels of all images,)."""
    start: Any
    """The code of the smallest label; from it on, round the circle of bytes, labels ascend."""
    labels: Any
    """What each code stands for, int64, shape (256,)."""
    seen: Any
    """Which codes have occurred, bool, shape (256,); it grows."""
    totals: Any
    """Takes how often each code occurs, int64, shape (256,)."""


class Space(NamedTuple):
    """Where pairs are counted: a thread's own."""

    table: Any
    """uint32 zeros, shape (STEP * REPLICAS,); zeros again after each image."""
    orders: Any
    """Codes of either side in ascending order of label, uint8, shape (2, 256)."""
    found: Any
    """Takes the runs of `BLOCK` pixels, see `find_runs`."""
    pairs: Any
    """The pair of codes of each run, that of the mask in the upper byte, uint16."""
    lengths: Any
    """Pixels of each run, uint8."""


def space() -> Space:
    """Return space to count in."""
    return Space(
        table=np.zeros(STEP * REPLICAS, dtype=np.uint32),
        orders=np.empty((2, 256), dtype=np.uint8),
        found=np.empty((3, BLOCK + GROUP), dtype=np.uint8),
        pairs=np.empty(BLOCK + GROUP, dtype=np.uint16),
        lengths=np.empty(BLOCK + GROUP, dtype=np.uint8),
    )


@compiled
def low_bytes(words: Any, flip: Any, low: Any) -> tuple[Any, Any]:
    """Write the lowest byte of each word to `low`; return bounds of `word ^ flip`.

    Args:
        words: unsigned integers, shape (n,); signed ones viewed as such.
        flip: the sign bit for signed integers, else 0: after it, order is that of unsigned ones.
        low: uint8, shape (n,).

    Returns:
        Those of all bytes where no word is larger, and the extremes elsewhere.
    """
    bits = words[0] | narrow(words, low)
    for i in range(words.size // WORDS * WORDS, words.size):
        low[i] = words[i] & 255
        bits |= words[i]
    if bits <= 255:  # as in most label maps: no comparing
        return flip, flip | bits
    least = words[0] ^ flip
    most = least
    for i in range(words.size):
        ordered = words[i] ^ flip
        least = min(least, ordered)
        most = max(most, ordered)
    return least, most


@compiled
def tally(
    true: Any,
    pred: Any,
    pixels: Any,
    samples: Any,
    done: Any,
    space: Any,
    rows: Any,
    used: Any,
) -> tuple[Any, Any]:
    """Count the pairs of codes of each image.

    Args:
        true: a `Side`.
        pred: another.
        pixels: those of one image.
        samples: the number of each image, int64, shape (n,).
        done: the first image to count.
        space: a `Space`.
        rows: int64, shape (4, most), takes image, truth, prediction and count, in order.
        used: the rows that are taken.

    Returns:
        The rows that are taken then, negative where images are too small for so many codes, and
        the image to go on with: there is no room for it.
    """
    orders, table = space.orders, space.table
    known = _in_order(true, orders[0]), _in_order(pred, orders[1])
    replicas = 1 if pixels <= SMALL else REPLICAS
    for image in range(done, samples.size):
        if known[0] * known[1] > SPARSE * pixels:
            return -1, image
        if rows.shape[1] - used < min(CELLS, pixels):
            return used, image
        first, end = image * pixels, (image + 1) * pixels
        if FINDS_RUNS:
            count_runs(true.codes[first:end], pred.codes[first:end], space)
        elif replicas == 1:
            _count_bytes(true.codes[first:end], pred.codes[first:end], 0, table)
        else:
            count_words(true.codes[first:end], pred.codes[first:end], table)
        last = _take_rows(orders, known, replicas, table, rows, used)
        if rows[3, used:last].sum() != pixels:  # there are codes that no image had before
            _put_back(table, rows, used, last)
            _note(true, first, end)
            _note(pred, first, end)
            known = _in_order(true, orders[0]), _in_order(pred, orders[1])
            last = _take_rows(orders, known, replicas, table, rows, used)
        _name_rows(true, pred, samples[image], rows, used, last)
        used = last
    return used, samples.size


@compiled
def _in_order(side: Any, order: Any) -> Any:
    """Write the codes that have occurred in ascending order of label; return how many."""
    known = 0
    for place in range(256):
        code = (side.start + place) % 256
        if side.seen[code]:
            order[known] = code
            known += 1
    return known


@compiled
def _note(side: Any, first: Any, end: Any) -> None:
    for i in range(first, end):
        side.seen[side.codes[i]] = True


@compiled
def count_runs(true: Any, pred: Any, space: Any) -> None:
    """Count runs of pixels with the same pair of codes: a store for each.

    Args:
        true: codes, uint8, shape (pixels,).
        pred: the same.
        space: a `Space`; only the first replica of its table is used.
    """
    truths, predictions, ends = space.found[0], space.found[1], space.found[2]
    pairs, lengths, table = space.pairs, space.lengths, space.table
    for start in range(0, true.size, BLOCK):
        ours, theirs = true[start : start + BLOCK + 1], pred[start : start + BLOCK + 1]
        groups = min(BLOCK, ours.size - 1) // GROUP
        found = find_runs(ours, theirs, groups, space.found)
        for run in range(found):
            pairs[run] = np.uint16(truths[run]) << np.uint16(8) | np.uint16(predictions[run])
        lengths[0] = ends[0]
        for run in range(1, found):
            lengths[run] = ends[run] - ends[run - 1]
        for run in range(found):
            table[np.uint64(pairs[run])] += np.uint32(lengths[run])
        if groups * GROUP < BLOCK:
            _count_bytes(ours, theirs, groups * GROUP, table)


@compiled
def count_words(true: Any, pred: Any, table: Any) -> None:
    """Count eight pixels from two loads. Each lane of 16 bits becomes a cell.

    Args:
        true: codes, uint8, shape (pixels,).
        pred: the same.
        table: that of a `Space`, with eight replicas.
    """
    whole = true.size // 8 * 8
    for pixel in range(0, whole, 8):
        ours, theirs = word_at(true, pixel), word_at(pred, pixel)
        even = (ours & EVERY_OTHER) << BYTE_BITS | theirs & EVERY_OTHER
        odd = ours & ~EVERY_OTHER | theirs >> BYTE_BITS & EVERY_OTHER
        for replica in range(0, 8, 2):
            table[(even & LANE) + np.uint64(replica * STEP)] += np.uint32(1)
            table[(odd & LANE) + np.uint64((replica + 1) * STEP)] += np.uint32(1)
            even >>= LANE_BITS
            odd >>= LANE_BITS
    _count_bytes(true, pred, whole, table)


@compiled
def _count_bytes(true: Any, pred: Any, first: Any, table: Any) -> None:
    for i in range(first, true.size):
        table[np.uint64(true[i]) << BYTE_BITS | np.uint64(pred[i])] += np.uint32(1)


@compiled
def _take_rows(orders: Any, known: Any, replicas: Any, table: Any, rows: Any, used: Any) -> Any:
    """Write the filled cells as rows of codes, and clear them; return the number of rows."""
    for truth in orders[0, : known[0]]:
        for prediction in orders[1, : known[1]]:
            cell = np.uint64(truth) << BYTE_BITS | np.uint64(prediction)
            count = np.int64(0)
            for replica in range(replicas):
                count += np.int64(table[cell + np.uint64(replica * STEP)])
            if count:
                rows[1, used], rows[2, used], rows[3, used] = truth, prediction, count
                used += 1
                for replica in range(replicas):
                    table[cell + np.uint64(replica * STEP)] = 0
    return used


@compiled
def _put_back(table: Any, rows: Any, first: Any, last: Any) -> None:
    for row in range(first, last):
        table[rows[1, row] << 8 | rows[2, row]] = rows[3, row]


@compiled
def _name_rows(true: Any, pred: Any, sample: Any, rows: Any, first: Any, last: Any) -> None:
    """Add up the rows of codes for either side, and write what the codes stand for."""
    for row in range(first, last):
        truth, prediction, count = rows[1, row], rows[2, row], rows[3, row]
        true.totals[truth] += count
        pred.totals[prediction] += count
        rows[0, row] = sample
        rows[1, row], rows[2, row] = true.labels[truth], pred.labels[prediction]
