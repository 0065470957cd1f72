"""Write what the interrupted commands read: arrays with a fault, in every format, and models."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
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


def write_inputs(folder: Path, *, models: bool) -> None:
    """Write all inputs into an empty folder.

    Args:
        folder: where.
        models: whether to save models of TensorFlow, which takes a while.
    """
    truth = np.random.default_rng(0).integers(0, 2, SHAPE, np.uint8)
    noise = np.random.default_rng(1).random(SHAPE) < 0.1
    for side, values in {"p": truth ^ noise, "m": truth * np.uint8(255)}.items():
        for write in _ARRAYS:
            write(folder / side, values)
        for suffix, save in _FILES.items():
            place = folder / f"{side}_{suffix}"
            place.mkdir()
            samples = values if suffix in {"png", "npy"} else np.split(values, VOLUMES)
            for number, sample in enumerate(samples):
                save(place / f"{number:03}.{suffix}", sample)
    (folder / "out" / "deep").mkdir(parents=True)
    for name in ("old.json", "old.toml", "summary.md", "out/deep/m.npy"):
        (folder / name).write_text("what was there before\n")
    images = np.random.default_rng(2).integers(0, 256, (*SHAPE, 3), np.uint8)
    np.save(folder / "i.npy", images)
    _write_onnx(folder / "net.onnx")
    if models:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        words = [sys.executable, "-c", _SAVE_MODELS]
        subprocess.run(words, cwd=folder, env=environment, check=True, capture_output=True)
    for name, side in (("before", "p"), ("after", "m")):
        words = [sys.executable, "-m", "iou_doctor", "check", f"{side}.npy", "m.npy", "-n", "2"]
        subprocess.run(
            [*words, "--no-config", "--output", f"{name}.json", "--output-format", "json"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
            capture_output=True,
        )


def _write_hdf5(path: Path, values: np.ndarray) -> None:
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file.create_dataset("x", data=values, chunks=(1, *SHAPE[1:]), compression="gzip")


def _write_matlab(path: Path, values: np.ndarray) -> None:
    from scipy.io import savemat

    savemat(path.with_suffix(".mat"), {"x": values}, do_compression=True)


def _write_tiff(path: Path, values: np.ndarray) -> None:
    import tifffile

    tifffile.imwrite(path.with_suffix(".tif"), values, photometric="minisblack", compression="zlib")


def _write_zarr(path: Path, values: np.ndarray) -> None:
    import zarr

    place = path.with_suffix(".zarr")
    array = zarr.create_array(place, shape=SHAPE, dtype=values.dtype, chunks=(4, *SHAPE[1:]))
    array[...] = values


_ARRAYS: tuple[Callable[[Path, np.ndarray], None], ...] = (
    lambda path, values: np.save(path.with_suffix(".npy"), values),
    lambda path, values: np.savez_compressed(path.with_suffix(".npz"), values),
    *(_write_hdf5, _write_matlab, _write_tiff, _write_zarr),
)
"""What writes an array to a path with another suffix."""


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
