"""Models of a few weights, saved as people save theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZE = (6, 8)
CLASSES = 3
WEIGHTS = np.array([[4.0, -1.0, 0.5], [-2.0, 3.0, 0.1], [0.3, 0.2, -5.0]], np.float32)
"""From three colours to three classes; the scores differ clearly."""


def images(count: int = 5, seed: int = 1, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def logits(values: NDArray[Any], scale: float = 1 / 255) -> NDArray[np.float32]:
    """Return what the models below compute before their activation."""
    return (values.astype(np.float32) * np.float32(scale)) @ WEIGHTS


def softmax(scores: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def masks(count: int = 5) -> NDArray[np.uint8]:
    """Return masks that the models predict rightly but for some pixels."""
    labels = logits(images(count)).argmax(-1).astype(np.uint8)
    labels[:, 0] = (labels[:, 0] + 1) % CLASSES
    return labels


def saved_model(
    path: Path,
    function: Any = None,
    *,
    size: tuple[int | None, int | None] = SIZE,
    batch: int | None = None,
    signature: bool = True,
    channels: int = 3,
) -> Path:
    """Save a function of images as a SavedModel: by default softmax of colours times weights."""
    import tensorflow as tf

    def predict(x: Any) -> Any:
        return {"probs": tf.nn.softmax(tf.linalg.matmul(x / 255.0, WEIGHTS))}

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((batch, *size, channels), tf.float32, "x")])
        def __call__(self, x: Any) -> Any:
            return (function or predict)(x)

    net = Net()
    signatures = {"serving_default": net.__call__} if signature else {}
    tf.saved_model.save(net, str(path), signatures=signatures)
    return path


def keras_model(*, activation: str | None = "softmax", extra: Any = None) -> Any:
    """Return an untrained Keras model of one layer, with the weights above."""
    import keras

    inputs = keras.Input((*SIZE, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 255)(inputs)
    head = keras.layers.Conv2D(CLASSES, 1, use_bias=False, activation=activation, name="head")
    outputs = head(extra(scaled) if extra else scaled)
    model = keras.Model(inputs, outputs)
    head.set_weights([WEIGHTS[np.newaxis, np.newaxis]])
    return model
