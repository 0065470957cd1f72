import numpy as np
import pytest
from build import diagnose, names, noisy, scene

from iou_doctor.checks.masks._stretched import map_even_levels, map_whole_steps

T = scene(1, samples=3, height=32, width=40, classes=5)


def test_values_are_rounded_or_truncated():
    assert map_even_levels(3) == {0: 0, 127: 1, 128: 1, 255: 2}
    assert map_whole_steps(5) == {0: 0, 63: 1, 126: 2, 189: 3, 252: 4}


def test_ids_that_hardly_move_are_not_stretched():
    assert map_even_levels(128)[255] == map_whole_steps(128)[254] == 127
    assert map_even_levels(129) == map_whole_steps(129) == {}


@pytest.mark.parametrize(("images", "fires"), [(3, True), (2, False)])
def test_three_images_show_that_each_was_stretched_on_its_own(images, fires):
    tops = [2, 3, 4][:images]
    masks = [np.rint(image.clip(0, top) * (255 / top)) for image, top in zip(T, tops, strict=False)]
    report = diagnose(
        y_true=np.stack(masks).astype(np.uint8),
        y_pred=noisy(T[:images], 2, classes=5),
        num_classes=5,
    )
    assert ("stretched-labels" in names(report)) is fires
