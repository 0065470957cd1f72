"""Public reports of a wrong or stuck score, rebuilt as small arrays from what the authors wrote.

Each function of this package builds the arrays of one report. `../README.md` has the links, and
what the program said.
"""

from field.reports import class_ids, pictures, pixels, places  # they register their cases
from field.reports.cases import CASES, Case

__all__ = ["CASES", "Case", "class_ids", "pictures", "pixels", "places"]
