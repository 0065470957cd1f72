"""Images of a table of label pairs, selected by their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from iou_doctor.counts.pair_counts import PairCounts


@pytest.mark.parametrize("images", [[0, 0, 3, 255, 255], []])
@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 1), (0, 256), (3, 256), (300, 400), (256, 256), (1, 3), (-2, 1), (4, 255), (0, 0)],
)
def test_images_are_selected_in_the_dtype_of_the_table(images, first, last):
    image = np.array(images, dtype=np.int64)
    table = PairCounts(image, image * 0, image * 0, image * 0 + 1)
    table._columns["image"] = table._columns["image"].astype(np.uint8)  # as in a long table
    expected = [one for one in images if first <= one < last]
    assert table.select_images(first, last).image.tolist() == expected
