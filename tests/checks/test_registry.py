import ast
import importlib
import inspect
import sys
import textwrap
from dataclasses import replace

import pytest
from build import diagnose
from checks.sick_arrays import SICK

from iou_doctor.checks import registry
from iou_doctor.checks.registry import Check, plan_checks
from iou_doctor.report.finding import Rule, Severity, Suspicion

CACHES = (registry.load_checks, registry.load_plan, registry.load_consequences)
CODES = {check.rule.name: check.rule.code for check in registry.load_checks()}
BACKWARDS = dict(zip(CODES, reversed(CODES.values()), strict=True))


def build_check(name, *, code="IOU000", after=(), suspicion=Suspicion.DEFINITIONS):
    rule = Rule(code, name, Severity.WARNING, suspicion, "a claim", after=after)
    return Check(rule, lambda _: (), "")


def list_order(*checks):
    return [check.rule.name for check, _ in plan_checks(checks)]


def list_questions(function, seen):
    """Return the rules that a function of a check asks about, with those that its helpers do."""
    if function in seen:
        return set()
    seen.add(function)
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))
    scope = dict(function.__globals__)
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            scope |= {alias.name: find_member(module, alias.name) for alias in node.names}
    questions = set()
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "has_found":
            questions.update(eval(ast.unparse(ast.Tuple(node.args)), scope))
        elif getattr(node, "attr", "") == "has_found_error":
            questions.add("any rule")
    for called in find_helpers(nodes, scope):
        questions |= list_questions(called, seen)
    return questions


def find_member(module, name):
    """Return what a module defines, or the module of that name in a package."""
    try:
        return getattr(module, name)
    except AttributeError:  # nothing has imported it yet
        return importlib.import_module(f"{module.__name__}.{name}")


def find_helpers(nodes, scope):
    """Yield the functions of the checks that the code refers to, by name or through a module."""
    for node in nodes:
        match node:
            case ast.Name(id=name):
                named = scope.get(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                named = getattr(scope.get(name), attribute, None)
            case _:
                continue
        if inspect.isfunction(named) and named.__module__.startswith("iou_doctor.checks"):
            yield named


@pytest.fixture
def give_codes():
    """Return a function that gives rules other codes until the test ends."""
    with pytest.MonkeyPatch.context() as patch:

        def give(codes):
            for check in registry.load_checks():
                rule = replace(check.rule, code=codes.get(check.rule.name, check.rule.code))
                patch.setattr(sys.modules[check.find.__module__], "RULE", rule)
            for cache in CACHES:
                cache.cache_clear()

        yield give
    for cache in CACHES:
        cache.cache_clear()


def collect(samples):
    """Return all that a report says of each finding, apart from codes and their order."""
    reports = [diagnose(**arrays) for arrays in samples]
    return [
        (
            {
                finding.rule.name: (
                    finding.message,
                    finding.help,
                    finding.evidence,
                    finding.facts,
                    finding.severity,
                    finding.repair and (finding.repair.name, finding.repair.mean_iou_after),
                )
                for finding in report.findings
            },
            report.consequences,
            {outcome.rule.name: (outcome.status, outcome.reason) for outcome in report.outcomes},
        )
        for report in reports
    ]


def test_the_same_is_found_if_the_codes_run_backwards(give_codes):
    known = collect(SICK.values())
    give_codes(BACKWARDS)
    assert [check.rule.name for check in registry.load_checks()] == list(reversed(CODES))
    assert collect(SICK.values()) == known


@pytest.mark.parametrize("code", ["IOU001", "IOU999"])
@pytest.mark.parametrize(
    "name",
    ["masks-0-255", "interpolated-masks", "labels-off-by-one", "metric-misreads-arrays"],
)
def test_a_rule_with_another_code_finds_the_same(give_codes, name, code):
    concerned = [
        arrays
        for arrays in SICK.values()
        if name in {f.rule.name for f in diagnose(**arrays).findings}
    ]
    known = collect(concerned)
    assert known
    give_codes({name: code})
    assert collect(concerned) == known
    assert [check.rule.code for check in registry.load_checks() if check.rule.name == name] == [
        code
    ]


def test_findings_and_outcomes_are_in_order_of_code():
    report = diagnose(**SICK["IOU305"])
    assert [outcome.rule.code for outcome in report.outcomes] == sorted(CODES.values())


def test_a_check_runs_after_the_rules_that_it_names_whatever_their_codes():
    early, late = build_check("a", code="IOU001", after=("b",)), build_check("b", code="IOU002")
    assert list_order(early, late) == ["b", "a"]


def test_each_rule_names_the_rules_that_its_check_asks_about():
    for check, earlier in registry.load_plan():
        questions = list_questions(check.find, set())
        assert questions - {"any rule"} <= set(earlier), check.rule.name
        assert not questions or check.rule.after, check.rule.name


def test_questions_of_helpers_count_too():
    checks = {check.rule.name: check for check in registry.load_checks()}
    assert list_questions(checks["shuffled-samples"].find, set()) == {"any rule", "axes-permuted"}
    assert list_questions(checks["instance-ids"].find, set()) == {
        "colour-masks",
        "masks-0-255",
        "palette-read-as-grey",
        "jpeg-masks",
        "stretched-labels",
        "labels-off-by-one",
        "zero-label-reduced",
        "foreign-label-ids",
    }


def test_a_check_can_wait_for_all_rules_of_a_suspicion():
    waiting = build_check("a", after=(Suspicion.SHAPES,))
    shapes = [build_check(name, suspicion=Suspicion.SHAPES) for name in "cb"]
    other = build_check("d", suspicion=Suspicion.COLLAPSE)
    plan = {check.rule.name: earlier for check, earlier in plan_checks([waiting, *shapes, other])}
    assert plan == {"a": ("b", "c"), "b": (), "c": (), "d": ()}


def test_a_check_does_not_wait_for_itself():
    check = build_check("a", after=(Suspicion.SHAPES,), suspicion=Suspicion.SHAPES)
    assert plan_checks([check]) == [(check, ())]


def test_a_circle_is_an_error():
    checks = [build_check("a", after=("b",)), build_check("b", after=("a",))]
    with pytest.raises(
        ValueError, match=r"rules wait for each other by `Rule.after`: [ab] -> [ab] -> [ab]"
    ):
        plan_checks(checks)


def test_an_unknown_rule_is_an_error():
    with pytest.raises(
        ValueError, match="rule a names no-such-rule in `after`, but there is no such rule"
    ):
        plan_checks([build_check("a", after=("no-such-rule",))])


def test_a_check_sees_the_findings_of_the_rules_that_it_names_and_no_others(
    give_codes, monkeypatch
):
    seen = []

    def look(evidence):
        seen.append({finding.rule.name for finding in evidence.found})
        with pytest.raises(ValueError, match=r"`Rule\.after` must name dropped-pixels"):
            evidence.has_found("dropped-pixels")
        return ()

    give_codes({})
    module = sys.modules["iou_doctor.checks.data.class_imbalance"]
    monkeypatch.setattr(module, "RULE", replace(module.RULE, after=("label-out-of-range",)))
    monkeypatch.setattr(module, "find", look)
    diagnose(y_true=[[[0, 1, 5]]], y_pred=[[[0, 1, 1]]], num_classes=2)
    assert seen == [{"label-out-of-range"}]
