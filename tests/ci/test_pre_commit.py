"""The hooks for pre-commit."""

from __future__ import annotations

import shlex

import yaml
from run import ROOT, run

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def test_one_hook_is_installed_and_one_is_on_the_path():
    assert {hook["id"]: hook["language"] for hook in HOOKS} == {
        "iou-doctor": "python",
        "iou-doctor-system": "system",
    }
    for hook in HOOKS:
        assert hook["pass_filenames"] is False
        assert hook["always_run"] is True


def test_the_entry_runs_with_the_users_arguments():
    (entry,) = {hook["entry"] for hook in HOOKS}
    program, *arguments = shlex.split(entry)
    assert program == "iou-doctor"
    pair = ["sample_data/masks_0_255/preds.npy", "sample_data/masks_0_255/masks.npy"]
    done = run(*arguments, *pair, cwd=ROOT)
    assert done.returncode == 1
    assert "IOU303" in done.stdout
