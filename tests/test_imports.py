"""Who may import whom, and what an import may load. The contracts stand in `pyproject.toml`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lint_imports(folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports;"
        f" sys.exit(lint_imports(config_filename={str(config)!r}, no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_import_contracts_are_kept():
    done = lint_imports(ROOT, ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("counts/stats.py", "import iou_doctor.render.terminal"),
        ("checks/masks/masks_0_255.py", "import iou_doctor.checks.labels.inverted_masks"),
        ("cli/defaults.py", "import iou_doctor.cli.app"),
        ("render/markdown.py", "import tensorflow"),
        ("scan/numpy/decode_labels.py", "import iou_doctor.scan.native.library"),
    ],
)
def test_a_forbidden_import_breaks_a_contract(tmp_path, module, line):
    for path in (ROOT / "iou_doctor").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert lint_imports(tmp_path, ROOT / "pyproject.toml").returncode == 0
    changed = tmp_path / "iou_doctor" / module
    changed.write_text(f"{changed.read_text('utf-8')}\n\ndef _late():\n    {line}\n", "utf-8")
    assert lint_imports(tmp_path, ROOT / "pyproject.toml").returncode == 1


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("iou_doctor", {"numpy", "keras", "tensorflow", "torch", "iou_doctor.keras"}),
        ("iou_doctor.cli.app", {"numpy", "rich", "h5py", "PIL", "tensorflow", "keras"}),
        ("iou_doctor.sources.opening", {"rich", "h5py", "PIL", "tensorflow", "keras"}),
        (
            "iou_doctor.diagnosis.pipeline",
            {"rich", "typer", "h5py", "PIL", "tensorflow", "keras", "numba"},
        ),
    ],
)
def test_importing_a_module_loads_no_library_before_it_is_needed(module, absent):
    code = f"import sys, {module}; print(*({absent} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
