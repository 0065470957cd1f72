"""Steps that are applied to an array batch by batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from build import noisy, probabilities, scene
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Axes
from iou_doctor.file_repair.storage_axes import choose_stored_axes
from iou_doctor.file_repair.stream import RepairStream
from iou_doctor.file_repair.writers.destinations import Destination
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.relabel_some import RelabelSome
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


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0)])
def test_slices_of_a_cube_are_cut_along_another_axis(order):
    cube = np.random.default_rng(0).integers(0, 9, (5, 5, 5, 2))
    axes = Axes(cube.shape, True, (1, 2), 3)
    stream = stream_of(cube, axes, PermuteAxes(Side.PREDICTIONS, order))
    assert (read_repaired(stream) == cube.transpose(*order, 3)).all()


def test_a_volume_without_a_sample_axis_is_transposed():
    volume = np.random.default_rng(0).integers(0, 9, (3, 4, 5))
    axes = Axes(volume.shape, False, (0, 1, 2), None)
    stream = stream_of(volume, axes, PermuteAxes(Side.PREDICTIONS, (2, 1, 0)))
    assert (read_repaired(stream) == volume.transpose(2, 1, 0)).all()


@pytest.mark.parametrize("at_once", [1, 2**18])
def test_only_the_samples_that_a_step_names_change(monkeypatch, at_once):
    monkeypatch.setattr("iou_doctor.scan.windows.WINDOW_VALUES", at_once)
    axes = Axes(PREDICTED.shape, True, (1, 2), None)
    flip = MoveSome(Side.PREDICTIONS, samples=(1,), axes=(0,))
    expected = PREDICTED.copy()
    expected[1] = expected[1, ::-1]
    assert (read_repaired(stream_of(PREDICTED, axes, flip)) == expected).all()
    relabelling = RelabelSome(Side.PREDICTIONS, {2: 1}, samples=(1,))
    expected = PREDICTED.copy()
    expected[1] = expected[1].clip(max=1)
    assert (read_repaired(stream_of(PREDICTED, axes, relabelling)) == expected).all()
