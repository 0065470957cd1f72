"""Scripts that fill a matrix with one bincount, an idiom found in many repositories.

Source: the idiom itself, `np.bincount(n * truth[k] + prediction[k], minlength=n**2)` over the
pixels whose truth is a class, then one of three means. If both maps are uint8 and are not cast,
NumPy numbers the cells in uint8 (up to 255 classes), so that the numbers wrap beyond 255.
"""

from dataclasses import replace

from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Ignored,
    Stray,
)
from iou_doctor.metrics.input_spec import Flattens, InputSpec, Mismatch

_NANMEAN = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.WRAPS,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.SKIPPED,
    single_precision=False,
    needs_integers=True,
)


def _build_contract(mean: str, code: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name=f"fast_hist[{mean}]",
        library="fast_hist",
        versions="",
        call=code,
        choices=choices,
        error="ValueError: cannot reshape array of size {size} into shape ({width},{width})"
        " (the {side} hold {label})",
        error_below="ValueError: 'list' argument must have no negative elements"
        " (the {side} hold {label})",
        refusal="TypeError: Cannot cast array data from dtype('{dtype}') to dtype('int64')"
        " according to the rule 'safe'",
        takes=InputSpec(
            flattens=Flattens.ALWAYS,
            errors={Mismatch.SHAPES: "ValueError: operands could not be broadcast together"},
        ),
        short=f"fast_hist {mean.replace(',', ' ')}",
        common=common,
    )


CONTRACTS: tuple[Contract, ...] = (
    _build_contract("nanmean", "np.nanmean(per_class_iu(hist))", _NANMEAN, common=True),
    _build_contract("mean", "np.mean(per_class_iu(hist))", replace(_NANMEAN, absent=Absent.NAN)),
    _build_contract(
        "truth-present",
        "np.nanmean(per_class_iu(hist)[hist.sum(1) > 0])",
        replace(_NANMEAN, average=Average.LABELLED),
        common=True,
    ),
    _build_contract(
        "nanmean,uint8",
        "np.nanmean(per_class_iu(hist)), hist of uint8 arrays",
        replace(_NANMEAN, byte_cells=True),
        common=True,
    ),
)
