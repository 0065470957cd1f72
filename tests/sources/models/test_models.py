"""Models as sources: what they hand out is what they predict, in any window and order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sources.models.tiny_models import (
    CLASSES,
    SIZE,
    images,
    keras_model,
    logits,
    masks,
    saved_model,
    softmax,
)

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import Pair
from iou_doctor.errors import SourceError, UsageError
from iou_doctor.interpret.peek import peek_at
from iou_doctor.sources.models import batch_predictor
from iou_doctor.sources.opening import open_pair, open_source

tf = pytest.importorskip("tensorflow")
# Keras' own, with NumPy 2, when it saves
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

IMAGES = images()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    np.save(folder / "images.npy", IMAGES)
    np.save(folder / "masks.npy", masks())
    return folder


@pytest.fixture(scope="module")
def model(place: Path) -> Path:
    return saved_model(place / "model")


def opened(place: Path, model: Path, images: str = "images.npy", **options: Any) -> Pair:
    said = ModelOptions(images=str(place / images), **options)
    return open_pair(y_true=str(place / "masks.npy"), y_pred=str(model), model=said)


def refused(place: Path, model: Path, **options: Any) -> str:
    with pytest.raises(SourceError) as error:
        opened(place, model, **options)
    return str(error.value).replace(str(place), "")


def everything(pair: Pair) -> Any:
    return pair.y_pred.read((slice(None),))


def test_a_signature_gives_what_it_computes(place, model):
    source = opened(place, model).y_pred
    assert (source.shape, source.dtype, source.format) == ((5, *SIZE, CLASSES), np.float32, "model")
    assert np.allclose(source.read((slice(None),)), softmax(logits(IMAGES)), atol=1e-6)


@pytest.mark.parametrize("batch_size", [None, 1, 2, 3, 9])
def test_windows_in_any_order_and_batches_of_any_size_give_the_same(place, model, batch_size):
    source = opened(place, model, batch_size=batch_size).y_pred
    whole = softmax(logits(IMAGES))
    for start, stop in [(0, 2), (2, 3), (4, 5), (1, 4), (0, 5), (3, 3), (2, 5), (0, 1)]:
        part = source.read((slice(start, stop), slice(1, 4), slice(2, 7), slice(1, 3)))
        assert part.shape == (stop - start, 3, 5, 2)
        assert np.allclose(part, whole[start:stop, 1:4, 2:7, 1:3], atol=1e-6)


def counted(source: Any) -> list[int]:
    """Return a list that grows by the size of each batch that the model runs on."""
    sizes: list[int] = []
    run = source._predictor.runner.run

    def noted(batch: Any) -> Any:
        sizes.append(len(batch))
        return run(batch)

    object.__setattr__(source._predictor.runner, "run", noted)
    return sizes


def test_rows_within_a_batch_do_not_run_the_model_again(place, model):
    source = opened(place, model, batch_size=2).y_pred
    sizes = counted(source)
    for image in range(5):
        for row in range(SIZE[0]):
            source.read((slice(image, image + 1), slice(row, row + 1)))
    assert sizes == [2, 2, 1]


def test_a_read_here_and_there_runs_only_what_was_asked_for(place, model):
    source = opened(place, model, batch_size=4).y_pred
    sizes = counted(source)
    for image in (3, 1, 2, 0):
        source.read((slice(image, image + 1),))
    assert sizes == [1, 1, 3, 4]


def test_the_first_peek_predicts_some_images_not_all(place):
    def labels(x: Any) -> Any:
        return tf.argmax(tf.linalg.matmul(x, tf.eye(3)), axis=-1)

    np.save(place / "many.npy", images(40))
    source = opened(place, saved_model(place / "ids", labels), "many.npy", batch_size=1).y_pred
    sizes = counted(source)
    assert peek_at(source).counts_samples
    assert sum(sizes) < 10


def test_batches_are_as_large_as_the_memory_for_them(place, model, monkeypatch):
    monkeypatch.setattr("iou_doctor.sources.models.source.BATCH_VALUES", 2 * 6 * 8 * CLASSES)
    source = opened(place, model).y_pred
    sizes = counted(source)
    source.read((slice(None),))
    assert sizes == [2, 2, 1]


def test_a_model_of_encoded_images_is_refused(place):
    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
        def __call__(self, x: Any) -> Any:
            return tf.map_fn(tf.io.decode_png, x, fn_output_signature=tf.uint8)

    net = Net()
    tf.saved_model.save(net, str(place / "encoded"), signatures=net.__call__)
    assert "its input is not an array of numbers" in refused(place, place / "encoded")


def test_a_fixed_batch_is_filled_up(place):
    model = saved_model(place / "fixed", batch=2)
    assert np.allclose(everything(opened(place, model)), softmax(logits(IMAGES)), atol=1e-6)


def test_a_fixed_batch_that_fills_the_memory_is_refused(place):
    model = saved_model(place / "huge", batch=1 << 30)
    assert "its fixed batch of 1,073,741,824 images takes" in refused(place, model)


@pytest.mark.parametrize(("batch", "is_refused"), [(40, False), (41, True)])
def test_a_fixed_batch_of_far_more_images_than_there_are_is_bounded(
    place, monkeypatch, batch, is_refused
):
    monkeypatch.setattr(batch_predictor, "MOST_FILLED_BYTES", 40 * IMAGES[0].size * 4)
    model = saved_model(place / f"of{batch}", batch=batch)
    if is_refused:
        assert "its fixed batch of 41 images takes 23,616 bytes" in refused(place, model)
    else:
        assert np.allclose(everything(opened(place, model)), softmax(logits(IMAGES)), atol=1e-6)


def test_a_model_without_signatures_is_called(place):
    model = saved_model(place / "called", signature=False)
    assert np.allclose(everything(opened(place, model)), softmax(logits(IMAGES)), atol=1e-6)
    assert "has no signatures; drop `--signature x`" in refused(place, model, signature="x")


def test_a_model_that_cannot_be_called_says_how_to_save_it(place):
    tf.saved_model.save(tf.Module(), str(place / "nothing"))
    assert "no signatures and cannot be called" in refused(place, place / "nothing")


@pytest.fixture(scope="module")
def two(place: Path) -> Path:
    def both(x: Any) -> Any:
        scores = tf.linalg.matmul(x / 255.0, tf.ones((3, CLASSES)))
        return {"scores": scores, "half": scores[:, ::2, ::2]}

    return saved_model(place / "two", both)


def test_several_outputs_need_a_name_and_are_listed(place, two):
    assert refused(place, two) == (
        "cannot read `/two`: it has the outputs `half`, `scores`; name one with --output-name"
    )
    assert "no output `probs`; it has `half`, `scores`" in refused(place, two, output_name="probs")
    assert opened(place, two, output_name="half").y_pred.shape == (5, 3, 4, CLASSES)


def test_a_wrong_signature_lists_those_there_are(place, model):
    assert "no signature `serve`; it has `serving_default`" in refused(
        place, model, signature="serve"
    )


def test_images_of_another_size_are_resized_only_if_asked(place, model):
    large = np.repeat(np.repeat(IMAGES, 2, axis=1), 2, axis=2)
    np.save(place / "large.npy", large)
    assert refused(place, model, images="large.npy") == (
        "cannot read `/model`: its input is (any, 6, 8, 3), and `/large.npy` has shape"
        " (5, 12, 16, 3); --resize resizes them, and its output back"
    )
    made = everything(opened(place, model, images="large.npy", resize=True))
    small = tf.image.resize(large, SIZE).numpy()
    assert np.allclose(made, tf.image.resize(softmax(logits(small)), (12, 16)).numpy(), atol=1e-5)


def test_labels_are_resized_back_without_new_ids(place):
    def labels(x: Any) -> Any:
        return tf.argmax(tf.linalg.matmul(x, tf.eye(3)), axis=-1) * 7

    model = saved_model(place / "labels", labels)
    np.save(place / "odd.npy", images(size=(9, 11)))
    made = opened(place, model, images="odd.npy", resize=True).y_pred
    assert (made.shape, made.dtype) == ((5, 9, 11), np.int64)
    assert set(np.unique(made.read((slice(None),)))) <= {0, 7, 14}


def test_images_with_other_channels_are_refused(place, model):
    np.save(place / "grey.npy", IMAGES[..., 0])
    message = refused(place, model, images="grey.npy")
    assert "its input is (any, 6, 8, 3), and `/grey.npy` has shape (5, 6, 8)" in message


def test_grey_images_get_the_channel_axis_that_a_model_takes(place):
    model = saved_model(place / "one", lambda x: tf.concat([x, -x], axis=-1), channels=1)
    np.save(place / "grey.npy", IMAGES[..., 0])
    made = everything(opened(place, model, images="grey.npy"))
    assert (made[..., 0] == IMAGES[..., 0]).all()


def test_images_are_scaled_and_shifted(place):
    model = saved_model(place / "same", lambda x: x)
    made = everything(opened(place, model, input_scale=1 / 127.5, input_offset=-1.0))
    assert np.allclose(made, IMAGES / 127.5 - 1, atol=1e-6)


def test_how_images_are_passed_is_listed_unless_the_user_said_it(place, model):
    (note,) = opened(place, model).assumed
    assert (note.field, note.value) == ("model.input", "uint8 as stored")
    assert opened(place, model, input_scale=1 / 255).assumed == ()


def test_channels_are_moved_first_if_the_model_takes_them_first(place):
    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 3, *SIZE), tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x * 2

    tf.saved_model.save(Net(), str(place / "first"))
    pair = opened(place, place / "first")
    assert (everything(pair) == 2.0 * np.moveaxis(IMAGES, -1, 1)).all()
    assert "model.input_channels" in [note.field for note in pair.assumed]


def test_images_of_different_sizes_go_to_a_model_with_channels_first(place):
    from PIL import Image

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 3, None, None), tf.float32)])
        def __call__(self, x: Any) -> Any:
            return x * 2

    tf.saved_model.save(Net(), str(place / "any_first"))
    (place / "sizes").mkdir()
    for number in range(2):
        picture = images(1, number, (6, 8 + number))[0]
        Image.fromarray(picture).save(place / "sizes" / f"{number}.png")
    source = opened(place, place / "any_first", images="sizes").y_pred
    assert source.shape == (2, 3, 6, None)
    assert [source.get_sample_shape(number) for number in range(2)] == [(3, 6, 8), (3, 6, 9)]
    assert source.read((slice(1, 2),)).shape == (1, 3, 6, 9)


def test_a_model_that_fails_says_on_what(place):
    def fails(x: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_less(x, 0.0, "too bright")]):
            return x * 1.0

    message = refused(place, saved_model(place / "fails", fails))
    assert "the SavedModel fails on images of shape (1, 6, 8, 3) and dtype float32" in message
    assert "give images like those of training" in message


def test_an_output_that_does_not_count_images_is_refused(place):
    message = refused(place, saved_model(place / "sum", tf.reduce_sum))
    assert "its first axis should count images" in message


def test_bfloat16_scores_become_float32(place):
    model = saved_model(place / "brain", lambda x: tf.cast(x, tf.bfloat16))
    assert opened(place, model).y_pred.dtype == np.float32


def test_folders_of_images_pair_with_folders_of_masks_by_name(place):
    from PIL import Image

    for name in ("pictures", "labels_of"):
        (place / name).mkdir()
    for number in (2, 0, 1):
        size = (6 + 2 * number, 8)
        Image.fromarray(images(1, number, size)[0]).save(place / "pictures" / f"{number}.png")
        mask = Image.fromarray(np.full(size, number, np.uint8))
        mask.save(place / "labels_of" / f"{number}_mask.png")
    model = saved_model(place / "any", size=(None, None))
    said = ModelOptions(images=str(place / "pictures"))
    pair = open_pair(y_true=str(place / "labels_of"), y_pred=str(model), model=said)
    assert pair.y_pred.shape == (3, None, 8, CLASSES)
    assert pair.y_pred.names == ("0", "1", "2")
    assert pair.dropped_parts == ("_mask",)
    for number in (0, 2, 1):
        made = pair.y_pred.read((slice(number, number + 1),))
        expected = softmax(logits(images(1, number, (6 + 2 * number, 8))))
        assert pair.y_pred.get_sample_shape(number) == made.shape[1:]
        assert np.allclose(made, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index"])
def test_a_damaged_saved_model_is_refused(place, tmp_path, model, name):
    import shutil

    shutil.copytree(model, tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(b"\x00\xff no")
    assert "it is not a SavedModel, or it is damaged" in refused(place, tmp_path / "model")


@pytest.mark.parametrize("kind", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore")  # Keras advises against .h5
def test_keras_files_give_what_the_model_predicts(place, kind):
    path = place / f"net{kind}"
    keras_model().save(path)
    pair = opened(place, path, batch_size=2)
    assert np.allclose(everything(pair), softmax(logits(IMAGES)), atol=1e-6)
    assert pair.model is not None
    activation = pair.model.collect_facts().activation
    assert activation is not None
    assert (activation.name, activation.place) == ("softmax", "Conv2D layer `head`")


def test_a_keras_model_with_several_outputs_lists_them(place):
    import keras

    net = keras_model()
    both = keras.Model(net.inputs, [net.outputs[0], keras.layers.ReLU(name="aux")(net.outputs[0])])
    both.save(place / "both.keras")
    assert "it has the outputs `head`, `aux`; name one" in refused(place, place / "both.keras")
    pair = opened(place, place / "both.keras", output_name="aux")
    assert np.allclose(everything(pair), softmax(logits(IMAGES)), atol=1e-6)
    assert "a Keras model has no signatures" in refused(
        place, place / "both.keras", signature="serving_default"
    )


def test_a_keras_file_of_another_version_says_which_wrote_it(place):
    import json
    import zipfile

    keras_model().save(place / "now.keras")
    with (
        zipfile.ZipFile(place / "now.keras") as old,
        zipfile.ZipFile(place / "later.keras", "w") as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "metadata.json":
                data = json.dumps({"keras_version": "99.1.0"}).encode()
            if name == "config.json":
                data = data.replace(b'"scale"', b'"new_scale"')
            new.writestr(name, data)
    message = refused(place, place / "later.keras")
    assert "Keras 99.1.0 wrote it, and Keras 3" in message
    assert "give the folder that `model.export` writes" in message


def test_a_keras_file_that_is_none_is_refused(place, tmp_path):
    (tmp_path / "broken.keras").write_bytes(b"PK\x03\x04 no zip")
    assert "it is not a Keras model, or it is damaged" in refused(place, tmp_path / "broken.keras")


def test_an_h5_file_of_data_is_no_model(place, tmp_path):
    import h5py

    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["probs"] = np.zeros((5, *SIZE, CLASSES))
    with pytest.raises(UsageError, match=r"data.h5` is not a model; .* Without --images"):
        opened(place, tmp_path / "data.h5")


def test_predictions_beside_images_are_no_model(place):
    with pytest.raises(UsageError, match=r"masks.npy` is not a model"):
        opened(place, place / "masks.npy")


def test_a_missing_model_is_refused(place):
    assert "there is no such file" in refused(place, place / "model2.keras")


def test_a_model_without_images_says_what_it_needs(place, model):
    for spec in (model, place / "net.keras"):
        if spec == model:
            with pytest.raises(SourceError, match="check MODEL MASKS --images IMAGES"):
                open_source(str(spec))


def test_the_activation_is_read_from_the_graph(place, two):
    def ended(path: Path, **options: Any) -> tuple[str, str] | None:
        pair = opened(place, path, **options)
        assert pair.model is not None
        found = pair.model.collect_facts().activation
        return found and (found.name, found.place.split(" `")[0])

    assert ended(place / "model") == ("softmax", "Softmax")
    assert ended(two, output_name="half") in [("linear", "MatMul"), ("linear", "BatchMatMulV2")]
    sigmoid = saved_model(place / "sigmoid", lambda x: tf.image.resize(tf.sigmoid(x), (12, 16)))
    assert ended(sigmoid) == ("sigmoid", "Sigmoid")
    exp = saved_model(place / "exp", lambda x: tf.exp(x / 255.0))
    assert ended(exp) is None


def test_a_cast_at_the_end_is_no_activation(place):
    import keras

    net = keras_model()
    for name, last in [("cast", "linear"), ("sharp", "relu")]:
        outputs = keras.layers.Activation(last, dtype="float32")(net.outputs[0])
        keras.Model(net.inputs, keras.layers.UpSampling2D()(outputs)).save(place / f"{name}.keras")
    facts = [opened(place, place / f"{name}.keras").model for name in ("cast", "sharp")]
    ends = [model and model.collect_facts().activation for model in facts]
    assert [end and end.place for end in ends] == ["Conv2D layer `head`", None]


def test_constant_outputs_are_noticed_only_if_images_differ(place, model):
    def constant(path: Path, **options: Any) -> bool:
        pair = opened(place, path, **options)
        everything(pair)
        assert pair.model is not None
        return pair.model.collect_facts().constant

    dead = saved_model(place / "dead", lambda x: 0.0 * x + tf.constant([0.1, 0.7, 0.2]))
    np.save(place / "alike.npy", np.repeat(IMAGES[:1], 5, axis=0))
    assert constant(dead)
    assert not constant(dead, images="alike.npy")
    assert not constant(model)


def test_a_tflite_model_gives_what_it_computes(place):
    pytest.importorskip("ai_edge_litert", reason="needs the extra `tflite`")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras_model())
    (place / "net.tflite").write_bytes(converter.convert())
    made = everything(opened(place, place / "net.tflite", batch_size=2))
    assert np.allclose(made, softmax(logits(IMAGES)), atol=1e-5)
    (place / "none.tflite").write_bytes(b"no model at all")
    assert "it is not a TFLite model" in refused(place, place / "none.tflite")


def test_an_onnx_model_gives_what_it_computes(place):
    pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
    (place / "none.onnx").write_bytes(b"no model at all")
    assert "it is not an ONNX model" in refused(place, place / "none.onnx")
    onnx = pytest.importorskip("onnx", reason="writes the model")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    ends = [
        helper.make_tensor_value_info(name, floats, ["n", 3, *SIZE]) for name in ("image", "scores")
    ]
    graph = helper.make_graph([helper.make_node("Neg", ["image"], ["scores"])], "g", *zip(ends))
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), place / "net.onnx")
    made = everything(opened(place, place / "net.onnx"))
    assert (made == -np.moveaxis(IMAGES, -1, 1).astype(np.float32)).all()


@pytest.mark.parametrize(
    ("module", "name"), [("onnxruntime", "x.onnx"), ("ai_edge_litert", "x.tflite")]
)
def test_a_missing_extra_is_named(place, monkeypatch, module, name):
    import sys

    (place / name).write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, f"{module}.interpreter", None)
    assert f"`pip install 'iou-doctor[{name[2:]}]'` installs it" in refused(place, place / name)


def full_above(source: Any, most: int) -> list[int]:
    """Let the model's memory be full with more images than `most`; see `counted`."""
    sizes: list[int] = []
    run = source._predictor.runner.run

    def noted(batch: Any) -> Any:
        sizes.append(len(batch))
        if len(batch) > most:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return run(batch)

    object.__setattr__(source._predictor.runner, "run", noted)
    return sizes


def test_full_memory_halves_the_batch_size_and_the_report_tells(place, model):
    from iou_doctor.arrays.interpretation import Options
    from iou_doctor.diagnosis.pipeline import check_pair
    from iou_doctor.diagnosis.request import CheckRequest

    pair = opened(place, model, batch_size=5)
    sizes = full_above(pair.y_pred, 2)
    assert np.allclose(everything(pair), softmax(logits(IMAGES)), atol=1e-6)
    assert sizes == [5, 2, 2, 1]
    guesses = check_pair(pair, CheckRequest(options=Options(num_classes=3))).reading.assumed
    assert [g.value for g in guesses if g.field == "model.batch_size"] == ["2"]


def test_too_little_memory_for_one_image_is_an_error(place, model):
    pair = opened(place, model, batch_size=5)
    full_above(pair.y_pred, 0)
    with pytest.raises(SourceError, match="memory is too small for what it computes for one"):
        everything(pair)
