"""What the graph of a SavedModel says, read without loading the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from iou_doctor.arrays.model import Activation

PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
FILES = {
    *("ReadFile", "WriteFile", "MatchingFiles", "LMDBReader", "RecordInput", "Skipgram"),
    *("WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2"),
    *("TFRecordReader", "TFRecordReaderV2", "FixedLengthRecordReader"),
    *("FixedLengthRecordReaderV2", "TextLineDataset", "TFRecordDataset", "TFRecordDatasetV2"),
    *("FixedLengthRecordDataset", "FixedLengthRecordDatasetV2", "LMDBDataset"),
    *("ExperimentalLMDBDataset", "SqlDataset", "ExperimentalSqlDataset", "CSVDataset"),
    *("CSVDatasetV2", "ExperimentalCSVDataset", "CacheDataset", "CacheDatasetV2"),
    *("SnapshotDataset", "SnapshotDatasetV2", "SnapshotDatasetReader", "SaveDataset"),
    *("SaveDatasetV2", "LoadDataset", "DatasetToTFRecord", "ExperimentalDatasetToTFRecord"),
    *("MatchingFilesDataset", "ExperimentalMatchingFilesDataset", "ListSnapshotChunksDataset"),
    *(
        "CreateSummaryFileWriter",
        "CreateSummaryDbWriter",
        "ImportEvent",
        "InitializeTableFromTextFile",
    ),
    *("InitializeTableFromTextFileV2", "LoadAndRemapMatrix", "GenerateVocabRemapping"),
    *("FileSystemSetConfiguration", "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3"),
    *("DebugNanCount", "DebugNumericSummary", "DebugNumericSummaryV2", "DumpTensor"),
    *("SnapshotChunkDataset", "SnapshotNestedDatasetReader", "DistributedSave"),
    *("CalibrationStatisticsSaver",),
}
NETWORK = {
    *("RpcCall", "RpcClient", "RpcServer", "RpcServerStart", "RpcServerRegister"),
    *("DataServiceDataset", "DataServiceDatasetV2", "DataServiceDatasetV3"),
    *("DataServiceDatasetV4", "RegisterDataset", "RegisterDatasetV2"),
}
FOREIGN = {"XlaCustomCall", "XlaCustomCallV2"}
UNSAFE = PYTHON | FILES | NETWORK | FOREIGN
"""Operations that run Python or foreign code, or reach files or the network."""
CHECKPOINTS = {
    *("Save", "SaveSlices", "SaveV2", "Restore", "RestoreSlice", "RestoreV2"),
    *("MergeV2Checkpoints", "DTensorRestoreV2"),
}
"""Each SavedModel has them, to save and restore its variables; predicting needs none."""
KEEPING = {
    *("Identity", "IdentityN", "StopGradient", "Reshape", "Squeeze", "ExpandDims", "Transpose"),
    *("Cast", "StridedSlice", "Slice", "ResizeBilinear", "ResizeNearestNeighbor", "Pad", "PadV2"),
}
"""Operations through which an activation is still one."""
LINEAR = {
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
NAMES = {"Softmax": "softmax", "Sigmoid": "sigmoid", **dict.fromkeys(LINEAR, "linear")}
MOST_HOPS = 1000


def read_graph(data: bytes) -> Any:
    """Return the `SavedModel` message in the bytes of a `saved_model.pb`.

    Raises:
        google.protobuf.message.DecodeError: it is none.
        ValueError: it holds no graph.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    message = SavedModel.FromString(data)
    if not message.meta_graphs:
        raise ValueError("it holds no graph")
    return message


def unsafe_operations(saved: Any) -> tuple[str, ...]:
    """Return the operations that may run code or touch files, sorted, each with its place."""
    found = {
        _described(node, place)
        for meta in saved.meta_graphs
        for node, place in _nodes(meta)
        if node.op in UNSAFE or _names_file(node)
    }
    found |= {
        _described(node, place)
        for meta in saved.meta_graphs
        for node, place in _nodes(meta, without=_saver(meta))
        if node.op in CHECKPOINTS
    }
    return tuple(sorted(found))


def _described(node: Any, place: str) -> str:
    return f"{node.op} in {place}" if place else node.op


def _names_file(node: Any) -> bool:
    """Return whether a harmless operation was given a file to write or to read."""
    if node.op == "PrintV2":
        return bool(node.attr["output_stream"].s.startswith(b"file://"))
    return node.op == "FixedUnigramCandidateSampler" and bool(node.attr["vocab_file"].s)


def _nodes(meta: Any, without: Iterable[str] = ()) -> Iterator[tuple[Any, str]]:
    """Yield all nodes, those of nested functions too, and what holds them.

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


def _saver(meta: Any) -> set[str]:
    """Return what only saves and restores variables: functions, and nodes outside functions."""
    graph = meta.graph_def
    nodes = {node.name: node for node in graph.node}
    ends = {_node_of(meta.saver_def.save_tensor_name), _node_of(meta.saver_def.restore_op_name)}
    uses = Counter(name for node, _ in _nodes(meta) for name in _called(node))
    # a function that anything else calls as well is no mere saver
    saver = {name for end in ends & nodes.keys() for name in _called(nodes[end]) if uses[name] == 1}
    # before TensorFlow 2 the operations stand in the graph itself
    return saver | (_before(nodes, ends) - _before(nodes, _results(meta)))


def _results(meta: Any) -> set[str]:
    """Return the nodes that a call or the loading of the model ends in."""
    tensors = [
        info.name for entry in meta.signature_def.values() for info in entry.outputs.values()
    ]
    for key in ("main_op", "legacy_init_op", "saved_model_main_op"):
        tensors += meta.collection_def[key].node_list.value if key in meta.collection_def else []
    return {_node_of(name) for name in tensors}


def _before(nodes: Mapping[str, Any], ends: Iterable[str]) -> set[str]:
    """Return the names of nodes and of all that they depend on."""
    found: set[str] = set()
    waiting = [name for name in ends if name in nodes]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [
                _node_of(tensor) for tensor in nodes[name].input if _node_of(tensor) in nodes
            ]
    return found


def _called(node: Any) -> Iterator[str]:
    """Yield the names of the functions that a node calls."""
    for attribute in node.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        yield from (function.name for function in attribute.list.func)


def _node_of(tensor: str) -> str:
    return tensor.removeprefix("^").split(":")[0]


def activation_of(saved: Any, signature: str, output: str) -> Activation | None:
    """Return what an output of a signature ends in; `None` where the graph does not say."""
    meta = next((m for m in saved.meta_graphs if signature in m.signature_def), None)
    if meta is None or output not in meta.signature_def[signature].outputs:
        return None
    functions = {entry.signature.name: entry for entry in meta.graph_def.library.function}
    nodes = {node.name: node for node in meta.graph_def.node}
    tensor = meta.signature_def[signature].outputs[output].name
    for _ in range(MOST_HOPS):
        node = nodes.get(_node_of(tensor))
        if node is None:
            return None
        if node.op in NAMES:
            return Activation(NAMES[node.op], f"{node.op} `{node.name}`")
        called = [functions[name] for name in _called(node) if name in functions]
        if len(called) == 1 and node.op in ("PartitionedCall", "StatefulPartitionedCall"):
            function = called[0]
            number = int(tensor.rsplit(":", 1)[1]) if ":" in tensor else 0
            tensor = function.ret[function.signature.output_arg[number].name]
            nodes = {entry.name: entry for entry in function.node_def}
            continue
        following = _source_of(node, nodes)
        if following is None:
            return None
        tensor = following
    return None


def _source_of(node: Any, nodes: Mapping[str, Any]) -> str | None:
    """Return the tensor that a node hands on, be it in another shape; `None` where it computes."""
    if node.op in KEEPING:
        return str(node.input[0])
    if node.op == "AddV2":  # a bias
        for tensor in node.input:
            before = nodes.get(_node_of(tensor))
            if before is not None and before.op in LINEAR:
                return str(tensor)
    return None
