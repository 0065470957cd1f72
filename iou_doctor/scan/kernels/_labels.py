"""Pairs of labels as machine code."""

from __future__ import annotations

from typing import Any

import numpy as np

from iou_doctor.scan.kernels._compiled import compiled

REPLICAS = 8
"""Cells for each pair, taken in turns: a store must not wait for that of the pixel before."""
FOLD = np.uint64(REPLICAS)
EVERY_OTHER, LANE = np.uint64(0x00FF00FF00FF00FF), np.uint64(0xFFFF)
BYTE_BITS, LANE_BITS = np.uint64(8), np.uint64(16)


@compiled
def low_bytes(words: Any, flip: Any, low: Any) -> tuple[Any, Any]:
    """Write the lowest byte of each word to `low`; return the extremes of `word ^ flip`.

    Args:
        words: unsigned integers, shape (n,); signed ones viewed as such.
        flip: the sign bit for signed integers, else 0: after it, order is that of unsigned ones.
        low: uint8, shape (n,).
    """
    least = words[0] ^ flip
    most = least
    for i in range(words.size):
        word = words[i]
        low[i] = word & 255
        ordered = word ^ flip
        least = min(least, ordered)
        most = max(most, ordered)
    return least, most


@compiled
def note_codes(codes: Any, seen: Any) -> None:
    """Set `seen`, bool, shape (256,), for each of uint8 codes, shape (n,)."""
    for i in range(codes.size):
        seen[codes[i]] = True


@compiled
def largest_code(codes: Any) -> Any:
    """Return the largest of uint8 codes, shape (n,)."""
    most = np.uint8(0)
    for i in range(codes.size):
        most = max(most, codes[i])
    return most


@compiled
def tally(true: Any, pred: Any, words: Any, orders: Any, table: Any, rows: Any) -> Any:
    """Count the pairs of codes of each image; return the number of rows written.

    Args:
        true: uint8, shape (n, pixels).
        pred: uint8, shape (n, pixels).
        words: both as uint64, shape (n, pixels / 8), or of no length where they do not fit.
        orders: the codes of either side that may occur, uint8, in ascending order of value.
        table: uint32 zeros, shape (cells * REPLICAS,); zeros again afterwards.
        rows: int64, shape (most, 4), takes image, code of truth, code of prediction and count.
    """
    width = np.uint64(orders[1].max()) + np.uint64(1)
    used = 0
    for image in range(true.shape[0]):
        if words[0].shape[1]:
            _count_words(words[0][image], words[1][image], width, table)
        else:
            _count_bytes(true[image], pred[image], width, table)
        used = _write_rows(image, orders[0], orders[1], width, table, rows, used)
    return used


@compiled
def _count_words(true: Any, pred: Any, width: Any, table: Any) -> None:
    """Count eight pixels from two loads, their cells computed four at a time.

    A lane of 16 bits holds a code, and then its cell: 255 * 256 + 255 still fits.
    """
    for i in range(true.size):
        ours, theirs = true[i], pred[i]
        even = (ours & EVERY_OTHER) * width + (theirs & EVERY_OTHER)
        odd = (ours >> BYTE_BITS & EVERY_OTHER) * width + (theirs >> BYTE_BITS & EVERY_OTHER)
        for pixel in range(0, REPLICAS, 2):
            table[(even & LANE) * FOLD + np.uint64(pixel)] += np.uint32(1)
            table[(odd & LANE) * FOLD + np.uint64(pixel + 1)] += np.uint32(1)
            even >>= LANE_BITS
            odd >>= LANE_BITS


@compiled
def _count_bytes(true: Any, pred: Any, width: Any, table: Any) -> None:
    for i in range(true.size):
        cell = np.uint64(true[i]) * width + np.uint64(pred[i])
        table[cell * FOLD + np.uint64(i % REPLICAS)] += np.uint32(1)


@compiled
def _write_rows(
    image: Any, true_order: Any, pred_order: Any, width: Any, table: Any, rows: Any, used: Any
) -> Any:
    """Write the table's filled cells as rows, and clear them; return the number of rows."""
    for truth in true_order:
        for prediction in pred_order:
            cell = (np.uint64(truth) * width + np.uint64(prediction)) * FOLD
            count = np.int64(0)
            for replica in range(REPLICAS):
                count += np.int64(table[cell + np.uint64(replica)])
            if count:
                rows[used, 0], rows[used, 1] = image, truth
                rows[used, 2], rows[used, 3] = prediction, count
                used += 1
                table[cell : cell + FOLD] = 0
    return used
