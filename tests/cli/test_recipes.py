"""The recipes for many machines on the page about scale: what can be run of them works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from parts.test_same_report import make_labels
from run import ROOT
from typer.testing import CliRunner

from iou_doctor.cli.app import build_app


def run(*arguments):
    return CliRunner().invoke(build_app(), [*map(str, arguments)])


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a pair and a plan, in which the recipes find the program."""
    monkeypatch.chdir(tmp_path)
    command = tmp_path / "bin" / "iou-doctor"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m iou_doctor "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    masks, predictions = make_labels(12)
    np.save("masks.npy", masks)
    np.save("preds.npy", predictions)
    assert run("plan", "preds.npy", "masks.npy", "--output", "plan.json").exit_code == 0
    return tmp_path


def read_recipes(language):
    """Return the blocks of a language in the page about scale."""
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL), page


def execute(*words, **environment):
    environment = {**os.environ, **environment}
    return subprocess.run(
        words, env=environment, capture_output=True, text=True, check=True, timeout=120
    ).stdout


@pytest.mark.slow
@pytest.mark.usefixtures("place")
def test_the_shell_recipes_work():
    blocks, _ = read_recipes("sh")
    several, slurm = (
        next(block for block in blocks if word in block) for word in ("xargs", "SBATCH")
    )
    several = several.replace("1 8", "1 2").replace("}/8", "}/2")
    expected = execute("sh", "-e", "-c", several)
    assert expected.endswith(run("report", "part-1.npz", "part-2.npz").stdout)
    said = execute("sh", "-e", "-c", slurm, SLURM_ARRAY_TASK_ID="3")
    assert "part-3.npz has shard 3/64" in said


def test_the_recipe_for_kubernetes_works(place):
    blocks, _ = read_recipes("yaml")
    job = yaml.safe_load(blocks[0])["spec"]
    assert (job["completionMode"], job["completions"]) == ("Indexed", 64)
    container = job["template"]["spec"]["containers"][0]
    script = container["args"][0].replace("/data", str(place))
    said = execute(*container["command"], script, JOB_COMPLETION_INDEX="2")
    assert "part-2.npz has shard 3/64" in said


class FakeEngine:
    """Calls the function for each of some values, as `beam`, `ray` and `sc` in the recipes do."""

    def __init__(self, values=()):
        self.values, self.partitions = list(values), None

    def parallelize(self, values, partitions):
        assert partitions == len(values)
        return FakeEngine(values)

    def map(self, function):
        return FakeEngine(map(function, self.values))

    def collect(self):
        return self.values

    def remote(self, *arguments, max_retries=0):
        if max_retries:
            return lambda function: SimpleNamespace(remote=function)
        return arguments

    def get(self, values):
        return values

    def __getattr__(self, name):  # beam's transforms: what follows them is a pipeline
        return {"Create": FakeEngine, "Reshuffle": lambda: None, "Map": lambda f: f}[name]

    def __or__(self, step):
        return self if step is None else self.map(step).values


def test_the_recipes_in_python_work(place):
    """The engines themselves are not installed here: objects with their methods take the calls."""
    (code,), page = read_recipes("python")
    code = code.replace("/data", str(place)).replace("SHARDS = 64", "SHARDS = 2")
    rows = re.findall(r"^\| (Ray|Beam|Spark) \| `(.*)` \|$", page, re.MULTILINE)
    assert len(rows) == 3
    names = {"ray": FakeEngine(), "beam": FakeEngine(), "sc": FakeEngine()}
    exec(code, names)
    parts = [str(place / f"part-{shard}.npz") for shard in (1, 2)]
    for _, call in rows:
        found = eval(call.replace("\\|", "|"), names)
        assert found == parts
        names["scan"] = lambda shard: parts[shard - 1]  # the parts are there
    pair = [place / f"{name}.npy" for name in ("preds", "masks")]
    report, check = (
        run(*words, "--output-format", "json").stdout
        for words in (("report", *parts), ("check", *pair))
    )
    assert report == check
