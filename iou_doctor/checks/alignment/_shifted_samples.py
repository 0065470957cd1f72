"""Some samples that are shifted while the others are not."""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._sample_tables import Suspects
from iou_doctor.checks.alignment._shifts import Offset, describe_offset, score_offset, search_shifts
from iou_doctor.checks.alignment._single_samples import fit_by_chance
from iou_doctor.checks.alignment._spread_of_shifts import has_many_contours
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.wording import join_words, name_samples
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

LEAST_QUALITY = 0.85
"""Minimum mean IoU of a shifted sample after moving it back, as a share of the usual score."""
LEAST_GAIN, LEAST_LEAD = 0.15, 0.15
"""Minimum gain of a single sample, and its minimum lead over the best shift of unrelated maps. None
of 1,000 failed samples reached both."""
LEAST_SHIFT = 2
"""Smallest shift that is reported, in pixels along one of the axes."""
MOST_EXAMINED = 3
"""Maximum number of samples that are examined. More of them are no single samples."""


def find_few_shifted(maps: Stack, suspects: Suspects) -> dict[int, Offset]:
    """Return the places of single samples that fit once they are moved, with how to move them.

    They must fit far better than unrelated maps do after their best shift.

    Args:
        maps: the label maps.
        suspects: the samples that score far less than the others.
    """
    if len(suspects.poor) > MOST_EXAMINED:
        return {}
    found = {}
    for sample in suspects.poor:
        alone = maps.take(np.array([sample]))
        best, after = _fit(alone)
        gain = after - float(alone.score_images()[0])
        is_far = max(map(abs, best)) >= LEAST_SHIFT
        if not is_far or gain < LEAST_GAIN or after < LEAST_QUALITY * suspects.usual:
            continue
        if not has_many_contours(alone, best):
            continue
        if after >= fit_by_chance(maps, sample, lambda pair: _fit(pair)[1]) + LEAST_LEAD:
            found[sample] = best
    return found


def _fit(pair: Stack) -> tuple[Offset, float]:
    """Return the best shift of one sample, and the mean IoU where both maps are after it."""
    best = search_shifts(pair).best
    return best, score_offset(pair, best)


def report_few_shifted(
    rule: Rule, evidence: Evidence, maps: Stack, found: dict[int, Offset]
) -> Finding:
    """Return the finding on single samples that are shifted."""
    alone = [(maps.take(np.array([place])), offset) for place, offset in found.items()]
    before, after = (
        float(np.mean([score_offset(pair, offset) for pair, offset in offsets]))
        for offsets in ([(pair, (0, 0)) for pair, _ in alone], alone)
    )
    samples = [int(maps.samples[place]) for place in found]
    clauses = [
        f"that of {evidence.name_sample(sample)} by {describe_offset((-down, -right))}"
        for sample, (down, right) in zip(samples, found.values(), strict=True)
    ]
    number = len(found)
    return Finding(
        rule,
        message=f"{number:,} of {len(maps):,} predictions {'is' if number == 1 else 'are'} shifted:"
        f" {join_words(clauses)}; the mean IoU of {'it' if number == 1 else 'these'} is"
        f" {before:.4f} as given and {after:.4f} moved back",
        help=f"look at how {name_samples(evidence, samples)} {'was' if number == 1 else 'were'}"
        " cropped, padded and resized, unlike the others",
        facts={
            "samples": len(maps),
            "faulty": samples,
            "moved": {
                str(sample): [-down, -right]
                for sample, (down, right) in zip(samples, found.values(), strict=True)
            },
        },
        repair=Repair(
            "move these predictions back",
            safe=False,  # the uncovered border is filled by repeating pixels
            steps=tuple(
                MoveSome(Side.PREDICTIONS, (sample,), offset=offset)
                for sample, offset in zip(samples, found.values(), strict=True)
            ),
        ),
    )
