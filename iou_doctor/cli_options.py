"""What several commands of the command line share: their options, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from iou_doctor.errors import IouDoctorError
    from iou_doctor.reading import Encoding, Options

EncodingName = Literal["labels", "one-hot", "probabilities", "logits", "sigmoid", "binary-logits"]

Predictions = Annotated[
    str,
    typer.Argument(
        metavar="PREDICTIONS",
        help="FILE.npy, FILE.npz::name, FILE.h5::/name, an image, or a folder of images.",
        show_default=False,
    ),
]
Masks = Annotated[
    str,
    typer.Argument(
        metavar="MASKS", help="The true masks, in any of these forms.", show_default=False
    ),
]
NumClasses = Annotated[
    int | None,
    typer.Option("--num-classes", "-n", help="Number of classes, background included."),
]
MetricCall = Annotated[
    str | None,
    typer.Option(
        metavar="CALL",
        help="The metric as written in your code, for instance"
        ' "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)".'
        " Without it: keras.metrics.MeanIoU.",
    ),
]
IgnoreIndex = Annotated[
    int | None,
    typer.Option(
        "--ignore-index", "--ignore-class", help="Mask label to leave out (void), 255 often."
    ),
]
LayoutLetters = Annotated[
    str | None,
    typer.Option(
        metavar="LETTERS",
        help="What the axes mean, NHWC or NCHW for instance; PREDICTIONS,MASKS if they differ.",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(help="Cut of one channel of scores (0.5; for logits 0)."),
]
PredictionsAs = Annotated[
    EncodingName | None, typer.Option(help="What the predictions are, if misread.")
]
MasksAs = Annotated[EncodingName | None, typer.Option(help="What the masks are, if misread.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Threads of the scan.", show_default="one for each usable core"
    ),
]
Progress = Annotated[
    bool, typer.Option("--progress/--no-progress", help="Show a bar during long scans.")
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
    from iou_doctor.reading import Options

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
    from iou_doctor.reading import Encoding

    return None if name is None else Encoding(name)


def refuse(error: IouDoctorError) -> NoReturn:
    """Say in one line what the input lacks, and exit with 2."""
    typer.echo(f"iou-doctor: error: {error}", err=True)
    raise typer.Exit(2)
