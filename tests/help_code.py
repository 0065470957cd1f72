"""Runs the Python in the help of a finding on the arrays that it is written for."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

CODE = re.compile(
    r"((?:lut|(?:for i in \(.*?\): )?(?:masks|predictions)(?:\[\[?.*?\]\]?)?) = .*?)"
    r"(?:, and --|, or |, then |$)"
)
"""One or several assignments, up to the advice in words that may follow them."""


def run_help(
    help_text: str, *, masks: NDArray[np.generic], predictions: NDArray[np.generic]
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Return masks and predictions after the code of a help; fail if it has none."""
    code = CODE.search(help_text)
    assert code is not None, help_text
    values = {"np": np, "masks": masks.copy(), "predictions": predictions.copy()}
    exec(code[1], values)
    return values["masks"], values["predictions"]
