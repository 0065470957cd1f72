from __future__ import annotations

import re

import numpy as np
import pytest

from iou_doctor.errors import SourceError
from iou_doctor.sources.memory.tensor import convert_to_array
from iou_doctor.sources.opening import open_pair

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


class OnlyDlpack:
    def __dlpack__(self, **arguments):
        return VALUES.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return VALUES.__dlpack_device__()


class OnlyArray:
    def __array__(self, dtype=None, copy=None):
        return VALUES


class LikeTorch:
    """Refuses to become an array before it is detached and brought to the host."""

    def __init__(self, steps=()):
        self.steps, self.dtype = steps, "torch.float32"

    def detach(self):
        return LikeTorch((*self.steps, "detach"))

    def cpu(self):
        return LikeTorch((*self.steps, "cpu"))

    def __array__(self, dtype=None, copy=None):
        if self.steps != ("detach", "cpu"):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return VALUES


@pytest.mark.parametrize("tensor", [OnlyDlpack(), OnlyArray(), LikeTorch(), VALUES.tolist()])
def test_tensors_become_arrays_without_their_library(tensor):
    assert (convert_to_array(tensor, "y_true") == VALUES).all()
    assert open_pair(y_true=tensor, y_pred=VALUES).y_true.shape == (2, 3)


def test_memory_is_shared_if_possible():
    assert np.shares_memory(convert_to_array(OnlyDlpack(), "y_true"), VALUES)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64", "uint8", "bool"])
def test_tensors_of_torch(dtype):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    tensor = torch.tensor([[0, 1], [1, 0]]).to(getattr(torch, dtype))
    if tensor.is_floating_point():
        tensor.requires_grad_()
    array = convert_to_array(tensor, "y_pred")
    assert array.tolist() == [[0, 1], [1, 0]]
    assert array.dtype == ("float32" if dtype == "bfloat16" else dtype)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32", "bool"])
def test_tensors_of_tensorflow(dtype):
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    array = convert_to_array(tf.cast([[0, 1], [1, 0]], dtype), "y_pred")
    assert array.tolist() == [[0, 1], [1, 0]]
    assert array.dtype == ("float32" if dtype == "bfloat16" else dtype)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([VALUES, VALUES], "a list of arrays may hold samples or batches; give `np.stack`"),
        ([[1, 2], [3]], "NumPy cannot convert it to an array"),
        (object(), "its type is object; give a path, an array, or batches"),
        (3.5, "its type is float; give a path, an array, or batches"),
    ],
    ids=["list of arrays", "ragged", "object", "number"],
)
def test_what_is_no_array_is_refused(value, words):
    with pytest.raises(SourceError, match=re.escape(words)):
        open_pair(y_true=value, y_pred=VALUES)
