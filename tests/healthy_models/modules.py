"""SavedModels with state, several signatures, or in the way of TensorFlow 1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from healthy_models.graphs import SIZE, WEIGHTS, convolve

v1 = tf.compat.v1
IMAGES = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, "images")]
Builder = Callable[[Path], None]


def save_function(function: Callable[[Any], Any], folder: Path) -> None:
    class Net(tf.Module):
        @tf.function(input_signature=IMAGES)
        def __call__(self, images: Any) -> Any:
            return function(images)

    net = Net()
    tf.saved_model.save(net, str(folder), signatures=net.__call__)


def state(folder: Path) -> None:
    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = tf.Variable(WEIGHTS)
            self.calls = tf.Variable(0.0)

        @tf.function(input_signature=IMAGES)
        def __call__(self, images: Any) -> Any:
            self.calls.assign_add(1.0)
            taken = tf.gather(self.weights, [0, 1, 2])
            return tf.nn.conv2d(images, taken, 1, "SAME") + self.calls * 0.0

    tf.saved_model.save(Net(), str(folder))


def several_signatures(folder: Path) -> None:
    class Net(tf.Module):
        @tf.function(input_signature=IMAGES)
        def scores(self, images: Any) -> Any:
            return {"scores": convolve(images)}

        @tf.function(input_signature=IMAGES)
        def labels(self, images: Any) -> Any:
            return {"labels": tf.argmax(convolve(images), -1)}

    net = Net()
    signatures = {"serving_default": net.scores, "labels": net.labels}
    tf.saved_model.save(net, str(folder), signatures=signatures)


def vocabulary(folder: Path) -> None:
    words = folder.with_suffix(".txt")
    words.write_text("a\nb\n")

    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            source = tf.lookup.TextFileInitializer(
                str(words),
                *(tf.string, tf.lookup.TextFileIndex.WHOLE_LINE),
                *(tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER),
            )
            self.table = tf.lookup.StaticVocabularyTable(source, 1)
            self.memory = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
            self.memory.insert(["x"], [1])

        @tf.function(input_signature=IMAGES)
        def __call__(self, images: Any) -> Any:
            number = self.table.lookup(tf.constant("b")) + self.memory.lookup(tf.constant("x"))
            return images + tf.cast(number, tf.float32)

    net = Net()
    tf.saved_model.save(net, str(folder), signatures=net.__call__)
    words.unlink()


def text_vectors(folder: Path) -> None:
    import keras

    texts = keras.layers.TextVectorization(output_sequence_length=2, vocabulary=["a", "b"])
    ids = keras.layers.StringLookup(vocabulary=["a", "b"])

    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.texts, self.ids = texts, ids

        @tf.function(input_signature=IMAGES)
        def __call__(self, images: Any) -> Any:
            numbers = tf.reduce_sum(self.texts(tf.constant(["b a"]))) + self.ids(tf.constant("b"))
            return images + tf.cast(numbers, tf.float32)

    net = Net()
    tf.saved_model.save(net, str(folder), signatures=net.__call__)


def save_graph(folder: Path, *, trains: bool = False, shards: bool = False) -> None:
    """Save a session of TensorFlow 1, of which the graph may hold a training."""
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, SIZE, SIZE, 3))
        weights = v1.get_variable("weights", initializer=WEIGHTS)
        hidden = tf.nn.conv2d(x, weights, 1, "SAME")
        mean, variance = tf.nn.moments(hidden, (0, 1, 2))
        y = tf.nn.softmax(tf.nn.batch_normalization(hidden, mean, variance, None, None, 1e-3))
        y = v1.cond(tf.reduce_sum(x) > 0, lambda: y, lambda: y * 1.0)
        y = v1.while_loop(lambda i, _: i < 2, lambda i, z: (i + 1, z), (0, y))[1]
        y = tf.ensure_shape(y, x.shape)
        if trains:
            loss = tf.reduce_mean(y)
            v1.summary.scalar("loss", loss)
            v1.summary.merge_all()
            v1.train.AdamOptimizer(1e-3).minimize(loss)
        session.run(v1.global_variables_initializer())
        if not shards:
            v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y})
            return
        builder = v1.saved_model.Builder(str(folder))
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        saver = v1.train.Saver(sharded=True)
        signatures = {"serving_default": signature}
        builder.add_meta_graph_and_variables(session, ["serve"], signatures, saver=saver)
        builder.save()


def save_old_control_flow(folder: Path) -> None:
    v1.disable_control_flow_v2()
    try:
        save_graph(folder)
    finally:
        v1.enable_control_flow_v2()


def save_frozen(folder: Path) -> None:
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, SIZE, SIZE, 3))
        y = tf.nn.sigmoid(tf.nn.conv2d(x, tf.constant(WEIGHTS), 1, "SAME"))
        v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y})


def save_old_table(folder: Path) -> None:
    words = folder.with_suffix(".txt")
    words.write_text("a\nb\n")
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, SIZE, SIZE, 3))
        table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                str(words),
                *(tf.string, tf.lookup.TextFileIndex.WHOLE_LINE),
                *(tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER),
            ),
            -1,
        )
        y = x + tf.cast(table.lookup(tf.constant("b")), tf.float32)
        start = v1.tables_initializer()
        session.run(start)
        v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y}, legacy_init_op=start)
    words.unlink()


def save_keras_2(folder: Path) -> None:
    import tf_keras

    model = tf_keras.Sequential(
        [
            tf_keras.Input((SIZE, SIZE, 3)),
            tf_keras.layers.Conv2D(4, 3, padding="same", activation="relu"),
            tf_keras.layers.BatchNormalization(),
            tf_keras.layers.Conv2DTranspose(3, 1, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(np.zeros((1, SIZE, SIZE, 3)), np.zeros((1, SIZE, SIZE)), verbose=0)
    model.save(folder, save_format="tf")


MODULES: dict[str, Builder] = {
    "variables": state,
    "several signatures": several_signatures,
    "vocabulary in a file": vocabulary,
    "TextVectorization": text_vectors,
    "Keras 2": save_keras_2,
    "TensorFlow 1": save_graph,
    "TensorFlow 1 with a training": lambda folder: save_graph(folder, trains=True),
    "TensorFlow 1 with several shards": lambda folder: save_graph(folder, shards=True),
    "TensorFlow 1, old control flow": save_old_control_flow,
    "TensorFlow 1, frozen": save_frozen,
    "TensorFlow 1 with a table": save_old_table,
}
"""Each way to save by its name."""
