"""The TensorFlow kernels equal the NumPy reference bit for bit, and trace their graph once."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from arrays import INTEGERS, SCORES, assert_same_stats, layout_of
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from iou_doctor.batch import Batch
from iou_doctor.derivation import Derivation, Pairing
from iou_doctor.scan import Visit
from iou_doctor.stats import Stats

tensorflow_kernels = pytest.importorskip("iou_doctor.scan.tensorflow_kernels")
tf = pytest.importorskip("tensorflow")

L, A = Derivation.LABELS, Derivation.ARGMAX
LABELS = (Pairing(L, L),)
ALL_VALUES = (
    *(Pairing(L, pred) for pred in (L, Derivation.BINS, Derivation.TENTHS, Derivation.TIMES_255)),
    *(Pairing(Derivation.TIMES_255, L), Pairing(Derivation.BINS, Derivation.BINS)),
    *(Pairing(L, L, flat=True), Pairing(L, Derivation.BINS, flat=True)),
)
ALL_CLASSES = (
    *(Pairing(L, A), Pairing(L, Derivation.ARGMAX_NAN)),
    Pairing(L, Derivation.ARGMAX_LAST, flat=True),
)
SHAPE = (3, 4, 5)
SMALLEST = {"f2": 6e-8, "f4": 1e-45, "f8": 1e-300}
PHASES = (Phase.explicit, Phase.generate)
quick = settings(deadline=None, max_examples=40, phases=PHASES)
_KERNELS: dict[object, object] = {}


def elements(dtype):
    """Return what a dtype can hold of labels, scores, edges of grids, and the odd ones."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return None
    if kind.kind in "iu":
        info = np.iinfo(kind)
        ids = (0, 1, 2, 3, 20, 127, -1, 255, 300)
        inside = [v for v in ids if info.min <= v <= info.max]
        return st.sampled_from(inside) | st.sampled_from([info.min, info.max, 0, 1, 2, 3])
    tiny = SMALLEST[dtype]
    edges = (100.07 / 255, 199.93 / 255, 0.9, 0.1, 0.98, 1.02, 100.0, 255.0, -3.0, tiny, -tiny)
    usual = st.sampled_from((0.0, 0.25, 0.5, 1.0, 2.0)) | st.floats(0, 1, width=16)
    return usual | st.sampled_from((*SCORES, *edges)) | st.floats(-4, 300, width=16)


def maps(shape, dtypes):
    """Return arrays of calm values as often as wild ones: these alone would hide the calm paths."""

    def of(dtype):
        wild = hnp.arrays(dtype, shape, elements=elements(dtype))
        if np.dtype(dtype).kind == "b":
            return wild
        return wild | hnp.arrays(dtype, shape, elements=st.sampled_from((0, 1, 2)))

    return st.sampled_from(dtypes).flatmap(of)


def kernels_of(layout, pairings, *, compiled=False):
    """Return kernels that earlier examples have used too: what they remember must not matter."""
    key = layout, pairings, compiled
    if key not in _KERNELS:
        _KERNELS[key] = tensorflow_kernels.Kernels(layout, pairings, 0.5, compiled=compiled)
    return _KERNELS[key]


def counted(kernels, y_true, y_pred, samples, first_row=0):
    found = kernels.count(y_true=y_true, y_pred=y_pred, samples=samples, first_row=first_row)
    if found is None:
        return None
    whole = len(samples) if first_row == 0 else 0
    return Stats(whole, found.tables, found.y_true, found.y_pred)


def compare(y_true, y_pred, pairings, *, pred="NHW", compiled=False, first_row=0, as_tensor=True):
    layout = layout_of(y_true, y_pred, pred=pred)
    assert tensorflow_kernels.serves(layout, pairings)
    samples = np.arange(7, 7 + len(y_true))
    stored = (y_true, y_pred)
    expected = Visit(layout, pairings, 0.5)(Batch(*stored, samples, first_row))
    kernels = kernels_of(layout, pairings, compiled=compiled)
    if as_tensor:
        stored = tuple(tf.constant(array) for array in stored)
    found = counted(kernels, *stored, samples, first_row)
    if found is not None:
        assert_same_stats(found, expected)
    return found


@quick
@given(maps(SHAPE, INTEGERS), maps(SHAPE, INTEGERS), st.booleans())
def test_labels_of_any_dtype_are_counted_as_the_reference_counts(y_true, y_pred, as_tensor):
    compare(y_true, y_pred, LABELS, as_tensor=as_tensor)


@quick
@given(maps(SHAPE, ("u1", "f4")), maps(SHAPE, ("bool", "u1", "i8", "f2", "f4", "f8")))
def test_every_derivation_of_values_equals_the_reference(y_true, y_pred):
    compare(y_true, y_pred, ALL_VALUES)


@quick
@given(maps(SHAPE, ("u1",)), maps((*SHAPE, 4), INTEGERS + ("f2", "f4", "f8")))
def test_every_derivation_of_channels_equals_the_reference(y_true, y_pred):
    assert compare(y_true, y_pred, ALL_CLASSES, pred="NHWC")


@quick
@given(maps(SHAPE, ("u1",)), maps((3, 4, 4, 5), ("u1", "f2", "f4", "f8")), st.booleans())
def test_channels_first_equal_the_reference(y_true, y_pred, as_tensor):
    compare(y_true, y_pred, ALL_CLASSES[:2], pred="NCHW", as_tensor=as_tensor)
    compare(y_true, y_pred, ALL_CLASSES[:2], pred="NHCW", as_tensor=as_tensor)


@settings(deadline=None, max_examples=15, phases=PHASES)
@given(maps(SHAPE, ("u1",)), maps((*SHAPE, 4), ("f4",)), maps(SHAPE, ("f4",)))
def test_compiled_by_xla_they_equal_the_reference_too(y_true, scores, values):
    compare(y_true, scores, ALL_CLASSES, pred="NHWC", compiled=True)
    compare(y_true, values, ALL_VALUES, compiled=True)
