"""Reads the graph of a SavedModel without loading the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from iou_doctor.record import record

if TYPE_CHECKING:
    from tensorflow.core.framework.attr_value_pb2 import AttrValue
    from tensorflow.core.framework.function_pb2 import FunctionDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

CALLING_OPERATIONS = ("PartitionedCall", "StatefulPartitionedCall")
"""Operations that call one function with their inputs, and return its results."""


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


@record
class Scope:
    """The nodes of one function, or those outside all functions."""

    name: str
    """The name of the function; empty outside functions."""
    nodes: Mapping[str, NodeDef]
    """The nodes by their names."""
    arguments: tuple[str, ...] = ()
    """The names of the function's arguments."""
    is_substitute: bool = False
    """Whether TensorFlow may call the function in place of another one that it implements."""

    @property
    def place(self) -> str:
        """Where the nodes are, for messages; empty outside functions."""
        return f"`{self.name}`" if self.name else ""


def list_scopes(meta: MetaGraphDef) -> tuple[Scope, ...]:
    """Return the nodes outside functions, and then those of each function."""
    main = Scope("", index_nodes(meta.graph_def.node))
    return (main, *map(_make_scope, meta.graph_def.library.function))


def _make_scope(function: FunctionDef) -> Scope:
    arguments = tuple(argument.name for argument in function.signature.input_arg)
    return Scope(
        function.signature.name,
        index_nodes(function.node_def),
        arguments,
        any("implements" in name for name in function.attr),
    )


def index_nodes(nodes: Iterable[NodeDef]) -> dict[str, NodeDef]:
    """Return nodes by their names.

    Raises:
        ValueError: two nodes share a name, so that it is unclear which one is meant.
    """
    listed = list(nodes)
    found = {node.name: node for node in listed}
    if len(found) != len(listed):
        raise ValueError("several nodes of its graph have the same name")
    return found


def find_dependencies(nodes: Mapping[str, NodeDef], ends: Iterable[str]) -> set[str]:
    """Return the names of the nodes `ends` and of all nodes that they depend on."""
    found: set[str] = set()
    waiting = [name for name in ends if name in nodes]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            before = map(get_node_name, nodes[name].input)
            waiting += [other for other in before if other in nodes]
    return found


def list_called_functions(node: NodeDef) -> Iterator[str]:
    """Yield the names of the functions that a node calls.

    A node whose operation is the name of a function calls it as well.
    """
    yield str(node.op)
    for value in list_attributes(node):
        if value.HasField("func"):
            yield value.func.name
        yield from (function.name for function in value.list.func)


def list_attributes(node: NodeDef) -> Iterator[AttrValue]:
    """Yield the values of the attributes of a node, and those that it passes on to functions."""
    waiting = [*node.attr.values()]
    while waiting:
        value = waiting.pop()
        yield value
        for function in (value.func, *value.list.func):
            waiting += function.attr.values()


def get_node_name(tensor: str) -> str:
    """Return the node that computes a tensor; `^name` stands for a control dependency."""
    return tensor.removeprefix("^").split(":")[0]
