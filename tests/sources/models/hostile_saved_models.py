"""SavedModels of an attacker. Each would touch `marker`, or end the process, if it were run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sources.models.tiny_models import saved_model


def graph_in_a_string(folder: Path, marker: Path) -> Path:
    """Hide a file operation in a graph that an operation reads from a string."""
    import tensorflow as tf

    def write(number: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(str(marker), "text")]):
            return tf.identity(number)

    graph = tf.raw_ops.DatasetToGraphV2(input_dataset=numbers(write)._variant_tensor).numpy()

    def predict(x: Any) -> Any:
        # a graph that is constant would be folded, and TensorFlow would fail
        nothing = tf.strings.substr(tf.as_string(tf.reduce_sum(x)), 0, 0)
        data = tf.raw_ops.DatasetFromGraph(graph_def=tf.strings.join([graph, nothing]))
        spec = {"output_types": [tf.int64], "output_shapes": [()]}
        (first,) = tf.raw_ops.DatasetToSingleElement(dataset=data, **spec)
        return x + tf.cast(first, tf.float32)

    return saved_model(folder, predict)


def numbers(function: Any) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.range(1).map(function)


def constant_data_set(folder: Path, _: Path) -> Path:
    """Write a constant that holds an object in place of numbers."""
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    path = saved_model(folder, lambda x: x * tf.constant(2.0))
    saved = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    function = saved.meta_graphs[0].graph_def.library.function[0]
    node = function.node_def.add(name="object", op="Const")
    node.attr["dtype"].type = tf.variant.as_datatype_enum
    node.attr["value"].tensor.dtype = tf.variant.as_datatype_enum
    node.attr["value"].tensor.variant_val.add(type_name="tensorflow::DatasetVariant")
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())
    return path


def saver_writes_elsewhere(folder: Path, marker: Path) -> Path:
    """Make the restore operation of a model of TensorFlow 1 depend on one that saves."""
    return _with_saver(folder, marker, reads=False)


def saver_reads_elsewhere(folder: Path, marker: Path) -> Path:
    """Make the restore operation of a model of TensorFlow 1 read a checkpoint of the author."""
    return _with_saver(folder, marker, reads=True)


def _with_saver(folder: Path, marker: Path, *, reads: bool) -> Path:
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 6, 8, 3))
        y = x * v1.get_variable("weight", initializer=2.0)
        shared = {"prefix": str(marker), "tensor_names": ["v"], "shape_and_slices": [""]}
        if reads:
            evil = tf.raw_ops.RestoreV2(**shared, dtypes=[tf.float32])[0].op.name
        else:
            evil = tf.raw_ops.SaveV2(**shared, tensors=[tf.constant(1.0)]).name
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y})
    path = folder / "saved_model.pb"
    saved = SavedModel.FromString(path.read_bytes())
    nodes = saved.meta_graphs[0].graph_def.node
    next(node for node in nodes if node.name == "save/restore_all").input.append(f"^{evil}")
    path.write_bytes(saved.SerializeToString())
    return folder


def saver_overwrites_the_weights(folder: Path, marker: Path) -> Path:
    """Make the restore operation depend on the model's own save operation."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    _with_saver(folder, marker, reads=True)
    path = folder / "saved_model.pb"
    saved = SavedModel.FromString(path.read_bytes())
    nodes = saved.meta_graphs[0].graph_def.node
    restore = next(node for node in nodes if node.name == "save/restore_all")
    restore.input[-1] = "^save/SaveV2"
    evil = next(n for n in range(len(nodes)) if nodes[n].name == "RestoreV2")
    del nodes[evil]
    path.write_bytes(saved.SerializeToString())
    return folder


def ends_the_process(folder: Path, _: Path) -> Path:
    """Exit with code 0 in the middle of the prediction."""
    import tensorflow as tf

    def predict(x: Any) -> Any:
        with tf.control_dependencies([tf.raw_ops.Abort(error_msg="", exit_without_error=True)]):
            return x * 1.0

    return saved_model(folder, predict)


def crashes_the_process(folder: Path, _: Path) -> Path:
    """End the process by a signal in the middle of the prediction."""
    import tensorflow as tf

    def predict(x: Any) -> Any:
        with tf.control_dependencies([tf.raw_ops.Abort(error_msg="text")]):
            return x * 1.0

    return saved_model(folder, predict)


def maps_a_file(folder: Path, marker: Path) -> Path:
    """Return the bytes of a file as scores."""
    import tensorflow as tf

    def predict(x: Any) -> Any:
        leak = tf.raw_ops.ImmutableConst(dtype=tf.uint8, shape=(3,), memory_region_name=str(marker))
        return x * 0.0 + tf.cast(leak, tf.float32) / 255.0

    return saved_model(folder, predict)


def reads_descriptors(folder: Path, marker: Path) -> Path:
    """Read a file that describes messages."""
    import tensorflow as tf

    def predict(x: Any) -> Any:
        found = tf.raw_ops.DecodeProtoV2(
            bytes=tf.constant([""]),
            message_type="M",
            field_names=["f"],
            output_types=[tf.int64],
            descriptor_source=str(marker),
        )
        return x + tf.cast(found.sizes[0, 0], tf.float32)

    return saved_model(folder, predict)


def writes_descriptors(folder: Path, marker: Path) -> Path:
    """Read a file that describes messages, to write one."""
    import tensorflow as tf

    def predict(x: Any) -> Any:
        text = tf.raw_ops.EncodeProto(
            sizes=tf.ones((1, 1), tf.int32),
            values=[tf.ones((1, 1), tf.int64)],
            message_type="M",
            field_names=["f"],
            descriptor_source=str(marker),
        )
        return x + tf.cast(tf.strings.length(text[0]), tf.float32)

    return saved_model(folder, predict)


def fills_a_table(folder: Path, marker: Path) -> Path:
    """Read the words of any file into a table."""
    import tensorflow as tf

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 6, 8, 3), tf.float32)])
        def __call__(self, x: Any) -> Any:
            table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
            filled = tf.raw_ops.InitializeTableFromTextFileV2(
                table_handle=table, filename=str(marker), key_index=-2, value_index=-1
            )
            with tf.control_dependencies([filled]):
                size = tf.raw_ops.LookupTableSizeV2(table_handle=table)
            return x + tf.cast(size, tf.float32)

    net = Net()
    tf.saved_model.save(net, str(folder), signatures=net.__call__)
    return folder


def calls_by_the_name_of_an_operation(folder: Path, _: Path) -> Path:
    """Hide what a function does behind the name of a harmless operation."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    path = saved_model(folder)
    saved = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    library = saved.meta_graphs[0].graph_def.library
    library.function.add().CopyFrom(library.function[0])
    library.function[-1].signature.name = "Identity"
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())
    return path


def has_an_unknown_operation(folder: Path, _: Path) -> Path:
    """Use an operation that a library of the author would bring."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    path = saved_model(folder)
    saved = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    function = saved.meta_graphs[0].graph_def.library.function[0]
    function.node_def.add(name="own", op="Lab>Own")
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())
    return path


HOSTILE: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "graph in a string": (graph_in_a_string, "DatasetFromGraph in"),
    "constant data set": (constant_data_set, "Const with a stored object in"),
    "saver writes elsewhere": (saver_writes_elsewhere, "SaveV2"),
    "saver reads elsewhere": (saver_reads_elsewhere, "RestoreV2"),
    "saver overwrites the weights": (saver_overwrites_the_weights, "SaveV2"),
    "ends the process": (ends_the_process, "Abort in"),
    "crashes the process": (crashes_the_process, "Abort in"),
    "maps a file": (maps_a_file, "ImmutableConst in"),
    "reads descriptors": (reads_descriptors, "DecodeProtoV2 in"),
    "writes descriptors": (writes_descriptors, "EncodeProto in"),
    "fills a table": (fills_a_table, "InitializeTableFromTextFileV2 in"),
    "name of an operation": (
        calls_by_the_name_of_an_operation,
        "a function with the name of the operation Identity",
    ),
    "unknown operation": (has_an_unknown_operation, "the unknown operation Lab>Own in"),
}
"""Each attack, and what the error names."""
