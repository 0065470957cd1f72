"""Keras files of an attacker are refused before Keras reads them."""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run import ROOT
from sources.models.tiny_models import images, keras_model

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.errors import SourceError
from iou_doctor.sources.models.keras_config import (
    LAMBDA_CLASSES,
    LARGEST_WIDTH,
    LOADING_CLASSES,
    list_unsafe_layers,
)
from iou_doctor.sources.opening import open_pair

keras = pytest.importorskip("keras")
# Keras' own, with NumPy 2, when it saves
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """The members of a healthy file."""
    path = tmp_path_factory.mktemp("keras") / "net.keras"
    keras_model().save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: Members) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def opened(folder: Path, model: Path) -> Any:
    np.save(folder / "images.npy", images())
    np.save(folder / "masks.npy", images()[..., 0] % 3)
    said = ModelOptions(images=str(folder / "images.npy"))
    return open_pair(y_true=str(folder / "masks.npy"), y_pred=str(model), model=said)


@pytest.fixture
def refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], str]:
    """Return the error for a model, which Keras must not get."""

    def loaded(*_: Any, **__: Any) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(keras.saving, "load_model", loaded)

    def error_of(model: Path) -> str:
        with pytest.raises(SourceError) as error:
            opened(tmp_path, model)
        return str(error.value)

    return error_of


def function(name: str, module: str = "builtins") -> dict[str, Any]:
    return {
        "class_name": "function",
        "config": name,
        "module": module,
        "registered_name": "function",
    }


def words(vocabulary: object) -> dict[str, Any]:
    config = {"name": "words", "vocabulary": vocabulary}
    return {"class_name": "StringLookup", "module": "keras.layers", "config": config}


def dense(**settings: object) -> dict[str, Any]:
    config = {"name": "wide", **settings}
    return {"class_name": "Dense", "module": "keras.layers", "config": config}


LAMBDA = {"class_name": "Lambda", "module": "keras.layers", "config": {"name": "twist"}}
ENTRIES: list[tuple[object, str]] = [
    (dense(activation=function("eval")), "the function `eval`"),
    (dense(activation=function("system", "os")), "function of the module `os`"),
    (dense(activation=function("load_model", "keras.models")), "the function `load_model`"),
    (dense(activation=["eval"]), "the activation `['eval']` of the layer `wide`"),
    (dense(activation="eval"), "the activation `eval` of the layer `wide`"),
    ({"class_name": ["os", "system"], "config": {}}, "a class whose name or module is no text"),
    (
        {"class_name": "Dense", "module": ["os"], "config": {}},
        "a class whose name or module is no text",
    ),
    ({"class_name": "load_model", "module": "keras.models", "config": {}}, "load_model, which"),
    ({"class_name": "get_file", "module": "keras.utils", "config": {}}, "module `keras.utils`"),
    ({"class_name": "Popen", "module": "subprocess", "config": {}}, "module `subprocess`"),
    ({"class_name": "Mine", "module": None, "registered_name": "Mine"}, "Mine, which iou-doctor"),
    (words({"class_name": "__bytes__", "config": {"value": "/etc/passwd"}}), "no list of words"),
    (words("/etc/passwd"), "reads the file `/etc/passwd`"),
    (dense(units=10**9), "units = 1000000000 of the layer `wide`"),
    (LAMBDA, "Lambda layer `twist` with Python code"),
    ({"class_name": "TimeDistributed", "config": {"layer": LAMBDA}}, "Lambda layer `twist`"),
    (
        {"class_name": "Dense", "registered_name": "keras>Lambda", "config": {}},
        "registered name `keras>Lambda`",
    ),
    ({"class_name": "keras>Lambda", "config": {}}, "keras>Lambda, which iou-doctor does not"),
    ({"class_name": "__lambda__", "config": {"value": "x"}}, "__lambda__ with Python code"),
    ({"class_name": "__typespec__", "module": "os", "config": []}, "module `os`"),
    (
        {"class_name": "XTokenizer", "module": "keras_hub.src.models.x", "config": {}},
        "which may read files",
    ),
    (
        {"class_name": "Get", "module": "keras_hub.src.utils.preset_utils", "config": {}},
        "module `keras_hub.src.utils.preset_utils`",
    ),
]


@pytest.mark.parametrize(("entry", "named"), ENTRIES, ids=[named for _, named in ENTRIES])
@pytest.mark.parametrize("kind", [".keras", ".h5"])
def test_a_part_that_keras_should_not_get_is_named(tmp_path, members, refuse, entry, named, kind):
    path = tmp_path / f"net{kind}"
    config = json.loads(members["config.json"])
    config["config"]["layers"].append(entry)
    if kind == ".keras":
        write(path, {**members, "config.json": json.dumps(config).encode()})
    else:
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps(config)
            file.create_group("model_weights")
    message = refuse(path)
    assert "IOU804 unsafe-model-file: it was not loaded" in message
    assert named in message


NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1)
KEYS = ["class_name", "module", "registered_name", "config", "name", "activation", "vocabulary"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*KEYS, "units"]), inner),
)


@given(NAMES, st.sampled_from(["keras.layers", "keras.src.models.x", "builtins", None]))
def test_a_name_that_is_on_no_list_is_never_accepted(name, module):
    entry = {"class_name": f"Own{name}", "module": module, "config": {}}
    assert list_unsafe_layers({"config": [entry]})
    assert list_unsafe_layers({"layers": [function(f"own{name}", module or "builtins")]})


@given(VALUES)
def test_no_configuration_is_too_strange_to_be_read(config):
    assert isinstance(list_unsafe_layers(config), tuple)


def test_the_documentation_says_how_wide_a_layer_may_be():
    page = (ROOT / "docs/model_safety.md").read_text(encoding="utf-8")
    assert f"{LARGEST_WIDTH:,} channels" in page


def test_how_a_model_was_compiled_does_not_matter(members):
    config = json.loads(members["config.json"])
    config["compile_config"] = {"loss": function("my_loss")}
    assert list_unsafe_layers(config) == ()


def external(file: h5py.File, secret: Path) -> None:
    file.create_dataset("w", (4,), "uint8", external=[(str(secret), 0, 4)])


def link(file: h5py.File, secret: Path) -> None:
    file["w"] = h5py.ExternalLink(str(secret), "/w")


def soft_link(file: h5py.File, _: Path) -> None:
    file["w"] = h5py.SoftLink("/nowhere")


def virtual(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), "uint8")
    layout[:] = h5py.VirtualSource(str(secret), "w", (4,))
    file.create_virtual_dataset("w", layout)


def huge(file: h5py.File, _: Path) -> None:
    file.create_dataset("w", (1 << 40,), "float32", chunks=(1024,))


def many(file: h5py.File, _: Path) -> None:
    for number in range(9):
        file.create_dataset(f"w{number}", (1 << 23,), "float32", chunks=(1024,))


def one_chunk(file: h5py.File, _: Path) -> None:
    file.create_dataset("w", (1,), "float32", chunks=(1 << 27,), maxshape=(None,))


@pytest.mark.parametrize("fault", [external, link, soft_link, virtual])
@pytest.mark.parametrize("kind", [".keras", ".h5"])
def test_weights_from_elsewhere_are_refused(tmp_path, members, refuse, fault, kind):
    path = write_weights(tmp_path, members, fault, kind)
    assert "it holds the weights `/model_weights/deep/w`, " in refuse(path)


@pytest.mark.parametrize("fault", [huge, many, one_chunk])
@pytest.mark.parametrize("kind", [".keras", ".h5"])
def test_weights_that_would_fill_the_memory_are_refused(tmp_path, members, refuse, fault, kind):
    path = write_weights(tmp_path, members, fault, kind)
    assert "it holds weights of " in refuse(path)


def write_weights(
    tmp_path: Path, members: Members, fault: Callable[[h5py.File, Path], None], kind: str
) -> Path:
    """Write a model with unsafe weights among the others."""
    (tmp_path / "secret").write_bytes(b"text")
    buffer = io.BytesIO(members["model.weights.h5"])
    path = tmp_path / f"net{kind}"
    with h5py.File(buffer if kind == ".keras" else path, "a") as file:
        fault(file.require_group("model_weights/deep"), tmp_path / "secret")
        file.attrs["model_config"] = members["config.json"].decode()
    if kind == ".keras":
        write(path, {**members, "model.weights.h5": buffer.getvalue()})
    return path


@pytest.mark.parametrize("kind", [".keras", ".h5"])
def test_compressed_weights_are_fine(tmp_path, kind):
    """As `h5repack -f SHUF -f GZIP=9` writes them: untrained ones become much smaller."""
    first = keras.layers.Input((6, 8, 3))
    hidden = keras.layers.Conv2D(4096, 3, padding="same", kernel_initializer="zeros")(first)
    net = keras.Model(first, keras.layers.Conv2D(3, 1, kernel_initializer="zeros")(hidden))
    path = tmp_path / f"net{kind}"
    net.save(path)
    before = path.stat().st_size
    if kind == ".h5":
        repack(path)
    else:
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        (tmp_path / "w.h5").write_bytes(contents["model.weights.h5"])
        repack(tmp_path / "w.h5")
        write(path, {**contents, "model.weights.h5": (tmp_path / "w.h5").read_bytes()})
    assert path.stat().st_size < before / 2
    assert opened(tmp_path, path).y_pred.shape == (5, 6, 8, 3)


def repack(path: Path) -> None:
    """Compress every data set of a file."""
    old = path.rename(path.with_suffix(".old"))
    with h5py.File(old) as source, h5py.File(path, "w") as target:
        target.attrs.update(source.attrs)

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                made = target.require_group(name)
            elif item.shape:
                made = target.create_dataset(
                    name, data=item[()], chunks=True, shuffle=True, compression="gzip"
                )
            else:
                made = target.create_dataset(name, data=item[()])
            made.attrs.update(item.attrs)

        source.visititems(copy)


@pytest.mark.parametrize(
    "name", ["../x", "/x", "assets/../../x", "assets\\..\\..\\x", "model.weights.npz", "x.py"]
)
def test_a_member_that_keras_does_not_write_is_refused(tmp_path, members, refuse, name):
    assert f"it holds the member `{name}`" in refuse(
        write(tmp_path / "net.keras", {**members, name: b"x"})
    )


def test_a_member_that_is_a_link_is_refused(tmp_path, members, refuse):
    path = write(tmp_path / "net.keras", members)
    info = zipfile.ZipInfo("assets/x")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "it holds the member `assets/x`" in refuse(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_configuration_is_refused(tmp_path, members, refuse):
    path = write(tmp_path / "net.keras", members)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("config.json", members["config.json"])
    assert "it holds several members `config.json`" in refuse(path)


@pytest.mark.parametrize("value", [np.float64(1.0), np.arange(3), "no JSON", "[" * 100_000])
def test_an_attribute_that_is_no_configuration_is_refused(tmp_path, refuse, value):
    with h5py.File(tmp_path / "net.h5", "w", track_order=True) as file:
        file.create_group("model_weights")
        file.attrs["model_config"] = value if not isinstance(value, str) else value[:60_000]
    assert "it is not a Keras model, or it is damaged" in refuse(tmp_path / "net.h5")


def list_modules(package: Any) -> list[Any]:
    names = [name for _, name, _ in pkgutil.iter_modules(package.__path__)]
    kept = [name for name in names if not name.endswith("_test")]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in kept]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
@pytest.mark.parametrize("place", ["/", "model_weights"])
def test_a_text_that_claims_gigabytes_is_refused_before_they_are_taken(
    tmp_path, refuse, place, monkeypatch
):
    import resource

    # threads that other tests have left would keep the memory unbounded
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.current_thread()])

    text = "a text of a length that is nowhere else in the file" * 3
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.create_group("model_weights")
        file.attrs["model_config"] = "{}"
        file[place].attrs["names"] = text
    content = bytearray((tmp_path / "net.h5").read_bytes())
    length = content.index(len(text).to_bytes(4, "little"), content.index(b"names\0"))
    content[length : length + 4] = b"\xf0\xff\xff\xff"
    (tmp_path / "net.h5").write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "it is not a Keras model, or it is damaged" in refuse(tmp_path / "net.h5")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_200_000  # KiB
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


def test_every_layer_of_keras_is_judged():
    """A layer of a newer Keras is refused until somebody adds it to keras_objects.json."""
    modules = [keras.layers, *list_modules(keras.src.applications)]
    layers = {
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, keras.layers.Layer)
    }
    known = LAMBDA_CLASSES | LOADING_CLASSES
    unknown = {
        name
        for name in layers - known
        if list_unsafe_layers({"class_name": name, "module": "keras.layers", "config": {}})
    }
    assert unknown == set()
