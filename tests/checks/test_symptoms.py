import pytest

from iou_doctor.checks import registry
from iou_doctor.checks.symptoms import map_consequences
from iou_doctor.report.finding import Rule, Severity, Suspicion, Symptom


def build_rule(name, **fields):
    return Rule("IOU000", name, Severity.WARNING, Suspicion.DEFINITIONS, "a claim", **fields)


RULES = [check.rule for check in registry.load_checks()]


def test_a_new_consequence_is_explained_by_the_causes_of_its_symptom():
    new = build_rule("new-rule", symptom=Symptom.BASELINE)
    consequences = map_consequences([*RULES, new])
    causes = {name for name, explained in consequences.items() if "new-rule" in explained}
    known = {name for name, explained in consequences.items() if "score-regression" in explained}
    assert causes == known
    assert len(causes) > 30


def test_a_new_cause_explains_its_symptoms_and_the_rules_that_it_names():
    new = build_rule(
        "new-rule",
        explains=Symptom.CLASSES | Symptom.LABELS,
        also_explains=("shared-padding",),
    )
    assert map_consequences([*RULES, new])["new-rule"] == {
        "never-predicted-class",
        "unlabelled-class-predicted",
        "label-out-of-range",
        "prediction-out-of-range",
        "undeclared-void-label",
        "shared-padding",
    }


def test_no_rule_explains_itself():
    rule = build_rule("new-rule", symptom=Symptom.LABELS, explains=Symptom.LABELS)
    assert map_consequences([rule]) == {"new-rule": frozenset()}


def test_rules_of_no_symptom_are_causes_unless_they_are_named():
    one, two = build_rule("one"), build_rule("two", explains=~Symptom(0))
    assert map_consequences([one, two])["two"] == frozenset()


def test_an_unknown_name_is_an_error():
    rule = build_rule("new-rule", also_explains=("no-such-rule",))
    with pytest.raises(ValueError, match="rule new-rule names no-such-rule in `also_explains`"):
        map_consequences([rule])


def test_no_two_rules_explain_each_other():
    pairs = {(cause, name) for cause, names in map_consequences(RULES).items() for name in names}
    assert not pairs & {(two, one) for one, two in pairs}


def test_every_symptom_is_shown_by_a_rule_and_explained_by_another():
    shown = {rule.symptom for rule in RULES if rule.symptom}
    explained = {symptom for rule in RULES for symptom in rule.explains}
    assert shown == explained == set(Symptom)


def test_rules_name_no_consequence_that_their_symptoms_cover():
    symptoms = {rule.name: rule.symptom for rule in RULES}
    for rule in RULES:
        covered = {
            name for name, symptom in symptoms.items() if symptom and symptom in rule.explains
        }
        assert not covered & set(rule.also_explains), rule.name
