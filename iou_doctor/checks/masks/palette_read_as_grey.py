"""The masks hold the grey values of a palette's colours.

A palette PNG was opened with `convert("L")` or `cv2.IMREAD_GRAYSCALE`, which replace each colour by
its brightness, 0.299 r + 0.587 g + 0.114 b. Class 1 of PASCAL VOC is dark red and becomes 38, and
class 2 becomes 75. These values are not class ids, so only background is left in the score.

    masks = np.array(Image.open(path).convert("L"))    # 0 38 75 113
    masks = np.array(Image.open(path))                 # 0 1 2 3

Read the files again without a conversion, because several classes can have the same brightness. In
PASCAL VOC both aeroplane and potted plant become 38, and both bird and sofa become 113.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._luma import find_greys
from iou_doctor.checks.masks._mask_values import build_value_repair, count_mask_labels
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.wording import join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU308",
    name="palette-read-as-grey",
    severity=Severity.ERROR,
    suspicion=Suspicion.MASK_VALUES,
    claim="the masks hold the grey values of a palette's colours",
    explains=OF_MASK_VALUES,
)


def find(evidence: Evidence) -> Result:
    """Look for mask values that are all among the greys of a known palette."""
    greys = find_greys(evidence)
    if greys is None:
        return []
    seen = [value for value in sorted(count_mask_labels(evidence)) if value in greys.ids]
    lost = {value: greys.ids[value] for value in seen if len(greys.ids[value]) > 1}
    table = {value: greys.table[value] for value in seen}
    return [
        Finding(
            RULE,
            message=f"masks hold {join_words(seen)}, the grey values of the palette of"
            f" {greys.title}" + _describe_lost(lost),
            help="read the palette PNG files with np.array(Image.open(path)), without convert"
            + (": the grey values do not tell these classes apart" if lost else ""),
            facts={
                "palette": greys.title,
                "ids": {str(value): list(greys.ids[value]) for value in seen},
                "lost": {str(value): list(ids) for value, ids in lost.items()},
            },
            repair=build_value_repair(
                evidence,
                "map the grey values to class ids",
                table,
                safe=not lost,
                void=greys.void if greys.void in table.values() else None,
            ),
        )
    ]


def _describe_lost(lost: dict[int, tuple[int, ...]]) -> str:
    if not lost:
        return ""
    return "; " + join_words(
        f"{value} is class {' or '.join(map(str, lost[value]))}" for value in lost
    )
