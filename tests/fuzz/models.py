"""Cases with hostile models: a sound one is changed, examined, loaded and run."""

from __future__ import annotations

import atexit
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from run import ROOT

from fuzz.judge import FORBIDDEN
from fuzz.model_seeds import SUFFIXES, copy_seed, list_seeds, save_all
from fuzz.mutations import WORDS, mutate_bytes
from fuzz.sandbox import Verdict, list_files
from fuzz.structures import mutate_json, mutate_message, mutate_object, walk_messages
from iou_doctor.errors import IouDoctorError

KINDS = tuple(SUFFIXES)
FORBIDDEN_EVENTS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect")
"""What Python reports of itself that no model may cause."""
UNSAFE = "IOU804"
_seeds: dict[str, list[Path]] = {}
_events: list[str] = []


def prepare(kinds: list[str]) -> None:
    """Save the seeds, and import the libraries, so that a child starts at once."""
    if not kinds:
        return
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    save_all(folder)
    _seeds.update({kind: list_seeds(folder, kind) for kind in kinds})
    import keras
    import onnx  # noqa: F401
    import tensorflow as tf  # noqa: F401

    import iou_doctor.api.check

    assert iou_doctor.api.check
    assert keras.layers.Dense


def run(kind: str, folder: Path, rng: random.Random) -> Verdict:
    """Change a model, and check it with its images."""
    model = copy_seed(rng.choice(_seeds[kind]), folder)
    change = rng.choice([_change_bytes, STRUCTURES[kind], STRUCTURES[kind]])
    try:
        change(model, rng)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        return Verdict(f"not made ({type(error).__name__})")
    before = list_files(folder)
    _watch()
    label, problems = _check(folder, model)
    problems += [f"Python reports {event}" for event in _events]
    if label == "scored" and (unsafe := list(_find_unsafe(kind, model))):
        problems.append(f"was loaded with {unsafe[0]}")
    after = list_files(folder)
    problems += [f"`{path.name}` was changed" for path in before if after.get(path) != before[path]]
    problems += [f"`{path.name}` was made" for path in after if path not in before]
    return Verdict(label, problems)


def confirm_end(folder: Path) -> list[str]:
    """Return what is wrong with the command on a model that has ended the fuzzer's child."""
    (model,) = folder.glob("net*")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "iou_doctor", "check", model.name, "masks.npy", "--no-config"),
            *("--images", "images.npy", "-n", "3", "--model-timeout", "10"),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1):
        return []
    return [f"exit code {done.returncode}, {done.stdout[:80]!r} and {done.stderr[-300:]!r}"]


def _check(folder: Path, model: Path) -> tuple[str, list[str]]:
    import iou_doctor

    os.chdir(folder)
    try:
        iou_doctor.check(y_true="masks.npy", y_pred=model.name, images="images.npy", num_classes=3)
    except IouDoctorError as error:
        text = str(error)
        problems = [f"the error is {text!r}"] if FORBIDDEN.search(text) else []
        return ("refused before it was loaded" if UNSAFE in text else "refused"), problems
    except MemoryError:
        return "out of memory", []
    return "scored", []


@cache
def _install_hook() -> None:
    def note(event: str, _arguments: object) -> None:
        if event in FORBIDDEN_EVENTS:
            _events.append(event)

    sys.addaudithook(note)


def _watch() -> None:
    _install_hook()
    _events.clear()


def _change_bytes(model: Path, rng: random.Random) -> None:
    files = [path for path in sorted(model.rglob("*")) if path.is_file()] or [model]
    path = rng.choice([*files, files[-1]])
    path.write_bytes(mutate_bytes(path.read_bytes(), rng))


def _change_saved_model(model: Path, rng: random.Random) -> None:
    saved = _read_saved_model(model)
    mutate_message(saved, rng, [*_list_operations(), "variables/variables", "/etc/passwd"])
    (model / "saved_model.pb").write_bytes(saved.SerializeToString())


def _read_saved_model(model: Path) -> Any:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    return SavedModel.FromString((model / "saved_model.pb").read_bytes())


@cache
def _list_operations() -> list[str]:
    from iou_doctor.sources.models.saved_model.operations import load_operations

    known = load_operations()
    # those that must be refused are the more interesting ones
    return [*known.allowed, *[*known.refused, *known.checked] * 3]


def _change_onnx(model: Path, rng: random.Random) -> None:
    import onnx

    message = onnx.ModelProto.FromString(model.read_bytes())
    names = [schema.name for schema in onnx.defs.get_all_schemas()]
    places = ["x", "y", "w", "/etc/passwd", "../weights.bin", "weights.bin", "com.microsoft", "own"]
    mutate_message(message, rng, [*names, *places * 20])
    model.write_bytes(message.SerializeToString())


def _change_tflite(model: Path, rng: random.Random) -> None:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    data = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model.read_bytes(), 0))
    mutate_object(data, rng)
    builder = flatbuffers.Builder(1024)
    builder.Finish(data.Pack(builder), b"TFL3")
    model.write_bytes(bytes(builder.Output()))


@cache
def _list_json_words() -> list[Any]:
    package = Path(sys.modules["iou_doctor"].__path__[0])
    parts = json.loads((package / "sources/models/keras_objects.json").read_text(encoding="utf-8"))
    words: list[Any] = [word for word in _walk(parts) if isinstance(word, str)]
    call = {"module": "builtins", "class_name": "function", "config": "eval"}
    odd = ["Lambda", "os", "system", "builtins", "eval", "keras.utils", "get_file", "subprocess"]
    return [*words, *[*odd, call, {}, [], [[1]], *WORDS[-12:]] * 20]


def _walk(document: Any) -> Iterator[Any]:
    yield document
    for inner in document.values() if isinstance(document, dict) else ():
        yield from _walk(inner)
    if isinstance(document, list):
        for inner in document:
            yield from _walk(inner)


def _change_keras(model: Path, rng: random.Random) -> None:
    """Change the configuration, or the weights, within a sound archive."""
    with zipfile.ZipFile(model) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(["config.json", "config.json", "model.weights.h5"])
    if name == "config.json":
        changed = mutate_json(json.loads(members[name]), rng, _list_json_words())
        members[name] = json.dumps(changed).encode()
    else:
        members[name] = mutate_bytes(members[name], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    model.write_bytes(buffer.getvalue())


def _change_h5(model: Path, rng: random.Random) -> None:
    import h5py

    with h5py.File(model, "r+") as file:
        changed = mutate_json(json.loads(file.attrs["model_config"]), rng, _list_json_words())
        file.attrs["model_config"] = json.dumps(changed)


STRUCTURES: dict[str, Callable[[Path, random.Random], None]] = {
    "saved_model": _change_saved_model,
    "keras": _change_keras,
    "h5": _change_h5,
    "tflite": _change_tflite,
    "onnx": _change_onnx,
}


def _find_unsafe(kind: str, model: Path) -> Iterator[str]:
    """Yield what a model that was run must not hold, as found by another reader than ours."""
    if kind == "saved_model":
        known = set(_list_operations())
        refused = known - set(_list_allowed())
        saved = _read_saved_model(model)
        for message in walk_messages(saved):
            if message.DESCRIPTOR.name == "NodeDef" and message.op in refused:
                yield message.op
    elif kind == "onnx":
        import onnx

        for message in walk_messages(onnx.ModelProto.FromString(model.read_bytes())):
            if message.DESCRIPTOR.name == "NodeProto" and message.domain not in {"", "ai.onnx"}:
                yield f"{message.domain}.{message.op_type}"


@cache
def _list_allowed() -> list[str]:
    from iou_doctor.sources.models.saved_model.operations import load_operations

    known = load_operations()
    return [*known.allowed, *known.checked]
