"""Finds what a SavedModel holds that may run code, access files or end the process.

Every operation of the graph and of all its functions is examined, whether it is reached or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iou_doctor.sources.models.saved_model.assets import list_foreign_assets, list_foreign_tables
from iou_doctor.sources.models.saved_model.graph import (
    Scope,
    list_attributes,
    list_scopes,
)
from iou_doctor.sources.models.saved_model.operations import Operations, load_operations
from iou_doctor.sources.models.saved_model.saver import list_stray_checkpoint_operations

if TYPE_CHECKING:
    from tensorflow.core.framework.attr_value_pb2 import AttrValue
    from tensorflow.core.framework.node_def_pb2 import NodeDef
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel


def list_unsafe_operations(saved: SavedModel, folder: Path) -> tuple[str, ...]:
    """Return the parts that may have effects outside the model, described and sorted.

    Args:
        saved: the message that `read_graph` returns.
        folder: the folder of the SavedModel, in which its assets are.
    """
    operations = load_operations()
    if len(saved.meta_graphs) > 1 and any(
        m.HasField("object_graph_def") for m in saved.meta_graphs
    ):
        return ("several graphs with objects",)  # TensorFlow saves one
    return tuple(
        sorted(
            {part for meta in saved.meta_graphs for part in _find_unsafe(meta, folder, operations)}
        )
    )


def _find_unsafe(meta: MetaGraphDef, folder: Path, operations: Operations) -> Iterator[str]:
    scopes = list_scopes(meta)
    yield from _judge_operations(scopes, operations)
    for node, scope in list_stray_checkpoint_operations(meta, scopes):
        yield _describe(node.op, scope)
    for node, scope in list_foreign_tables(meta, scopes):
        yield _describe(node.op, scope)
    for name in list_foreign_assets(meta, folder):
        yield f"the asset `{name}`, which is outside its folder"


def _judge_operations(scopes: Sequence[Scope], operations: Operations) -> Iterator[str]:
    functions = {scope.name for scope in scopes[1:]}
    known = {*operations.allowed, *operations.refused, *operations.checked}
    for name in functions & known:
        yield f"a function with the name of the operation {name}"
    for scope in scopes:
        for node in scope.nodes.values():
            if node.op in operations.refused:
                yield _describe(node.op, scope)
            elif node.op not in known and node.op not in functions:
                yield _describe(f"the unknown operation {node.op}", scope)
            elif _holds_stored_object(node):
                yield _describe(f"{node.op} with a stored object", scope)
            elif any(value.placeholder for value in list_attributes(node)):
                yield _describe(f"{node.op} with an attribute that its caller gives", scope)


def _describe(what: str, scope: Scope) -> str:
    return f"{what} in {scope.place}" if scope.name else what


def _holds_stored_object(node: NodeDef) -> bool:
    """Return whether a node holds or parses objects in place of numbers and texts.

    A constant of the type variant can hold, for instance, a data set with its graph.
    """
    return any(map(_is_object, list_attributes(node))) or (
        node.op == "ParseTensor" and _names_object(node.attr["out_type"].type)
    )


def _is_object(value: AttrValue) -> bool:
    tensors = [value.tensor] if value.HasField("tensor") else value.list.tensor
    return any(_names_object(tensor.dtype) for tensor in tensors)


def _names_object(dtype: int) -> bool:
    from tensorflow.core.framework.types_pb2 import DT_RESOURCE, DT_VARIANT

    return dtype % 100 in (DT_RESOURCE, DT_VARIANT)  # 100 more: a reference to such a value
