"""ONNX and TFLite models with foreign operations or weights are refused before they are loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sources.models.tiny_models import CLASSES, SIZE, WEIGHTS, images, keras_model, logits

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.errors import SourceError
from iou_doctor.sources.files.stamps import check_unchanged
from iou_doctor.sources.opening import open_pair

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    np.save(tmp_path / "images.npy", images())
    np.save(tmp_path / "masks.npy", images()[..., 0] % 3)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def opened(model: Path, **options: Any) -> Any:
    folder = model.parents[1]
    said = ModelOptions(images=str(folder / "images.npy"), input_scale=1 / 255, **options)
    return open_pair(y_true=str(folder / "masks.npy"), y_pred=str(model), model=said)


def error_of(model: Path) -> str:
    with pytest.raises(SourceError) as error:
        opened(model)
    return str(error.value)


def make_onnx(path: Path, change: Callable[[Any], None] = lambda _: None) -> Path:
    """Write a model that multiplies colours with weights, which are in the file `weights`."""
    onnx = pytest.importorskip("onnx", reason="needs the extra `onnx`")
    pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", floats, (None, *SIZE, 3))],
        [helper.make_tensor_value_info("y", floats, (None, *SIZE, CLASSES))],
        [onnx.numpy_helper.from_array(WEIGHTS, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def put_weights_in(location: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        tensor.external_data.add(key="location", value=location)

    return change


def test_weights_in_a_file_beside_the_model_are_fine(place):
    (place / "weights").write_bytes(WEIGHTS.tobytes())
    pair = opened(make_onnx(place / "net.onnx", put_weights_in("weights")))
    assert np.allclose(pair.y_pred.read((slice(None),)), logits(images()), atol=1e-5)
    assert pair.model.collect_facts().unsafe == ()
    check_unchanged(pair.files)
    (place / "weights").write_bytes(bytes(WEIGHTS.nbytes + 1))
    with pytest.raises(SourceError, match="weights`: it changed while it was read"):
        check_unchanged(pair.files)


def test_onnxruntime_is_told_to_send_nothing(place, monkeypatch):
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    opened(make_onnx(place / "net.onnx"))
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")


@pytest.mark.parametrize(
    "location",
    ["../weights", "/etc/hostname", "link", "nowhere", "/dev/zero", "*/_ORT_MEM_ADDR_/*"],
)
def test_weights_elsewhere_are_refused(place, location):
    (place.parent / "weights").write_bytes(WEIGHTS.tobytes())
    (place / "link").symlink_to(place.parent / "weights")
    (place / "*/_ORT_MEM_ADDR_").mkdir(parents=True)
    (place / "*/_ORT_MEM_ADDR_/*").write_bytes(WEIGHTS.tobytes())
    message = error_of(make_onnx(place / "net.onnx", put_weights_in(location)))
    assert "IOU804 unsafe-model-file: it was not loaded, because it holds weights in" in message
    assert f"`{location}`, which is not a file in its folder" in message


def in_a_branch(model: Any) -> None:
    onnx = pytest.importorskip("onnx")
    inner = onnx.helper.make_node("PyOp", ["x"], ["z"], domain="ai.onnx.contrib")
    branch = onnx.helper.make_graph([inner], "b", [], [])
    model.graph.node.append(onnx.helper.make_node("If", ["c"], ["d"], then_branch=branch))


def in_a_function(model: Any) -> None:
    function = model.functions.add(name="F", domain="own")
    function.node.add(op_type="EPContext", domain="com.microsoft")
    model.graph.node.add(op_type="F", domain="own")


def in_a_constant(model: Any) -> None:
    onnx = pytest.importorskip("onnx")
    value = onnx.numpy_helper.from_array(WEIGHTS, "v")
    value.data_location = 1
    value.external_data.add(key="location", value="/etc/hostname")
    model.graph.node.append(onnx.helper.make_node("Constant", [], ["k"], value=value))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (in_a_branch, "the custom operation ai.onnx.contrib.PyOp"),
        (in_a_function, "the custom operation com.microsoft.EPContext"),
        (in_a_constant, "weights in `/etc/hostname`"),
    ],
)
def test_what_onnx_does_not_define_is_found_however_deep_it_lies(place, change, named):
    assert f"it holds {named}" in error_of(make_onnx(place / "net.onnx", change))


def test_names_that_are_not_text_are_an_error_in_one_line(place):
    path = make_onnx(place / "net.onnx", lambda model: setattr(model.graph.input[0], "name", "xxx"))
    path.write_bytes(path.read_bytes().replace(b"xxx", b"\xff\xfe\xfd"))
    assert "it is not an ONNX model, or it is damaged" in error_of(path)


@pytest.fixture(scope="module")
def tflite() -> bytes:
    pytest.importorskip("ai_edge_litert", reason="needs the extra `tflite`")
    tf = pytest.importorskip("tensorflow")
    converted: bytes = tf.lite.TFLiteConverter.from_keras_model(keras_model()).convert()
    return converted


def change_tflite(data: bytes, change: Callable[[Any, Any], None]) -> bytes:
    flatbuffers = pytest.importorskip("flatbuffers")
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    change(model, schema)
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def add_flex(model: Any, schema: Any) -> None:
    operation = schema.OperatorCodeT()
    operation.builtinCode = operation.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    operation.customCode = b"FlexReadFile"
    model.operatorCodes.append(operation)


def add_delegate(model: Any, schema: Any) -> None:
    model.operatorCodes[0].builtinCode = schema.BuiltinOperator.DELEGATE


def add_unknown(model: Any, _: Any) -> None:
    model.operatorCodes[0].builtinCode = 99_999


def add_external(model: Any, schema: Any) -> None:
    group = schema.ExternalBufferGroupT()
    group.name = b"/etc/hostname"
    model.externalBufferGroups = [group]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (add_flex, "the custom operation FlexReadFile"),
        (add_delegate, "the unknown operation 51"),
        (add_unknown, "the unknown operation 99999"),
        (add_external, "weights in other files"),
    ],
)
def test_what_tflite_does_not_define_is_refused(place, tflite, change, named):
    (place / "net.tflite").write_bytes(change_tflite(tflite, change))
    message = error_of(place / "net.tflite")
    assert f"IOU804 unsafe-model-file: it was not loaded, because it holds {named};" in message


def test_a_plain_tflite_model_is_fine(place, tflite):
    (place / "net.tflite").write_bytes(change_tflite(tflite, lambda *_: None))
    assert opened(place / "net.tflite").model.collect_facts().unsafe == ()


@pytest.mark.parametrize("length", [8, 40, 200])
def test_a_truncated_tflite_model_is_an_error_in_one_line(place, tflite, length):
    (place / "net.tflite").write_bytes(tflite[:length])
    assert "it is not a TFLite model, or it is damaged" in error_of(place / "net.tflite")


def test_tflite_names_that_are_not_text_are_an_error_in_one_line(place, tflite):
    def rename(model: Any, _: Any) -> None:
        subgraph = model.subgraphs[0]
        subgraph.tensors[subgraph.inputs[0]].name = b"\xff\xfe"

    (place / "net.tflite").write_bytes(change_tflite(tflite, rename))
    assert "it is not a TFLite model, or it is damaged" in error_of(place / "net.tflite")
