"""One volume of numbered objects that are not round, of which one may be a giant."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names
from scipy.ndimage import gaussian_filter
from scipy.ndimage import label as number_regions

from field.arrays import Labels, draw_pair

INSTANCES = "instance-ids"


def draw_tangle(shape: tuple[int, ...], *, least: float, seed: int) -> tuple[Labels, Labels]:
    """Return a volume of numbered objects of any form, and a prediction of 0 and 1.

    Args:
        shape: of the volume.
        least: the lower, the more objects grow together into a giant.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    height, noise = (gaussian_filter(random.normal(size=shape), sigma) for sigma in (3.5, 1.5))
    height = height / height.std() - least
    numbers, count = number_regions(height > 0)
    shuffled = np.append(0, random.permutation(count) + 1).astype(np.uint16)
    return shuffled[numbers], (height + 0.2 * noise / noise.std() > 0).astype(np.uint8)


def check_numbers(masks, predictions, good):
    report = diagnose(y_true=masks, y_pred=predictions)
    assert report.verdict.primary == INSTANCES
    finding = found(report, INSTANCES)
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks > 0, good, 2))


@pytest.mark.parametrize("white", [1, 255])
@pytest.mark.parametrize(("least", "seed"), [(1.0, 0), (1.1, 1), (1.3, 2)])
def test_slices_cut_objects_of_a_volume_into_parts(least, seed, white):
    masks, good = draw_tangle((20, 96, 96), least=least, seed=seed)
    check_numbers(masks, good * np.uint8(white), good)


@pytest.mark.parametrize("seed", range(3))
def test_some_slices_of_many_show_that_ids_are_objects(seed):
    masks, good = draw_tangle((150, 80, 80), least=1.3, seed=seed)
    check_numbers(masks, good, good)


@pytest.mark.parametrize("seed", range(3))
def test_a_thinned_volume_shows_that_ids_are_objects(seed):
    masks, good = draw_tangle((40, 96, 96), least=1.0, seed=seed)
    check_numbers(masks[np.newaxis], good[np.newaxis], good[np.newaxis])


def test_an_object_of_half_of_all_object_pixels_is_one_of_them():
    masks, good = draw_tangle((24, 80, 80), least=1.2, seed=4)
    depth, row, column = np.indices(masks.shape)
    giant = (depth - 12) ** 2 + (row - 40) ** 2 + (column - 36) ** 2 < 13**2
    regions, _ = number_regions((masks > 0) | giant)
    assert 2 * np.bincount(regions.ravel())[1:].max() > (regions > 0).sum()
    good[giant] = 1
    check_numbers(regions.astype(np.uint16), good, good)


@pytest.mark.parametrize("classes", [6, 9])
def test_organs_that_touch_are_classes_though_nothing_but_a_body_is_predicted(classes):
    for seed in range(3):
        masks, good = draw_pair((1, 24, 72, 72), classes, seed=seed, background=1.2)
        report = diagnose(y_true=masks[0], y_pred=(good[0] > 0).astype(np.uint8))
        assert INSTANCES not in names(report)
        assert not errors(report)
