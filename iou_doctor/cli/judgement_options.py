"""The options for the rules to report, for minimum scores, and for a baseline."""

from typing import TYPE_CHECKING, Annotated, Literal

from iou_doctor.choices import FailOn, LedgerDetail
from iou_doctor.cli import completion
from iou_doctor.cli.options import (
    COMPARISON,
    BatchSize,
    Confidence,
    declare_option,
    split_lists,
)
from iou_doctor.cli.signature import CommandOptions
from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.report.minimums import Minimums

RULES = "Rules"
GATES = "Gates"
NEW_BASELINE = "iou-doctor-baseline.json"
"""Where `--write-baseline` writes if no `--baseline` is given."""


class JudgementOptions(CommandOptions):
    """Which rules to report, when to fail, and what to compare with."""

    select: Annotated[
        list[str] | None,
        declare_option(
            RULES,
            "Report only these codes, prefixes or names.",
            metavar="RULES",
            autocompletion=completion.complete_rules,
        ),
    ] = None
    ignore: Annotated[
        list[str] | None,
        declare_option(
            RULES,
            "Do not report these codes, prefixes or names.",
            metavar="RULES",
            autocompletion=completion.complete_rules,
        ),
    ] = None
    fail_on: Annotated[
        FailOn, declare_option(GATES, "Exit with 1 if a finding is at least this severe.")
    ] = "error"
    min_iou: Annotated[
        float | None,
        declare_option(GATES, "Exit with 1 if iou-doctor's mean IoU is lower.", metavar="SCORE"),
    ] = None
    min_class_iou: Annotated[
        list[str] | None,
        declare_option(
            GATES,
            "Exit with 1 if the IoU of a class is lower: car=0.6,person=0.4; repeatable.",
            metavar="CLASS=SCORE",
        ),
    ] = None
    min_image_iou: Annotated[
        str | None,
        declare_option(
            GATES,
            "Exit with 1 if more images than this share have a lower mean IoU: 5%:0.3.",
            metavar="SHARE%:SCORE",
        ),
    ] = None
    beyond_noise: Annotated[
        bool,
        declare_option(
            GATES,
            "Let --min-iou and --max-drop pass if other images might have passed.",
            "--beyond-noise",
        ),
    ] = False
    baseline: Annotated[
        str | None,
        declare_option(GATES, "A JSON report of an earlier run to compare with.", metavar="REPORT"),
    ] = None
    max_drop: Annotated[
        float,
        declare_option(GATES, "How far an IoU may fall below the baseline's.", metavar="DROP"),
    ] = 0.01
    write_baseline: Annotated[
        bool,
        declare_option(
            GATES,
            f"Do not compare; write this run to the file of --baseline, or to {NEW_BASELINE}.",
            "--write-baseline",
        ),
    ] = False
    contracts: Annotated[
        Literal["common", "all"],
        declare_option(
            COMPARISON, "Which implementations to compare: those people use most, or all."
        ),
    ] = "common"
    batch_size: BatchSize = None
    confidence: Confidence = 0.95
    ledger: Annotated[
        LedgerDetail,
        declare_option(
            COMPARISON,
            "How far to trace missing points: `auto` tells kinds of errors apart up to a million"
            " pixels, `full` always; `off` leaves the ledger out.",
        ),
    ] = "auto"
    slices: Annotated[
        list[str] | None,
        declare_option(
            COMPARISON,
            "Score and price the samples of each folder, size, or value of a column: folder, size,"
            " or COLUMN@FILE.csv; repeatable.",
            "--slice",
            metavar="SLICES",
        ),
    ] = None
    seen: Annotated[
        str | None,
        declare_option(
            COMPARISON, "Also explain this score, written as it was printed.", metavar="SCORE"
        ),
    ] = None

    def build_minimums(self) -> "Minimums":
        """Return the scores that the check has to reach.

        Raises:
            UsageError: one of them is no score, or has another form.
        """
        from iou_doctor.report.minimums import (
            Minimums,
            parse_class_minimums,
            parse_image_minimum,
        )

        check_share("--min-iou", self.min_iou)
        if self.beyond_noise and self.min_iou is None and self.baseline is None:
            raise UsageError(
                "--beyond-noise changes what --min-iou and --baseline do; give one of them"
            )
        return Minimums(
            mean=self.min_iou,
            classes=parse_class_minimums(split_lists(self.min_class_iou)),
            images=parse_image_minimum(self.min_image_iou),
            beyond_noise=self.beyond_noise,
        )


def check_share(option_name: str, value: float | None) -> None:
    """Refuse a value outside 0 to 1; a comparison with NaN would never fail a build."""
    if value is not None and not 0 <= value <= 1:
        raise UsageError(f"{option_name} {value:g}: give a score from 0 to 1, 0.7 for instance")
