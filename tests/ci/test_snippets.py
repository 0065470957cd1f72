"""The snippets of the documentation are what the program takes."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml
from pages import find_snippets, read_all
from run import ROOT, run
from typer.main import get_command

from iou_doctor.cli.app import build_app
from iou_doctor.config.find_file import find_table
from iou_doctor.config.validate import parse_configuration


def test_the_configuration_is_valid(tmp_path):
    (toml,) = find_snippets("toml")
    (tmp_path / "iou-doctor.toml").write_text(toml, "utf-8")
    found = find_table(str(tmp_path / "iou-doctor.toml"))
    assert found is not None
    parsed = parse_configuration(*found)
    assert parsed.settings.check[0].name == "night"
    assert parsed.settings.expect.predictions_class_axis == -1


def test_the_yaml_names_inputs_and_hooks_that_exist():
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    documents = [yaml.safe_load(text) for text in find_snippets("yaml")]
    (step,) = [entry[0] for entry in documents if isinstance(entry, list) and "uses" in entry[0]]
    assert set(step["with"]) <= set(action["inputs"])
    (repos,) = [entry["repos"] for entry in documents if "repos" in entry]
    assert {hook["id"] for hook in repos[0]["hooks"]} <= {hook["id"] for hook in hooks}


COMMANDS = sorted(
    {*re.findall(r"(?:run: |script: |sh ')(iou-doctor check [^'\n]*)", read_all())}
    | {*re.findall(r"^iou-doctor check .*", "".join(find_snippets("sh")), re.MULTILINE)}
)
"""The checks in the snippets for CI services and in the examples for a shell."""


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_have_options_that_exist(command):
    check = get_command(build_app()).commands["check"]
    known = {option for param in check.params for option in param.opts}
    assert {word for word in shlex.split(command) if word.startswith("-")} <= known


def test_the_gitlab_job_writes_its_artifacts(tmp_path):
    (command,) = [text for text in COMMANDS if "gitlab=" in text]
    pair = [ROOT / "sample_data/healthy" / name for name in ("preds.npy", "masks.npy")]
    done = run(*shlex.split(command)[1:], *pair, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"quality.json", "junit.xml"}
