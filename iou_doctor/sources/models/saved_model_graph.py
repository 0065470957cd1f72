"""Reads the graph of a SavedModel without loading the model.

The graph shows which operations may run code or access files, and which activation comes last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from iou_doctor.arrays.model import Activation
from iou_doctor.sources.models.unsafe_operations import CHECKPOINT_OPERATIONS, UNSAFE_OPERATIONS

if TYPE_CHECKING:
    from tensorflow.core.framework.function_pb2 import FunctionDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

PASSING_OPERATIONS = {
    *("Identity", "IdentityN", "StopGradient", "Reshape", "Squeeze", "ExpandDims", "Transpose"),
    *("Cast", "StridedSlice", "Slice", "ResizeBilinear", "ResizeNearestNeighbor", "Pad", "PadV2"),
}
"""Operations after which the output still has the activation of the operation before."""
LINEAR_OPERATIONS = {
    *(
        "Conv2D",
        "Conv2DBackpropInput",
        "Conv3D",
        "Conv3DBackpropInputV2",
        "MatMul",
        "BatchMatMulV2",
    ),
    *("DepthwiseConv2dNative", "BiasAdd", "_FusedConv2D"),
}
ACTIVATIONS = {
    "Softmax": "softmax",
    "Sigmoid": "sigmoid",
    **dict.fromkeys(LINEAR_OPERATIONS, "linear"),
}
"""The activation that an operation implies; `linear` if no activation comes after it."""
MOST_STEPS = 1000
"""The maximum number of operations to follow back from an output, in case the graph has a cycle."""


def read_graph(data: bytes) -> SavedModel:
    """Return the `SavedModel` message in the bytes of a `saved_model.pb`.

    Raises:
        google.protobuf.message.DecodeError: they are not such a message.
        ValueError: it holds no graph.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    message = SavedModel.FromString(data)
    if not message.meta_graphs:
        raise ValueError("it holds no graph")
    return message


def list_unsafe_operations(saved: SavedModel) -> tuple[str, ...]:
    """Return the operations that may run code or access files, described and sorted.

    Args:
        saved: the message that `read_graph` returns.
    """
    found = {
        _describe(node, place)
        for meta in saved.meta_graphs
        for node, place in _list_nodes(meta)
        if node.op in UNSAFE_OPERATIONS or _names_file(node)
    }
    found |= {
        _describe(node, place)
        for meta in saved.meta_graphs
        for node, place in _list_nodes(meta, without=_find_saver(meta))
        if node.op in CHECKPOINT_OPERATIONS
    }
    return tuple(sorted(found))


def _describe(node: NodeDef, place: str) -> str:
    return f"{node.op} in {place}" if place else node.op


def _names_file(node: NodeDef) -> bool:
    """Return whether an operation that is harmless otherwise writes or reads a file."""
    if node.op == "PrintV2":
        return bool(node.attr["output_stream"].s.startswith(b"file://"))
    return node.op == "FixedUnigramCandidateSampler" and bool(node.attr["vocab_file"].s)


def _list_nodes(meta: MetaGraphDef, without: Iterable[str] = ()) -> Iterator[tuple[NodeDef, str]]:
    """Yield all nodes, each with the name of its function, or an empty string.

    Args:
        meta: a graph with its library of functions.
        without: names of functions, and of nodes outside functions, to leave out.
    """
    left_out = set(without)
    for node in meta.graph_def.node:
        if node.name not in left_out:
            yield node, ""
    for function in meta.graph_def.library.function:
        if function.signature.name not in left_out:
            for node in function.node_def:
                yield node, f"`{function.signature.name}`"


def _find_saver(meta: MetaGraphDef) -> set[str]:
    """Return the functions, and nodes outside functions, that only save and restore variables."""
    graph = meta.graph_def
    nodes = {node.name: node for node in graph.node}
    ends = {
        _get_node_name(meta.saver_def.save_tensor_name),
        _get_node_name(meta.saver_def.restore_op_name),
    }
    uses = Counter(name for node, _ in _list_nodes(meta) for name in _list_called_functions(node))
    # a function that anything else calls as well does not only save
    saver = {
        name
        for end in ends & nodes.keys()
        for name in _list_called_functions(nodes[end])
        if uses[name] == 1
    }
    # before TensorFlow 2 these operations are in the graph itself
    return saver | (
        _find_dependencies(nodes, ends) - _find_dependencies(nodes, _find_results(meta))
    )


def _find_results(meta: MetaGraphDef) -> set[str]:
    """Return the nodes whose values a call, or the loading of the model, asks for."""
    tensors = [
        info.name for entry in meta.signature_def.values() for info in entry.outputs.values()
    ]
    for key in ("main_op", "legacy_init_op", "saved_model_main_op"):
        tensors += meta.collection_def[key].node_list.value if key in meta.collection_def else []
    return {_get_node_name(name) for name in tensors}


def _find_dependencies(nodes: Mapping[str, NodeDef], ends: Iterable[str]) -> set[str]:
    """Return the names of the nodes `ends` and of all nodes that they depend on."""
    found: set[str] = set()
    waiting = [name for name in ends if name in nodes]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [
                _get_node_name(tensor)
                for tensor in nodes[name].input
                if _get_node_name(tensor) in nodes
            ]
    return found


def _list_called_functions(node: NodeDef) -> Iterator[str]:
    """Yield the names of the functions that a node calls."""
    for attribute in node.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        yield from (function.name for function in attribute.list.func)


def _get_node_name(tensor: str) -> str:
    """Return the node that computes a tensor; `^name` stands for a control dependency."""
    return tensor.removeprefix("^").split(":")[0]


def find_activation(saved: SavedModel, signature: str, output: str) -> Activation | None:
    """Return the last activation before an output of a signature.

    Returns:
        `None` if the graph does not show it.
    """
    meta = next((m for m in saved.meta_graphs if signature in m.signature_def), None)
    if meta is None or output not in meta.signature_def[signature].outputs:
        return None
    functions = {entry.signature.name: entry for entry in meta.graph_def.library.function}
    nodes = {node.name: node for node in meta.graph_def.node}
    tensor: str | None = meta.signature_def[signature].outputs[output].name
    for _ in range(MOST_STEPS):
        node = None if tensor is None else nodes.get(_get_node_name(tensor))
        if tensor is None or node is None:
            return None
        if node.op in ACTIVATIONS:
            return Activation(ACTIVATIONS[node.op], f"{node.op} `{node.name}`")
        called = [functions[name] for name in _list_called_functions(node) if name in functions]
        if len(called) == 1 and node.op in ("PartitionedCall", "StatefulPartitionedCall"):
            tensor = _find_result(called[0], tensor)
            nodes = {entry.name: entry for entry in called[0].node_def}
        else:
            tensor = _find_passed_tensor(node, nodes)
    return None


def _find_result(function: FunctionDef, tensor: str) -> str:
    """Return the tensor inside a function that becomes `tensor`, one of its results."""
    number = int(tensor.rsplit(":", 1)[1]) if ":" in tensor else 0
    result: str = function.ret[function.signature.output_arg[number].name]
    return result


def _find_passed_tensor(node: NodeDef, nodes: Mapping[str, NodeDef]) -> str | None:
    """Return the tensor that a node passes on, perhaps in another shape; `None` if it computes."""
    if node.op in PASSING_OPERATIONS:
        return str(node.input[0])
    if node.op == "AddV2":  # a bias
        for tensor in node.input:
            before = nodes.get(_get_node_name(tensor))
            if before is not None and before.op in LINEAR_OPERATIONS:
                return str(tensor)
    return None
