"""Small sound models, from which hostile ones are made."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS = (
    "U-Net, bilinear",
    "depthwise convolution",
    "attention gates",
    "normalisation",
    "argmax",
)
GRAPHS = ("tf.cond", "tf.while_loop", "TensorArray", "tf.image.resize", "sparse tensors", "strings")
MODULES = ("variables", "several signatures", "vocabulary in a file", "TensorFlow 1", "Keras 2")
SUFFIXES = {"saved_model": "", "keras": ".keras", "h5": ".h5", "tflite": ".tflite", "onnx": ".onnx"}


def save_all(folder: Path) -> None:
    """Save the seeds in a child, because TensorFlow must not run before this process forks."""
    child = os.fork()
    if not child:
        code = 1
        try:
            _save_all(folder)
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the seeds could not be saved")


def list_seeds(folder: Path, kind: str) -> list[Path]:
    """Return the seeds of a kind, each in the folder of its images."""
    suffix = SUFFIXES[kind]
    return sorted(
        path
        for path in folder.glob("*/*")
        if path.suffix == suffix and (suffix or (path / "saved_model.pb").exists())
    )


def _save_all(folder: Path) -> None:
    from healthy_models.applications import SIZE
    from healthy_models.kinds import KINDS

    for name in (*NETWORKS, *GRAPHS, *MODULES):
        place = folder / name.replace(" ", "-")
        place.mkdir()
        KINDS[name](place)
        _save_images(place, SIZE)
    place = folder / "onnx"
    place.mkdir()
    for name, model in _make_onnx(SIZE).items():
        (place / f"{name}.onnx").write_bytes(model.SerializeToString())
    (place / "weights.bin").write_bytes(np.ones((3, 3), np.float32).tobytes())
    _save_images(place, SIZE)


def _save_images(place: Path, size: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    np.save(place / "images.npy", pixels)
    np.save(place / "masks.npy", pixels[..., 0] % 3)


def _make_onnx(size: int) -> dict[str, Any]:
    from onnx import TensorProto, helper, numpy_helper

    def make(nodes: list[Any], *weights: Any) -> Any:
        shape = ("n", size, size, 3)
        graph = helper.make_graph(
            nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            list(weights),
        )
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=9)

    def tensor(name: str, *shape: int) -> Any:
        return numpy_helper.from_array(
            np.random.default_rng(2).normal(size=shape).astype("f4"), name
        )

    node = helper.make_node
    outside = tensor("w", 3, 3)
    outside.ClearField("raw_data")
    outside.data_location = 1
    outside.external_data.add(key="location", value="weights.bin")
    branch = {
        f"{name}_branch": helper.make_graph(
            [node(op, ["x"], ["z"])], name, [], [helper.make_tensor_value_info("z", 1, None)]
        )
        for name, op in (("then", "Relu"), ("else", "Neg"))
    }
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return {
        "product": make([node("MatMul", ["x", "w"], ["y"])], tensor("w", 3, 3)),
        "outside": make([node("MatMul", ["x", "w"], ["y"])], outside),
        "network": make(
            [
                node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
                node("Conv", ["t", "c"], ["u"], pads=[1, 1, 1, 1]),
                node("Relu", ["u"], ["v"]),
                node("Conv", ["v", "d"], ["s"]),
                node("Softmax", ["s"], ["p"], axis=1),
                node("Transpose", ["p"], ["y"], perm=[0, 2, 3, 1]),
            ],
            tensor("c", 4, 3, 3, 3),
            tensor("d", 3, 4, 1, 1),
        ),
        "branches": make([node("If", ["yes"], ["y"], **branch)], yes),
    }


def copy_seed(seed: Path, folder: Path) -> Path:
    """Copy a model with its images into an empty folder."""
    for name in ("images.npy", "masks.npy", "weights.bin"):
        if (seed.parent / name).exists():
            shutil.copy(seed.parent / name, folder / name)
    target = folder / f"net{seed.suffix}"
    if seed.is_dir():
        shutil.copytree(seed, target)
    else:
        shutil.copy(seed, target)
    return target
