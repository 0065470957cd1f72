import pytest

from iou_doctor.checks.masks._mask_values import may_fit_by_chance


@pytest.mark.parametrize(("known", "by_chance"), [(25, False), (26, True)])
def test_a_fit_is_by_chance_from_a_probability_of_a_hundredth(known, by_chance):
    # (25 / 256) ** 2 is 0.0095, (26 / 256) ** 2 is 0.0103
    assert may_fit_by_chance([0, 17, 34], known) is by_chance
