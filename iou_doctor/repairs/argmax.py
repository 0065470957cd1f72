"""Turn class channels into class ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError

MOVES = False


def mend(values: NDArray[Any], *, spatial: int, no_class: int | None = None) -> NDArray[Any]:
    """Return the first largest channel of (n, *spatial, C), in the smallest unsigned dtype.

    Args:
        values: the channels.
        spatial: the number of spatial axes.
        no_class: the label of pixels without a class (all channels 0, or one that is NaN);
            `None`: whatever the argmax says of them.
    """
    if values.ndim != spatial + 2:
        raise RepairError(f"shape {values.shape} has no class axis behind {spatial} spatial axes")
    ids: NDArray[Any] = values.argmax(axis=-1)
    dtype = np.min_scalar_type(values.shape[-1] - 1)
    if no_class is None:
        return ids.astype(dtype)
    largest = np.take_along_axis(values, ids[..., np.newaxis], axis=-1)[..., 0]
    missing = largest == 0
    missing[missing] = (values[missing] == 0).all(axis=-1)
    missing |= np.isnan(largest)
    kept: NDArray[Any] = np.where(missing, no_class, ids)
    return kept.astype(np.result_type(dtype, np.min_scalar_type(no_class)))
