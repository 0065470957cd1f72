"""The simulation of the coverage gives the same numbers every time."""

from __future__ import annotations

from interval_coverage import count_covered


def test_a_few_simulations_cover_about_as_often_as_the_interval_says():
    covered = count_covered(60, 100)
    assert covered == count_covered(60, 100)
    assert 50 <= covered <= 60
