"""Write what the interrupted commands read: arrays with a fault, in every format, and models."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Collection
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from run import ROOT

SHAPE = (72, 256, 256)
"""The arrays are large enough to be mapped into memory."""
VOLUMES = 6
_HEADER = """\
ObjectType = Image
NDims = 3
BinaryData = True
CompressedData = True
CompressedDataSize = {size}
DimSize = {sizes}
ElementType = MET_UCHAR
ElementDataFile = LOCAL
"""
_SAVE_MODELS = """
import keras
net = keras.Sequential([
    keras.Input((256, 256, 3)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Conv2D(2, 1, activation="softmax"),
])
net.save("net.keras")
net.export("net")
"""


def write_inputs(folder: Path, wanted: Collection[str]) -> None:
    """Write inputs into an empty folder, and what some commands replace.

    Args:
        folder: where.
        wanted: the names of the files and folders that are needed.
    """
    _write_arrays(folder, wanted)
    (folder / "out" / "deep").mkdir(parents=True)
    for name in ("old.json", "old.toml", "summary.md", "out/deep/m.npy"):
        (folder / name).write_text("what was there before\n")
    if "net.onnx" in wanted:
        _write_onnx(folder / "net.onnx")
    if not {"net", "net.keras"}.isdisjoint(wanted):
        _run(folder, "-c", _SAVE_MODELS)
    for name, side in (("before.json", "p"), ("after.json", "m")):
        if name in wanted:
            words = ("check", f"{side}.npy", "m.npy", "-n", "2", "--no-config")
            _run(folder, "-m", "iou_doctor", *words, "--output", name, "--output-format", "json")


def _write_arrays(folder: Path, wanted: Collection[str]) -> None:
    truth = np.random.default_rng(0).integers(0, 2, SHAPE, np.uint8)
    noise = np.random.default_rng(1).random(SHAPE) < 0.1
    for side, values in {"p": truth ^ noise, "m": truth * np.uint8(255)}.items():
        for suffix, write in _ARRAYS.items():
            if f"{side}{suffix}" in wanted:
                write(folder / f"{side}{suffix}", values)
        for suffix, save in _FILES.items():
            if f"{side}_{suffix}" in wanted:
                _save_folder(folder / f"{side}_{suffix}", values, save)
    if "i.npy" in wanted:
        images = np.random.default_rng(2).integers(0, 256, (*SHAPE, 3), np.uint8)
        np.save(folder / "i.npy", images)


def _save_folder(place: Path, values: np.ndarray, save: Callable[[Path, np.ndarray], None]) -> None:
    """Save images or arrays of one sample each, or volumes of several slices."""
    suffix = place.name.partition("_")[2]
    place.mkdir()
    samples = values if suffix in {"png", "npy"} else np.split(values, VOLUMES)
    for number, sample in enumerate(samples):
        save(place / f"{number:03}.{suffix}", sample)


def _run(folder: Path, *words: str) -> None:
    environment = {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
    )


def _write_hdf5(path: Path, values: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=values, chunks=(1, *SHAPE[1:]), compression="gzip")


def _write_matlab(path: Path, values: np.ndarray) -> None:
    from scipy.io import savemat

    savemat(path, {"x": values}, do_compression=True)


def _write_tiff(path: Path, values: np.ndarray) -> None:
    import tifffile

    tifffile.imwrite(path, values, photometric="minisblack", compression="zlib")


def _write_zarr(path: Path, values: np.ndarray) -> None:
    import zarr

    array = zarr.create_array(path, shape=SHAPE, dtype=values.dtype, chunks=(4, *SHAPE[1:]))
    array[...] = values


_ARRAYS: dict[str, Callable[[Path, np.ndarray], None]] = {
    ".npy": np.save,
    ".npz": np.savez_compressed,
    ".h5": _write_hdf5,
    ".mat": _write_matlab,
    ".tif": _write_tiff,
    ".zarr": _write_zarr,
}
"""What writes an array, by the suffix."""


def _save_nifti(path: Path, values: np.ndarray) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)


def _save_nrrd(path: Path, values: np.ndarray) -> None:
    import nrrd

    nrrd.write(str(path), values)


def _save_meta_image(path: Path, values: np.ndarray) -> None:
    packed = zlib.compress(values.tobytes())
    header = _HEADER.format(size=len(packed), sizes=" ".join(map(str, values.shape[::-1])))
    path.write_bytes(header.encode() + packed)


_FILES: dict[str, Callable[[Path, np.ndarray], None]] = {
    "png": lambda path, pixels: Image.fromarray(pixels).save(path),
    "npy": np.save,
    "nii.gz": _save_nifti,
    "nrrd": _save_nrrd,
    "mha": _save_meta_image,
}
"""What saves one file of a folder, by its suffix."""


def _write_onnx(path: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper

    weights = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    node = helper.make_node
    graph = helper.make_graph(
        [
            node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
            node("MatMul", ["f", "w"], ["s"]),
            node("Softmax", ["s"], ["y"], axis=-1),
        ],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, ("n", *SHAPE[1:], 3))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights, "w")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    path.write_bytes(model.SerializeToString())
