"""Rules and their outcomes: a finding, a pass, or the reason why a rule was skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum, Flag, IntEnum, StrEnum, auto
from typing import Any

from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair


class Severity(StrEnum):
    """How certain and how bad a fault is. The values are the levels of SARIF."""

    ERROR = "error"
    """The arrays prove that the metric's number is wrong or cannot be computed."""
    WARNING = "warning"
    """Strong evidence for a fault, although a harmless explanation is possible."""
    NOTE = "note"
    """A fact worth knowing."""

    @property
    def rank(self) -> int:
        """A number that is higher for a worse severity."""
        return {Severity.NOTE: 1, Severity.WARNING: 2, Severity.ERROR: 3}[self]


class Suspicion(IntEnum):
    """The order in which kinds of causes are suspected: an earlier kind can imitate later ones."""

    SHAPES = 1
    NON_FINITE = 2
    ENCODING = 3
    MASK_VALUES = 4
    LABEL_RANGE = 5
    COLLAPSE = 6
    ALIGNMENT = 7
    PERMUTATION = 8
    DEFINITIONS = 9


class Symptom(Flag):
    """A side effect of a fault, beyond what its own rule detects.

    A rule that can fire as a mere consequence of other faults states which symptom it detects. A
    rule for a cause states which symptoms it explains.
    """

    METRIC = auto()
    """The metric counts something other than the classes of the pixels, or drops pixels."""
    BASELINE = auto()
    """The score is lower than in an earlier report."""
    ENCODING = auto()
    """The arrays seem to be encoded differently from what the metric or the configuration expects.
    """
    LABELS = auto()
    """Labels are neither a class nor the ignore label."""
    CLASSES = auto()
    """Only one of the two arrays holds a class."""
    CLASS_SHARES = auto()
    """One class covers nearly all pixels."""
    ABSENT_CLASSES = auto()
    """Neither array holds a class."""
    PERFECT_SCORE = auto()
    """The score is nearly 1 because hardly any class or pixel counts."""
    NUMBERING = auto()
    """The classes seem to be numbered in another way."""
    ALIGNMENT = auto()
    """The pixels seem to belong to another place."""


class Needs(Enum):
    """What a rule needs in addition to the arrays.

    The Keras callback leaves out rules whose needs are not met.
    """

    WHOLE_DATA_SET = auto()
    """The claim is about all samples or about a trained network; a few samples cannot show it."""
    TRAINED_NETWORK = auto()
    """The claim rests on what a trained network predicts, or on how well it agrees with masks."""
    FITTING_NETWORK = auto()
    """The claim holds only if most samples are known to fit."""
    NEW_DATA = auto()
    """The claim is that all samples differ from those that the network was trained on, which it is
    known to fit. A network that has hardly learned anything shows the same by chance.
    """
    OWN_METRIC = auto()
    """The claim is about hand-written metrics. Those of Keras flatten both arrays."""


@record
class Rule:
    """The identity of a fault. The meaning of a code or a name is public and never changes."""

    code: str
    name: str
    severity: Severity
    suspicion: Suspicion
    claim: str
    """The fault as a short clause, for instance `the probabilities were never argmaxed`."""
    symptom: Symptom | None = None
    """What the rule detects if other faults can bring it about; `None` if it is always a cause."""
    explains: Symptom = Symptom(0)
    """The symptoms that this fault brings about: their rules then fire as mere consequences."""
    also_explains: tuple[str, ...] = ()
    """Names of further rules that fire as mere consequences of this one."""
    after: tuple[str | Suspicion, ...] = ()
    """The rules whose findings the check uses, by name or all those of a suspicion. They run
    first, and the check sees no other findings."""
    needs: Needs | None = None
    """What else the rule needs; `None` if a few samples of any network suffice."""


@record
class Finding:
    """One fault that was found. `message` states what was measured, `help` what to do about it."""

    rule: Rule
    message: str
    help: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The values in the message for programs, as JSON types only."""
    evidence: str | None = None
    """A line that shows the first place with the fault."""
    repair: Repair | None = None
    cautious_help: str | None = None
    """What to do instead of `help` if the repair would lower the score, or, for faults that are not
    of the format, as long as a fault of the format stands; `None`: the same."""
    needs: Needs | None = None
    """What this finding needs beyond what its rule needs."""
    severity_override: Severity | None = None
    """The severity of this finding if it differs from the rule's."""
    leaves_doubt: bool = False
    """Whether the arrays may hold something else than classes, so that no score is called right."""
    is_alone: bool = False
    """Whether it explains no other finding, although findings of its rule may."""

    @property
    def severity(self) -> Severity:
        """The severity of this finding: the rule's, unless the check has overridden it."""
        return self.severity_override or self.rule.severity


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FIRED = "fired"
    SKIPPED = "skipped"


@record
class Outcome:
    """One rule and how its check ended."""

    rule: Rule
    status: Status
    reason: str | None = None
    """Why it was skipped."""


@record
class Skipped:
    """What a check returns if it cannot run on these arrays: that does not mean that they pass."""

    reason: str
