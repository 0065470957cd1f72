"""Finds in the graph of a SavedModel the activation that comes last before an output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from iou_doctor.arrays.model import Activation
from iou_doctor.sources.models.saved_model.graph import (
    CALLING_OPERATIONS,
    get_node_name,
    index_nodes,
    list_called_functions,
)

if TYPE_CHECKING:
    from tensorflow.core.framework.function_pb2 import FunctionDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef
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


def find_activation(saved: SavedModel, signature: str, output: str) -> Activation | None:
    """Return the last activation before an output of a signature.

    Returns:
        `None` if the graph does not show it.
    """
    meta = next((m for m in saved.meta_graphs if signature in m.signature_def), None)
    if meta is None or output not in meta.signature_def[signature].outputs:
        return None
    functions = {entry.signature.name: entry for entry in meta.graph_def.library.function}
    nodes = index_nodes(meta.graph_def.node)
    tensor: str | None = meta.signature_def[signature].outputs[output].name
    for _ in range(MOST_STEPS):
        node = None if tensor is None else nodes.get(get_node_name(tensor))
        if tensor is None or node is None:
            return None
        if node.op in ACTIVATIONS:
            return Activation(ACTIVATIONS[node.op], f"{node.op} `{node.name}`")
        called = [functions[name] for name in list_called_functions(node) if name in functions]
        if len(called) == 1 and node.op in CALLING_OPERATIONS:
            tensor = _find_result(called[0], tensor)
            nodes = index_nodes(called[0].node_def)
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
            before = nodes.get(get_node_name(tensor))
            if before is not None and before.op in LINEAR_OPERATIONS:
                return str(tensor)
    return None
