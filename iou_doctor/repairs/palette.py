"""Turn colours into class ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import colour_code
from iou_doctor.errors import RepairError

MOVES = False


def mend(
    values: NDArray[Any],
    *,
    spatial: int,
    table: dict[int, int],
    default: int,
) -> NDArray[Any]:
    """Return the id of each colour of (n, *spatial, 3 or 4); alpha is left out.

    Args:
        values: red, green, blue and perhaps alpha from 0 to 255.
        spatial: the number of spatial axes.
        table: colour code (`stats.colour_code`) to id.
        default: the id of colours that are not in the table.
    """
    if values.ndim != spatial + 2:
        raise RepairError(f"shape {values.shape} has no colours behind {spatial} spatial axes")
    wide = values[..., :3].astype(np.int64)
    codes = (wide << np.array([16, 8, 0])).sum(axis=-1) + colour_code(0, 0, 0)
    old = np.array(sorted(table))
    new = np.array([table[int(code)] for code in old])
    place = np.searchsorted(old, codes).clip(max=len(old) - 1)
    ids: NDArray[Any] = np.where(old[place] == codes, new[place], default)
    smallest = min(default, int(new.min()))
    dtype = np.result_type(
        np.min_scalar_type(smallest), np.min_scalar_type(max(default, int(new.max())))
    )
    return ids.astype(dtype)
