"""`action.yml`: the shell of its steps, run in a clean folder against the built wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml
from run import ROOT

from iou_doctor.render.sarif import REPOSITORY_VARIABLE

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = [step for step in ACTION["runs"]["steps"] if "run" in step]
GITHUB = {"server_url": "https://github.example", "action_repository": "some/iou-doctor"}
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Return the folder of a fresh environment's commands; libraries come from this one."""
    folder = tmp_path_factory.mktemp("python")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return folder / "bin"


@pytest.fixture
def act(wheel, python, tmp_path):
    """Return what runs the action's steps, and says its outputs and how it ended."""
    for name in ("healthy", "unargmaxed_one_hot"):
        shutil.copytree(ROOT / "sample_data" / name, tmp_path / name)

    def run(**given):
        inputs = {key: entry.get("default", "") for key, entry in ACTION["inputs"].items()}
        inputs |= {key.replace("_", "-"): value for key, value in given.items()}
        inputs["package"] = str(wheel)
        output, summary = tmp_path / "output", tmp_path / "summary.md"
        output.touch()
        outputs, stdout = {}, ""
        for step in STEPS:
            done = _step(step, inputs, outputs, python, tmp_path, output, summary)
            stdout += done.stdout + done.stderr
            lines = output.read_text("utf-8").splitlines()
            outputs = dict(line.split("=", 1) for line in lines)
            if done.returncode:
                break
        return done.returncode, outputs, stdout, summary

    return run


def _step(step, inputs, outputs, python, folder, output, summary):
    def value(match):
        *_, name = match[1].partition(" || ")[0].split(".")
        if match[1].startswith("github."):
            return GITHUB[name]
        return outputs.get(name, "") if match[1].startswith("steps.") else inputs[name]

    own = {key: EXPRESSION.sub(value, text) for key, text in step.get("env", {}).items()}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={
            "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONUTF8": "1",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_FORCE_REINSTALL": "1",
            **own,
        },
        cwd=folder / EXPRESSION.sub(value, step.get("working-directory", "")),
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_step_splices_an_input_into_its_script():
    for step in STEPS:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_every_input_is_used_and_every_variable_is_an_option():
    text = Path(ROOT / "action.yml").read_text("utf-8")
    assert all(f"inputs.{name}" in text for name in ACTION["inputs"])
    from typer.main import get_command

    from iou_doctor.cli.app import build_app
    from iou_doctor.cli.defaults import name_variable

    check = get_command(build_app()).commands["check"]
    known = {name_variable(param.name) for param in check.params}
    named = set(re.findall(r"IOU_DOCTOR_\w+", text))
    assert named <= known | {REPOSITORY_VARIABLE}


def test_a_healthy_pair_passes(act):
    code, outputs, text, summary = act(
        predictions="healthy/preds.npy", masks="healthy/masks.npy", num_classes="3"
    )
    assert code == 0, text
    assert outputs == {"miou": outputs["miou"], "findings": "1", "exit-code": "0"}
    assert float(outputs["miou"]) == pytest.approx(0.8604, abs=1e-4)
    assert "0.8604" in summary.read_text("utf-8")


def test_a_sick_pair_fails_with_annotations_and_sarif(act, tmp_path):
    code, outputs, text, _ = act(
        predictions="unargmaxed_one_hot/preds.npy",
        masks="unargmaxed_one_hot/masks.npy",
        sarif_file="out.sarif",
    )
    assert code == 1, text
    assert outputs["exit-code"] == "1"
    assert "::error " in text
    assert "IOU201" in text
    sarif = (tmp_path / "out.sarif").read_text("utf-8")
    assert "2.1.0" in sarif
    assert '"helpUri": "https://github.example/some/iou-doctor/blob/main/docs/rules.md#iou' in sarif


def test_inputs_are_never_run(act, tmp_path):
    code, outputs, text, _ = act(
        predictions='$(touch pwned)"; touch pwned; "', masks="healthy/masks.npy"
    )
    assert (code, outputs["exit-code"], outputs["miou"]) == (2, "2", "")
    assert not (tmp_path / "pwned").exists()
    assert "error" in text


def test_all_pairs_of_the_configuration(act, tmp_path):
    pairs = "".join(
        f'[[check]]\nname = "{name}"\npredictions = "{name}/preds.npy"\n'
        f'masks = "{name}/masks.npy"\n'
        for name in ("healthy", "unargmaxed_one_hot")
    )
    (tmp_path / "iou-doctor.toml").write_text(pairs, "utf-8")
    code, outputs, text, _ = act(all="true", sarif_file="{name}.sarif", summary="false")
    assert (code, outputs["miou"], outputs["exit-code"]) == (1, "", "1"), text
    assert {path.name for path in tmp_path.glob("*.sarif")} == {
        "healthy.sarif",
        "unargmaxed_one_hot.sarif",
    }
    assert not (tmp_path / "summary.md").exists()
