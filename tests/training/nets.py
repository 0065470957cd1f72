"""Small images whose classes a small network can learn, and that network."""

from __future__ import annotations

import keras
import numpy as np

rng = np.random.default_rng(0)
IMAGES = rng.random((12, 24, 32, 3)).astype(np.float32)
LABELS = (IMAGES[..., 0] > 0.5).astype(np.int32) + (IMAGES[..., 1] > 0.7)
ONE_HOT = (LABELS[..., np.newaxis] == np.arange(3)).astype(np.float32)
FOREGROUND = (LABELS > 0)[..., np.newaxis].astype(np.float32)


def net(channels: int, activation: str | None) -> keras.Model:
    keras.utils.set_random_seed(1)
    images = keras.Input((24, 32, 3))
    hidden = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(images)
    return keras.Model(images, keras.layers.Conv2D(channels, 1, activation=activation)(hidden))


def fit(model, y, metrics, callbacks, *, loss="categorical_crossentropy", x=IMAGES, **options):
    """Compile and train a model; `compile` holds options of its compilation."""
    model.compile(loss=loss, metrics=metrics, **options.pop("compile", {}))
    settings = {"batch_size": 4, "verbose": 0, "epochs": 1, **options}
    return model.fit(x, y, callbacks=callbacks, **settings)


def assert_healthy(capsys) -> None:
    """Assert that the callback has printed one line, and that it found no fault."""
    (line,) = capsys.readouterr().out.split("\n")[1:-1]
    assert line.startswith("iou-doctor: no fault found in what ")
