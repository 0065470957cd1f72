"""Keras networks of many kinds, each as a function that returns an untrained model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from healthy_models.applications import APPLICATIONS, CLASSES, SIZE, application, image


def finish(inputs: Any, x: Any, activation: str | None = "softmax") -> Any:
    return keras.Model(inputs, layers.Conv2D(CLASSES, 1, activation=activation)(x))


def through(*steps: Any, activation: str | None = "softmax") -> Any:
    """Return a network of layers one after the other, with a head."""
    inputs = x = image()
    for step in steps:
        x = step(x)
    return finish(inputs, x, activation)


def u_net(up: Callable[[int], Any], down: Callable[..., Any] = layers.Conv2D) -> Any:
    inputs = image()
    one = layers.BatchNormalization()(down(4, 3, padding="same", activation="relu")(inputs))
    two = down(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(one))
    joined = layers.Concatenate()([one, up(4)(two)])
    return finish(inputs, layers.Dropout(0.1)(layers.Conv2D(4, 3, padding="same")(joined)))


def pyramid() -> Any:
    inputs = image()
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    parts = [x]
    for pool in (2, 4):
        small = layers.Conv2D(2, 1)(layers.AveragePooling2D(pool)(x))
        parts.append(layers.UpSampling2D(pool, interpolation="bilinear")(small))
    return finish(inputs, layers.Concatenate()(parts))


def dilated() -> Any:
    inputs = image()
    parts = [
        layers.Conv2D(4, 3, padding="same", dilation_rate=rate, use_bias=False)(inputs)
        for rate in (1, 2, 4)
    ]
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    parts.append(layers.UpSampling2D(SIZE)(layers.Conv2D(4, 1)(pooled)))
    return finish(inputs, layers.Concatenate()(parts))


def gates() -> Any:
    inputs = image()
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    gate = layers.Conv2D(1, 1, activation="sigmoid")(x)
    weights = layers.Dense(4, activation="hard_sigmoid")(layers.GlobalMaxPooling2D()(x))
    x = layers.Multiply()([layers.Multiply()([x, gate]), layers.Reshape((1, 1, 4))(weights)])
    return finish(inputs, layers.Add()([x, layers.Activation("gelu")(x)]))


def transformer() -> Any:
    inputs = image()
    patches = layers.Conv2D(8, 8, strides=8)(inputs)
    tokens = layers.Reshape((16, 8))(patches)
    places = layers.Embedding(16, 8)(ops.arange(16))
    x = tokens + places
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(2, 4)(y, y)
    x = layers.Dense(8, activation="gelu")(layers.RMSNormalization()(x))
    x = layers.UpSampling2D(8)(layers.Reshape((4, 4, 8))(x))
    return finish(inputs, x)


def recurrent(cell: Callable[..., Any]) -> Any:
    inputs = image()
    rows = layers.Reshape((SIZE, SIZE * 3))(inputs)
    x = layers.Bidirectional(cell(SIZE, return_sequences=True))(rows)
    return finish(inputs, layers.Reshape((SIZE, SIZE, 2))(x))


def convolutional_memory() -> Any:
    inputs = image()
    frames = layers.Reshape((2, SIZE // 2, SIZE, 3))(inputs)
    x = layers.ConvLSTM2D(3, 3, padding="same", return_sequences=True)(frames)
    x = layers.TimeDistributed(layers.Conv2D(4, 3, padding="same"))(x)
    return finish(inputs, layers.Reshape((SIZE, SIZE, 4))(x))


def volume() -> Any:
    inputs = image()
    x = layers.Reshape((2, SIZE // 2, SIZE, 3))(inputs)
    x = layers.Conv3D(4, 3, padding="same")(x)
    x = layers.Conv3DTranspose(4, 2, strides=2)(layers.MaxPooling3D(2)(x))
    return finish(inputs, layers.Reshape((SIZE, SIZE, 4))(x))


def operations() -> Any:
    inputs = image()
    x = ops.concatenate([inputs / 255.0, ops.sqrt(ops.abs(inputs)), ops.flip(inputs, 1)], -1)
    x = ops.image.resize(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), (SIZE, SIZE))
    x = ops.where(x > 0, ops.log(x + 1.0), ops.clip(x, -1.0, 1.0)) - ops.mean(x, keepdims=True)
    return finish(inputs, ops.einsum("bhwc,cd->bhwd", x, np.eye(9, 4, dtype="float32")))


def ids() -> Any:
    inputs = image()
    scores = layers.Conv2D(CLASSES, 1)(inputs)
    return keras.Model(inputs, ops.cast(ops.argmax(scores, axis=-1), "uint8"))


def normalized() -> Any:
    scale = layers.Normalization()
    scale.adapt(np.random.default_rng(1).random((4, SIZE, SIZE, 3), np.float32))
    return through(scale, layers.Conv2D(4, 3, padding="same"))


def nested() -> Any:
    encoder = keras.Sequential([image(), layers.Conv2D(4, 3, padding="same"), layers.ReLU()])
    inputs = image()
    return finish(inputs, encoder(encoder(inputs)[..., :3]))


def several_outputs() -> Any:
    inputs = image()
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    main = layers.Conv2D(CLASSES, 1, activation="softmax", name="main")(x)
    return keras.Model(inputs, [main, layers.Conv2D(1, 1, name="edges")(x)])


def mixed() -> Any:
    policy = keras.mixed_precision.DTypePolicy("mixed_float16")
    inputs = image()
    x = layers.Conv2D(4, 3, padding="same", dtype=policy)(inputs)
    return keras.Model(inputs, layers.Conv2D(CLASSES, 1, activation="softmax")(x))


def quantised() -> Any:
    model = through(
        layers.Dense(8, activation="relu"), layers.EinsumDense("abcd,de->abce", (None, None, 8))
    )
    model.quantize("int8")
    return model


def compiled() -> Any:
    model = through(layers.Conv2D(4, 3, padding="same"))
    model.compile("adam", "sparse_categorical_crossentropy", [keras.metrics.MeanIoU(CLASSES)])
    return model


def augmented() -> Any:
    return through(
        layers.Rescaling(1 / 127.5, -1),
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.RandomContrast(0.1),
        layers.GaussianNoise(0.1),
        layers.CenterCrop(24, 24),
        layers.Resizing(SIZE, SIZE),
    )


def activations() -> Any:
    names = ("elu", "selu", "softplus", "softsign", "tanh", "swish", "mish", "relu6", "leaky_relu")
    return through(*[layers.Conv2D(2, 1, activation=name) for name in names], layers.PReLU())


def regularised() -> Any:
    return through(
        layers.Conv2D(
            4,
            3,
            padding="same",
            kernel_regularizer=keras.regularizers.L1L2(1e-3, 1e-3),
            kernel_constraint=keras.constraints.MaxNorm(2.0),
            kernel_initializer=keras.initializers.HeNormal(seed=1),
        ),
        layers.SpectralNormalization(layers.Conv2D(4, 1)),
        layers.GroupNormalization(2),
        layers.UnitNormalization(),
        layers.SpatialDropout2D(0.1),
        layers.ActivityRegularization(0.1),
    )


NETWORKS: dict[str, Callable[[], Any]] = {
    "U-Net, transposed convolution": lambda: u_net(
        lambda n: layers.Conv2DTranspose(n, 2, strides=2)
    ),
    "U-Net, nearest neighbour": lambda: u_net(lambda _: layers.UpSampling2D()),
    "U-Net, bilinear": lambda: u_net(lambda _: layers.UpSampling2D(interpolation="bilinear")),
    "U-Net, separable": lambda: u_net(lambda _: layers.UpSampling2D(), layers.SeparableConv2D),
    "depthwise convolution": lambda: through(layers.DepthwiseConv2D(3, padding="same")),
    "pyramid pooling": pyramid,
    "dilated convolutions": dilated,
    "attention gates": gates,
    "vision transformer": transformer,
    "LSTM": lambda: recurrent(layers.LSTM),
    "GRU": lambda: recurrent(layers.GRU),
    "SimpleRNN": lambda: recurrent(layers.SimpleRNN),
    "ConvLSTM2D": convolutional_memory,
    "volumes": volume,
    "keras.ops": operations,
    "argmax": ids,
    "one channel, sigmoid": lambda: through(layers.Conv2D(1, 1, activation="sigmoid")),
    "logits": lambda: through(layers.Conv2D(4, 3, padding="same"), activation=None),
    "preprocessing layers": augmented,
    "normalisation": normalized,
    "nested models": nested,
    "several outputs": several_outputs,
    "mixed precision": mixed,
    "int8": quantised,
    "compiled": compiled,
    "activations": activations,
    "regularisation": regularised,
    **{
        name: lambda name=name, more=more: application(name, **more)
        for name, more in APPLICATIONS.items()
    },
}
"""Each network by its name."""
