"""Changes to healthy SavedModels that would make a saver or a table touch another file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from healthy_models.modules import save_graph, save_old_table, vocabulary

from iou_doctor.sources.models.saved_model.graph import read_graph
from iou_doctor.sources.models.saved_model.safety import list_unsafe_operations


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The graphs of a model with a table, of an old one, and of an old one with a table."""
    folder = tmp_path_factory.mktemp("models")
    savers = {"objects": vocabulary, "old": save_graph, "old table": save_old_table}
    for name, save in savers.items():
        save(folder / name)
    return {name: (folder / name / "saved_model.pb").read_bytes() for name in savers}


def find(meta: Any, operation: str) -> Any:
    """Return a node with an operation, outside functions or else in one."""
    return next(node for nodes in list_nodes(meta) for node in nodes if node.op == operation)


def list_nodes(meta: Any) -> Iterator[Any]:
    yield meta.graph_def.node
    for function in meta.graph_def.library.function:
        yield function.node_def


def find_function(meta: Any, operation: str) -> Any:
    return next(
        function
        for function in meta.graph_def.library.function
        if any(node.op == operation for node in function.node_def)
    )


def add_text(nodes: Any, name: str, text: bytes) -> None:
    node = nodes.add(name=name, op="Const")
    node.attr["dtype"].type = tf.string.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(text))


def save_in_a_sparse_output(meta: Any) -> None:
    output = meta.signature_def["serving_default"].outputs["y"]
    output.coo_sparse.values_tensor_name = "save/Identity:0"


def save_in_a_composite_output(meta: Any) -> None:
    output = meta.signature_def["serving_default"].outputs["y"]
    output.composite_tensor.components.add(name="save/Identity:0")


def save_when_it_is_loaded(meta: Any) -> None:
    meta.collection_def["saved_model_main_op"].node_list.value.append("save/Identity")


def path_of_the_author(meta: Any) -> None:
    node = next(node for node in meta.graph_def.node if node.name == "save/filename/input")
    node.attr["value"].tensor.string_val[0] = b"/tmp/elsewhere"


def separator(meta: Any) -> None:
    find(meta, "StringJoin").attr["separator"].s = b"/../../x"


def path_before_the_path(meta: Any) -> None:
    node = find(meta, "StringJoin")
    node.input[0], node.input[1] = node.input[1], node.input[0]


def constant_path(meta: Any) -> None:
    add_text(meta.graph_def.node, "own", b"/tmp/elsewhere")
    find(meta, "RestoreV2").input[0] = "own"


def saver_in_place_of_another(meta: Any) -> None:
    find_function(meta, "SaveV2").attr["api_implements"].s = b"layer"


def saver_that_a_call_passes_on(meta: Any) -> None:
    saver = find_function(meta, "SaveV2").signature.name
    call = find(meta, "StatefulPartitionedCall")
    call.attr["f"].func.attr["inner"].func.name = saver


def saver_that_is_called_by_its_name(meta: Any) -> None:
    saver = find_function(meta, "SaveV2").signature.name
    find_function(meta, "LookupTableFindV2").node_def.add(name="call", op=saver)


def saver_that_is_an_object(meta: Any) -> None:
    meta.object_graph_def.concrete_functions[find_function(meta, "SaveV2").signature.name]


def table_in_place_of_another(meta: Any) -> None:
    function = find_function(meta, "InitializeTableFromTextFileV2")
    function.attr["api_implements"].s = b"layer"


def table_of_another_object(meta: Any) -> None:
    name = find_function(meta, "InitializeTableFromTextFileV2").signature.name
    bound = meta.object_graph_def.concrete_functions[name].bound_inputs
    bound[0], bound[1] = bound[1], bound[0]


def table_that_an_argument_fills(meta: Any) -> None:
    name = find_function(meta, "InitializeTableFromTextFileV2").signature.name
    del meta.object_graph_def.concrete_functions[name].bound_inputs[:]


def table_filled_by_a_signature(meta: Any) -> None:
    result = meta.signature_def["serving_default"].outputs["y"].name.split(":")[0]
    node = next(node for node in meta.graph_def.node if node.name == result)
    node.input.append("^" + find(meta, "InitializeTableFromTextFileV2").name)


def table_filled_while_restoring(meta: Any) -> None:
    restore = meta.graph_def.node.add(name="save/own", op="NoOp")
    restore.input.append("^" + find(meta, "InitializeTableFromTextFileV2").name)
    meta.saver_def.restore_op_name = restore.name


def path_of_a_table_by_a_variable(meta: Any) -> None:
    """Assign the path to a variable of the same name, which another node stands for."""
    nodes, dtype = meta.graph_def.node, tf.string.as_datatype_enum
    nodes.add(name="variable", op="VarHandleOp").attr["shared_name"].s = b"v"
    asset = find(meta, "InitializeTableFromTextFileV2").input[1]
    nodes.add(name="assign", op="AssignVariableOp", input=["variable", asset])
    nodes.add(name="read", op="ReadVariableOp", input=["variable"]).attr["dtype"].type = dtype
    find(meta, "InitializeTableFromTextFileV2").input[1] = "read"


TRICKS: list[tuple[str, Callable[[Any], None], str]] = [
    ("old", save_in_a_sparse_output, "SaveV2"),
    ("old", save_in_a_composite_output, "SaveV2"),
    ("old", save_when_it_is_loaded, "SaveV2"),
    ("old", path_of_the_author, "SaveV2"),
    ("old", separator, "SaveV2"),
    ("old", path_before_the_path, "SaveV2"),
    ("old", constant_path, "RestoreV2"),
    ("objects", separator, "SaveV2"),
    ("objects", constant_path, "RestoreV2"),
    ("objects", saver_in_place_of_another, "SaveV2"),
    ("objects", saver_that_a_call_passes_on, "SaveV2"),
    ("objects", saver_that_is_called_by_its_name, "SaveV2"),
    ("objects", saver_that_is_an_object, "SaveV2"),
    ("objects", table_in_place_of_another, "InitializeTableFromTextFileV2"),
    ("objects", table_of_another_object, "InitializeTableFromTextFileV2"),
    ("objects", table_that_an_argument_fills, "InitializeTableFromTextFileV2"),
    ("old table", table_filled_by_a_signature, "InitializeTableFromTextFileV2"),
    ("old table", table_filled_while_restoring, "InitializeTableFromTextFileV2"),
    ("old table", path_of_a_table_by_a_variable, "InitializeTableFromTextFileV2"),
]


@pytest.mark.parametrize(
    ("model", "change", "operation"),
    TRICKS,
    ids=[f"{model}, {change.__name__}" for model, change, _ in TRICKS],
)
def test_an_operation_in_another_place_is_found(tmp_path, models, model, change, operation):
    saved = read_graph(models[model])
    assert list_unsafe_operations(saved, tmp_path) == ()
    change(saved.meta_graphs[0])
    parts = list_unsafe_operations(saved, tmp_path)
    assert operation in {part.split(" in ")[0] for part in parts}


def test_an_attribute_that_a_caller_gives_is_found(tmp_path, models):
    saved = read_graph(models["objects"])
    find(saved.meta_graphs[0], "Const").attr["value"].placeholder = "text"
    (part,) = list_unsafe_operations(saved, tmp_path)
    assert part.startswith("Const with an attribute that its caller gives")


def test_objects_passed_to_a_function_are_found(tmp_path, models):
    saved = read_graph(models["objects"])
    call = find(saved.meta_graphs[0], "StatefulPartitionedCall")
    tensor = call.attr["f"].func.attr["text"].tensor
    tensor.dtype = tf.variant.as_datatype_enum
    (part,) = list_unsafe_operations(saved, tmp_path)
    assert part.startswith("StatefulPartitionedCall with a stored object")


def test_a_second_graph_beside_objects_is_found(tmp_path, models):
    saved = read_graph(models["objects"])
    saved.meta_graphs.append(read_graph(models["old"]).meta_graphs[0])
    assert list_unsafe_operations(saved, Path(tmp_path)) == ("several graphs with objects",)
