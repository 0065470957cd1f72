"""Finds what an ONNX model holds that reads other files or is not an operation of ONNX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

STANDARD_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
"""The domains whose operations ONNX defines; none of them has an effect outside the model."""
MICROSOFT_DOMAINS = {"com.microsoft", "com.microsoft.nchwc"}
MICROSOFT_OPERATIONS = {
    *("QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearConv", "QLinearAveragePool"),
    *("QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearReduceMean", "QLinearSigmoid"),
    *("QLinearSoftmax", "QLinearWhere", "QGemm", "QAttention", "QuantizeLinear"),
    *("DequantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulInteger16"),
    *("MatMulIntegerToFloat", "MatMulNBits", "MatMulBnb4", "MatMulFpQ4", "FusedConv", "FusedGemm"),
    *("FusedMatMul", "FusedMatMulActivation", "TransposeMatMul", "Gelu", "FastGelu", "BiasGelu"),
    *("QuickGelu", "BiasSplitGelu", "BiasAdd", "BiasSoftmax", "BiasDropout", "GroupNorm"),
    *("SkipGroupNorm", "LayerNormalization", "SkipLayerNormalization", "EmbedLayerNormalization"),
    *("SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization", "Attention"),
    *("MultiHeadAttention", "PackedAttention", "PackedMultiHeadAttention", "GroupQueryAttention"),
    *("DecoderAttention", "DecoderMaskedMultiHeadAttention", "RotaryEmbedding"),
    *("RelativePositionBias", "GatedRelativePositionBias", "NhwcConv", "NhwcFusedConv"),
    *("NhwcMaxPool", "GridSample", "Inverse", "Rfft", "Irfft", "CropAndResize", "ImageScaler"),
    *("Pad", "Range", "Trilu", "Unique", "GatherND", "ExpandDims", "Conv", "MaxPool"),
    *("AveragePool", "GlobalMaxPool", "GlobalAveragePool", "ReorderInput", "ReorderOutput"),
    *("Upsample", "ConvTransposeWithDynamicPads"),
}
"""Operations of onnxruntime, as quantised and optimised models hold them, that only compute."""


def list_unsafe_parts(model: ModelProto, folder: Path) -> tuple[str, ...]:
    """Return the operations and weights that ONNX does not define or that lie elsewhere.

    Args:
        model: the message in the file.
        folder: the folder of the file, in which weights may be in files of their own.
    """
    own = {(function.domain, function.name) for function in model.functions}
    found: set[str] = set()
    for node in _list_nodes(model):
        known = node.domain in STANDARD_DOMAINS or (node.domain, node.op_type) in own
        fused = node.domain in MICROSOFT_DOMAINS and node.op_type in MICROSOFT_OPERATIONS
        if not known and not fused:
            found.add(f"the custom operation {node.domain}.{node.op_type}")
    for tensor in _list_tensors(model):
        found |= {
            f"weights in `{place}`, which is not a file in its folder"
            for place in _list_locations(tensor)
            if not _is_inside(folder, place)
        }
    return tuple(sorted(found))


def list_weight_files(path: Path) -> tuple[Path, ...]:
    """Return the files beside a `.onnx` file that its weights are in; nothing for other files.

    Their names are in the model. What cannot be read has no weights: opening it says why.
    """
    if path.suffix.lower() != ".onnx":
        return ()
    try:
        import onnx
    except ImportError:
        return ()
    with suppress(Exception):  # a damaged message may raise anything
        model = onnx.ModelProto.FromString(path.read_bytes())
        return find_weight_files(model, path.parent)
    return ()


def find_weight_files(model: ModelProto, folder: Path) -> tuple[Path, ...]:
    """Return the files that the weights of a model are in, beside its own.

    Args:
        model: the message in the file.
        folder: the folder of the file.
    """
    places = {place for tensor in _list_tensors(model) for place in _list_locations(tensor)}
    return tuple(folder / place for place in sorted(places))


def _list_locations(tensor: TensorProto) -> Iterator[str]:
    """Yield the files that a tensor's values are in: none, or one."""
    return (entry.value for entry in tensor.external_data if entry.key == "location")


def _is_inside(folder: Path, location: str) -> bool:
    """Return whether weights are in an ordinary file in the model's folder, and no link leads out.

    onnxruntime takes a location with asterisks for an address in memory.
    """
    inside = PurePosixPath(location)
    if inside.is_absolute() or ".." in inside.parts or "*" in location or "\\" in location:
        return False
    place = folder / inside
    return place.is_file() and place.resolve().is_relative_to(folder.resolve())


def _list_graphs(model: ModelProto) -> Iterator[GraphProto]:
    yield model.graph
    for training in model.training_info:
        yield training.initialization
        yield training.algorithm


def _list_nodes(model: ModelProto) -> Iterator[NodeProto]:
    """Yield all nodes, those in branches, loops and functions among them."""
    waiting = [node for graph in _list_graphs(model) for node in graph.node]
    waiting += [node for function in model.functions for node in function.node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [inner for graph in _list_inner_graphs([node]) for inner in graph.node]


def _list_inner_graphs(nodes: Iterable[NodeProto]) -> Iterator[GraphProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield attribute.g
            yield from attribute.graphs


def _list_tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Yield all constant tensors: weights, and values of attributes."""
    graphs = [*_list_graphs(model)]
    for node in _list_nodes(model):
        graphs += _list_inner_graphs([node])
        for attribute in node.attribute:
            yield from _list_values(attribute)
    for graph in graphs:
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for function in model.functions:
        for attribute in function.attribute_proto:
            yield from _list_values(attribute)


def _list_values(attribute: AttributeProto) -> Iterator[TensorProto]:
    yield attribute.t
    yield from attribute.tensors
    for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
        yield from (sparse.values, sparse.indices)
