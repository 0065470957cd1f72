"""Checks in a folder with a pair of arrays and perhaps a configuration file."""

from __future__ import annotations

import json

from run import run


def check(*arguments, cwd, **environment):
    done = run("check", *arguments, "--output-format", "json", cwd=cwd, **environment)
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def list_codes(report):
    return [finding["code"] for finding in report["findings"]]
