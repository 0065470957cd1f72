"""Segmentation networks on the encoders of `keras.applications`."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

CLASSES = 3
SIZE = 32


def image(size: int = SIZE) -> Any:
    return keras.Input((size, size, 3))


def application(name: str, size: int = SIZE, **settings: Any) -> Any:
    network = getattr(keras.applications, name)
    inputs = image(size)
    body = network(weights=None, include_top=False, input_shape=(size, size, 3), **settings)
    x = layers.Conv2D(CLASSES, 1)(body(inputs))
    return keras.Model(inputs, layers.Softmax()(layers.Resizing(size, size)(x)))


APPLICATIONS: dict[str, dict[str, Any]] = {
    "MobileNet": {"alpha": 0.25},
    "MobileNetV2": {"alpha": 0.35},
    "MobileNetV3Small": {"alpha": 0.75},
    "MobileNetV3Large": {"alpha": 0.75},
    "EfficientNetB0": {},
    "EfficientNetV2B0": {},
    "DenseNet121": {},
    "ResNet50": {},
    "ResNet50V2": {},
    "VGG16": {},
    "ConvNeXtTiny": {},
    "NASNetMobile": {},
    "Xception": {"size": 96},
    "InceptionV3": {"size": 96},
    "InceptionResNetV2": {"size": 96},
}
"""The settings of each network of `keras.applications`."""
