"""`why` names the true cause of the casebook's numbers among its first three groups."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from build import pair_of

from casebook import healthy, sick
from casebook.cases import Arrays
from iou_doctor.arrays.interpretation import Options
from iou_doctor.checks.evidence import Evidence
from iou_doctor.diagnosis.pipeline import check_pair, examine
from iou_doctor.diagnosis.questions import OpenArrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import IouDoctorError
from iou_doctor.report.score_lookup import ScoreLookup, parse_score
from iou_doctor.score_search.candidates import collect_candidates
from iou_doctor.score_search.search import look_up

LEAST = 0.95
FIRST = 3
CASES = 24
ANY = parse_score("0.5000")


def evidence_of(arrays: Arrays) -> Evidence | None:
    options = dict(arrays.options)
    metric = options.pop("metric", None)
    if isinstance(arrays.y_true, (str, Path)):
        return None
    pair = pair_of(y_true=arrays.y_true, y_pred=arrays.y_pred)
    request = CheckRequest(
        options=Options(**options), metric=metric, all_implementations=True, score_to_explain=ANY
    )
    try:
        return examine(pair, request, OpenArrays(pair))[0]
    except IouDoctorError:
        return None


def among_the_first(lookup: ScoreLookup, cause: str, implementation: str) -> bool:
    return any(
        suspect.cause.name == cause and implementation in suspect.implementations
        for match in lookup.matches[:FIRST]
        for suspect in match.suspects
    )


def shuffled(entries):
    entries = list(entries)
    random.Random(4).shuffle(entries)
    return entries


@pytest.mark.slow
def test_numbers_of_implementations_are_traced_to_them():
    right = []
    for variant in shuffled(healthy.variants())[: CASES // 3]:
        evidence = evidence_of(variant.build())
        if evidence is None or evidence.inputs is None:
            continue
        candidates = collect_candidates(evidence)
        for score in evidence.contracts:
            if score.value is not None and 0 <= score.value <= 1:
                lookup = look_up(parse_score(f"{score.value:.4f}"), candidates)
                right.append(among_the_first(lookup, "as-given", score.short))
    assert len(right) > 100
    assert sum(right) >= LEAST * len(right)


@pytest.mark.slow
def test_numbers_of_sick_arrays_are_traced_to_their_fault():
    right = []
    for case in shuffled(sick.cases())[:CASES]:
        arrays = case.build()
        evidence = evidence_of(arrays)
        value = evidence.metric_score.value if evidence else None
        if evidence is None or value is None or not 0 <= value <= 1:
            continue
        options = dict(arrays.options)
        metric = options.pop("metric", None)
        report = check_pair(
            pair_of(y_true=arrays.y_true, y_pred=arrays.y_pred),
            CheckRequest(
                options=Options(**options),
                metric=metric,
                score_to_explain=parse_score(f"{value:.4f}"),
            ),
        )
        wanted = {case.sick.rule, *case.sick.also}
        assert report.lookup
        right.append(
            any(
                among_the_first(report.lookup, cause, evidence.metric.call)
                for cause in (wanted if not case.sick.note else {"as-given", *wanted})
            )
        )
    assert len(right) > CASES / 2
    assert sum(right) >= LEAST * len(right)
