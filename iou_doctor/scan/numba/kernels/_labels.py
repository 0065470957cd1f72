"""Pairs of labels as machine code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._compiled import compiled, inlined
from iou_doctor.scan.numba.kernels._narrow import narrow_2, narrow_4, narrow_8
from iou_doctor.scan.numba.kernels._runs import FINDS_RUNS, GROUP, find_runs, word_at

CELLS = 2**16
REPLICAS = 1 if FINDS_RUNS else 8
"""Cells for each pair, taken in turns: a store must not wait for that of the pixel before. Runs
beside each other have different pairs."""
STEP = CELLS + 32
"""From one replica of a cell to the next: they must not share a set of the cache."""
SMALL = 2**12
"""Pixels of an image up to which adding up replicas costs more than they save."""
BLOCK = 2**12
"""Pixels that are looked at together: few enough for the cache, with all that is known of them."""
SPARSE = 4
"""Cells that may be filled, for each pixel of an image, beyond which looking through them is too
dear."""
EVERY_OTHER, LANE = np.uint64(0x00FF00FF00FF00FF), np.uint64(0xFFFF)
BYTE_BITS, LANE_BITS = np.uint64(8), np.uint64(16)


class Side(NamedTuple):
    """The labels of one array; their lowest bytes are the codes that are counted."""

    stored: NDArray[np.uint8]
    """The bytes of the labels of all images, uint8, shape (pixels * width,)."""
    width: int
    """Bytes of a label."""
    flip: int
    """The least signed integer of that width where labels are unsigned, else 0: with its bit
    flipped they are signed, and less by as much."""
    extremes: NDArray[np.int64]
    """The least and the largest of wider labels so far, flipped, int64, shape (2,)."""
    start: NDArray[np.int64]
    """The code of the smallest label; from it on, round the circle of bytes, labels ascend. int64,
    shape (1,), as it is found out of wider labels."""
    labels: NDArray[np.int64]
    """What each code stands for, int64, shape (256,); found out as well."""
    seen: NDArray[np.bool_]
    """Which codes have occurred, bool, shape (256,); it grows."""
    totals: NDArray[np.int64]
    """Takes how often each code occurs, int64, shape (256,)."""


class Space(NamedTuple):
    """Where pairs are counted: a thread's own."""

    table: NDArray[np.uint32]
    """uint32 zeros, shape (STEP * REPLICAS,); zeros again after each image."""
    orders: NDArray[np.uint8]
    """Codes of either side in ascending order of label, uint8, shape (2, 256)."""
    found: NDArray[np.uint8]
    """Takes the runs of `BLOCK` pixels, see `find_runs`."""
    pairs: NDArray[np.uint16]
    """The pair of codes of each run, that of the mask in the upper byte, uint16."""
    lengths: NDArray[np.uint8]
    """Pixels of each run, uint8."""
    codes: NDArray[np.uint8]
    """Takes the lowest bytes of wider labels, uint8, shape (2, BLOCK + GROUP)."""
    taken: NDArray[np.uint8]
    """The same, to be read: for Numba that is another kind of array."""


def space() -> Space:
    """Return space to count in."""
    codes = np.empty((2, BLOCK + GROUP), dtype=np.uint8)
    taken = codes.view()
    taken.flags.writeable = False
    return Space(
        table=np.zeros(STEP * REPLICAS, dtype=np.uint32),
        orders=np.empty((2, 256), dtype=np.uint8),
        found=np.empty((3, BLOCK + GROUP), dtype=np.uint8),
        pairs=np.empty(BLOCK + GROUP, dtype=np.uint16),
        lengths=np.empty(BLOCK + GROUP, dtype=np.uint8),
        codes=codes,
        taken=taken,
    )


@compiled
def tally(
    true: Side,
    pred: Side,
    pixels: int,
    samples: NDArray[np.int64],
    done: int,
    space: Space,
    rows: NDArray[np.int64],
    used: int,
) -> tuple[int, int]:
    """Count the pairs of labels of each image.

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
        The rows that are taken then, and the image to go on with: there is no room for it. The
        first is negative where images are too small for so many codes, or two labels share one.
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
        _count(true, pred, first, end, replicas, space)
        if not (_is_a_byte_wide(true) and _is_a_byte_wide(pred)):
            table[:] = 0
            return -1, image
        if _found_out(true) | _found_out(pred):
            known = _in_order(true, orders[0]), _in_order(pred, orders[1])
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


@inlined
def _count(true: Side, pred: Side, first: int, end: int, replicas: int, space: Space) -> None:
    """Count the pairs of codes of some pixels, block by block: none leaves the cache between."""
    for start in range(first, end, BLOCK):
        pixels = min(BLOCK, end - start)
        take_codes(true, start, pixels, space.codes[0])
        take_codes(pred, start, pixels, space.codes[1])
        ours = true.stored[start:] if true.width == 1 else space.taken[0]
        theirs = pred.stored[start:] if pred.width == 1 else space.taken[1]
        if FINDS_RUNS:
            count_runs(ours, theirs, pixels, space)
        elif replicas == 1:
            _count_bytes(ours, theirs, 0, pixels, space.table)
        else:
            count_words(ours, theirs, pixels, space.table)


@inlined
def take_codes(side: Side, first: int, pixels: int, low: NDArray[np.uint8]) -> None:
    """Take the codes of some pixels where labels are wide, and note their extremes.

    Args:
        side: a `Side`.
        first: the first of the pixels.
        pixels: how many.
        low: takes the codes, uint8, shape (at least pixels,).
    """
    if side.width == 1:  # they are their own codes
        return
    if side.width == 2:
        found = narrow_2(side.stored, first, pixels, side.flip, low)
    elif side.width == 4:
        found = narrow_4(side.stored, first, pixels, side.flip, low)
    else:
        found = narrow_8(side.stored, first, pixels, side.flip, low)
    side.extremes[0] = min(side.extremes[0], found[0])
    side.extremes[1] = max(side.extremes[1], found[1])


@inlined
def _is_a_byte_wide(side: Side) -> bool | np.bool_:
    """Return whether no two labels so far have the same code."""
    return side.width == 1 or np.uint64(side.extremes[1]) - np.uint64(side.extremes[0]) < 256


@compiled
def _found_out(side: Side) -> bool:
    """Note what the codes of wide labels stand for; return whether that is new."""
    if side.width == 1:
        return False
    lowest = np.int64(np.uint64(side.extremes[0]) - np.uint64(side.flip))
    start = lowest & 255
    if side.labels[start] == lowest and side.start[0] == start:
        return False
    side.start[0] = start
    for place in range(256):
        side.labels[(start + place) & 255] = lowest + place
    return True


@compiled
def _in_order(side: Side, order: NDArray[np.uint8]) -> int:
    """Write the codes that have occurred in ascending order of label; return how many."""
    known = 0
    for place in range(256):
        code = (side.start[0] + place) % 256
        if side.seen[code]:
            order[known] = code
            known += 1
    return known


@compiled
def _note(side: Side, first: int, end: int) -> None:
    for pixel in range(first, end):
        side.seen[side.stored[pixel * side.width]] = True


@inlined
def count_runs(true: NDArray[np.uint8], pred: NDArray[np.uint8], pixels: int, space: Space) -> None:
    """Count runs of pixels with the same pair of codes: a store for each.

    Args:
        true: codes, uint8, shape (at least pixels,).
        pred: the same.
        pixels: up to `BLOCK`.
        space: a `Space`; only the first replica of its table is used.
    """
    truths, predictions, ends = space.found[0], space.found[1], space.found[2]
    pairs, lengths, table = space.pairs, space.lengths, space.table
    groups = min(pixels, true.size - 1, pred.size - 1) // GROUP
    found = find_runs(true, pred, groups, space.found)
    for run in range(found):
        pairs[run] = np.uint16(truths[run]) << np.uint16(8) | np.uint16(predictions[run])
    lengths[0] = ends[0]
    for run in range(1, found):
        lengths[run] = ends[run] - ends[run - 1]
    for run in range(found):
        table[np.uint64(pairs[run])] += np.uint32(lengths[run])
    _count_bytes(true, pred, groups * GROUP, pixels, table)


@compiled
def count_words(
    true: NDArray[np.uint8],
    pred: NDArray[np.uint8],
    pixels: int,
    table: NDArray[np.uint32],
) -> None:
    """Count eight pixels from two loads. Each lane of 16 bits becomes a cell.

    Args:
        true: codes, uint8, shape (at least pixels,).
        pred: the same.
        pixels: how many to count.
        table: that of a `Space`, with eight replicas.
    """
    whole = pixels // 8 * 8
    for pixel in range(0, whole, 8):
        ours, theirs = word_at(true, pixel), word_at(pred, pixel)
        even = (ours & EVERY_OTHER) << BYTE_BITS | theirs & EVERY_OTHER
        odd = ours & ~EVERY_OTHER | theirs >> BYTE_BITS & EVERY_OTHER
        for replica in range(0, 8, 2):
            table[(even & LANE) + np.uint64(replica * STEP)] += np.uint32(1)
            table[(odd & LANE) + np.uint64((replica + 1) * STEP)] += np.uint32(1)
            even >>= LANE_BITS
            odd >>= LANE_BITS
    _count_bytes(true, pred, whole, pixels, table)


@compiled
def _count_bytes(
    true: NDArray[np.uint8],
    pred: NDArray[np.uint8],
    first: int,
    end: int,
    table: NDArray[np.uint32],
) -> None:
    for i in range(first, end):
        table[np.uint64(true[i]) << BYTE_BITS | np.uint64(pred[i])] += np.uint32(1)


@compiled
def _take_rows(
    orders: NDArray[np.uint8],
    known: tuple[int, int],
    replicas: int,
    table: NDArray[np.uint32],
    rows: NDArray[np.int64],
    used: int,
) -> int:
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
def _put_back(table: NDArray[np.uint32], rows: NDArray[np.int64], first: int, last: int) -> None:
    for row in range(first, last):
        table[rows[1, row] << 8 | rows[2, row]] = rows[3, row]


@compiled
def _name_rows(
    true: Side,
    pred: Side,
    sample: int,
    rows: NDArray[np.int64],
    first: int,
    last: int,
) -> None:
    """Add up the rows of codes for either side, and write what the codes stand for."""
    for row in range(first, last):
        truth, prediction, count = rows[1, row], rows[2, row], rows[3, row]
        true.totals[truth] += count
        pred.totals[prediction] += count
        rows[0, row] = sample
        rows[1, row], rows[2, row] = true.labels[truth], pred.labels[prediction]
