"""The options of the commands `plan` and `scan`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from iou_doctor.choices import LedgerDetail
from iou_doctor.cli.defaults import ConfigFile, NoConfig
from iou_doctor.cli.model_options import PredictorOptions
from iou_doctor.cli.options import (
    COMPARISON,
    OUTPUT,
    ArrayOptions,
    BatchSize,
    ClassNames,
    CountingDevice,
    Jobs,
    MasksAs,
    PredictionsAs,
    PredictionsOrModel,
    Progress,
    declare_option,
    find_listed_masks,
)
from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.diagnosis.request import CheckRequest

SHARDS = "Shards"
READING = (
    "num_classes",
    "metric",
    "ignore_index",
    "layout",
    "threshold",
    "predictions_as",
    "masks_as",
    "class_names",
    "contracts",
    "ledger",
)
"""The options that a plan decides."""


class ScannedArrays(PredictorOptions, ArrayOptions):
    """The options that both commands share."""

    predictions: PredictionsOrModel = None
    class_names: ClassNames = None
    predictions_as: PredictionsAs = None
    masks_as: MasksAs = None
    contracts: Annotated[
        Literal["common", "all"],
        declare_option(
            COMPARISON,
            "Which implementations the report can compare: those people use most, or all.",
        ),
    ] = "common"
    ledger: Annotated[
        LedgerDetail,
        declare_option(
            COMPARISON,
            "How far the report can trace missing points: `auto` tells kinds of errors apart up to"
            " a million pixels, `full` always; `off` leaves the ledger out.",
        ),
    ] = "auto"
    batch_size: BatchSize = None
    progress: Progress = True
    no_config: NoConfig = False
    config: ConfigFile = None

    def build_request(self) -> "CheckRequest":
        """Validate the options, and return the check that the parts are for.

        Raises:
            UsageError: an option cannot work.
        """
        from dataclasses import replace

        masks = self.masks or find_listed_masks(self.predictions)
        if self.predictions is None or masks is None:
            raise UsageError("give PREDICTIONS and MASKS")
        if self.images is not None and not self.is_for_model():
            raise UsageError(
                "--images: a part holds counts and no pictures; drop it, or give a model that"
                " predicts the images"
            )
        return replace(
            super().build_request(),
            masks=masks,
            model=self.build_model_options(),
            all_implementations=self.contracts == "all",
            ledger=self.ledger,
            details=True,
        )


class PlanOptions(ScannedArrays):
    """The options of `iou-doctor plan`."""

    output: Annotated[
        Path,
        declare_option(
            OUTPUT,
            "Write the plan to FILE, as JSON.",
            "--output",
            metavar="FILE",
            show_default=False,
        ),
    ]


class ScanOptions(ScannedArrays):
    """The options of `iou-doctor scan`."""

    shard: Annotated[
        str,
        declare_option(
            SHARDS, "Which shard of how many to scan, for instance 3/64.", metavar="I/N"
        ),
    ] = "1/1"
    output: Annotated[
        Path,
        declare_option(
            OUTPUT, "Write the part to PART.", "--output", metavar="PART", show_default=False
        ),
    ]
    plan: Annotated[
        str | None,
        declare_option(SHARDS, "Read the arrays as `iou-doctor plan` has decided.", metavar="PLAN"),
    ] = None
    again: Annotated[
        str | None,
        declare_option(
            SHARDS,
            "Scan once more for the scores that REPORT, a JSON report of the parts, estimates.",
            metavar="REPORT",
        ),
    ] = None
    resume: Annotated[
        bool,
        declare_option(SHARDS, "Go on where a killed scan stopped, if there was one.", "--resume"),
    ] = False
    jobs: Jobs = None
    device: CountingDevice = "auto"

    def parse_shard(self) -> tuple[int, int]:
        """Return which shard of how many to scan.

        Raises:
            UsageError: there is no such shard.
        """
        from iou_doctor.parts.job import MOST_SHARDS

        shard, _, shards = self.shard.partition("/")
        numbers = [int(one) if re.fullmatch("[0-9]{1,9}", one) else 0 for one in (shard, shards)]
        if not 1 <= numbers[0] <= numbers[1] <= MOST_SHARDS:
            raise UsageError(
                f"--shard {self.shard}: give I/N, from 1/N to N/N, for instance 3/64; N is at most"
                f" {MOST_SHARDS:,}"
            )
        return numbers[0], numbers[1]
