"""Select the rules to report by code, prefix or name."""

from __future__ import annotations

import difflib

from iou_doctor.checks.registry import load_checks
from iou_doctor.errors import UsageError
from iou_doctor.record import record
from iou_doctor.report.finding import Outcome


@record
class Selection:
    """The rules to report, given by codes, prefixes of codes, or names."""

    select: tuple[str, ...] = ()
    """The rules to report; all if empty."""
    ignore: tuple[str, ...] = ()
    """The rules to leave out, even if they are selected."""

    def __post_init__(self) -> None:
        words = (*self.select, *self.ignore)
        rules = [check.rule for check in load_checks()] if words else []
        for word in words:
            if not any(_is_named(word, rule.code, rule.name) for rule in rules):
                raise build_unknown_rule_error(word)

    def __contains__(self, outcome: Outcome) -> bool:
        code, name = outcome.rule.code, outcome.rule.name
        wanted = not self.select or any(_is_named(word, code, name) for word in self.select)
        return wanted and not any(_is_named(word, code, name) for word in self.ignore)


def build_unknown_rule_error(word: str) -> UsageError:
    """Build the error for a word that names no rule, with the most similar code or name."""
    rules = [check.rule for check in load_checks()]
    known = [*(rule.name for rule in rules), *(rule.code for rule in rules)]
    spelled = word.upper() if word.upper().startswith("IOU") else word.lower()
    if word.lstrip("-").isdecimal():
        return UsageError(
            f"no rule is called {word!r}; if it is a mask label to leave out, give"
            f" --ignore-index {word}"
        )
    near = difflib.get_close_matches(spelled, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    return UsageError(f"no rule is called {word!r}; {hint}`iou-doctor rules` lists them all")


def _is_named(word: str, code: str, name: str) -> bool:
    return word.upper() == "ALL" or word == name or (word != "" and code.startswith(word.upper()))
