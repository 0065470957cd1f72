import io

import numpy as np
import pytest
from field.arrays import draw_masks
from PIL import Image

from iou_doctor.checks.masks._jpeg_blocks import has_jpeg_blocks

MAPS = draw_masks((2, 96, 112), 12, smoothness=8.0)


def save_as_jpeg(maps, quality):
    found = []
    for one in maps:
        file = io.BytesIO()
        Image.fromarray(one).save(file, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(file)).astype(np.int32))
    return found


@pytest.mark.parametrize("quality", [95, 80])
@pytest.mark.parametrize("first", [0, 3])
def test_jpeg_changes_whole_blocks(quality, first):
    maps = save_as_jpeg(MAPS * np.uint8(9), quality)
    assert has_jpeg_blocks([values[first:, first:] for values in maps])


def test_labels_and_enlarged_labels_change_elsewhere():
    assert not has_jpeg_blocks(list(MAPS.astype(np.int32)))
    enlarged = np.kron(MAPS[:, :24, :24], np.ones((8, 8), np.uint8)).astype(np.int32)
    assert not has_jpeg_blocks(list(enlarged))


def test_few_runs_show_nothing():
    assert not has_jpeg_blocks([values[:16, :16] for values in save_as_jpeg(MAPS, 80)])
    assert not has_jpeg_blocks([np.zeros((1, 1), np.int32)])
