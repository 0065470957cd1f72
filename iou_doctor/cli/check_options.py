"""The options of `iou-doctor check`, and the request that they make."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iou_doctor.choices import Device
from iou_doctor.cli.defaults import ConfigFile, NoConfig
from iou_doctor.cli.judgement_options import NEW_BASELINE, JudgementOptions
from iou_doctor.cli.model_options import PredictorOptions
from iou_doctor.cli.options import (
    ARRAYS,
    CLASS_NAMES_HELP,
    OUTPUT,
    PREDICTIONS_HELP,
    ArrayOptions,
    MasksAs,
    PredictionsAs,
    Progress,
    declare_option,
    split_lists,
)
from iou_doctor.cli.report_options import ReportOptions, insert_name
from iou_doctor.errors import UsageError

if TYPE_CHECKING:
    from iou_doctor.arrays.expected import ExpectedInterpretation
    from iou_doctor.cli.outputs import ReportOutput
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.diagnosis.slicing import SliceRequest
    from iou_doctor.report.baseline import Baseline
    from iou_doctor.report.score_lookup import PrintedScore
    from iou_doctor.safety.protected_files import ProtectedPath

CONFIGURATION = "Configuration"
LONE_NAME = "check"
"""The name of a check that the configuration does not name."""


def _find_listed_masks(predictions: str | None) -> str | None:
    """Return the path of a text file that may list predictions and masks."""
    from iou_doctor.safety.listed_files import LIST_SUFFIXES

    is_list = predictions is not None and predictions.lower().endswith(LIST_SUFFIXES)
    return predictions if is_list else None


class CheckOptions(ReportOptions, JudgementOptions, PredictorOptions, ArrayOptions):
    """All options of the command."""

    predictions: Annotated[
        str | None,
        typer.Argument(
            metavar="PREDICTIONS",
            help=f"{PREDICTIONS_HELP} Or a model, with --images.",
        ),
    ] = None
    class_names: Annotated[
        list[str] | None,
        declare_option(
            ARRAYS,
            CLASS_NAMES_HELP,
            metavar="NAMES",
        ),
    ] = None
    predictions_as: PredictionsAs = None
    masks_as: MasksAs = None
    all_checks: Annotated[
        bool,
        declare_option(
            CONFIGURATION,
            "Check every [[check]] of the configuration file; its name replaces `{name}` in the"
            " file names of other options.",
            "--all",
        ),
    ] = False
    jobs: Annotated[
        int | None,
        declare_option(
            OUTPUT,
            "Number of threads for the scan.",
            metavar="N",
            min=1,
            show_default="one per usable core",
        ),
    ] = None
    device: Annotated[
        Device,
        declare_option(
            OUTPUT, "Where to count: `auto` uses a GPU for large arrays if there is one."
        ),
    ] = "auto"
    progress: Progress = True
    no_config: NoConfig = False
    config: ConfigFile = None

    def build_request(
        self, *, expected: "ExpectedInterpretation | None" = None, name: str = LONE_NAME
    ) -> "CheckRequest":
        """Validate the options, and return the check that they request.

        Args:
            expected: the interpretation that the configuration expects.
            name: the text that replaces `{name}` in file names.

        Raises:
            UsageError: an option cannot work.
        """
        from dataclasses import replace

        from iou_doctor.diagnosis.request import check_confidence
        from iou_doctor.diagnosis.selection import Selection
        from iou_doctor.scan.device import require_gpu

        masks = self.masks or _find_listed_masks(self.predictions)
        if self.predictions is None or masks is None:
            raise UsageError(
                "give PREDICTIONS and MASKS, or name them in a configuration file (`iou-doctor"
                " init PREDICTIONS MASKS` writes one); `iou-doctor check -h` says how"
            )
        require_gpu(self.device)
        return replace(
            super().build_request(),
            masks=masks,
            model=self.build_model_options(),
            images=None if self.is_for_model() else self.images,
            selection=Selection(select=split_lists(self.select), ignore=split_lists(self.ignore)),
            fail_on=self.fail_on,
            minimums=self.build_minimums(),
            confidence=check_confidence(self.confidence, name="--confidence"),
            details=self.wants_details(),
            boundary_iou=self.verbose,
            ledger=self.ledger,
            slices=self._parse_slices(),
            baseline=self._load_baseline(name),
            expected=expected,
            all_implementations=self.contracts == "all",
            score_to_explain=_parse_score(self.seen),
            jobs=self.jobs,
            device=self.device,
        )

    def writes_files(self) -> bool:
        """Return whether a report goes to a file, or may do so."""
        return self.write_baseline or super().writes_files()

    def list_protected(self, *, name: str = LONE_NAME) -> "tuple[ProtectedPath, ...]":
        """Return the arrays, the model and the baseline, which no report may change."""
        from iou_doctor.safety.protected_files import ProtectedPath, protect_inputs

        inputs = [path for path in (self.predictions, self.masks, self.images) if path]
        if self.is_for_model() and self.predictions and self.writes_files():
            from iou_doctor.sources.models.onnx_safety import list_weight_files

            inputs += map(str, list_weight_files(Path(self.predictions)))
        inputs += [file for one in self.slices or () if (file := one.partition("@")[2])]
        protected = protect_inputs(inputs)
        if self.baseline is None or self.write_baseline:
            return protected
        return *protected, ProtectedPath(Path(insert_name(self.baseline, name)), "the baseline")

    def check_outputs(
        self, protected: "Sequence[ProtectedPath]", *, name: str = LONE_NAME
    ) -> "tuple[ReportOutput, ...]":
        """Return the reports to write, a new baseline among them.

        Args:
            protected: what the run reads, which no report may change.
            name: the text that replaces `{name}` in file names.
        """
        place = insert_name(self.baseline or NEW_BASELINE, name)
        return self.list_outputs(
            name=name,
            protected=protected,
            more_reports=[f"json={place}"] if self.write_baseline else [],
        )

    def _parse_slices(self) -> "tuple[SliceRequest, ...]":
        if not self.slices:
            return ()
        from iou_doctor.diagnosis.slice_options import parse_slices

        return parse_slices(split_lists(self.slices), option="--slice")

    def _load_baseline(self, name: str) -> "Baseline | None":
        from iou_doctor.report.baseline import load_baseline

        if self.baseline is None or self.write_baseline:
            return None
        return load_baseline(insert_name(self.baseline, name), max_drop=self.max_drop)


def _parse_score(text: str | None) -> "PrintedScore | None":
    if text is None:
        return None
    from iou_doctor.report.score_lookup import parse_score

    return parse_score(text)
