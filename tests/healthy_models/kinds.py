"""Every kind of healthy model, and what iou-doctor says about the files of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from healthy_models.applications import APPLICATIONS, SIZE
from healthy_models.graphs import GRAPHS
from healthy_models.modules import MODULES, save_function
from healthy_models.networks import NETWORKS
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.errors import SourceError
from iou_doctor.sources.opening import open_pair

Saver = Callable[[Path], list[Path]]


def save_network(build: Callable[[], Any], folder: Path) -> list[Path]:
    """Save a Keras network in every way that people use."""
    import keras
    import tensorflow as tf

    model = build()
    savers: dict[str, Callable[[Path], object]] = {
        "net.keras": model.save,
        "exported": lambda path: model.export(str(path), verbose=False),
        # these three do not know every layer and operation
        "saved": lambda path: tf.saved_model.save(model, str(path)),
        "net.h5": lambda path: (model.save(path), keras.saving.load_model(path, compile=False)),
        "net.tflite": lambda path: path.write_bytes(
            tf.lite.TFLiteConverter.from_keras_model(model).convert()
        ),
    }
    paths = []
    for name, save in savers.items():
        with suppress(Exception):
            save(folder / name)
            paths.append(folder / name)
    assert {"net.keras", "exported"} <= {path.name for path in paths}
    keras.backend.clear_session()
    return paths


def save_module(save: Callable[[Path], None], folder: Path) -> list[Path]:
    save(folder / "model")
    return [folder / "model"]


KINDS: dict[str, Saver] = {
    **{name: partial(save_network, build) for name, build in NETWORKS.items()},
    **{
        name: partial(save_module, partial(save_function, function))
        for name, function in GRAPHS.items()
    },
    **{name: partial(save_module, save) for name, save in MODULES.items()},
}
"""Each kind of model by its name, with a function that saves it and returns the files."""


def examine(name: str, folder: Path) -> Iterator[tuple[str, str | None]]:
    """Save a model of a kind, and let it predict.

    Yields:
        The name of each file, and why it was refused, or `None`.
    """
    size = APPLICATIONS.get(name, {}).get("size", SIZE)
    pixels = np.random.default_rng(1).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    np.save(folder / "images.npy", pixels)
    np.save(folder / "masks.npy", pixels[..., 0] % 3)
    for path in KINDS[name](folder):
        try:
            predict(path, folder)
        except Exception as error:
            yield path.name, f"{type(error).__name__}: {error}"
        else:
            yield path.name, None


def predict(path: Path, folder: Path, output: str | None = None) -> None:
    """Open a model, which predicts the first image, and choose an output if there are several."""
    options = ModelOptions(images=str(folder / "images.npy"), output_name=output)
    try:
        open_pair(y_true=str(folder / "masks.npy"), y_pred=str(path), model=options)
    except SourceError as error:
        found = re.search("it has the outputs `([^`]+)`", str(error))
        if not found or output:
            raise
        predict(path, folder, found[1])
