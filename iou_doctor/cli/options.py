"""The options that several commands share, and the request that all of them build."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iou_doctor.choices import Device, EncodingName
from iou_doctor.cli import completion
from iou_doctor.cli.signature import CommandOptions

if TYPE_CHECKING:
    from iou_doctor.arrays.interpretation import Encoding, Options
    from iou_doctor.diagnosis.request import CheckRequest

ARRAYS = "The arrays"
COMPARISON = "Comparison"
OUTPUT = "Output"
DEFAULT_PICTURES = 12
PREDICTIONS_HELP = "FILE.npy, FILE.npz::name, FILE.h5::/name, an image, or a folder of them."
MASKS_HELP = "The true masks, in any of these forms."


def declare_option(panel: str, text: str, *names: str, **more: Any) -> Any:
    """Declare an option.

    Args:
        panel: the section of the help that lists it.
        text: its help.
        names: its names, if they are not derived from the parameter's name.
        more: what else `typer.Option` takes.
    """
    return typer.Option(*names, help=text, rich_help_panel=panel, **more)


def declare_argument(metavar: str, text: str) -> Any:
    """Declare an argument that has no default."""
    return typer.Argument(metavar=metavar, help=text, show_default=False)


Predictions = Annotated[str, declare_argument("PREDICTIONS", PREDICTIONS_HELP)]
Masks = Annotated[str, declare_argument("MASKS", MASKS_HELP)]
PredictionsOrModel = Annotated[
    str | None,
    typer.Argument(metavar="PREDICTIONS", help=f"{PREDICTIONS_HELP} Or a model, with --images."),
]
ClassNames = Annotated[
    list[str] | None,
    declare_option(
        ARRAYS,
        "Class names, comma-separated; or a file of them, one a line; or camvid, cityscapes, voc,"
        " ade20k or coco_stuff.",
        metavar="NAMES",
    ),
]
PredictionsAs = Annotated[
    EncodingName | None,
    declare_option(ARRAYS, "How the predictions are encoded, if iou-doctor misreads them."),
]
MasksAs = Annotated[
    EncodingName | None,
    declare_option(ARRAYS, "How the masks are encoded, if iou-doctor misreads them."),
]
BatchSize = Annotated[
    int | None,
    declare_option(
        COMPARISON,
        "Images per update, for metrics that average over batches, and per call of a model.",
        metavar="N",
        min=1,
    ),
]
Confidence = Annotated[
    float,
    declare_option(COMPARISON, "Confidence of the intervals of scores.", metavar="SHARE"),
]
Jobs = Annotated[
    int | None,
    declare_option(
        OUTPUT,
        "Number of threads for the scan.",
        metavar="N",
        min=1,
        show_default="one per usable core",
    ),
]
CountingDevice = Annotated[
    Device,
    declare_option(OUTPUT, "Where to count: `auto` uses a GPU for large arrays if there is one."),
]
Progress = Annotated[
    bool, declare_option(OUTPUT, "Show a bar during long scans.", "--progress/--no-progress")
]
Pictures = Annotated[
    int,
    declare_option(
        OUTPUT,
        "How many samples an HTML report shows as pictures; 0 for none.",
        metavar="N",
        min=0,
        max=200,
    ),
]
RuleName = Annotated[
    str,
    typer.Argument(
        metavar="RULE",
        help="A code or a name.",
        show_default=False,
        autocompletion=completion.complete_rules,
    ),
]


class ArrayOptions(CommandOptions):
    """The options of every command that reads a pair of arrays."""

    predictions: Annotated[
        str | None, typer.Argument(metavar="PREDICTIONS", help=PREDICTIONS_HELP)
    ] = None
    masks: Annotated[str | None, typer.Argument(metavar="MASKS", help=MASKS_HELP)] = None
    num_classes: Annotated[
        int | None,
        declare_option(ARRAYS, "Number of classes, background included.", "--num-classes", "-n"),
    ] = None
    metric: Annotated[
        str | None,
        declare_option(
            ARRAYS,
            "The metric as written in your code, for instance"
            ' "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)", or its place,'
            " @train.py:42. `iou-doctor metrics` lists what is known."
            " The default is keras.metrics.MeanIoU.",
            metavar="CALL",
            autocompletion=completion.complete_metrics,
        ),
    ] = None
    ignore_index: Annotated[
        int | None,
        declare_option(
            ARRAYS,
            "Mask label to leave out (void), often 255.",
            "--ignore-index",
            "--ignore-class",
        ),
    ] = None
    layout: Annotated[
        str | None,
        declare_option(
            ARRAYS,
            "What the axes mean, for instance NHWC or NCHW; PREDICTIONS,MASKS if they differ; or"
            " channels_first or channels_last.",
            metavar="LETTERS",
        ),
    ] = None
    threshold: Annotated[
        float | None,
        declare_option(
            ARRAYS,
            "Decision threshold for single-channel scores (0.5 for probabilities, 0 for logits).",
        ),
    ] = None
    predictions_as: EncodingName | None = None
    masks_as: EncodingName | None = None
    class_names: list[str] | None = None
    batch_size: int | None = None
    progress: bool = True

    def build_request(self) -> "CheckRequest":
        """Return the check that these options ask for."""
        from iou_doctor.diagnosis.request import CheckRequest

        return CheckRequest(
            predictions=self.predictions,
            masks=self.masks,
            options=self._build_interpretation_options(),
            metric=self.metric,
            batch_size=self.batch_size,
        )

    def list_files_read(self) -> list[str]:
        """Return the files with the names of the classes and with the call of the metric."""
        names = split_lists(self.class_names)
        files = [*names] if len(names) == 1 else []
        if self.metric is not None and "@" in self.metric:
            from iou_doctor.metrics.calls.read_code import split_place

            place = split_place(self.metric)
            files += [str(Path(place[0]).expanduser())] if place else []
        return files

    def _build_interpretation_options(self) -> "Options":
        from iou_doctor.arrays.interpretation import Options

        return Options(
            num_classes=self.num_classes,
            ignore_index=self.ignore_index,
            threshold=self.threshold,
            layout=self.layout,
            predictions_as=_parse_encoding(self.predictions_as),
            masks_as=_parse_encoding(self.masks_as),
            class_names=_read_class_names(split_lists(self.class_names)),
        )


def find_listed_masks(predictions: str | None) -> str | None:
    """Return the path of a text file that may list predictions and masks."""
    from iou_doctor.safety.listed_files import LIST_SUFFIXES

    is_list = predictions is not None and predictions.lower().endswith(LIST_SUFFIXES)
    return predictions if is_list else None


def split_lists(texts: list[str] | None) -> tuple[str, ...]:
    """Return the entries of a repeatable option whose values are comma-separated lists."""
    return tuple(word.strip() for text in texts or () for word in text.split(",") if word.strip())


def _read_class_names(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        return ()
    from iou_doctor.datasets.class_names import read_class_names

    return read_class_names(words)


def _parse_encoding(name: EncodingName | None) -> "Encoding | None":
    from iou_doctor.arrays.interpretation import Encoding

    return None if name is None else Encoding(name)
