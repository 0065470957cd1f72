"""Hand-written coefficients over Keras' backend: soft sums and a smooth term.

Source: idioms found in many repositories. The function is passed to `compile(metrics=[...])`, and
Keras averages its values over batches without weights. y_true is one-hot, or 0 and 1.
"""

from dataclasses import replace

from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.input_spec import InputSpec, Mismatch, PixelContent

_FLAT = Choices(
    floats=Floats.SOFT,
    stray_truth=Stray.OTHER_SIDE,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.NO_OPTION,
    absent=Absent.ONE,
    group=Group.BATCH,
    average=Average.POOLED,
    averages_batches=True,
    smooth=1.0,
)
_TAKES = InputSpec(
    masks=PixelContent.ONE_HOT,
    predictions=PixelContent.SCORES,
    axis=-1,
    one_channel=True,
    refuses_extra_axes=True,
    errors={Mismatch.SHAPES: "InvalidArgumentError: Incompatible shapes"},
)


_TAKES_ANY = replace(_TAKES, channel_optional=True)


def _build_contract(name: str, code: str, choices: Choices) -> Contract:
    return Contract(
        name=f"keras_backend.{name}",
        library="Keras backend",
        versions="",
        call=code,
        choices=choices,
        takes=_TAKES if choices.group is Group.IMAGE else _TAKES_ANY,  # the others flatten
        short=f"soft {name}",
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract(
        "jaccard[flat,smooth=1]", "(K.sum(t * p) + 1) / (K.sum(t + p - t * p) + 1)", _FLAT
    ),
    _build_contract(
        "jaccard[images,smooth=1]",
        "K.mean((K.sum(t * p, [1, 2, 3]) + 1) / (K.sum(t + p - t * p, [1, 2, 3]) + 1))",
        replace(_FLAT, group=Group.IMAGE, averages_batches=False),
    ),
    _build_contract(
        "dice[flat,smooth=1]",
        "(2 * K.sum(t * p) + 1) / (K.sum(t) + K.sum(p) + 1)",
        replace(_FLAT, ratio=Ratio.DICE),
    ),
    _build_contract(
        "dice[images,smooth=1]",
        "K.mean((2 * K.sum(t * p, [1, 2, 3]) + 1) / (K.sum(t + p, [1, 2, 3]) + 1))",
        replace(_FLAT, ratio=Ratio.DICE, group=Group.IMAGE, averages_batches=False),
    ),
    _build_contract(
        "dice[squared,smooth=1]",
        "(2 * K.sum(t * p) + 1) / (K.sum(t * t) + K.sum(p * p) + 1)",
        replace(_FLAT, ratio=Ratio.DICE, floats=Floats.SQUARED),
    ),
)
