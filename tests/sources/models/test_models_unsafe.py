"""Model files that would run code or touch files are refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sources.models.tiny_models import images, keras_model, saved_model

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.errors import SourceError
from iou_doctor.sources.models.keras_config import list_unsafe_layers
from iou_doctor.sources.opening import open_pair

tf = pytest.importorskip("tensorflow")
# Keras' own, with NumPy 2, when it saves
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def opened(tmp_path: Path, model: Path, **options: Any) -> Any:
    np.save(tmp_path / "images.npy", images())
    np.save(tmp_path / "masks.npy", images()[..., 0] % 3)
    said = ModelOptions(images=str(tmp_path / "images.npy"), **options)
    return open_pair(y_true=str(tmp_path / "masks.npy"), y_pred=str(model), model=said)


@pytest.fixture
def _no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    def loaded(*_: Any, **__: Any) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(tf.saved_model, "load", loaded)
    monkeypatch.setattr(keras.saving, "load_model", loaded)


def error_of(tmp_path: Path, model: Path) -> str:
    with pytest.raises(SourceError) as error:
        opened(tmp_path, model)
    message = str(error.value)
    assert "IOU804 unsafe-model-file: it was not loaded, because it holds " in message
    assert message.endswith("--trust-model loads it, and runs whatever its author put in")
    return message


def reads_file(x: Any) -> Any:
    return x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)


def in_a_branch(x: Any) -> Any:
    def write() -> Any:
        with tf.control_dependencies([tf.io.write_file("/tmp/never", "text")]):
            return tf.identity(x)

    return tf.cond(tf.reduce_sum(x) < 0, write, lambda: x)


def in_a_loop(x: Any) -> Any:
    def body(i: Any, y: Any) -> Any:
        return i + 1, y + tf.cast(tf.size(tf.io.matching_files("/*")), tf.float32)

    return tf.while_loop(lambda i, _: i < 2, body, (0, x))[1]


def in_a_data_set(x: Any) -> Any:
    lines = tf.data.TextLineDataset("/etc/hostname").map(tf.strings.length)
    return x + tf.cast(lines.reduce(0, lambda a, b: a + b), tf.float32)


def prints_to_a_file(x: Any) -> Any:
    tf.print("text", output_stream="file:///tmp/never")
    return x * 1.0


def runs_python(x: Any) -> Any:
    return tf.ensure_shape(tf.numpy_function(lambda y: y, [x], tf.float32), x.shape)


@pytest.mark.parametrize(
    ("function", "operation"),
    [
        (reads_file, "ReadFile"),
        (in_a_branch, "WriteFile"),
        (in_a_loop, "MatchingFiles"),
        (in_a_data_set, "TextLineDataset"),
        (prints_to_a_file, "PrintV2"),
        (runs_python, "PyFunc"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("_no_loading")
def test_an_operation_is_found_however_deep_it_lies(tmp_path, function, operation):
    assert f" {operation} in " in error_of(tmp_path, saved_model(tmp_path / "model", function))


@pytest.mark.usefixtures("_no_loading")
def test_a_checkpoint_read_while_predicting_is_found(tmp_path):
    def restores(x: Any) -> Any:
        return x + tf.raw_ops.RestoreV2(
            prefix="elsewhere", tensor_names=["v"], shape_and_slices=[""], dtypes=[tf.float32]
        )

    assert " RestoreV2 in " in error_of(tmp_path, saved_model(tmp_path / "model", restores))


def test_restoring_its_own_variables_is_safe(tmp_path):
    weight = tf.Variable(2.0)

    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = weight

        @tf.function(input_signature=[tf.TensorSpec((None, 6, 8, 3), tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x * self.weight

    tf.saved_model.save(Net(), str(tmp_path / "model"))
    pair = opened(tmp_path, tmp_path / "model")
    assert pair.model.collect_facts().unsafe == ()
    assert (pair.y_pred.read((slice(None),)) == 2.0 * images()).all()


def test_a_saver_that_the_model_calls_as_well_is_found(tmp_path):
    from iou_doctor.sources.models.saved_model.graph import read_graph
    from iou_doctor.sources.models.saved_model.safety import list_unsafe_operations

    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec((None, 6, 8, 3), tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x * self.weight

    tf.saved_model.save(Net(), str(tmp_path / "model"))
    graph = read_graph((tmp_path / "model" / "saved_model.pb").read_bytes())
    assert list_unsafe_operations(graph, tmp_path / "model") == ()
    meta = graph.meta_graphs[0]
    saver = next(node for node in meta.graph_def.node if node.name == "StatefulPartitionedCall_1")
    again = meta.graph_def.library.function[0].node_def.add()
    again.CopyFrom(saver)
    assert any(
        "V2 in `__inference__traced_" in part for part in list_unsafe_operations(graph, tmp_path)
    )


def test_an_old_model_with_its_saver_in_the_graph_is_safe(tmp_path):
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 6, 8, 3))
        weight = v1.get_variable("weight", initializer=2.0)
        y = x * weight
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(tmp_path / "old"))
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    pair = opened(tmp_path, tmp_path / "old")
    assert (pair.y_pred.read((slice(None),)) == 2.0 * images()).all()


def test_trust_loads_it_and_keeps_the_names(tmp_path):
    pair = opened(tmp_path, saved_model(tmp_path / "model", reads_file), trusted=True)
    (part,) = pair.model.collect_facts().unsafe
    assert part.startswith("ReadFile in `__inference_")
    assert pair.y_pred.shape == (5, 6, 8, 3)


@pytest.mark.parametrize("kind", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore")  # Keras advises against .h5
def test_a_lambda_layer_is_refused_and_trusted(tmp_path, kind, monkeypatch):
    import keras

    path = tmp_path / f"net{kind}"
    layer = keras.layers.Lambda(lambda x: x * 1.0, name="twist", output_shape=(6, 8, 3))
    keras_model(extra=layer).save(path)
    with monkeypatch.context() as patch:
        patch.setattr(keras.saving, "load_model", None)
        assert "Lambda layer `twist` with Python code" in error_of(tmp_path, path)
    pair = opened(tmp_path, path, trusted=True)
    assert "Lambda layer `twist` with Python code" in pair.model.collect_facts().unsafe
    assert pair.y_pred.shape == (5, 6, 8, 3)


def test_a_layer_of_the_users_own_is_refused(tmp_path):
    import keras

    @keras.saving.register_keras_serializable("lab")
    class Mine(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    keras_model(extra=Mine(name="mine")).save(tmp_path / "net.keras")
    assert "Mine layer `mine` of the module `tests.so" in error_of(tmp_path, tmp_path / "net.keras")


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"class_name": "Dense", "module": "keras.layers"}, ()),
        ({"class_name": "DTypePolicy", "module": "keras"}, ()),
        ({"class_name": "Functional", "module": "keras.src.models.functional"}, ()),
        ({"class_name": "function", "module": "builtins", "config": "relu"}, ()),
        ({"class_name": "Conv2D", "config": {"name": "head"}}, ()),
        ({"class_name": "Add", "module": "keras.src.ops.numpy"}, ()),
        ({"class_name": "LayerScale", "module": "keras.src.applications.convnext"}, ()),
        (
            {"class_name": "ResNet50", "module": "keras.applications"},
            ("ResNet50, which iou-doctor does not know",),
        ),
        ({"class_name": "system", "module": "os"}, ("system of the module `os`",)),
        (
            {"class_name": "function", "module": "keras.utils", "config": "get_file"},
            ("function of the module `keras.utils`",),
        ),
        (
            {"class_name": "x", "module": "keras.src.utils.file_utils"},
            ("x of the module `keras.src.utils.file_utils`",),
        ),
        ({"class_name": "x", "module": "kerasevil"}, ("x of the module `kerasevil`",)),
        ({"class_name": "__lambda__"}, ("__lambda__ with Python code",)),
        ({"class_name": "lab>Mine"}, ("lab>Mine of the package `lab`",)),
        ({"class_name": "M", "registered_name": "lab>M"}, ("M of the package `lab`",)),
        (
            {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"name": "t"}},
            ("TFSMLayer layer `t` that loads another model",),
        ),
        (
            {"class_name": "StringLookup", "config": {"name": "s", "vocabulary": "/etc/passwd"}},
            ("vocabulary of the layer `s` that reads the file `/etc/passwd`",),
        ),
    ],
)
def test_configurations_of_keras(entry, found):
    deep: Any = entry
    for _ in range(2000):  # deeper than Python's stack
        deep = {"config": [deep]}
    assert list_unsafe_layers(deep) == found
