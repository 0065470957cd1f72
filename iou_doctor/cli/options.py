"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from iou_doctor.choices import Device, EncodingName, FailOn
from iou_doctor.cli import completion
from iou_doctor.render import FORMATS

if TYPE_CHECKING:
    from iou_doctor.arrays.interpretation import Encoding, Options

ARRAYS = "The arrays"
RULES = "Rules"
GATES = "Gates"
COMPARISON = "Comparison"
OUTPUT = "Output"
PREDICTIONS_HELP = "FILE.npy, FILE.npz::name, FILE.h5::/name, an image, or a folder of images."
MASKS_HELP = "The true masks, in any of these forms."
Predictions = Annotated[
    str, typer.Argument(metavar="PREDICTIONS", help=PREDICTIONS_HELP, show_default=False)
]
Masks = Annotated[str, typer.Argument(metavar="MASKS", help=MASKS_HELP, show_default=False)]
PredictionsOrFile = Annotated[
    str | None,
    typer.Argument(metavar="PREDICTIONS", help=f"{PREDICTIONS_HELP} Or a model, with --images."),
]
MasksOrFile = Annotated[str | None, typer.Argument(metavar="MASKS", help=MASKS_HELP)]
NumClasses = Annotated[
    int | None,
    typer.Option(
        "--num-classes",
        "-n",
        help="Number of classes, background included.",
        rich_help_panel=ARRAYS,
    ),
]
MetricCall = Annotated[
    str | None,
    typer.Option(
        metavar="CALL",
        help="The metric as written in your code, for instance"
        ' "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)".'
        " Without it: keras.metrics.MeanIoU.",
        rich_help_panel=ARRAYS,
        autocompletion=completion.metrics,
    ),
]
IgnoreIndex = Annotated[
    int | None,
    typer.Option(
        "--ignore-index",
        "--ignore-class",
        help="Mask label to leave out (void), 255 often.",
        rich_help_panel=ARRAYS,
    ),
]
ClassNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAMES",
        help="Names of the classes, comma-separated; repeatable.",
        rich_help_panel=ARRAYS,
    ),
]
LayoutLetters = Annotated[
    str | None,
    typer.Option(
        metavar="LETTERS",
        help="What the axes mean, NHWC or NCHW for instance; PREDICTIONS,MASKS if they differ.",
        rich_help_panel=ARRAYS,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(help="Cut of one channel of scores (0.5; for logits 0).", rich_help_panel=ARRAYS),
]
PredictionsAs = Annotated[
    EncodingName | None,
    typer.Option(help="What the predictions are, if misread.", rich_help_panel=ARRAYS),
]
MasksAs = Annotated[
    EncodingName | None,
    typer.Option(help="What the masks are, if misread.", rich_help_panel=ARRAYS),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULES",
        help="Report only these codes, prefixes or names.",
        rich_help_panel=RULES,
        autocompletion=completion.rules,
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULES",
        help="Do not report these codes, prefixes or names.",
        rich_help_panel=RULES,
        autocompletion=completion.rules,
    ),
]
RuleName = Annotated[
    str,
    typer.Argument(
        metavar="RULE",
        help="A code or a name.",
        show_default=False,
        autocompletion=completion.rules,
    ),
]
FailsOn = Annotated[
    FailOn,
    typer.Option(help="Exit with 1 for findings this bad or worse.", rich_help_panel=GATES),
]
LeastScore = Annotated[
    float | None,
    typer.Option(
        metavar="SCORE",
        help="Exit with 1 if the doctor's mean IoU is lower.",
        rich_help_panel=GATES,
    ),
]
BaselineFile = Annotated[
    str | None,
    typer.Option(
        metavar="REPORT",
        help="A JSON report of an earlier run to compare with.",
        rich_help_panel=GATES,
    ),
]
MaxDrop = Annotated[
    float,
    typer.Option(
        metavar="DROP",
        help="How far an IoU may fall below the baseline's.",
        rich_help_panel=GATES,
    ),
]
WriteBaseline = Annotated[
    bool,
    typer.Option(
        "--write-baseline",
        help="Compare with nothing, and write this run to the file of --baseline, or to"
        " iou-doctor-baseline.json.",
        rich_help_panel=GATES,
    ),
]
Contracts = Annotated[
    Literal["common", "all"],
    typer.Option(
        help="Which implementations to compare: those people use most, or all.",
        rich_help_panel=COMPARISON,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Images in one update, for averages over batches, and in one call of a model.",
        rich_help_panel=COMPARISON,
    ),
]
Seen = Annotated[
    str | None,
    typer.Option(
        metavar="SCORE",
        help="Explain this score too, as somebody printed it.",
        rich_help_panel=COMPARISON,
    ),
]
OutputFormat = Annotated[
    str,
    typer.Option(
        metavar="FORMAT",
        help=f"How to write the report: {', '.join(FORMATS)}.",
        rich_help_panel=OUTPUT,
        autocompletion=completion.formats,
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write the report to FILE, not to stdout.", rich_help_panel=OUTPUT
    ),
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        help="Write one more report, from the same scan; repeatable.",
        rich_help_panel=OUTPUT,
        autocompletion=completion.reports,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Only the verdict.", rich_help_panel=OUTPUT)
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Every finding, class and rule in full.",
        rich_help_panel=OUTPUT,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Threads of the scan.",
        show_default="one for each usable core",
        rich_help_panel=OUTPUT,
    ),
]
CountOn = Annotated[
    Device,
    typer.Option(
        help="What counts: auto takes a GPU where one is visible and the arrays are large.",
        rich_help_panel=OUTPUT,
    ),
]
Progress = Annotated[
    bool,
    typer.Option(
        "--progress/--no-progress",
        help="Show a bar during long scans.",
        rich_help_panel=OUTPUT,
    ),
]
Every = Annotated[
    bool,
    typer.Option(
        "--all",
        help="Check every [[check]] of the configuration file; `{name}` in the files of other"
        " options stands for its name.",
        rich_help_panel="Configuration",
    ),
]


def words(texts: list[str] | None) -> tuple[str, ...]:
    """Return the entries of comma-separated, repeatable lists."""
    return tuple(word.strip() for text in texts or () for word in text.split(",") if word.strip())


def reading_options(
    *,
    num_classes: int | None,
    ignore_index: int | None,
    layout: str | None,
    threshold: float | None,
    predictions_as: EncodingName | None,
    masks_as: EncodingName | None,
    class_names: list[str] | None = None,
) -> Options:
    """Return what the user said about the arrays."""
    from iou_doctor.arrays.interpretation import Options

    return Options(
        num_classes=num_classes,
        ignore_index=ignore_index,
        threshold=threshold,
        layout=layout,
        predictions_as=_encoding(predictions_as),
        masks_as=_encoding(masks_as),
        class_names=words(class_names),
    )


def _encoding(name: EncodingName | None) -> Encoding | None:
    from iou_doctor.arrays.interpretation import Encoding

    return None if name is None else Encoding(name)
