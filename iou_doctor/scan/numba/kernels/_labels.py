"""Count the pairs of truth and prediction labels of each image in compiled loops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._compiled import compiled, inlined
from iou_doctor.scan.numba.kernels._narrow import narrow_2, narrow_4, narrow_8
from iou_doctor.scan.numba.kernels._runs import FINDS_RUNS, GROUP, find_runs, word_at

CELLS = 2**16
"""The number of pairs of two byte codes."""
REPLICAS = 1 if FINDS_RUNS else 8
"""The cells of each pair, which pixels use in turn, so that a store need not wait for the previous
pixel's store. Runs need one cell, because neighbouring runs have different pairs."""
STEP = CELLS + 32
"""The distance between the replicas of a cell: replicas must not share a cache set."""
SMALL = 2**12
"""Pixels of an image up to which summing the replicas costs more than they save."""
BLOCK = 2**12
"""The pixels that are counted at once: few enough for their codes and runs to stay in the cache."""
SPARSE = 4
"""The most possible pairs for each pixel of an image. With more pairs, going through the cells
takes too long."""
EVERY_OTHER, LANE = np.uint64(0x00FF00FF00FF00FF), np.uint64(0xFFFF)
BYTE_BITS, LANE_BITS = np.uint64(8), np.uint64(16)


class Side(NamedTuple):
    """The labels of one array. The lowest byte of a label is the code that is counted."""

    stored: NDArray[np.uint8]
    """The bytes of the labels of all images, shape (pixels * width,)."""
    width: int
    """The bytes of a label: 1, 2, 4 or 8."""
    flip: int
    """The least signed integer of this width for unsigned labels, otherwise 0. Flipping its bit
    subtracts 2 ** (8 * width - 1), so that unsigned labels can be compared as signed integers."""
    extremes: NDArray[np.int64]
    """The least and the largest label so far, flipped, shape (2,). Only for labels wider than a
    byte."""
    start: NDArray[np.int64]
    """The code of the smallest label, shape (1,). From it on, labels ascend with the code modulo
    256. The kernels update it for labels wider than a byte."""
    labels: NDArray[np.int64]
    """The label of each code, shape (256,), updated as well."""
    seen: NDArray[np.bool_]
    """Whether each code has occurred so far, shape (256,)."""
    totals: NDArray[np.int64]
    """An output, shape (256,): how often each code occurs."""


class Space(NamedTuple):
    """The working space of one thread."""

    table: NDArray[np.uint32]
    """The count of each pair, shape (STEP * REPLICAS,). All zero between images."""
    orders: NDArray[np.uint8]
    """The codes of the truth and of the prediction in ascending order of label, shape (2, 256)."""
    found: NDArray[np.uint8]
    """The runs of `BLOCK` pixels, see `find_runs`, shape (3, BLOCK + GROUP)."""
    pairs: NDArray[np.uint16]
    """The pair of codes of each run, with the code of the truth in the upper byte."""
    lengths: NDArray[np.uint8]
    """The pixels of each run."""
    codes: NDArray[np.uint8]
    """The lowest bytes of labels wider than a byte, shape (2, BLOCK + GROUP)."""
    taken: NDArray[np.uint8]
    """A read-only view of `codes`. Kernels read labels from read-only arrays; Numba would compile a
    second version of them for writable arrays."""


def space() -> Space:
    """Make the working space of one thread."""
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
        true: the labels of the masks.
        pred: the labels of the predictions.
        pixels: the pixels of one image.
        samples: the index of each image, shape (n,).
        done: the position in `samples` of the first image to count.
        space: the working space of this thread.
        rows: the output, shape (4, most): image, truth, prediction and count, in ascending order.
        used: the number of rows that are in use already.

    Returns:
        The number of rows in use, and the position of the first image for which there was no room,
        or n. The number is negative if images are too small for so many codes, or if two labels
        share a code.
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
        if rows[3, used:last].sum() != pixels:  # some codes have not occurred in earlier images
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
    """Count the pairs of codes of some pixels in blocks that stay in the cache."""
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
    """Take the codes of some pixels if labels are wider than a byte, and update their extremes.

    Args:
        side: the labels.
        first: the index of the first pixel.
        pixels: the number of pixels.
        low: the output, shape (at least pixels,): the codes.
    """
    if side.width == 1:  # such labels are their own codes
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
    """Return whether no two labels so far share a code."""
    return side.width == 1 or np.uint64(side.extremes[1]) - np.uint64(side.extremes[0]) < 256


@compiled
def _found_out(side: Side) -> bool:
    """Update the label of each code for labels wider than a byte; return whether one changed."""
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
    """Write the codes that have occurred in ascending order of label; return their number."""
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
    """Count runs of pixels with the same pair of codes, with one store for each run.

    Args:
        true: the codes of the truth, shape (at least pixels,).
        pred: the codes of the prediction, shape (at least pixels,).
        pixels: the number of pixels, at most `BLOCK`.
        space: the working space; only the first replica of each cell is used.
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
    """Count eight pixels at a time from two loads. Each lane of 16 bits is the index of a cell.

    Args:
        true: the codes of the truth, shape (at least pixels,).
        pred: the codes of the prediction, shape (at least pixels,).
        pixels: the number of pixels.
        table: the table of a `Space` with eight replicas.
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
    """Move the counts from the cells to rows of codes; return the number of rows in use."""
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
    sample: np.int64,
    rows: NDArray[np.int64],
    first: int,
    last: int,
) -> None:
    """Add the rows' counts to the totals of both sides, and replace codes by labels."""
    for row in range(first, last):
        truth, prediction, count = rows[1, row], rows[2, row], rows[3, row]
        true.totals[truth] += count
        pred.totals[prediction] += count
        rows[0, row] = sample
        rows[1, row], rows[2, row] = true.labels[truth], pred.labels[prediction]
