"""SavedModels: what could have effects outside the model is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run import ROOT
from sources.models.hostile_saved_models import HOSTILE
from sources.models.tiny_models import images, saved_model

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.errors import SourceError
from iou_doctor.sources.models.saved_model.graph import read_graph
from iou_doctor.sources.models.saved_model.operations import load_operations
from iou_doctor.sources.models.saved_model.safety import list_unsafe_operations
from iou_doctor.sources.opening import open_pair

tf = pytest.importorskip("tensorflow")


def opened(folder: Path, model: Path) -> Any:
    np.save(folder / "images.npy", images())
    np.save(folder / "masks.npy", images()[..., 0] % 3)
    said = ModelOptions(images=str(folder / "images.npy"))
    return open_pair(y_true=str(folder / "masks.npy"), y_pred=str(model), model=said)


def unsafe_parts(model: Path) -> tuple[str, ...]:
    return list_unsafe_operations(read_graph((model / "saved_model.pb").read_bytes()), model)


@pytest.mark.parametrize("attack", HOSTILE)
def test_an_attack_is_refused_and_named_and_leaves_no_trace(tmp_path, attack):
    build, named = HOSTILE[attack]
    marker = tmp_path / "marker"
    model = build(tmp_path / "model", marker)
    weights = {file: file.read_bytes() for file in model.rglob("*") if file.is_file()}
    with pytest.raises(SourceError, match="IOU804 unsafe-model-file: it was not") as error:
        opened(tmp_path, model)
    assert named in str(error.value)
    assert list(tmp_path.glob("marker*")) == []
    assert {file: file.read_bytes() for file in model.rglob("*") if file.is_file()} == weights


def test_every_operation_of_tensorflow_is_judged():
    """An operation of a newer TensorFlow is refused until somebody adds it to operations.json."""
    from tensorflow.core.framework.op_def_pb2 import OpList
    from tensorflow.python.client import pywrap_tf_session as session

    listed = OpList.FromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
    judged = load_operations()
    known = {*judged.allowed, *judged.refused, *judged.checked}
    own = {op.name for op in listed.op if not op.name.startswith(("Addons>", "IO>"))}
    assert sorted(own - known) == []


def test_no_operation_is_judged_twice_or_without_a_reason():
    judged = load_operations()
    groups = (judged.allowed, judged.refused, judged.checked)
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert all(reason for group in groups for reason in group.values())


def test_every_refused_operation_is_found_in_the_graph_and_in_functions(tmp_path):
    saved = read_graph((saved_model(tmp_path / "model") / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    function = graph.library.function[0]
    within, outside = function.node_def.add(name="new"), graph.node.add(name="new")
    for name in load_operations().refused:
        within.op, outside.op = name, "NoOp"
        place = f"`{function.signature.name}`"
        assert list_unsafe_operations(saved, tmp_path) == (f"{name} in {place}",)
        within.op, outside.op = "NoOp", name
        assert list_unsafe_operations(saved, tmp_path) == (name,)


def test_the_documentation_says_how_many_operations_are_allowed():
    page = (ROOT / "docs/model_safety.md").read_text(encoding="utf-8")
    assert f"| {len(load_operations().allowed):,} operations" in page


class WithVocabulary:
    """Builds a model that looks words up in a file, which becomes an asset of the model."""

    def __init__(self, vocabulary: Path) -> None:
        vocabulary.write_text("a\nb\n")
        self.vocabulary = str(vocabulary)

    def make_table(self) -> Any:
        whole_line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        source = tf.lookup.TextFileInitializer(
            self.vocabulary, tf.string, whole_line, tf.int64, number
        )
        return tf.lookup.StaticHashTable(source, -1)

    def save(self, folder: Path) -> Path:
        table = self.make_table()

        class Net(tf.Module):
            def __init__(self) -> None:
                super().__init__()
                self.table = table

            @tf.function(input_signature=[tf.TensorSpec((None, 6, 8, 3), tf.float32)])
            def __call__(self, x: Any) -> Any:
                return x + tf.cast(self.table.lookup(tf.constant("b")), tf.float32)

        tf.saved_model.save(Net(), str(folder))
        return folder

    def save_as_before(self, folder: Path) -> Path:
        v1 = tf.compat.v1
        with v1.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, (None, 6, 8, 3))
            y = x + tf.cast(self.make_table().lookup(tf.constant("b")), tf.float32)
            start = v1.tables_initializer()
            session.run(start)
            v1.saved_model.simple_save(
                session, str(folder), {"x": x}, {"y": y}, legacy_init_op=start
            )
        return folder


@pytest.mark.parametrize("method", ["save", "save_as_before"])
def test_a_table_that_is_filled_from_an_asset_is_safe(tmp_path, method):
    model = getattr(WithVocabulary(tmp_path / "words.txt"), method)(tmp_path / "model")
    assert unsafe_parts(model) == ()
    pair = opened(tmp_path, model)
    assert (pair.y_pred.read((slice(None),)) == images() + 1.0).all()


@pytest.mark.parametrize("method", ["save", "save_as_before"])
@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "link"])
def test_an_asset_outside_the_folder_is_refused(tmp_path, method, name):
    model = getattr(WithVocabulary(tmp_path / "words.txt"), method)(tmp_path / "model")
    (tmp_path / "secret.txt").write_text("secret")
    (model / "assets/link").symlink_to(tmp_path / "secret.txt")
    path = model / "saved_model.pb"
    written = len(b"words.txt").to_bytes(1, "big") + b"words.txt"
    saved = read_graph(path.read_bytes())
    meta = saved.meta_graphs[0]
    if meta.asset_file_def:
        meta.asset_file_def[0].filename = name
    else:
        (entry,) = meta.collection_def["saved_model_assets"].any_list.value
        new = len(name).to_bytes(1, "big") + name.encode()
        entry.value = entry.value.replace(written, new)
    path.write_bytes(saved.SerializeToString())
    assert unsafe_parts(model) == (f"the asset `{name}`, which is outside its folder",)


def test_a_path_of_the_author_in_place_of_an_asset_is_refused(tmp_path):
    model = WithVocabulary(tmp_path / "words.txt").save(tmp_path / "model")
    saved = read_graph((model / "saved_model.pb").read_bytes())
    assert list_unsafe_operations(saved, model) == ()
    functions = saved.meta_graphs[0].graph_def.library.function
    (reader,) = (
        node
        for function in functions
        for node in function.node_def
        if node.op == "InitializeTableFromTextFileV2"
    )
    holder = next(function for function in functions if reader in function.node_def)
    constant = holder.node_def.add(name="path", op="Const")
    constant.attr["dtype"].type = tf.string.as_datatype_enum
    constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto("/etc/hostname"))
    reader.input[1] = "path:output:0"
    (part,) = list_unsafe_operations(saved, model)
    assert part.startswith("InitializeTableFromTextFileV2 in `__inference__init")


def test_a_saver_whose_path_ends_elsewhere_is_refused(tmp_path):
    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec((None, 6, 8, 3), tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x * self.weight

    tf.saved_model.save(Net(), str(tmp_path / "model"))
    saved = read_graph((tmp_path / "model/saved_model.pb").read_bytes())
    assert list_unsafe_operations(saved, tmp_path) == ()
    endings = [
        node
        for function in saved.meta_graphs[0].graph_def.library.function
        for node in function.node_def
        if node.attr["value"].tensor.string_val[:] == [b"_temp/part"]
    ]
    assert len(endings) == 1
    endings[0].attr["value"].tensor.string_val[0] = b"/../../elsewhere"
    parts = {part.split()[0] for part in list_unsafe_operations(saved, tmp_path)}
    assert parts == {"SaveV2", "MergeV2Checkpoints"}


def test_two_nodes_of_one_name_are_refused(tmp_path):
    model = saved_model(tmp_path / "model")
    saved = read_graph((model / "saved_model.pb").read_bytes())
    function = saved.meta_graphs[0].graph_def.library.function[0]
    function.node_def.add().CopyFrom(function.node_def[0])
    (model / "saved_model.pb").write_bytes(saved.SerializeToString())
    with pytest.raises(SourceError, match="several nodes of its graph have the same name"):
        opened(tmp_path, model)
