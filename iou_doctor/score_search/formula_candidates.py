"""The candidates that follow from formulas alone. Without arrays, nothing here needs NumPy."""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.score_search.candidate import Candidate, Candidates
from iou_doctor.score_search.faults.closed_forms import list_formulas
from iou_doctor.score_search.faults.formula import Facts


def collect_formulas(num_classes: int | None = None) -> Candidates:
    """Return the values that are possible for any arrays.

    Args:
        num_classes: the number of classes; `None` if it is unknown.
    """
    found = tuple(list_formula_candidates(num_classes=num_classes))
    return Candidates(found, with_arrays=False, num_classes=num_classes)


def list_formula_candidates(
    *, num_classes: int | None, facts: Facts | None = None
) -> Iterator[Candidate]:
    """Yield the formulas as candidates.

    Args:
        num_classes: the number of classes; `None` if it is unknown.
        facts: the facts about the arrays; `None` if there are none.
    """
    for form in list_formulas(num_classes=num_classes, facts=facts):
        yield Candidate(
            form.value,
            form.cause,
            form.implementation,
            form.cause.prior,
            possible=form.possible,
        )
