import numpy as np
import pytest
from build import diagnose, names


def fires(masks, predictions=None):
    """Return whether masks-0-255 fires, which it does unless 255 is an outline."""
    predicted = np.zeros_like(masks) if predictions is None else predictions
    report = diagnose(y_true=masks[None], y_pred=predicted[None], num_classes=2)
    return "masks-0-255" in names(report)


def frame(height, width, thickness):
    """Return a mask of 0 with a frame of 255 around `height` × `width` pixels."""
    masks = np.zeros((96, 96), dtype=np.uint8)
    masks[4 : 4 + height + 2 * thickness, 4 : 4 + width + 2 * thickness] = 255
    inside = (
        slice(4 + thickness, 4 + thickness + height),
        slice(4 + thickness, 4 + thickness + width),
    )
    masks[inside] = 0
    return masks, inside


@pytest.mark.parametrize(("thickness", "object_"), [(6, False), (7, True)])
def test_thick_lines_are_objects(thickness, object_):
    masks, _ = frame(50, 50, thickness)
    assert fires(masks) is object_


@pytest.mark.parametrize(("height", "object_"), [(5, False), (4, True)])
def test_outlines_enclose_at_least_their_own_area(height, object_):
    # 25 pixels within 24, 20 within 22
    masks, _ = frame(height, 5, 1)
    assert fires(masks) is object_


@pytest.mark.parametrize(("number", "object_"), [(8, False), (9, True)])
def test_lines_that_are_predicted_twice_as_often_as_what_they_enclose_are_objects(number, object_):
    masks, inside = frame(10, 10, 1)
    predicted = np.zeros_like(masks)
    predicted[inside][0] = 1  # 10 of 100 pixels; 8 of 44 is 0.18, 9 of 44 is 0.205
    lines = np.argwhere(masks == 255)[:number]
    predicted[tuple(lines.T)] = 1
    assert fires(masks, predicted) is object_
