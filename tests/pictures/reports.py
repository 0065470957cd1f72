"""The six pages that are looked at: their data are generated, and the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scenes import boxes, model

import iou_doctor
from iou_doctor.datasets.class_names import list_trained_classes
from pictures.street import VOID, draw_masks, photograph, predict

SAMPLES = 8


def write_pages(folder: Path) -> Iterator[Path]:
    """Write the pages into a folder, and yield their paths."""
    for name in PAGES:
        path = folder / f"{name}.html"
        PAGES[name](path)
        yield path


def _write_flip(path: Path) -> None:
    masks = draw_masks(SAMPLES, seed=3)
    predictions = predict(masks, seed=4)[..., ::-1]
    iou_doctor.check(
        y_true=masks,
        y_pred=predictions,
        images=photograph(masks),
        ignore_index=VOID,
        num_classes=11,
        class_names=list_trained_classes("camvid"),
    ).save(path, pictures=4)


def _write_0_255(path: Path) -> None:
    masks = (boxes(5, samples=SAMPLES, height=72, width=96) > 2).astype(np.uint8)
    predictions = model(masks, 6, signal=3.0, classes=2)
    iou_doctor.check(y_true=masks * 255, y_pred=predictions, num_classes=2).save(path, pictures=4)


def _write_void_border(path: Path) -> None:
    things = boxes(7, samples=SAMPLES, height=96, width=128, classes=5)
    predictions = model(things, 8, signal=3.0)
    moved = [np.roll(things, by, axis) for axis in (1, 2) for by in (-1, 1)]
    border = np.any([one != things for one in moved], axis=0)
    masks = np.where(border, 255, things).astype(np.uint8)
    names = ("background", "boat", "cat", "horse", "sofa")
    iou_doctor.check(y_true=masks, y_pred=predictions, num_classes=5, class_names=names).save(
        path, pictures=4
    )


def _write_healthy(path: Path) -> None:
    masks = draw_masks(40, seed=9)
    iou_doctor.check(
        y_true=masks,
        y_pred=predict(masks, seed=10),
        images=photograph(masks),
        ignore_index=VOID,
        num_classes=11,
        class_names=list_trained_classes("camvid"),
    ).save(path, pictures=6)


def _write_many_classes(path: Path) -> None:
    random = np.random.default_rng(11)
    masks = np.kron(random.integers(0, 60, (SAMPLES, 8, 10)), np.ones((8, 8), int)).astype(np.uint8)
    wrong = np.kron(random.random((SAMPLES, 16, 20)) < 0.2, np.ones((4, 4), bool))
    predictions = np.where(wrong, (masks * 7 + 3) % 60, masks).astype(np.uint8)
    names = [f"class {chr(65 + one % 26)}{one}, by name" for one in range(60)]
    names[1:4] = ["道路と歩道", "مركبة", "<script>alert(1)</script>"]
    iou_doctor.check(y_true=masks, y_pred=predictions, num_classes=60, class_names=names).save(
        path, pictures=4
    )


def _write_comparison(path: Path) -> None:
    masks = draw_masks(SAMPLES, seed=12)
    iou_doctor.compare(
        y_true=masks,
        before=predict(masks, seed=13, wrong=0.12),
        after=predict(masks, seed=14, wrong=0.05),
        ignore_index=VOID,
        num_classes=11,
        class_names=list_trained_classes("camvid"),
        images=photograph(masks),
    ).save(path, pictures=3)


PAGES = {
    "flip": _write_flip,
    "0_255": _write_0_255,
    "void_border": _write_void_border,
    "healthy": _write_healthy,
    "many_classes": _write_many_classes,
    "compare": _write_comparison,
}
