"""The options of `iou-doctor check`, and the request that they make."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from iou_doctor.choices import Engine
from iou_doctor.cli.defaults import CONFIGURATION, ConfigFile, NoConfig
from iou_doctor.cli.judged_report import LONE_NAME, JudgedReportOptions
from iou_doctor.cli.model_options import PredictorOptions
from iou_doctor.cli.options import (
    OUTPUT,
    ArrayOptions,
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
    from iou_doctor.arrays.expected import ExpectedInterpretation
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.safety.protected_files import ProtectedPath


class CheckOptions(JudgedReportOptions, PredictorOptions, ArrayOptions):
    """All options of the command."""

    predictions: PredictionsOrModel = None
    class_names: ClassNames = None
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
    jobs: Jobs = None
    device: CountingDevice = "auto"
    engine: Annotated[
        Engine,
        declare_option(
            OUTPUT, "Where to count: in this process, or on the workers of a Dask cluster."
        ),
    ] = "local"
    scheduler: Annotated[
        str | None,
        declare_option(
            OUTPUT,
            "The address of the Dask scheduler; without one, workers start on this machine.",
            metavar="ADDRESS",
        ),
    ] = None
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

        from iou_doctor.scan.device import require_gpu

        masks = self.masks or find_listed_masks(self.predictions)
        if self.predictions is None or masks is None:
            raise UsageError(
                "give PREDICTIONS and MASKS, or name them in a configuration file (`iou-doctor"
                " init PREDICTIONS MASKS` writes one); `iou-doctor check -h` says how"
            )
        require_gpu(self.device)
        request = replace(
            super().build_request(),
            masks=masks,
            model=self.build_model_options(),
            images=None if self.is_for_model() else self.images,
            jobs=self.jobs,
            device=self.device,
        )
        return self.judge(request, expected=expected, name=name)

    def list_protected(self, *, name: str = LONE_NAME) -> "tuple[ProtectedPath, ...]":
        """Return the arrays, the model, the baseline and so on, which no report may change."""
        inputs = [path for path in (self.predictions, self.masks, self.images) if path]
        inputs += self.list_files_read()
        if self.is_for_model() and self.predictions and self.writes_files():
            from iou_doctor.sources.models.onnx_safety import list_weight_files

            inputs += map(str, list_weight_files(Path(self.predictions)))
        return self.protect(inputs, name=name)
