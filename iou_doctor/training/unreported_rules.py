"""Choose the rules that cannot be judged during a training.

A rule states in its own file what it needs (`Rule.needs`).
"""

from __future__ import annotations

from iou_doctor.checks.registry import load_checks
from iou_doctor.report.finding import Needs


def list_unreported_rules(*, trained: bool) -> tuple[str, ...]:
    """Return the names of the rules that must not be reported.

    Rules about a whole data set are never reported, because the callback checks only some samples,
    and rules about hand-written metrics are not, because it checks only metrics of Keras.

    Args:
        trained: whether the network has been trained for an epoch. If not, rules that need a
            trained network are not reported either.
    """
    unmet = {Needs.WHOLE_DATA_SET, Needs.OWN_METRIC}
    if not trained:
        unmet.add(Needs.TRAINED_NETWORK)
    return tuple(check.rule.name for check in load_checks() if check.rule.needs in unmet)
