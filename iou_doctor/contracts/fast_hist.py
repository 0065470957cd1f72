"""What scripts report that fill a matrix with one bincount, an idiom found in many repositories.

Source: the idiom itself, `np.bincount(n * truth[k] + prediction[k], minlength=n**2)` over the
pixels whose truth is a class, then one of three means.
"""

from dataclasses import replace

from iou_doctor.contract import Absent, Average, Choices, Contract, Floats, Ignored, Stray

_NANMEAN = Choices(
    floats=Floats.REFUSED,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.WRAPS,
    ignored=Ignored.CLASS_STAYS,
    absent=Absent.SKIPPED,
    single=False,
    integers=True,
)


def _contract(mean: str, code: str, choices: Choices, *, common: bool = False) -> Contract:
    return Contract(
        name=f"fast_hist[{mean}]",
        library="fast_hist",
        versions="",
        call=code,
        choices=choices,
        short=f"fast_hist {mean}",
        common=common,
    )


CONTRACTS = (
    _contract("nanmean", "np.nanmean(per_class_iu(hist))", _NANMEAN, common=True),
    _contract("mean", "np.mean(per_class_iu(hist))", replace(_NANMEAN, absent=Absent.NAN)),
    _contract(
        "truth-present",
        "np.nanmean(per_class_iu(hist)[hist.sum(1) > 0])",
        replace(_NANMEAN, average=Average.LABELLED),
        common=True,
    ),
)
