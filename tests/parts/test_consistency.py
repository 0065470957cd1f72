"""Steps in a part or a plan that its arrays do not have the axes for."""

from __future__ import annotations

import numpy as np
import pytest
from build import layout_of

from iou_doctor.parts.consistency import check_question
from iou_doctor.parts.plain import NotPlainError
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.step import Side

VOLUMES = np.random.default_rng(0).integers(0, 3, (4, 8, 8, 8), np.uint8)


@pytest.mark.parametrize("order", [(0, 1), (0, 0, 1), (0, 1, 2, 3), (1, 2, 3)])
def test_an_order_for_some_volumes_names_each_of_their_axes_once(order):
    layout = layout_of(y_true=VOLUMES, y_pred=VOLUMES)
    check_question(MoveSome(Side.PREDICTIONS, (1,), order=(2, 1, 0)), layout)
    with pytest.raises(NotPlainError, match="is not one for its arrays"):
        check_question(MoveSome(Side.PREDICTIONS, (1,), order=order), layout)
