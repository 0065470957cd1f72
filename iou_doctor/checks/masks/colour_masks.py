"""The masks hold colours instead of class ids.

Masks are often saved as pictures with one colour for each class. If they are read with
`cv2.imread` or `convert("RGB")`, a pixel is three numbers (four with alpha), and none of them is a
class id. A metric that flattens its input gets three values for each pixel, and one that takes the
argmax returns the strongest colour.

    masks.shape    # (8, 64, 96, 3), with (0, 0, 0), (128, 0, 0), (0, 128, 0): PASCAL VOC
    ids.shape      # (8, 64, 96), with 0, 1, 2

Palette PNG files hold the ids: read them with `np.array(Image.open(path))`, without a conversion.
Otherwise map each colour to its id. The palettes of PASCAL VOC, Cityscapes, CamVid, ADE20K, ISPRS
and ESA WorldCover are known; for any other palette the proposed assignment is the one that fits the
predictions best, which is a guess. Colours that `plt.imread` or `ToTensor` divided by 255 are
known, and so are palettes read by `cv2.imread`, which returns blue first. Some data sets keep more
than a class in a colour: in ADE20K the class is R // 10 * 256 + G, and in panoptic files
R + 256 G + 65536 B is the number of a segment. A resize with interpolation mixes colours along
edges, which makes hundreds of a few.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.colours import count_colours, format_colour, is_all_grey
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.palette import Palette, build_palette_repair, find_palette
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_COLOURS
from iou_doctor.checks.wording import describe_first, format_count, format_percent, join_words
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

if TYPE_CHECKING:
    from iou_doctor.checks.mixed_colours import MixedColours
    from iou_doctor.checks.packed_colours import PackedColours

RULE = Rule(
    code="IOU307",
    name="colour-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the masks hold colours instead of class ids",
    explains=OF_COLOURS,
    also_explains=("num-classes-too-large",),
)

MOST_LISTED = 4
"""Maximum number of colours that the help lists with their ids."""


def find(evidence: Evidence) -> Result:
    """Look for masks whose channels are red, green and blue."""
    if evidence.interpretation.y_true is not Encoding.COLOUR:
        return []
    if not evidence.interpretation.layout.y_true.is_colour:
        return []  # images-as-predictions reports photographs
    counts = count_colours(evidence, Side.MASKS)
    if is_all_grey(counts):
        return []  # replicated-grey-masks reports them
    palette = find_palette(evidence, Side.MASKS) if counts else None
    if counts and (palette is None or palette.title is None):
        from iou_doctor.checks.mixed_colours import find_mixed_colours
        from iou_doctor.checks.packed_colours import are_numbers_of_segments, find_packed_colours

        mixed = find_mixed_colours(evidence, counts)
        if mixed is not None:
            return [_report_mixed(evidence, counts, mixed)]
        packed = find_packed_colours(evidence)
        if packed is not None:
            return [_report_packed(evidence, counts, packed)]
        if are_numbers_of_segments(evidence):
            return [_report_segments(evidence, counts)]
    is_unit = evidence.interpretation.layout.y_true.is_unit_colour
    scale = ", divided by 255 as plt.imread and ToTensor do" if is_unit else ""
    return [
        Finding(
            RULE,
            message=f"masks of shape {evidence.pair.y_true.shape} hold"
            f" {_describe_colours(counts, palette)}{scale}",
            help=_write_help(counts, palette),
            facts=_collect_facts(evidence, counts, palette),
            evidence=describe_first(evidence.stats.y_true.first, evidence),
            repair=build_palette_repair(evidence, Side.MASKS, palette) if palette else None,
        )
    ]


def _report_packed(evidence: Evidence, counts: dict[int, int], packed: PackedColours) -> Finding:
    packing, palette = packed
    return Finding(
        RULE,
        message=f"masks of shape {evidence.pair.y_true.shape} hold"
        f" {format_count(len(counts), 'colour')}, which are no palette but {packing.title}",
        help=f"ids = {packing.code}, then map the ids to the classes of the predictions with the"
        " data set's own table",
        facts=_collect_facts(evidence, counts, palette),
        evidence=describe_first(evidence.stats.y_true.first, evidence),
        repair=replace(build_palette_repair(evidence, Side.MASKS, palette), safe=False),
    )


def _report_mixed(evidence: Evidence, counts: dict[int, int], mixed: MixedColours) -> Finding:
    return Finding(
        RULE,
        message=f"masks of shape {evidence.pair.y_true.shape} hold"
        f" {format_count(len(counts), 'colour')}, which are {len(mixed.pure.ids)} and mixtures of"
        " two of these, as a resize with interpolation leaves them at edges",
        help="resize the original masks with nearest neighbour (Image.NEAREST, cv2.INTER_NEAREST);"
        f" {_write_help(counts, mixed.pure)}",
        facts=_collect_facts(evidence, counts, mixed.pure),
        evidence=describe_first(evidence.stats.y_true.first, evidence),
        repair=replace(build_palette_repair(evidence, Side.MASKS, mixed.palette), safe=False),
    )


def _report_segments(evidence: Evidence, counts: dict[int, int]) -> Finding:
    return Finding(
        RULE,
        message=f"masks of shape {evidence.pair.y_true.shape} hold"
        f" {format_count(len(counts), 'colour')}, others in each image: they are numbers of"
        " segments and no palette",
        help="use the data set's semantic masks, or take the category of each segment from its"
        " annotations (panoptic JSON), where the id of a segment is R + 256 * G + 65536 * B",
        facts=_collect_facts(evidence, counts, None),
        evidence=describe_first(evidence.stats.y_true.first, evidence),
    )


def _collect_facts(
    evidence: Evidence, counts: dict[int, int], palette: Palette | None
) -> dict[str, object]:
    return {
        "channels": evidence.interpretation.layout.y_true.channels,
        "colours": len(counts) or None,
        "palette": palette.title if palette else None,
        "ids": {
            format_colour(code): palette.ids[code]
            for code in counts
            if palette and code in palette.ids
        },
    }


def _describe_colours(counts: dict[int, int], palette: Palette | None) -> str:
    if not counts:
        return "colours"  # their pixels do not pair up, so that none were counted
    text = format_count(len(counts), "colour")
    if palette is None or palette.title is None:
        return text
    covered = sum(count for code, count in counts.items() if code in palette.ids)
    return (
        f"{text}; {format_percent(covered, sum(counts.values()))} of the pixels have colours of the"
        f" palette of {palette.title}"
    )


def _write_help(counts: dict[int, int], palette: Palette | None) -> str:
    if palette is None:
        return "map each colour to its class id; save masks as PNG, not JPEG"
    known = [code for code in sorted(counts, key=lambda code: -counts[code]) if code in palette.ids]
    pairs = [f"{format_colour(code)} to {palette.ids[code]}" for code in known[:MOST_LISTED]]
    listed = join_words(pairs if len(known) <= MOST_LISTED else [*pairs, "so on"])
    fits = "" if palette.title else " (the assignment that fits the predictions best)"
    return (
        f"map {listed}{fits}; palette PNG files hold the ids:"
        " read them with np.array(Image.open(path)), without convert"
    )
