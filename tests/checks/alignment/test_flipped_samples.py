from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, outcome
from field.arrays import draw_pair
from help_code import run_help
from scenes import boxes, model

from iou_doctor.checks.alignment import _turned_samples, flipped_samples
from iou_doctor.checks.alignment._turned_samples import find_few_turned, keep_large_gains
from iou_doctor.checks.alignment.flipped_samples import _find_common_turn, _find_turned
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.orientations import IDENTITY, Fits, fit_all_turns, fit_turns, list_turns

T, S = boxes(1), boxes(3, height=48, width=48)
P, Q = model(T, 2), model(S, 4)
RULE = "flipped-samples"


@pytest.mark.parametrize(
    ("axes", "turn", "help_"),
    [
        (1, "flipped upside down", "predictions = np.flip(predictions, 1)"),
        (2, "flipped left to right", "predictions = np.flip(predictions, 2)"),
        (
            (1, 2),
            "flipped upside down and left to right",
            "predictions = np.flip(predictions, (1, 2))",
        ),
    ],
)
def test_flips_of_all_samples(axes, turn, help_):
    report = diagnose(y_true=T, y_pred=np.flip(P, axes), num_classes=5)
    finding = found(report, RULE)
    assert errors(report) == [RULE]
    assert (finding.facts["turn"], finding.help) == (turn, help_)
    assert finding.facts["turned"] == finding.facts["samples"] == 8
    assert after(report, RULE) == pytest.approx(mean_iou(T, P, 5))


@pytest.mark.parametrize(("quarters", "side"), [(1, "left"), (3, "right")])
def test_quarter_turns_of_squares(quarters, side):
    report = diagnose(y_true=S, y_pred=np.rot90(Q, quarters, (1, 2)), num_classes=5)
    assert errors(report) == [RULE]
    assert found(report, RULE).facts["turn"] == f"turned by a quarter to the {side}"
    _, turned_back = run_help(
        found(report, RULE).help, masks=S, predictions=np.rot90(Q, quarters, (1, 2))
    )
    np.testing.assert_array_equal(turned_back, Q)
    assert after(report, RULE) == pytest.approx(mean_iou(S, Q, 5))


def test_the_other_diagonal():
    turned = np.rot90(Q, 2, (1, 2)).swapaxes(1, 2)
    report = diagnose(y_true=S, y_pred=turned, num_classes=5)
    assert errors(report) == [RULE]
    _, turned_back = run_help(found(report, RULE).help, masks=S, predictions=turned)
    np.testing.assert_array_equal(turned_back, Q)
    assert after(report, RULE) == pytest.approx(mean_iou(S, Q, 5))


def test_volumes_are_flipped_along_depth_too():
    volumes = boxes(5, samples=24, height=16, width=20).reshape(6, 4, 16, 20).repeat(2, 1)
    predicted = model(volumes.reshape(-1, 16, 20), 6).reshape(volumes.shape)
    report = diagnose(y_true=volumes, y_pred=predicted[:, ::-1], num_classes=5)
    assert found(report, RULE).facts["turn"] == "flipped front to back"
    assert found(report, RULE).help == "predictions = np.flip(predictions, 1)"
    assert after(report, RULE) == pytest.approx(mean_iou(volumes, predicted, 5))


def test_a_share_of_the_samples():
    mixed = P.copy()
    mixed[[1, 4, 6]] = mixed[[1, 4, 6], :, ::-1]
    report = diagnose(y_true=T, y_pred=mixed, num_classes=5)
    finding = found(report, RULE)
    assert finding.facts["turned"] == 3
    assert finding.facts["turns"] == {"flipped left to right": 3}
    assert finding.evidence.startswith("sample 1: ")
    assert finding.facts["faulty"] == [1, 4, 6]
    assert "flipped left to right (samples 1, 4 and 6)" in finding.message
    assert not finding.repair.estimated
    assert after(report, RULE) == pytest.approx(mean_iou(T, P, 5))


def test_the_gain_is_estimated_if_not_all_samples_were_compared():
    labels = boxes(5, samples=40, height=24, width=32)
    predicted = model(labels, 6)
    mixed = np.where(np.arange(40)[:, None, None] < 12, predicted[:, :, ::-1], predicted)
    finding = found(diagnose(y_true=labels, y_pred=mixed, num_classes=5), RULE)
    assert finding.repair.estimated
    assert finding.repair.steps == ()


def test_one_or_two_turned_samples_are_found_if_they_fit_far_better():
    mixed = P.copy()
    mixed[:2] = mixed[:2, :, ::-1]
    report = diagnose(y_true=T, y_pred=mixed, num_classes=5)
    assert found(report, RULE).facts["faulty"] == [0, 1]
    _, turned_back = run_help(found(report, RULE).help, masks=T, predictions=mixed)
    np.testing.assert_array_equal(turned_back, P)
    assert after(report, RULE) == pytest.approx(mean_iou(T, P, 5))


def test_a_single_image_needs_more():
    good = model(T[:1], 2, signal=4)
    report = diagnose(y_true=T[:1], y_pred=good[:, ::-1], num_classes=5)
    assert errors(report) == [RULE]
    weak = diagnose(y_true=T[:1], y_pred=model(T[:1], 2, signal=1)[:, ::-1], num_classes=5)
    assert RULE not in names(weak)


def test_symmetric_scenes_pass():
    half = T[:, :, :32]
    scenes = np.concatenate([half, half[:, :, ::-1]], axis=2)
    predicted = model(scenes, 3)
    report = diagnose(y_true=scenes, y_pred=predicted[:, :, ::-1], num_classes=5)
    assert RULE not in names(report)


@pytest.mark.parametrize(("signal", "samples"), [(0, 1), (0, 3), (0, 12), (0.5, 8), (1, 8)])
@pytest.mark.parametrize("classes", [2, 5])
def test_weak_models_are_left_alone(signal, samples, classes):
    for seed in range(8):
        labels = boxes(seed, samples=samples, height=32, width=32, classes=classes)
        predicted = model(labels, seed + 50, signal=signal, classes=classes)
        report = diagnose(y_true=labels, y_pred=predicted, num_classes=classes)
        assert not {RULE, "height-width-swapped"} & set(names(report)), seed


@pytest.mark.parametrize("flat", ["predictions", "masks"])
def test_flattened_arrays_are_turned_back_as_images(flat):
    true, pred = T, P[:, :, ::-1]
    if flat == "predictions":
        pred = pred.reshape(8, -1)
    if flat == "masks":
        true = true.reshape(8, -1)
    report = diagnose(y_true=true, y_pred=pred, num_classes=5)
    assert after(report, RULE) == pytest.approx(mean_iou(T, P, 5))


def discs(offset=0):
    """Return one disc of 1 around one of 2 in each of eight images, moved to the right."""
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[:64, :72]
    labels = np.zeros((8, 64, 72), np.uint8)
    for image, (row, column) in zip(labels, rng.uniform(-4, 4, (8, 2)), strict=True):
        distance = np.hypot(rows - 32 - row, columns - 30 - column - offset)
        image[:] = (distance < 20).astype(int) + (distance < 8)
    return labels


def test_shifted_discs_are_not_flipped():
    report = diagnose(y_true=discs(), y_pred=discs(10), num_classes=3)
    assert report.verdict.primary == "shifted-predictions"
    assert RULE not in names(report)
    flipped = diagnose(y_true=discs(), y_pred=discs()[:, :, ::-1], num_classes=3)
    assert flipped.verdict.primary == RULE


def test_shuffled_samples_come_first():
    report = diagnose(y_true=T, y_pred=np.roll(P, 1, 0), num_classes=5)
    assert outcome(report, RULE).reason == "another misalignment was found first"


def fit(*, gain=0.4, lead=0.2, quality=0.9, number=3, scenes=6, samples=8, usual=0.8):
    """Return the fits of samples of which some are turned.

    Args:
        gain: what the best turn gains in each turned sample.
        lead: how far that turn is ahead of the next best one.
        quality: the score of the turned samples, as a share of that of the others.
        number: how many samples fit better after a turn.
        scenes: how many scenes there are.
        samples: how many samples there are.
        usual: the score of the samples that are not turned.
    """
    turned = np.arange(samples) < number
    best = np.where(turned, usual * quality, 0.1)
    given = np.where(turned, best - gain, usual)
    images = np.stack([given, best, best - lead])
    return Fits((IDENTITY,) * 3, images, images.mean(axis=1), scenes)


def draw_alike(fits):
    """Return equal maps of as many samples, so that unrelated ones fit as well."""
    masks = np.tile(np.arange(2, dtype=np.uint8), (fits.images.shape[1], 2, 1))
    return Stack(np.arange(len(masks)), masks, masks, 2)


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ({"gain": 0.201}, 3),
        ({"gain": 0.199}, 0),
        ({"lead": 0.101}, 3),
        ({"lead": 0.099}, 0),
        ({"quality": 0.701}, 3),
        ({"quality": 0.699}, 0),
        ({"number": 2}, 0),
        ({"scenes": 5}, 0),
        ({"samples": 15}, 3),
        ({"samples": 16}, 0),
    ],
    ids=str,
)
def test_some_samples_are_turned_if_each_gains_clearly_and_fits_well(limits, number):
    assert _find_turned(fit(**limits)).sum() == number


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ({}, 1),
        ({"gain": 0.251, "quality": 0.8, "usual": 0.9, "lead": 0.25}, 1),
        ({"gain": 0.249, "quality": 0.8, "usual": 0.9, "lead": 0.25}, 0),
        ({"lead": 0.201}, 1),
        ({"lead": 0.199}, 0),
        ({"quality": 0.751}, 1),
        ({"quality": 0.749}, 0),
        ({"quality": 1, "gain": 0.33, "lead": 0.25}, 1),
        ({"quality": 1, "gain": 0.31, "lead": 0.25}, 0),
        ({"usual": 0.401, "quality": 1, "gain": 0.35}, 1),
        ({"usual": 0.399, "quality": 1, "gain": 0.35}, 0),
        ({"samples": 3}, 0),
        ({"number": 4}, 4),
        ({"number": 5}, 0),
    ],
    ids=str,
)
def test_single_samples_are_turned_if_they_fit_far_better_than_anything_else(limits, number):
    fits = fit(**{"number": 1, "gain": 0.5, **limits})
    assert find_few_turned(fits, draw_alike(fits)).sum() == number


@pytest.mark.parametrize(
    ("limits", "chance", "number"),
    [
        ({}, 0.59, 1),
        ({}, 0.61, 0),
        ({"gain": 0.151, "quality": 0.88, "usual": 0.9}, 0.5, 0),
        ({"gain": 0.151, "quality": 0.76, "usual": 0.7}, 0.4, 1),
        ({"gain": 0.149, "quality": 0.76, "usual": 0.7}, 0.4, 0),
        ({"lead": 0.051}, 0.4, 1),
        ({"lead": 0.049}, 0.4, 0),
    ],
    ids=str,
)
def test_or_if_they_exceed_what_unrelated_maps_reach_by_chance(monkeypatch, limits, chance, number):
    monkeypatch.setattr(_turned_samples, "fit_by_chance", lambda *_: chance)
    fits = fit(**{"number": 1, "gain": 0.24, "quality": 1.0, "usual": 0.7, "lead": 0.1, **limits})
    assert find_few_turned(fits, draw_alike(fits)).sum() == number


def test_a_sample_with_the_prediction_of_another_one_is_not_turned():
    fits = fit(number=1, gain=0.5)
    maps = draw_alike(fits)
    (turned,) = np.flatnonzero(find_few_turned(fits, maps))
    masks = maps.y_true.copy()
    masks[turned] = 1 - masks[turned]
    assert not find_few_turned(fits, replace(maps, y_true=masks)).any()


@pytest.mark.parametrize("samples", [4, 50])
def test_one_flipped_image_of_a_weak_model_is_named(samples):
    masks, good = draw_pair((samples, 56, 64), 3, seed=2, noise=0.45)
    flipped = good.copy()
    flipped[1] = flipped[1, :, ::-1]
    report = diagnose(y_true=masks, y_pred=flipped)
    assert found(report, RULE).facts["faulty"] == [1]
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, good, 3))


@pytest.mark.parametrize(("width", "is_kept"), [(3, True), (2, False)])
def test_the_turn_of_a_single_sample_makes_30_pixels_right(width, is_kept):
    masks = np.zeros((1, 8, 16), np.uint8)
    masks[0, :5, :width] = 1
    maps = Stack(np.arange(1), masks, masks[:, :, ::-1], 2)
    turns = list_turns(2, square=False)
    fits = fit_turns(maps, turns)
    assert keep_large_gains(np.array([True]), fits, maps).tolist() == [is_kept]


def test_empty_samples_say_nothing_of_the_usual_score():
    fits = fit(number=1, samples=6, usual=0.5, gain=0.4, quality=1.0, lead=0.3)
    empty = np.ones((3, 20))
    images = np.concatenate([fits.images, empty], axis=1)
    padded = Fits(fits.turns, images, images.mean(axis=1), fits.scenes)
    alone, among = (find_few_turned(each, draw_alike(each)) for each in (fits, padded))
    assert among[:6].tolist() == alone.tolist()


@pytest.mark.parametrize(("restored", "fires"), [(0.301, True), (0.299, False)])
def test_all_samples_turned_back_must_fit_the_masks(monkeypatch, restored, fires):
    def fit_worse(sampled, maps):
        fits = fit_all_turns(sampled, maps)
        return replace(fits, pooled=np.where(fits.pooled == fits.pooled.max(), restored, 0.05))

    monkeypatch.setattr(flipped_samples, "fit_all_turns", fit_worse)
    report = diagnose(y_true=T, y_pred=P[:, :, ::-1], num_classes=5)
    assert (RULE in names(report)) == fires


@pytest.mark.parametrize(("others", "common"), [((0.3, 0.35), 1), ((0.25, 0.3), 0)])
def test_a_turn_that_the_other_samples_fit_as_well_is_that_of_all(others, common):
    images = np.array([[0.1, 0.1, 0.3, 0.3], [0.5, 0.5, *others], [0.2, 0.1, 0.1, 0.1]])
    fits = SimpleNamespace(images=images, pooled=images.mean(axis=1))
    turned = np.array([True, True, False, False])
    assert _find_common_turn(fits, turned) == common
    assert _find_common_turn(fits, np.ones(4, dtype=bool)) == 0


def test_samples_that_gain_little_are_turned_as_the_few_that_gain_much():
    true = np.zeros((30, 48, 48), dtype=np.uint8)
    for sample, mask in enumerate(true):
        rows, columns = ((4, 16), (28, 44)) if sample in {7, 8} else ((8, 31 + sample % 3), (9, 30))
        mask[slice(*rows), slice(*columns)] = 1
    report = diagnose(y_true=true, y_pred=true.swapaxes(1, 2), num_classes=2)
    assert found(report, RULE).facts["turn"] == "transposed"
    assert after(report, RULE) == 1
