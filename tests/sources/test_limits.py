"""Each named limit of `sources`, just inside and just outside."""

from __future__ import annotations

import zipfile

import h5py
import numpy as np
import pytest

from iou_doctor.errors import SourceError
from iou_doctor.sources import array_checks, source_errors
from iou_doctor.sources.files.hdf5 import lookup as hdf5_lookup
from iou_doctor.sources.files.hdf5 import source as hdf5
from iou_doctor.sources.files.npy import npz
from iou_doctor.sources.memory import stream
from iou_doctor.sources.models import runner
from iou_doctor.sources.models.output_comparison import OUTPUT_TOLERANCE, OutputComparison
from iou_doctor.sources.opening import open_source


def test_an_array_has_at_most_as_many_axes_as_numpy_1_allows():
    assert array_checks.MOST_AXES == 32
    array_checks.check_shape("a", (1,) * 32)
    with pytest.raises(SourceError, match="it has 33 axes; save an array with at most 32"):
        array_checks.check_shape("a", (1,) * 33)


def test_few_names_are_listed_and_the_others_counted():
    names = list("abcdefghi")
    assert source_errors.list_names(names[:8]) == "`a`, `b`, `c`, `d`, `e`, `f`, `g`, `h`"
    assert source_errors.list_names(names) == "`a`, `b`, `c`, `d`, `e`, `f`, `g`, `h` and 1 more"


@pytest.mark.parametrize(("length", "detail"), [(160, "x" * 160), (161, "x" * 160 + "…")])
def test_a_long_message_of_a_library_is_cut(length, detail):
    with (
        pytest.raises(SourceError) as caught,
        source_errors.translate_errors("a", OSError, why="save it again"),
    ):
        raise OSError("x" * length)
    assert str(caught.value) == f"cannot read `a`: save it again ({detail})"


@pytest.mark.parametrize("links", [16, 17])
def test_soft_links_are_followed_as_far_as_hdf5_does(tmp_path, links):
    assert hdf5_lookup._MOST_SOFT_LINKS == 16
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x0"] = np.arange(3)
        for number in range(links):
            file[f"x{number + 1}"] = h5py.SoftLink(f"/x{number}")
    if links == 16:
        assert open_source(f"{path}::x16").read(()).tolist() == [0, 1, 2]
    else:
        with pytest.raises(SourceError, match="its soft links form a circle"):
            open_source(f"{path}::x17")


@pytest.mark.parametrize(
    ("shape", "chunks", "expected"),
    [
        ((4, 4), (1, 4), (1 << 20, 521)),
        ((2, 1000, 1000), (1, 100, 1000), (8_000_000, 521)),
        ((1, 530, 1), (1, 10, 1), (1 << 20, 530)),
        ((1, 10_001, 8000), (1, 1, 8000), (256 << 20, 100_003)),
        ((3, 9000, 9000), (1, 9000, 9000), (8 * 9000**2, 521)),  # one chunk above the limit
    ],
)
def test_the_chunk_cache_holds_a_row_of_chunks_within_its_limits(tmp_path, shape, chunks, expected):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset("x", shape, "f8", chunks=chunks)
        cache = hdf5._choose_cache(dataset)
    assert (cache["rdcc_nbytes"], cache["rdcc_nslots"]) == expected


def test_a_member_claims_no_more_than_deflate_can_hold(tmp_path):
    assert npz.MOST_DEFLATE_RATIO == 1032
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(1000))
        info = archive.getinfo("x.npy")
    info.file_size = info.compress_size * 1032
    npz._check_member(info, "a", 10_000)
    info.file_size += 1
    with pytest.raises(SourceError, match="it is cut off"):
        npz._check_member(info, "a", 10_000)


@pytest.mark.parametrize(("changed", "same"), [(12, True), (13, False)])
def test_a_batch_is_recognised_by_nearly_all_of_its_values(changed, same):
    assert (stream.FINGERPRINT_VALUES, stream.LEAST_EQUAL_VALUES) == (256, 0.95)
    one = np.linspace(0, 1, 256)
    other = one.copy()
    other[:changed] += 1
    assert stream._is_same_fingerprint(one, other) == same


@pytest.mark.parametrize(("factor", "same"), [(0.99, True), (1.02, False)])
def test_values_of_predictions_may_be_rounded_differently(factor, same):
    one = np.zeros(256)
    assert stream._is_same_fingerprint(one, one + factor * stream.FINGERPRINT_TOLERANCE) == same


def test_few_unsafe_parts_are_listed_and_the_others_counted():
    parts = tuple("abcdefg")
    assert "it holds a, b, c, d, e, f; --trust" in str(runner.unsafe_model_error("m", parts[:6]))
    assert "it holds a, b, c, d, e, f and 1 more; --trust" in str(
        runner.unsafe_model_error("m", parts)
    )


@pytest.mark.parametrize(("factor", "constant"), [(0.9, True), (1.1, False)])
def test_outputs_that_differ_by_rounding_are_constant(factor, constant):
    comparison = OutputComparison()
    inputs, outputs = np.arange(2.0)[:, np.newaxis], np.zeros((2, 3))
    outputs[1] += factor * OUTPUT_TOLERANCE
    comparison.add(inputs, outputs)
    assert comparison.is_constant == constant


def test_equal_inputs_do_not_make_an_output_constant():
    comparison = OutputComparison()
    comparison.add(np.ones((2, 1)), np.zeros((2, 3)))
    assert not comparison.is_constant
    comparison.add(np.zeros((1, 1)), np.zeros((1, 3)))
    assert comparison.is_constant
