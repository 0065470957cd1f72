"""Decode stored values as labels: one function for each `LabelDecoding`.

Integers of up to 4 bytes keep their dtype, unless a byte holds them all; all other labels are
int64. The kernels in C and TensorFlow must give the same labels bit for bit.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import (
    COLOUR_BASE,
    NO_CLASS,
    VALUE_LIMIT,
    encode_no_class,
    is_no_class,
)

TILE = 2**15
"""Integers of up to 8 bytes that fit in the cache of a core, 256 KiB at most."""


def decode_labels(values: StoredArray) -> NDArray[np.integer]:
    """Return integral values as they are and all others as no class.

    The code of a fraction holds the fraction truncated toward zero, which is what a cast to
    integer gives. The code of NaN and Inf holds a label far out of range, like the result of
    `tf.cast(values, "int64")` on x86, which Keras' metrics use.
    """
    if values.dtype.kind == "b":
        return values.view(np.uint8)
    if values.dtype.kind in "iu":
        narrow = _narrow(values)
        return _clip_integers(values) if narrow is None else narrow
    truncated = _truncate(values)
    whole = values == truncated
    if whole.all():
        return truncated.astype(np.int64)
    return np.where(whole, truncated.astype(np.int64), encode_no_class(truncated))


def decode_truncated(values: StoredArray) -> NDArray[np.integer]:
    """Return the values truncated toward zero, as by a cast to integer."""
    if values.dtype.kind in "biu":
        return decode_labels(values)
    return _truncate(values).astype(np.int64)


def decode_bins(values: StoredArray, threshold: float) -> NDArray[np.int64]:
    """Return 3 · compare(value, 0) + compare(value, threshold), and 9 more above 1; in float32.

    `compare` is 0 for <, 1 for = and 2 for >. NaN is not a class. Its code holds 0, because no
    comparison with NaN is true.
    """
    single = values.astype(np.float32)
    codes = 3 * _compare(single, np.float32(0)) + _compare(single, np.float32(threshold))
    codes += 9 * (single > 1)
    missing = np.isnan(single)
    return np.where(missing, encode_no_class(codes * 0), codes) if missing.any() else codes


def decode_channels(values: StoredArray, threshold: float) -> NDArray[np.uint8]:
    """Return a bit for each channel above the threshold in float32, the lowest for the first.

    Args:
        values: shape (n, *spatial, C) with C <= 8.
        threshold: what scores have to exceed.
    """
    codes = np.zeros(values.shape[:-1], dtype=np.uint8)
    for channel in range(values.shape[-1]):
        above = values[..., channel].astype(np.float32) > np.float32(threshold)
        codes |= above.view(np.uint8) << channel
    return codes


def keep_high(
    ids: NDArray[np.integer], values: StoredArray, threshold: float
) -> NDArray[np.integer]:
    """Return the ids of the pixels that have a channel above the threshold in float32.

    Args:
        ids: the largest channel of each pixel, shape (n, *spatial).
        values: shape (n, *spatial, C).
        threshold: what the largest channel has to exceed; the other pixels have no class.
    """
    high = values.max(axis=-1).astype(np.float32) > np.float32(threshold)
    return np.where(high, ids, np.int64(NO_CLASS))


def decode_tenths(values: StoredArray) -> NDArray[np.integer]:
    """Return how many of 0.1, 0.2 … 0.9 each value reaches in float32; NaN is not a class."""
    single = values.astype(np.float32)
    codes = np.zeros(single.shape, dtype=np.uint8)
    for tenth in range(1, 10):
        codes += single >= np.float32(tenth / 10)
    missing = np.isnan(single)
    if not missing.any():
        return codes
    return np.where(missing, encode_no_class(np.zeros(single.shape)), codes)


def decode_nearest(values: StoredArray, *, times: int = 1) -> NDArray[np.int64]:
    """Return the values, times a factor, rounded half to even."""
    return _truncate(np.rint(values.astype(np.float64) * times)).astype(np.int64)


def decode_colours(values: StoredArray, scale: int = 1) -> NDArray[np.int64]:
    """Return the codes of colours, shape (...), for values of shape (..., 3) or (..., 4).

    A fourth channel is ignored, and so is the second of two: the first is then grey. Values that
    are not integers from 0 to 255 are not classes.

    Args:
        values: the channels.
        scale: 255 if the channels were divided by that.
    """
    if scale != 1:
        values = np.rint(values * float(scale))
    if values.shape[-1] < len("RGB"):
        values = values[..., [0, 0, 0]]
    rgb = values[..., :3].astype(np.int64)
    codes = (rgb[..., 0] << 16) + (rgb[..., 1] << 8) + rgb[..., 2] + COLOUR_BASE
    good = ((rgb == values[..., :3]) & (rgb >= 0) & (rgb <= 255)).all(axis=-1)
    return codes if good.all() else np.where(good, codes, encode_no_class(np.zeros_like(codes)))


def argmax_like_keras(values: StoredArray) -> NDArray[np.int64]:
    """Return the argmax over the last axis as `keras.ops.argmax` of Keras 3 on TensorFlow does.

    NaN is never the largest value, and -0.0 is smaller than 0.0. Keras computes with float32 at
    least, so in float16 every value below zero is smaller than -0.0.
    """
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), -np.inf, values)
        if values.dtype == np.float16:
            values = values.astype(np.float32)
        values[np.signbit(values) & (values == 0)] = -float(np.finfo(values.dtype.name).tiny)
    ids: NDArray[np.int64] = values.argmax(axis=-1)
    return ids


def argmax_like_numpy(values: StoredArray, ids: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the argmax over the last axis as `np.argmax` and `torch.argmax` do: a NaN wins.

    Args:
        values: shape (n, *spatial, C).
        ids: shape (n, *spatial), the class ids, with codes for pixels without a class.
    """
    void = is_no_class(ids)
    if not void.any():
        return ids
    found = ids.copy()
    found[void] = values[void].argmax(axis=-1)
    return found


def _compare(values: NDArray[np.float32], to: np.float32) -> NDArray[np.int64]:
    above: NDArray[np.int64] = (values > to).astype(np.int64)
    above += values >= to
    return above


def _truncate(values: StoredArray) -> NDArray[np.floating]:
    """Return values truncated toward zero, within ±VALUE_LIMIT. NaN and Inf are -VALUE_LIMIT."""
    wide = values.astype(np.float64) if values.dtype.itemsize < 4 else values
    whole = np.trunc(wide)
    if not np.isfinite(wide).all():
        whole = np.where(np.isfinite(wide), whole, -VALUE_LIMIT)
    clipped: NDArray[np.floating] = np.clip(whole, -VALUE_LIMIT, VALUE_LIMIT)
    return clipped


def _narrow(values: StoredArray) -> NDArray[np.uint8] | None:
    """Return integers as bytes, which are counted fastest; `None` if one is not from 0 to 255."""
    if values.dtype == np.uint8:
        return cast(NDArray[np.uint8], values)
    flat = values.reshape(-1)
    narrow = np.empty(flat.shape, dtype=np.uint8)
    for start in range(0, len(flat), TILE):  # what has been read once is in the cache
        tile = flat[start : start + TILE]
        if not 0 <= np.bitwise_or.reduce(tile) < 256:
            return None
        narrow[start : start + TILE] = tile
    return narrow.reshape(values.shape)


def _clip_integers(values: StoredArray) -> NDArray[np.integer]:
    if values.dtype.itemsize < 8:
        return cast(NDArray[np.integer], values)
    low = 0 if values.dtype.kind == "u" else -VALUE_LIMIT
    clipped: NDArray[np.integer] = np.clip(values, low, VALUE_LIMIT)
    return clipped.astype(np.int64)
