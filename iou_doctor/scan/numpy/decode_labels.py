"""From stored values to derived labels, one function a derivation.

Small integer labels keep their dtype; everything else becomes int64. The reference for kernels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import COLOUR_BASE, VALUE_LIMIT, encode_no_class, is_no_class


def decode_labels(values: NDArray[Any]) -> NDArray[Any]:
    """Return values as labels: whole numbers as they are, all others as no class.

    The code of a fraction carries its truncation toward zero, which is what a cast to integer
    gives; that of NaN and Inf carries a label far out of range, as Keras' cast does on x86.
    """
    if values.dtype.kind == "b":
        return values.view(np.uint8)
    if values.dtype.kind in "iu":
        return _within_limit(values)
    truncated = _truncated(values)
    whole = values == truncated
    if whole.all():
        return truncated.astype(np.int64)
    return np.where(whole, truncated.astype(np.int64), encode_no_class(truncated))


def decode_truncated(values: NDArray[Any]) -> NDArray[Any]:
    """Return what a cast to integer gives, toward zero."""
    if values.dtype.kind in "biu":
        return decode_labels(values)
    return _truncated(values).astype(np.int64)


def decode_bins(values: NDArray[Any], threshold: float) -> NDArray[np.int64]:
    """Return 3 · compare(value, 0) + compare(value, threshold), and 9 more above 1; in float32.

    compare is 0 for <, 1 for = and 2 for >. NaN is no class; its code carries 0, because no
    comparison with NaN is true.
    """
    single = values.astype(np.float32)
    codes = 3 * _compare(single, np.float32(0)) + _compare(single, np.float32(threshold))
    codes += 9 * (single > 1)
    missing = np.isnan(single)
    return np.where(missing, encode_no_class(codes * 0), codes) if missing.any() else codes


def decode_tenths(values: NDArray[Any]) -> NDArray[Any]:
    """Return how many of 0.1, 0.2 … 0.9 each value reaches (0 to 9), compared in float32."""
    single = values.astype(np.float32)
    codes = np.zeros(single.shape, dtype=np.uint8)
    for tenth in range(1, 10):
        codes += single >= np.float32(tenth / 10)
    missing = np.isnan(single)
    if not missing.any():
        return codes
    return np.where(missing, encode_no_class(np.zeros(single.shape)), codes)


def decode_times_255(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return round(value · 255)."""
    return _truncated(np.rint(values.astype(np.float64) * 255)).astype(np.int64)


def decode_colours(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return the colour codes of (..., 3) or (..., 4); what is no colour is no class."""
    as_int64 = values[..., :3].astype(np.int64)
    codes = (as_int64[..., 0] << 16) + (as_int64[..., 1] << 8) + as_int64[..., 2] + COLOUR_BASE
    good = ((as_int64 == values[..., :3]) & (as_int64 >= 0) & (as_int64 <= 255)).all(axis=-1)
    return codes if good.all() else np.where(good, codes, encode_no_class(np.zeros_like(codes)))


def argmax_like_keras(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return the first largest entry of the last axis as Keras finds it.

    NaN is passed over, and -0.0 lies below 0.0.
    """
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), -np.inf, values)
        values[np.signbit(values) & (values == 0)] = -np.finfo(values.dtype).tiny
    ids: NDArray[np.int64] = values.argmax(axis=-1)
    return ids


def argmax_like_numpy(values: NDArray[Any], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the argmax of the last axis as NumPy and torch find it: a NaN wins.

    Args:
        values: shape (n, *spatial, C).
        ids: shape (n, *spatial), the argmax with codes for pixels without a class.
    """
    odd = is_no_class(ids)
    if not odd.any():
        return ids
    found = ids.copy()
    found[odd] = values[odd].argmax(axis=-1)
    return found


def _compare(values: NDArray[np.float32], to: np.float32) -> NDArray[np.int64]:
    above: NDArray[np.int64] = (values > to).astype(np.int64)
    above += values >= to
    return above


def _truncated(values: NDArray[Any]) -> NDArray[Any]:
    """Return values rounded toward zero, within ±VALUE_LIMIT, NaN and Inf far below zero."""
    as_int64 = values.astype(np.float64) if values.dtype.itemsize < 4 else values
    whole = np.trunc(as_int64)
    if not np.isfinite(as_int64).all():
        whole = np.where(np.isfinite(as_int64), whole, -VALUE_LIMIT)
    clipped: NDArray[Any] = np.clip(whole, -VALUE_LIMIT, VALUE_LIMIT)
    return clipped


def _within_limit(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.itemsize < 8:
        return values
    low = 0 if values.dtype.kind == "u" else -VALUE_LIMIT
    clipped: NDArray[Any] = np.clip(values, low, VALUE_LIMIT)
    return clipped.astype(np.int64)
