"""Who may import whom: nouns, verbs, the few that join them, and one door for each library."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "iou_doctor"
NOUNS = {
    *(
        "errors",
        "source",
        "batch",
        "layout",
        "form",
        "reading",
        "stats",
        "probe",
        "metric",
        "derivation",
    ),
    *(
        "score",
        "repair",
        "finding",
        "evidence",
        "report",
        "known",
        "baseline",
        "frozen",
        "settings",
        "names",
    ),
    *(
        "channel_sums",
        "value_counts",
        "contract",
        "given",
        "lookup",
        "model",
        "areas",
        "record",
        "compact",
        "rows",
        "pair_counts",
    ),
}
VERBS = {"sources", "interpret", "scan", "contracts", "checks", "repairs", "render", "writers"} | {
    "configuration",
    "causes",
}
JOINERS = {
    *("checkup", "passes", "diagnosis", "what_if", "second_look", "treatment", "mending", "fixing"),
    *(
        "handover",
        "feeding",
        "fitting",
        "user_metric",
        "why",
        "cli_why",
        "comparison",
        "selection",
        "toml_text",
        "cli_config",
        "cli_help",
        "cli_init",
        "cli_model",
        "cli_all",
        "cli_run",
        "cli_complete",
    ),
    *("cli", "cli_fix", "cli_options", "outputs", "__init__", "__main__"),
    *("keras", "tf_keras", "training", "shown", "arguments"),
}
DOORS = {
    "h5py": ("sources/", "writers/"),
    "PIL": ("sources/", "writers/"),
    "rich": (
        "render/terminal.py",
        "render/lookup_text.py",
        "render/summary.py",
        "cli_why.py",
        "progress.py",
        "cli.py",
    ),
    "typer": ("cli", "__main__.py"),
    "pydantic": ("configuration/checked.py",),
    "numba": ("scan/kernels/",),
    "llvmlite": ("scan/kernels/",),
    "isal": ("sources/_hdf5_chunks.py",),
    "tensorflow": ("scan/", "sources/saved_model.py", "sources/_", "training/"),
    "keras": ("scan/", "sources/keras_model.py", "keras.py"),
    "tf_keras": ("tf_keras.py",),
    "onnxruntime": ("sources/onnx_model.py",),
    "ai_edge_litert": ("sources/tflite_model.py",),
}
FILES = [path.relative_to(PACKAGE).as_posix() for path in sorted(PACKAGE.rglob("*.py"))]


def imported(file: str) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, at its top or in a function."""
    for node in ast.walk(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_of_ours(file: str) -> set[str]:
    """Return the modules and packages right below `iou_doctor` that a file imports."""
    names = (name.split(".") for name in imported(file))
    return {name[1] for name in names if name[0] == "iou_doctor" and len(name) > 1}


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_what_its_layer_may(file):
    own = file.split("/")[0].removesuffix(".py")
    allowed = {"__version__"} | NOUNS
    if own in JOINERS:
        allowed |= VERBS | JOINERS | {"progress", "check", "Report"}
    elif own in VERBS:
        allowed.add(own)
    assert parts_of_ours(file) <= allowed


@pytest.mark.parametrize("file", FILES)
def test_a_heavy_library_is_imported_only_at_its_door(file):
    for name in {name.split(".")[0] for name in imported(file)} & DOORS.keys():
        assert file.startswith(DOORS[name]), f"{file} imports {name}"


def test_every_module_has_its_layer():
    known = NOUNS | VERBS | JOINERS | {"progress"}
    assert {file.split("/")[0].removesuffix(".py") for file in FILES} <= known


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("iou_doctor", {"numpy", "keras", "tensorflow", "torch", "iou_doctor.keras"}),
        ("iou_doctor.cli", {"numpy", "rich", "h5py", "PIL", "tensorflow", "keras"}),
        ("iou_doctor.sources", {"rich", "h5py", "PIL", "tensorflow", "keras"}),
        ("iou_doctor.checkup", {"rich", "typer", "h5py", "PIL", "tensorflow", "keras", "numba"}),
    ],
)
def test_importing_a_module_loads_no_library_before_it_is_needed(module, absent):
    code = f"import sys, {module}; print(*({absent} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
