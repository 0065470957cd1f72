"""What fits on the screen of a terminal of 80 columns and 24 lines."""

from __future__ import annotations

import ast
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from run import ROOT

import iou_doctor
from iou_doctor.render import terminal
from iou_doctor.render.console import render_parts
from iou_doctor.render.shared.code import wrap_code

LINES = 24
SICK = {
    "channels_first": 3,
    "height_width_swapped": 3,
    "integer_masks_dense_predictions": 3,
    "masks_0_255": 2,
    "sigmoid": 2,
    "unargmaxed_one_hot": 3,
    "wrong_num_classes": 3,
    "imbalance": 2,
}
"""The samples with an error, and the number of their classes."""
NAMES = ("道路の背景", "سيارة", "人")


def check(name, classes, **options):
    folder = ROOT / "sample_data" / name
    masks, predictions = (np.load(folder / f"{side}.npy") for side in ("masks", "preds"))
    return iou_doctor.check(y_true=masks, y_pred=predictions, num_classes=classes, **options)


def show(report, width=80, encoding="utf-8", **options):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    screen = Console(file=file, width=width, color_system=None, legacy_windows=False)
    return terminal.render(report, screen, **options)


def test_a_healthy_pair_fits_on_a_screen_with_the_prompt():
    lines = show(check("healthy", 3)).splitlines()
    assert len(lines) < LINES
    assert lines[-1].startswith("✓ 1 note · your metric 0.8604 is right")
    assert len(show(check("healthy", 3), verbose=True).splitlines()) > LINES


@pytest.mark.parametrize("name", SICK)
def test_the_last_screen_of_a_sick_pair_says_all(name):
    report = check(name, SICK[name])
    last = "\n".join(show(report).splitlines()[1 - LINES :])
    assert report.primary.rule.claim in " ".join(last.split())
    assert "  your metric " in last
    assert f"explain {report.primary.rule.code}" in last
    assert report.block is None or all(line in last for line in wrap_code(report.block.lines, 80))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_names_of_any_script_stay_in_their_columns(width, encoding):
    text = show(check("healthy", 3, class_names=NAMES), width, encoding)
    text = text.encode(encoding, "replace").decode(encoding)  # as a screen shows it
    assert max(map(cell_len, text.splitlines())) <= min(width, 120)
    rows = [line for line in text.splitlines() if line.endswith("%")]
    assert len(rows) == len(NAMES)
    assert len({cell_len(row) for row in rows}) == 1


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "8 × 8, …"), ("cp1252", "8 x 8, ."), ("ascii", "8 x 8, .")]
)
def test_signs_that_an_encoding_lacks_become_others(encoding, shown):
    screen = Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), width=80)
    assert render_parts([Text("8 × 8, …")], screen).strip() == shown


CALL = (
    "masks = np.where(masks == 255, np.array(300), np.where((1 <= masks) & (masks <= 9), 2, masks))"
)


@given(st.integers(20, 120))
def test_broken_lines_are_the_same_code(width):
    lines = [CALL, "for place, tile in enumerate(order):", "    y[a : b, c : d] = f(1, 22, 333)"]
    broken = wrap_code(lines, width)
    assert ast.dump(ast.parse("\n".join(broken))) == ast.dump(ast.parse("\n".join(lines)))
