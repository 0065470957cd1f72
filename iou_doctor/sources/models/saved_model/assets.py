"""Finds lookup tables in a SavedModel that are filled from files other than the model's assets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from iou_doctor.sources.models.saved_model.graph import (
    CALLING_OPERATIONS,
    Scope,
    find_dependencies,
    get_node_name,
    list_called_functions,
)
from iou_doctor.sources.models.saved_model.operations import TABLE_READERS
from iou_doctor.sources.models.saved_model.saver import find_signature_results

if TYPE_CHECKING:
    from tensorflow.core.framework.node_def_pb2 import NodeDef
    from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef, MetaGraphDef

ASSET_FOLDER = "assets"
_ASSET_COLLECTION = "saved_model_assets"
"""The collection with the assets of models of TensorFlow 1."""
_INITIALISER = "__saved_model_init_op"
"""The signature that runs once, when a model is loaded, with the paths of its assets."""


def list_foreign_assets(meta: MetaGraphDef, folder: Path) -> Iterator[str]:
    """Yield the names of assets that lie outside the model's folder.

    Args:
        meta: a graph with its assets.
        folder: the folder of the SavedModel.
    """
    root = folder.resolve()
    for asset in _list_assets(meta):
        inside = PurePosixPath(asset.filename)
        place = (folder / ASSET_FOLDER / inside).resolve()
        if inside.is_absolute() or ".." in inside.parts or not place.is_relative_to(root):
            yield str(asset.filename)


def _list_assets(meta: MetaGraphDef) -> list[AssetFileDef]:
    from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

    found = list(meta.asset_file_def)
    if _ASSET_COLLECTION in meta.collection_def:
        for entry in meta.collection_def[_ASSET_COLLECTION].any_list.value:
            asset = AssetFileDef()
            entry.Unpack(asset)
            found.append(asset)
    return found


def list_foreign_tables(
    meta: MetaGraphDef, scopes: Sequence[Scope]
) -> Iterator[tuple[NodeDef, Scope]]:
    """Yield the operations that may fill a table from a file that is not an asset of the model.

    Args:
        meta: a graph with its assets.
        scopes: what `list_scopes` returns for it.
    """
    paths = _AssetPaths(meta, scopes)
    for scope in scopes:
        for node in scope.nodes.values():
            if node.op in TABLE_READERS and not paths.is_asset_read(node, scope):
                yield node, scope


class _AssetPaths:
    """Follows the path of a file back to where it comes from."""

    def __init__(self, meta: MetaGraphDef, scopes: Sequence[Scope]) -> None:
        self._meta, self._main = meta, scopes[0]
        self._assets = {get_node_name(asset.tensor_info.name) for asset in _list_assets(meta)}
        results = find_signature_results(meta, without=_INITIALISER)
        saver = {meta.saver_def.restore_op_name, meta.saver_def.save_tensor_name}
        ends = results | set(map(get_node_name, saver))
        self._called = find_dependencies(self._main.nodes, ends)
        self._calls: dict[str, list[tuple[NodeDef, Scope]]] = defaultdict(list)
        for scope in scopes:
            for node in scope.nodes.values():
                for name in list_called_functions(node):
                    self._calls[name].append((node, scope))

    def is_asset_read(self, node: NodeDef, scope: Scope) -> bool:
        """Return whether an operation reads nothing but an asset."""
        values = _list_values(node)
        return (
            len(values) > 1
            and not scope.is_substitute
            and self._runs_when_loaded(node, scope)
            and self._is_asset(values[1], scope)
        )

    def _runs_when_loaded(self, node: NodeDef, scope: Scope) -> bool:
        """Return whether a node outside functions runs only while the model is loaded.

        Only then does the path of an asset take the place of the constant in the graph, which is
        the path on the author's computer.
        """
        return scope is not self._main or node.name not in self._called

    def _is_asset(self, tensor: str, scope: Scope, seen: frozenset[str] = frozenset()) -> bool:
        name = get_node_name(tensor)
        if name in scope.arguments and name not in scope.nodes:
            return scope.name not in seen and self._is_asset_argument(name, scope, seen)
        if scope is self._main and name in self._assets:
            return True
        node = scope.nodes.get(name)
        key = f"{scope.name}\0{name}"
        if node is None or key in seen or not node.input:
            return False
        if node.op == "Identity":
            return self._is_asset(node.input[0], scope, seen | {key})
        # with objects, the graph outside functions is only for TensorFlow Serving
        is_for_serving = scope is self._main and self._meta.HasField("object_graph_def")
        return node.op == "ReadVariableOp" and is_for_serving and self._holds_asset(node)

    def _is_asset_argument(self, name: str, scope: Scope, seen: frozenset[str]) -> bool:
        """Return whether all that call a function pass an asset as one of its arguments."""
        place = scope.arguments.index(name)
        calls = self._calls[scope.name]
        functions = self._meta.object_graph_def.concrete_functions
        if scope.name in functions:
            bound = functions[scope.name].bound_inputs
            number = place - (len(scope.arguments) - len(bound))
            if number < 0 or not self._is_asset_object(bound[number]):
                return False
        return bool(calls or scope.name in functions) and all(
            node.op in CALLING_OPERATIONS
            and self._runs_when_loaded(node, other)
            and not other.is_substitute
            and len(_list_values(node)) > place
            and self._is_asset(_list_values(node)[place], other, seen | {scope.name})
            for node, other in calls
        )

    def _is_asset_object(self, number: int) -> bool:
        objects = self._meta.object_graph_def.nodes
        return 0 <= number < len(objects) and objects[number].WhichOneof("kind") == "asset"

    def _holds_asset(self, reader: NodeDef) -> bool:
        """Return whether the only values of a variable are paths of assets."""
        handle = get_node_name(reader.input[0])
        writers = [
            node
            for node in self._main.nodes.values()
            if node.op != "ReadVariableOp"
            and handle in map(get_node_name, _list_values(node))
            and node.op != "VarIsInitializedOp"
        ]
        return bool(writers) and all(
            node.op == "AssignVariableOp" and get_node_name(node.input[1]) in self._assets
            for node in writers
        )


def _list_values(node: NodeDef) -> list[str]:
    """Return the inputs of a node that are values, without control dependencies."""
    return [name for name in node.input if not name.startswith("^")]
