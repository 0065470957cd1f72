"""Some samples that are shifted while the others are not."""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.alignment._relabelled_samples import name_samples
from iou_doctor.checks.alignment._shifts import Offset, describe_offset, search_shifts
from iou_doctor.checks.alignment._single_samples import find_suspects, fit_by_chance
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

MOST_GIVEN, LEAST_QUALITY = 0.8, 0.85
"""A shifted sample scores at most MOST_GIVEN of the usual score as given, and at least
LEAST_QUALITY of it moved back."""
LEAST_GAIN, LEAST_LEAD = 0.15, 0.15
"""Minimum gain of a single sample, and its minimum lead over the best shift of unrelated maps. None
of 1,000 failed samples reached both."""
LEAST_SHIFT = 2
"""Smallest shift that is reported, in pixels along one of the axes."""
MOST_EXAMINED = 3
"""Maximum number of samples that are examined. More of them are no single samples."""


def find_few_shifted(maps: Stack) -> dict[int, Offset]:
    """Return the places of single samples that fit once they are moved, with how to move them.

    They must fit far better than unrelated maps do after their best shift.
    """
    suspects = find_suspects(maps.score_images(), most=MOST_GIVEN)
    if suspects is None or len(suspects.poor) > MOST_EXAMINED:
        return {}
    found = {}
    for sample in suspects.poor:
        shifts = search_shifts(maps.take(np.array([sample])))
        before, after = shifts.pooled[0, 0], shifts.pooled[shifts.best]
        is_far = max(map(abs, shifts.best)) >= LEAST_SHIFT
        is_poor = before <= MOST_GIVEN * suspects.usual
        is_restored = after >= LEAST_QUALITY * suspects.usual
        if not (is_far and is_poor and is_restored) or shifts.gain < LEAST_GAIN:
            continue
        if after >= fit_by_chance(maps, sample, _fit_shifted) + LEAST_LEAD:
            found[sample] = shifts.best
    return found


def _fit_shifted(pair: Stack) -> float:
    return max(search_shifts(pair).pooled.values())


def report_few_shifted(
    rule: Rule, evidence: Evidence, maps: Stack, found: dict[int, Offset]
) -> Finding:
    """Return the finding on single samples that are shifted."""
    alone = {place: search_shifts(maps.take(np.array([place]))) for place in found}
    before = [search.pooled[0, 0] for search in alone.values()]
    after = [search.pooled[search.best] for search in alone.values()]
    samples = [int(maps.samples[place]) for place in found]
    clauses = [
        f"that of {evidence.name_sample(sample)} {describe_offset((-down, -right))}"
        for sample, (down, right) in zip(samples, found.values(), strict=True)
    ]
    number = len(found)
    return Finding(
        rule,
        message=f"{number:,} of {len(maps):,} predictions {'is' if number == 1 else 'are'} shifted:"
        f" {join_words(clauses)}; the mean IoU of {'it' if number == 1 else 'these'} is"
        f" {np.mean(before):.4f} as given and {np.mean(after):.4f} moved back",
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
