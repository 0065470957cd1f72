"""Steps that are applied to an array batch by batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from build import noisy, probabilities, scene
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Axes
from iou_doctor.file_repair.storage_axes import choose_stored_axes
from iou_doctor.file_repair.stream import RepairStream
from iou_doctor.file_repair.writers.destinations import Destination
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.step import Side, Step
from iou_doctor.sources.memory.array import ArraySource

Array = NDArray[Any]
PREDICTED = noisy(scene(1), 2)
PROBABILITIES = probabilities(PREDICTED, 3, classes=3)


def stream_of(array: Array, axes: Axes, step: Step, **more: Any) -> RepairStream:
    stored_axes = choose_stored_axes(axes, axes, arranged=False, other_arranged=False, images=False)
    return RepairStream(
        side=Side.PREDICTIONS,
        source=ArraySource(array, "y_pred"),
        axes=axes,
        steps=(step,),
        stored_axes=stored_axes,
        destination=Destination(Path("preds.npy"), None, is_folder=False),
        **{"unflattened": None, **more},
    )


def read_repaired(stream: RepairStream) -> Array:
    output = stream.open_output(None)
    array = np.concatenate(list(output.batches))
    assert output.shape == array.shape
    return array


def test_pixels_of_flattened_predictions_move_in_space():
    flat = PREDICTED[:, ::-1].reshape(2, -1)
    flip = Flip(Side.PREDICTIONS, (0,))
    axes = Axes(flat.shape, True, (1,), None)
    assert (
        read_repaired(stream_of(flat, axes, flip, unflattened=(12, 18))) == PREDICTED.reshape(2, -1)
    ).all()


def test_channels_stay_first_where_only_pixels_move():
    first = np.moveaxis(PROBABILITIES, -1, 1)
    flip = Flip(Side.PREDICTIONS, (1,))
    axes = Axes(first.shape, True, (2, 3), 1)
    assert (read_repaired(stream_of(first, axes, flip)) == first[..., ::-1]).all()


def test_samples_come_in_another_order():
    order = Reorder(Side.PREDICTIONS, (1, 0))
    axes = Axes(PREDICTED.shape, True, (1, 2), None)
    assert (read_repaired(stream_of(PREDICTED, axes, order)) == PREDICTED[::-1]).all()
