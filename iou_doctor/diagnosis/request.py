"""The one request that the command line, Python and the training callback build."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from iou_doctor.arrays.interpretation import Options
from iou_doctor.choices import Device, FailOn, LedgerDetail
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.errors import UsageError
from iou_doctor.ledger.interval import CONFIDENCE, CONFIDENCE_BOUNDS
from iou_doctor.record import record
from iou_doctor.report.minimums import Minimums

if TYPE_CHECKING:
    from iou_doctor.arrays.expected import ExpectedInterpretation
    from iou_doctor.arrays.model import ModelOptions
    from iou_doctor.diagnosis.slicing import SliceRequest
    from iou_doctor.report.baseline import Baseline
    from iou_doctor.report.score_lookup import PrintedScore


@record(kw_only=True)
class CheckRequest:
    """What is to be checked, and how."""

    predictions: object = None
    """A path, an array or tensor, or batches of them; with `model`, the model itself."""
    masks: object = None
    """A path, an array or tensor, or batches of them."""
    pairs: Iterable[object] | None = None
    """Batches of pairs (masks, predictions), in place of `predictions` and `masks`."""
    images: object = None
    """The images that the masks are of, to be shown; those of a model are in `model`."""
    model: ModelOptions | None = None
    """How to run the model that `predictions` names; `None` if they are arrays."""
    options: Options = field(default_factory=Options)
    """What the user said about the arrays."""
    metric: str | None = None
    """The metric's call as written in the user's code; `None` for `keras.metrics.MeanIoU`."""
    lacks_object: bool = False
    """Whether the caller knows that no mask of the whole data set holds class 1."""
    batch_size: int | None = None
    """Images in one update of a metric; `None` for all of them."""
    selection: Selection = field(default_factory=Selection)
    """Which rules to report."""
    fail_on: FailOn = "error"
    """A finding of this severity or a worse one fails the check."""
    minimums: Minimums = field(default_factory=Minimums)
    """The scores below which the check fails."""
    confidence: float = CONFIDENCE
    """The share of the drawn data sets that an interval holds."""
    details: bool = False
    """Whether to compute also the means that only detailed reports show."""
    boundary_iou: bool = False
    """Whether to read the arrays once more for the boundary IoU."""
    ledger: LedgerDetail = "auto"
    """How much of the ledger to work out."""
    slices: tuple[SliceRequest, ...] = ()
    """How to cut the data set into slices."""
    baseline: Baseline | None = None
    """An earlier report to compare with."""
    expected: ExpectedInterpretation | None = None
    """The interpretation that the configuration expects."""
    all_implementations: bool = False
    """Whether to evaluate every metric contract, not only those that people use most."""
    score_to_explain: PrintedScore | None = None
    """A printed score of these arrays, to be explained."""
    versus: PrintedScore | None = None
    """Another one, to be told apart from it."""
    jobs: int | None = None
    """Threads of the scan; `None` for one per usable core."""
    device: Device = "cpu"
    """Where to count. The command line and `iou_doctor.check` default to `auto`; a check of a few
    samples during training stays on the CPU."""

    @property
    def counts_for_all(self) -> bool:
        """Whether the pass counts what every contract needs."""
        return self.all_implementations or self.score_to_explain is not None


def check_confidence(value: float, *, name: str) -> float:
    """Return the confidence of intervals.

    Args:
        value: what the user said.
        name: the name of the option as the user writes it.

    Raises:
        UsageError: there is no useful interval of this confidence.
    """
    least, most = CONFIDENCE_BOUNDS
    if not least <= value <= most:
        raise UsageError(
            f"{name} {value:g}: give a share from {least:g} to {most:g}, 0.95 for instance"
        )
    return value


def check_model_options(
    options: ModelOptions, *, spell: Callable[[str], str], has_images: bool
) -> ModelOptions | None:
    """Return how to run a model; `None` if there are no images and thus no model.

    Args:
        options: what the user said.
        spell: returns an option's name as the user writes it.
        has_images: whether there are images beside predictions that are no model.

    Raises:
        UsageError: an option for models was given, and there is none.
    """
    if options.images is not None:
        return options
    said = {
        "signature": options.signature is not None,
        "output_name": options.output_name is not None,
        "input_scale": (options.input_scale, options.input_offset) != (1.0, 0.0),
        "resize": options.resize,
        "trust_model": options.trusted,
        "model_timeout": options.timeout is not None,
    }
    first = next((name for name, is_said in said.items() if is_said), None)
    if first is not None and has_images:
        raise UsageError(f"{spell(first)} is for a model, and the predictions are none")
    if first is not None:
        raise UsageError(f"{spell(first)} is for a model; give its images with {spell('images')}")
    return None
