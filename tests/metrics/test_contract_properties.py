"""What holds for every contract, whatever the arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from metrics.build_inputs import build_fixture_inputs, build_inputs
from metrics.golden import fixtures

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Average, Counting, Group, Ratio
from iou_doctor.metrics.engine import labels as _labels
from iou_doctor.metrics.engine.areas import sum_areas
from iou_doctor.metrics.engine.evaluate import evaluate_value
from iou_doctor.metrics.implementations import evaluate_all, find_applicable
from iou_doctor.metrics.registry import CONTRACTS, evaluate

quick = settings(max_examples=60)
CLASSES = 4
BY_NAME = {contract.name: contract for contract in CONTRACTS}


@st.composite
def maps(draw, strays=()):
    n, pixels = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    ids = st.sampled_from([*range(CLASSES), *strays])
    true, pred = (draw(hnp.arrays("i8", (n, pixels), elements=ids)) for _ in "tp")
    return {"y_true": true[:, None], "y_pred": pred[:, None], "num_classes": CLASSES}


def evaluate_contracts(inputs):
    """Return the value or the kind of failure of every contract."""
    found = {}
    for contract in CONTRACTS:
        score = evaluate(contract, inputs)
        found[contract.name] = score.value if score.value is not None else bool(score.error)
    return found


@quick
@given(maps())
def test_areas_sum_to_the_pixels(arrays):
    inputs = build_inputs(**arrays)
    areas = sum_areas(inputs.labels, images=inputs.samples, classes=CLASSES)
    pixels = arrays["y_true"][0].size
    assert areas.truth.sum(axis=1).tolist() == [pixels] * inputs.samples
    assert areas.predicted.sum(axis=1).tolist() == [pixels] * inputs.samples
    right = (arrays["y_true"] == arrays["y_pred"]).reshape(inputs.samples, -1).sum(axis=1)
    assert areas.intersection.sum(axis=1).tolist() == right.tolist()


def test_areas_of_a_side_that_is_left_out():
    pairs = PairCounts(
        *(np.array(column) for column in ([0, 0, 1], [0, -1, 2], [-1, 1, 2], [5, 7, 2**40]))
    )
    areas = sum_areas(pairs, images=2, classes=3)
    assert areas.truth.tolist() == [[5, 0, 0], [0, 0, 2**40]]
    assert areas.predicted.tolist() == [[0, 7, 0], [0, 0, 2**40]]
    assert areas.intersection.tolist() == [[0, 0, 0], [0, 0, 2**40]]


@quick
@given(maps(strays=(-1, 9, 255)), st.randoms(use_true_random=False))
def test_the_order_of_rows_within_an_image_changes_nothing(arrays, random):
    inputs = build_inputs(**arrays, ignore_index=255)
    shuffled = replace(
        inputs,
        labels=shuffle_rows(inputs.labels, random),
        flat={pairing: shuffle_rows(pairs, random) for pairing, pairs in inputs.flat.items()},
    )
    assert evaluate_contracts(shuffled) == pytest.approx(evaluate_contracts(inputs))


def shuffle_rows(pairs, random):
    order = list(range(len(pairs)))
    random.shuffle(order)
    order.sort(key=pairs.image.tolist().__getitem__)
    return PairCounts(
        *(column[order] for column in (pairs.image, pairs.truth, pairs.prediction, pairs.count))
    )


@quick
@given(maps(strays=(-1, 9, 255)), st.none() | st.integers(1, 6))
def test_the_value_alone_is_that_of_the_whole_evaluation(arrays, size):
    inputs = replace(build_inputs(**arrays, ignore_index=255), batch_size=size)
    for contract in CONTRACTS:
        assert evaluate_value(contract, inputs) == evaluate(contract, inputs).value, contract.name


@quick
@given(maps(strays=(255,)), st.integers(1, 6))
def test_a_ratio_of_the_data_set_does_not_know_batches(arrays, size):
    inputs = build_inputs(**arrays, ignore_index=255)
    for contract in CONTRACTS:
        choices = contract.choices
        if choices.group is Group.DATA_SET and not choices.averages_batches:
            one, other = (
                evaluate(contract, inputs),
                evaluate(contract, replace(inputs, batch_size=size)),
            )
            assert one.value == other.value, contract.name


@quick
@given(maps())
def test_ratios_lie_between_none_and_all(arrays):
    inputs = build_inputs(**arrays)
    for contract in CONTRACTS:
        score = evaluate(contract, inputs)
        if score.value is not None:
            assert 0 <= score.value <= 1 + 1e-6, contract.name
        for value in score.per_class or ():
            assert value is None or 0 <= value <= 1 + 1e-6, contract.name


@quick
@given(maps())
def test_dice_is_never_below_iou_and_micro_iou_never_above_accuracy(arrays):
    inputs = build_inputs(**arrays)
    values = evaluate_contracts(inputs)
    assert values["plain.mean_dice"] >= values["plain.mean_iou"] - 1e-12
    assert values["plain.micro_iou"] <= values["plain.pixel_accuracy"] + 1e-12
    for contract in CONTRACTS:
        if (
            contract.choices.ratio is Ratio.IOU
            and contract.choices.average is not Average.PER_CLASS
        ):
            dice = replace(contract, choices=replace(contract.choices, ratio=Ratio.DICE))
            one, other = evaluate(contract, inputs).value, evaluate(dice, inputs).value
            assert (one is None) == (other is None)
            assert one is None or one <= other + 1e-6, contract.name


@quick
@given(maps())
def test_perfect_predictions_are_perfect_unless_an_absent_class_counts(arrays):
    arrays["y_true"].reshape(-1)[:CLASSES] = np.arange(CLASSES)[: arrays["y_true"].size]
    arrays["y_pred"] = arrays["y_true"]
    for name in ("keras.MeanIoU", "torchmetrics.JaccardIndex[macro]", "plain.mean_iou"):
        assert evaluate(BY_NAME[name], build_inputs(**arrays)).value == pytest.approx(1, abs=1e-6)


STOPPING = [contract for contract in CONTRACTS if contract.choices.counting is Counting.STOPS]


@pytest.mark.parametrize("contract", STOPPING, ids=lambda contract: contract.name)
def test_a_float32_cell_stops_in_each_update(contract):
    inputs = build_inputs(
        y_true=np.array([[[0, 0, 1]]] * 3), y_pred=np.array([[[0, 1, 1]]] * 3), num_classes=2
    )
    count = np.array([2**24, 2**22, 2**20] * 3)
    many = {
        pairing: pairs.replace(count=count)
        for pairing, pairs in inputs.flat.items()
        if len(pairs.count) == len(count)
    }
    inputs = replace(inputs, flat=many)

    def mean(largest: float) -> float:
        """Return the mean IoU where the largest cell holds so many times 2**24."""
        return (largest / (largest + 3 / 4) + (3 / 16) / (3 / 16 + 3 / 4)) / 2

    exact = evaluate(contract, inputs)
    assert exact.value == pytest.approx(mean(3), abs=1e-6)
    assert exact.counter is not None
    assert exact.counter.largest == 3 * 2**24
    assert exact.counter.value == pytest.approx(mean(1), abs=1e-6)
    for size, largest in ((1, 3), (2, 2), (3, 1)):
        value = evaluate(contract, replace(inputs, batch_size=size)).value
        assert value == pytest.approx(mean(largest), abs=1e-6)


def test_int32_wraps_at_two_to_the_31():
    contract = BY_NAME["keras.MeanIoU"]
    contract = replace(contract, choices=replace(contract.choices, counting=Counting.WRAPS))
    inputs = build_inputs(
        y_true=np.array([[[0, 0, 1]]]), y_pred=np.array([[[0, 1, 1]]]), num_classes=2
    )
    flat = {
        key: pairs.replace(count=np.array([2**31, 5, 5]))
        for key, pairs in inputs.flat.items()
        if len(pairs.count) == 3
    }
    score = evaluate(contract, replace(inputs, flat=flat))
    assert score.value == pytest.approx((1 + 1 / 2) / 2, abs=1e-6)
    assert (score.counter.largest, score.counter.limit) == (2**31 + 5, 2**31 - 1)
    # the union of class 0 is negative then, and that class leaves the mean
    assert score.counter.value == pytest.approx(1 / 2, abs=1e-6)


def test_tables_are_counted_once_for_all_contracts(monkeypatch):
    """Sixty contracts over a table of 300,000 rows take a tenth of a second because of this."""
    sorted_tables, counted = [], []
    sort, count = PairCounts.from_rows, sum_areas
    monkeypatch.setattr(
        PairCounts,
        "from_rows",
        lambda **columns: sorted_tables.append(1) or sort(**columns),
    )
    monkeypatch.setattr(
        _labels,
        "sum_areas",
        lambda *args, **sizes: counted.append(sizes["images"]) or count(*args, **sizes),
    )
    rng = np.random.default_rng(1)
    y_true = rng.integers(0, 5, (6, 8, 9))
    y_pred = np.where(rng.random(y_true.shape) < 0.6, y_true, rng.integers(0, 4, y_true.shape))
    y_true[:, 0] = 255
    inputs = build_inputs(y_true=y_true, y_pred=y_pred, num_classes=6, ignore_index=255)
    sorted_tables.clear()
    scores = evaluate_all(inputs, all_implementations=True, doctor=0.5)
    assert len(scores) == len(list(find_applicable(inputs, all_implementations=True))) > 60
    assert sorted_tables == []
    assert len(counted) - counted.count(1) <= 9
    assert counted.count(1) <= 9


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("ignored", [0, 1])
@pytest.mark.parametrize("layout", ["labels", "one-channel"])
def test_nothing_fails_where_all_is_ignored(layout, ignored, batch_size, monkeypatch):
    monkeypatch.setattr("iou_doctor.counts.class_areas.MANY_AREAS", 1)
    labels = np.ones((6, 2, 2), "u1")
    inputs = build_inputs(
        y_true=labels * np.uint8(ignored),
        y_pred=labels if layout == "labels" else np.full((6, 2, 2, 1), 0.7, "f4"),
        num_classes=2,
        layout=layout,
        ignore_index=ignored,
        batch_size=batch_size,
    )
    for contract in CONTRACTS:
        value = evaluate(contract, inputs).value
        assert value is None or 0 <= value <= 1


LAYOUTS = sorted({fixture.layout for fixture in fixtures()})


def evaluate_layout(layout):
    """Return the outcomes of all contracts for each fixture of a layout."""
    return {
        fixture.id: evaluate_contracts(
            build_fixture_inputs.__wrapped__(fixture)
        )  # nothing counted before
        for fixture in fixtures()
        if fixture.layout == layout
    }


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("many", [1, 7])
def test_how_many_images_are_counted_together_changes_no_value(layout, many, monkeypatch):
    together = evaluate_layout(layout)
    monkeypatch.setattr("iou_doctor.counts.class_areas.MANY_AREAS", many)
    monkeypatch.setattr("iou_doctor.metrics.engine.areas.MANY_AREAS", many)
    monkeypatch.setattr("iou_doctor.counts.pair_counts.BLOCK", many)
    monkeypatch.setattr("iou_doctor.counts.pair_columns.LONG", many)
    failed = [
        f"{fixture}: {found} not {together[fixture]}"
        for fixture, found in evaluate_layout(layout).items()
        if found != pytest.approx(together[fixture], rel=1e-6, abs=1e-7, nan_ok=True)
    ]
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_kept_for_the_next_contract_changes_no_value(layout, monkeypatch):
    kept = evaluate_layout(layout)
    monkeypatch.setattr(PairCounts, "cached", lambda _pairs, _key, work: work())
    monkeypatch.setattr(_labels, "MOST_CACHED", 0)
    again = evaluate_layout(layout)
    assert [fixture for fixture in kept if again[fixture] != kept[fixture]] == []
