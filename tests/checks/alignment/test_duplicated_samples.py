from types import SimpleNamespace

import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names
from hypothesis import given
from hypothesis import strategies as st
from scenes import boxes, model

from iou_doctor.checks.alignment import duplicated_samples
from iou_doctor.checks.alignment.duplicated_samples import (
    LEAST_RARITY,
    _are_of_a_symmetric_body,
)
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.scan import probing

T = boxes(1, samples=12)
P = model(T, 2)
RULE = "duplicated-samples"


def repeated(arrays, places):
    return np.concatenate([arrays, arrays[places]])


def test_a_last_batch_that_was_filled_up():
    report = diagnose(y_true=repeated(T, [2, 3, 4]), y_pred=repeated(P, [2, 3, 4]), num_classes=5)
    finding = found(report, RULE)
    assert finding.facts == {"samples": 15, "repeated": 3, "first": [2, 12], "at_the_end": True}
    assert finding.message.startswith("the last 3 of 15 samples")
    assert finding.evidence == "sample 12 equals sample 2"
    assert after(report, RULE) == pytest.approx(mean_iou(T, P, 5))


def test_one_sample_that_was_listed_twice():
    places = [0, 1, 2, 1, *range(3, 12)]
    finding = found(diagnose(y_true=T[places], y_pred=P[places], num_classes=5), RULE)
    assert finding.facts == {"samples": 13, "repeated": 1, "first": [1, 3], "at_the_end": False}


def test_samples_behind_the_probe_are_known_by_their_counts(monkeypatch):
    monkeypatch.setattr(probing, "MANY", 4)
    arrays = {"y_true": repeated(T, [0, 9]), "y_pred": repeated(P, [0, 9])}
    report = diagnose(**arrays, num_classes=5)
    assert found(report, RULE).facts["repeated"] == 2
    assert found(report, RULE).evidence == "sample 12 equals sample 0"


def test_equal_counts_in_other_places_are_no_duplicates():
    report = diagnose(
        y_true=np.concatenate([T, T[:1, ::-1]]),
        y_pred=np.concatenate([P, P[:1, ::-1]]),
        num_classes=5,
    )
    assert RULE not in names(report)


def test_equal_masks_with_other_predictions_are_no_duplicates():
    masks = repeated(T, [0, 1])
    assert RULE not in names(diagnose(y_true=masks, y_pred=model(masks, 5), num_classes=5))


def test_an_object_that_moves_by_a_pixel_is_no_duplicate():
    masks = np.zeros((9, 128, 128), np.uint8)
    for step, frame in enumerate(masks[:8]):
        frame[20:32, 30 + step : 43 + step], frame[22:29, 70 + step : 91 + step] = 1, 2
    masks[8] = masks[2]
    finding = found(diagnose(y_true=masks, y_pred=np.roll(masks, 2, 1)), RULE)
    assert finding.facts["repeated"] == 1
    assert finding.facts["first"] == [2, 8]


def test_plain_samples_are_not_recognised():
    plain = np.zeros((4, 48, 64), np.uint8)
    report = diagnose(
        y_true=np.concatenate([T, plain]), y_pred=np.concatenate([P, plain]), num_classes=5
    )
    assert RULE not in names(report)


def test_small_simple_images_behind_the_probe_may_agree_by_chance(monkeypatch):
    monkeypatch.setattr(probing, "MANY", 1)
    rng = np.random.default_rng(0)
    labels = (rng.random((300, 4, 4)) < 0.5).astype(np.uint8)
    predicted = np.where(rng.random(labels.shape) < 0.1, 1 - labels, labels)
    assert RULE not in names(diagnose(y_true=labels, y_pred=predicted, num_classes=2))


def find_repeated_plainly(pairs, maps):
    """Return the samples that equal an earlier one, each compared with all before it."""
    rows = {
        image: pairs.keep_rows(pairs.image == image) for image in np.unique(pairs.image).tolist()
    }
    tables = {image: (r.truth.tobytes(), r.prediction.tobytes(), r.count.tobytes())
              for image, r in rows.items()}  # fmt: skip
    repeated = {}
    for image, table in rows.items():
        others = np.sort(table.count)[:-1]
        is_rare = np.log10(2 * np.pi * others).sum() / 2 > 2 * np.log10(len(rows)) + LEAST_RARITY
        for one in rows:
            if one >= image or one in repeated or tables[one] != tables[image]:
                continue
            if maps[one] == maps[image] != b"" if {one, image} <= maps.keys() else is_rare:
                repeated.setdefault(image, one)
    return repeated


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, b"", b"a", b"b"])), max_size=12)
)
def test_samples_are_found_as_by_comparing_each_with_all_before(samples):
    kinds = ([3, 4, 5], [900, 800, 7000], [900, 800, 7001])
    pairs = PairCounts.from_rows(
        image=np.repeat(np.arange(len(samples)), 3),
        truth=np.tile([0, 0, 1], len(samples)),
        prediction=np.tile([0, 1, 1], len(samples)),
        count=np.array([kinds[kind] for kind, _ in samples], dtype=np.int64).reshape(-1),
    )
    maps = {i: kept for i, (_, kept) in enumerate(samples) if kept is not None}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicated_samples, "_encode_maps", lambda _: maps)
        evidence = SimpleNamespace(pairs=pairs, sampled=SimpleNamespace(many=None))
        assert duplicated_samples._find_repeated(evidence) == find_repeated_plainly(pairs, maps)


def test_images_that_counts_do_not_tell_apart_are_not_compared_with_each_other(monkeypatch):
    compared = []
    monkeypatch.setattr(duplicated_samples, "_list_keys", lambda own, _: compared.append(own) or [])
    pairs = PairCounts.from_rows(
        image=np.repeat(np.arange(500), 3),
        truth=np.tile([0, 0, 1], 500),
        prediction=np.tile([0, 1, 1], 500),
        count=np.tile([3, 4, 5], 500),
    )
    evidence = SimpleNamespace(pairs=pairs, sampled=None)
    assert duplicated_samples._find_repeated(evidence) == {}
    assert compared == []


@pytest.mark.parametrize(("pairs", "fires"), [(2, False), (3, True)])
def test_samples_of_two_different_pairs_are_too_plain(pairs, fires):
    truth = np.array([[[0, 0, 1, 1, 0]]]).repeat(2, axis=0)
    predicted = np.array([[[0, 0, 1, 1, int(pairs == 3)]]]).repeat(2, axis=0)
    report = diagnose(y_true=truth, y_pred=predicted, num_classes=2)
    assert (RULE in names(report)) == fires


@pytest.mark.parametrize(
    ("repeated", "symmetric"),
    [
        ({5: 4, 6: 4, 7: 4}, True),
        ({9: 7, 10: 6, 11: 5}, True),
        ({5: 4, 8: 7, 9: 6, 10: 4, 11: 4}, True),
        ({9: 6}, False),
        ({9: 6, 10: 7, 11: 8}, False),
    ],
)
def test_equal_slices_of_symmetric_bodies_are_neighbours_or_mirror_images(repeated, symmetric):
    assert _are_of_a_symmetric_body(repeated) == symmetric
