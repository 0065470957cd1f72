"""Areas of samples that several processes evaluate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.metrics.engine.areas import Areas
from iou_doctor.metrics.sharding import Sharding


def split_areas(areas: Areas, sharding: Sharding, batch_size: int | None) -> list[Areas]:
    """Return the areas of each process's images, in its order.

    Args:
        areas: of all images, shape (images, classes).
        sharding: how the images are dealt.
        batch_size: images in a batch; `None` for all.
    """
    return [_take(areas, own) for own in sharding.deal(len(areas.truth), batch_size)]


def join_areas(parts: Sequence[Areas], *, in_float32: bool) -> Areas:
    """Return the areas of all processes: image by image, or added up in float32.

    Args:
        parts: the areas of each process.
        in_float32: whether the processes add up their counts in float32.
    """
    if not in_float32:
        return Areas.of(
            np.concatenate(tables) for tables in zip(*(part.tables for part in parts), strict=True)
        )
    totals = [tuple(table.sum(axis=0) for table in part.tables) for part in parts]
    return Areas.of(
        np.add.reduce([table.astype(np.float32) for table in tables])[np.newaxis]
        for tables in zip(*totals, strict=True)
    )


def _take(areas: Areas, images: NDArray[np.int64]) -> Areas:
    widened = areas.select_images(slice(None))
    return Areas.of(table[images] for table in widened.tables)
