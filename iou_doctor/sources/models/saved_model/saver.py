"""Finds operations in a SavedModel that save or restore anything but the model's own variables.

Each SavedModel can save and restore its variables. These operations take the path from the caller,
in the node that `saver_def` names. Any other use of them could write or read any file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iou_doctor.record import record
from iou_doctor.sources.models.saved_model.graph import (
    CALLING_OPERATIONS,
    Scope,
    find_dependencies,
    get_node_name,
    list_called_functions,
)
from iou_doctor.sources.models.saved_model.operations import CHECKPOINT_READERS, CHECKPOINT_WRITERS

if TYPE_CHECKING:
    from tensorflow.core.framework.node_def_pb2 import NodeDef
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef, TensorInfo

CHECKPOINT_OPERATIONS = CHECKPOINT_WRITERS | CHECKPOINT_READERS
_INITIALISERS = ("main_op", "legacy_init_op", "saved_model_main_op", "saved_model_train_op")
"""Collections that name the nodes that run when a model of TensorFlow 1 is loaded."""


@record
class _SaverPart:
    """Nodes that may save, or that may restore."""

    operations: frozenset[str]
    """The operations that they may use."""
    names: frozenset[str]
    """The names of the nodes outside functions."""


def list_stray_checkpoint_operations(
    meta: MetaGraphDef, scopes: Sequence[Scope]
) -> Iterator[tuple[NodeDef, Scope]]:
    """Yield the operations that save or restore outside the saver, or not at the caller's path.

    Args:
        meta: a graph with its saver.
        scopes: what `list_scopes` returns for it.
    """
    main = scopes[0]
    parts = _find_saver_parts(meta, main.nodes)
    given = _find_given_path(meta, main.nodes)
    callers = _find_only_callers(meta, scopes)
    for scope in scopes:
        paths, part_of = given, scope.name
        if scope.name:
            caller = None if scope.is_substitute else callers.get(scope.name)
            part_of = caller.name if caller else ""
            paths = _list_path_arguments(scope, caller, main.nodes, given) if caller else set()
        for node in scope.nodes.values():
            if node.op in CHECKPOINT_OPERATIONS:
                holder = node.name if not scope.name else part_of
                belongs = any(node.op in p.operations and holder in p.names for p in parts)
                if not belongs or not _keeps_to_path(node, scope.nodes, paths):
                    yield node, scope


def _find_given_path(meta: MetaGraphDef, nodes: Mapping[str, NodeDef]) -> set[str]:
    """Return the node that the caller's path replaces; none if it has a path of the author."""
    name = get_node_name(meta.saver_def.filename_tensor_name)
    node = nodes.get(name)
    for _ in range(len(nodes)):
        if node is None or node.op != "PlaceholderWithDefault" or not node.input:
            break
        node = nodes.get(get_node_name(node.input[0]))
    if node is None or node.op in ("Placeholder", "PlaceholderV2"):
        return {name}
    return {name} if _is_constant_ending(node) and not _has_folder(node) else set()


def _has_folder(node: NodeDef) -> bool:
    return any(b"/" in text or b"\\" in text for text in node.attr["value"].tensor.string_val)


def _find_saver_parts(
    meta: MetaGraphDef, nodes: Mapping[str, NodeDef]
) -> tuple[_SaverPart, _SaverPart]:
    """Return the nodes that only save, and those that only restore."""
    used = find_dependencies(nodes, find_results(meta))
    restoring = find_dependencies(nodes, [get_node_name(meta.saver_def.restore_op_name)])
    saving = find_dependencies(nodes, [get_node_name(meta.saver_def.save_tensor_name)])
    return (
        _SaverPart(frozenset(CHECKPOINT_WRITERS), frozenset(saving - restoring - used)),
        _SaverPart(frozenset(CHECKPOINT_READERS), frozenset(restoring - saving - used)),
    )


def find_results(meta: MetaGraphDef) -> set[str]:
    """Return the nodes whose values a call, or the loading of the model, asks for."""
    return find_signature_results(meta) | {
        get_node_name(name)
        for key in _INITIALISERS
        if key in meta.collection_def
        for name in meta.collection_def[key].node_list.value
    }


def find_signature_results(meta: MetaGraphDef, without: str = "") -> set[str]:
    """Return the nodes whose values a call of a signature asks for.

    Args:
        meta: a graph.
        without: the name of a signature to leave out.
    """
    return {
        get_node_name(name)
        for key, entry in meta.signature_def.items()
        if key != without
        for info in entry.outputs.values()
        for name in _list_tensors(info)
    }


def _list_tensors(info: TensorInfo) -> Iterator[str]:
    """Yield the names of the tensors that an output of a signature consists of."""
    yield info.name
    sparse = info.coo_sparse
    yield from (sparse.values_tensor_name, sparse.indices_tensor_name)
    yield sparse.dense_shape_tensor_name
    for part in info.composite_tensor.components:
        yield from _list_tensors(part)


def _find_only_callers(meta: MetaGraphDef, scopes: Sequence[Scope]) -> dict[str, NodeDef]:
    """Return the caller of each function that is called once only, from outside functions."""
    uses: Counter[str] = Counter([*meta.object_graph_def.concrete_functions])
    for scope in scopes:
        for node in scope.nodes.values():
            uses.update(list_called_functions(node))
    return {
        name: node
        for node in scopes[0].nodes.values()
        if node.op in CALLING_OPERATIONS
        for name in list_called_functions(node)
        if uses[name] == 1
    }


def _list_path_arguments(
    scope: Scope, caller: NodeDef, nodes: Mapping[str, NodeDef], given: set[str]
) -> set[str]:
    """Return the arguments of a function to which its caller passes the given path."""
    values = [name for name in caller.input if not name.startswith("^")]
    return {
        argument
        for argument, value in zip(scope.arguments, values, strict=False)
        if _is_path(value, nodes, given)
    }


def _keeps_to_path(node: NodeDef, nodes: Mapping[str, NodeDef], paths: set[str]) -> bool:
    """Return whether all files that an operation saves or restores are at one of the `paths`."""
    count = 2 if node.op == "MergeV2Checkpoints" else 1
    places = node.input[:count]
    return len(places) == count and all(_is_path(place, nodes, paths) for place in places)


def _is_path(tensor: str, nodes: Mapping[str, NodeDef], paths: set[str], depth: int = 0) -> bool:
    """Return whether a tensor is one of the `paths`, with nothing but a harmless ending."""
    name = get_node_name(tensor)
    if name in paths:
        return True
    node = nodes.get(name)
    if node is None or not node.input or depth > len(nodes):
        return False
    values = [value for value in node.input if not value.startswith("^")]
    if node.op in ("Identity", "ShardedFilename", "ShardedFilespec"):
        return _is_path(values[0], nodes, paths, depth + 1)
    if node.op == "StringJoin" and not node.attr["separator"].s:
        first, *others = values
        return _is_path(first, nodes, paths, depth + 1) and all(
            _is_harmless_ending(value, nodes) for value in others
        )
    return node.op == "Pack" and all(_is_path(value, nodes, paths, depth + 1) for value in values)


def _is_harmless_ending(tensor: str, nodes: Mapping[str, NodeDef]) -> bool:
    """Return whether a tensor is a constant text that leads to no other folder, or one of two."""
    node = nodes.get(get_node_name(tensor))
    if node is None:
        return False
    if node.op == "Select":
        return all(_is_constant_ending(nodes.get(get_node_name(v))) for v in node.input[1:3])
    return _is_constant_ending(node)


def _is_constant_ending(node: NodeDef | None) -> bool:
    if node is None or node.op != "Const":
        return False
    texts = node.attr["value"].tensor.string_val
    return len(texts) == 1 and b".." not in texts[0] and b"\0" not in texts[0]
