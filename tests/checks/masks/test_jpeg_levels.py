import numpy as np
import pytest
from build import diagnose, names

# 0 and 99 are the levels; with 150 classes no value is expected to be one
AROUND_BOTH = {1: 10, 2: 10, 3: 10, 4: 10, 97: 10, 98: 10}


def fires(counts, right=()):
    """Return whether jpeg-masks fires on masks with these numbers of pixels of each value.

    `right` holds the number of pixels of a value that are predicted as that value.
    """
    masks = np.repeat(list(counts), list(counts.values())).astype(np.uint8)
    predicted = np.zeros_like(masks)
    for value, number in dict(right).items():
        predicted[np.flatnonzero(masks == value)[:number]] = value
    report = diagnose(y_true=masks[None, None], y_pred=predicted[None, None], num_classes=150)
    return "jpeg-masks" in names(report)


TWENTY = [*range(1, 9), *range(91, 99), *range(100, 104)]
CLOUDS = {0: 20_000, 99: 10_000} | dict.fromkeys(TWENTY, 100)


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (
            {0: 6000, 99: 3000, 91: 10} | dict.fromkeys(range(1, 6), 10),
            {0: 6000, 99: 3000, 90: 10} | dict.fromkeys(range(1, 6), 10),
        ),
        (
            {0: 6000, 99: 3000, 50: 42, 98: 5} | dict.fromkeys(range(1, 6), 7),
            {0: 6000, 99: 3000, 50: 43, 98: 5} | dict.fromkeys(range(1, 6), 7),
        ),
        (
            {0: 9840, 99: 100} | AROUND_BOTH,
            {0: 9841, 99: 99} | AROUND_BOTH,
        ),
        (
            {0: 6000, 99: 3000} | AROUND_BOTH,
            {0: 6000, 99: 3000} | {1: 10, 2: 10, 3: 10, 97: 10, 98: 10},
        ),
        (
            {0: 5000, 99: 2000, 1: 600, 2: 600, 3: 600, 4: 600, 95: 200, 96: 200, 97: 200},
            {0: 5000, 99: 2000, 1: 601, 2: 600, 3: 600, 4: 600, 95: 200, 96: 200, 97: 200},
        ),
        (
            {0: 6000, 32: 3000, 1: 10, 2: 10, 3: 10, 33: 10, 34: 10, 35: 10},
            {0: 6000, 31: 3000, 1: 10, 2: 10, 3: 10, 33: 10, 34: 10, 35: 10},
        ),
        (
            {0: 6000, 99: 800, 98: 100} | dict.fromkeys(range(1, 7), 10),
            {0: 6000, 99: 799, 98: 100} | dict.fromkeys(range(1, 7), 10),
        ),
    ],
    ids=[
        "reach",
        "near share",
        "level share",
        "number of other values",
        "share of other values",
        "distance of levels",
        "dominance",
    ],
)
def test_each_limit_is_kept(within, beyond):
    assert fires(within)
    assert not fires(beyond)


def test_a_quarter_of_the_other_values_may_be_learnt():
    assert fires(CLOUDS, dict.fromkeys(TWENTY[:5], 20))
    assert not fires(CLOUDS, dict.fromkeys(TWENTY[:6], 20))


def test_a_value_is_learnt_if_a_fifth_of_its_pixels_are_right():
    assert fires(CLOUDS, dict.fromkeys(TWENTY, 19))
    assert not fires(CLOUDS, dict.fromkeys(TWENTY, 20))
