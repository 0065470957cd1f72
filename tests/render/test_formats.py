"""Each format: compared with a file, and read by a tool that understands it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from run import ROOT
from sarif.loader import load_sarif_file

from iou_doctor.render import FORMATS, sarif
from iou_doctor.report.finding import Severity, Status
from iou_doctor.report.report import Report

WRITTEN = {
    "concise": "concise.txt",
    "json": "report.json",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "junit": "junit.xml",
    "sarif": "report.sarif",
    "sarif-all": "report_all.sarif",
    "markdown": "report.md",
    "html": "report.html",
}


def write(name: str, report: Report) -> str:
    return FORMATS[name](report)


def printed(text: str) -> bytes:
    """Return the bytes that the program writes."""
    return text.encode("utf-8", "backslashreplace")


def schema(path: Path) -> Draft202012Validator:
    document = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def test_the_shared_report_has_one_of_each(outcomes):
    assert {finding.severity for finding in outcomes.findings} == set(Severity)
    assert {outcome.status.value for outcome in outcomes.outcomes} == {"passed", "fired", "skipped"}
    assert outcomes.consequences


@pytest.mark.parametrize("name", WRITTEN)
def test_the_text_is_that_of_the_snapshot(outcomes, snapshot, name):
    snapshot(WRITTEN[name], write(name, outcomes))


def test_every_format_has_a_snapshot_or_a_test_of_its_own():
    assert set(FORMATS) == {*WRITTEN, "full"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_healthy_report_without_findings_is_written_too(outcomes, name):
    verdict = replace(outcomes.verdict, sick=False, primary=None, summary="no format bug found")
    healthy = replace(outcomes, findings=(), explains={}, verdict=verdict, score=None)
    assert write(name, healthy)


# --- our own JSON -----------------------------------------------------------------------------


def _ours() -> dict[str, Any]:
    return json.loads(
        resources.files("iou_doctor.render").joinpath("report_schema.json").read_text("utf-8")
    )


def test_json_has_the_public_keys_in_order(report):
    document = json.loads(write("json", report))
    assert list(document) == [
        "schema_version",
        "tool",
        "verdict",
        "block",
        "inputs",
        "reading",
        "pixels",
        "scores",
        "metric",
        "contracts",
        "ledger",
        "findings",
        "rules",
    ]
    keys = ["status", "primary", "summary", "mean_iou_after_all", "fails"]
    assert list(document["verdict"]) == keys
    assert list(document["inputs"]["masks"]) == [
        "path",
        "format",
        "shape",
        "dtype",
        "encoding",
        "class_axis",
    ]
    assert {rule["status"] for rule in document["rules"]} == {"passed", "fired", "skipped"}


def test_our_json_obeys_our_schema(outcomes, hostile):
    validator = Draft202012Validator(_ours())
    Draft202012Validator.check_schema(validator.schema)
    for report in (outcomes, hostile, replace(outcomes, score=None)):
        validator.validate(json.loads(write("json", report)))


def _closed(node: Any) -> Any:
    """Return a schema in which no object may have a key that is not described."""
    if isinstance(node, list):
        return [_closed(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "required" in node:
        closed["additionalProperties"] = False
    return closed


def test_our_schema_describes_every_key(outcomes):
    Draft202012Validator(_closed(_ours())).validate(json.loads(write("json", outcomes)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("schema_version",), 2),
        (("verdict", "status"), "ill"),
        (("scores", "mean_iou"), 1.5),
        (("scores", "mean_iou"), "0.5"),
        (("findings", 0, "code"), "E501"),
        (("findings", 0, "severity"), "info"),
        (("rules", 0, "status"), "ok"),
        (("inputs", "masks", "encoding"), "onehot"),
        (("pixels", "total"), -1),
    ],
)
def test_our_schema_refuses_what_is_no_report(outcomes, place, value):
    document = json.loads(write("json", outcomes))
    node = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    assert not Draft202012Validator(_ours()).is_valid(document)


def test_our_schema_requires_every_key_and_allows_new_ones(outcomes):
    validator = Draft202012Validator(_ours())
    document = json.loads(write("json", outcomes))
    assert validator.is_valid({**document, "new": 1})
    for key in document:
        assert not validator.is_valid({k: v for k, v in document.items() if k != key})


# --- SARIF ------------------------------------------------------------------------------------


def _run(name: str, report: Report) -> dict[str, Any]:
    document = json.loads(printed(write(name, report)))
    validator = schema(Path(__file__).parent / "sarif_schema" / "sarif-2.1.0.json")
    assert [error.message for error in validator.iter_errors(document)] == []
    return document["runs"][0]


@pytest.mark.parametrize("name", ["sarif", "sarif-all"])
def test_sarif_obeys_its_schema_and_points_at_rules_and_files(outcomes, hostile, name):
    for report in (outcomes, hostile):
        run = _run(name, report)
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert (result["kind"] == "fail") == (result["level"] != "none")
            place = result["locations"][0]["physicalLocation"]
            assert place["artifactLocation"] in [entry["location"] for entry in run["artifacts"]]


@pytest.mark.parametrize("name", ["sarif", "sarif-all"])
def test_sarif_has_the_rules_that_it_needs_with_their_manuals(report, name):
    driver = _run(name, report)["tool"]["driver"]
    roots = {f.rule.code for f in report.findings if f.rule.name not in report.consequences}
    rest = {one.rule.code for one in report.outcomes if one.status is not Status.FIRED}
    assert [rule["id"] for rule in driver["rules"]] == sorted(
        roots | (rest if name == "sarif-all" else set())
    )
    for rule in driver["rules"]:
        assert rule["help"]["text"] == report.manuals[rule["id"]]
        assert len(rule["help"]["text"]) > 100


def test_sarif_links_to_the_manuals_if_their_address_is_known(outcomes, monkeypatch):
    monkeypatch.setattr(sarif, "REPOSITORY", "https://github.com/OWNER/iou-doctor")
    driver = _run("sarif", outcomes)["tool"]["driver"]
    assert "informationUri" not in driver
    assert not [rule for rule in driver["rules"] if "helpUri" in rule]
    monkeypatch.setenv("IOU_DOCTOR_REPOSITORY", "https://github.com/")
    assert "informationUri" not in _run("sarif", outcomes)["tool"]["driver"]
    repository = "https://github.example/some/iou-doctor"
    monkeypatch.setenv("IOU_DOCTOR_REPOSITORY", f"{repository}/")
    driver = _run("sarif", outcomes)["tool"]["driver"]
    assert driver["informationUri"] == repository
    rules = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for rule in driver["rules"]:
        page, _, place = rule["helpUri"].partition("#")
        assert page == f"{repository}/blob/main/docs/rules.md"
        assert f'<a id="{place}"></a>{rule["id"]} ' in rules


def test_sarif_all_holds_three_kinds_and_sarif_findings_only(outcomes):
    kinds = [result["kind"] for result in _run("sarif-all", outcomes)["results"]]
    assert kinds == ["fail"] * 3 + ["pass", "notApplicable"]
    assert {result["kind"] for result in _run("sarif", outcomes)["results"]} == {"fail"}


def test_a_fingerprint_outlives_the_numbers_and_not_the_rule_or_the_file(outcomes):
    def marks(report: Report) -> list[str]:
        results = _run("sarif", report)["results"]
        return [result["partialFingerprints"]["iouDoctor/v1"] for result in results]

    first = outcomes.findings[0]
    twice = replace(outcomes, findings=(first, *outcomes.findings))
    changed = replace(first, message="7 pixels", facts={"pixels": 7})
    assert marks(replace(outcomes, findings=(changed, *outcomes.findings[1:]))) == marks(outcomes)
    assert len(set(marks(twice))) == len(twice.findings) - 1  # one follows from another
    moved = replace(outcomes, masks=replace(outcomes.masks, path="other.npy"))
    assert not set(marks(moved)) & set(marks(outcomes))


def test_sarif_names_the_data_set_inside_a_file(outcomes):
    masks = replace(outcomes.masks, path="./all data.h5::/masks", format="hdf5")
    predictions = replace(outcomes.predictions, path="./all data.h5::/preds", format="hdf5")
    run = _run("sarif", replace(outcomes, masks=masks, predictions=predictions))
    assert [entry["location"]["uri"] for entry in run["artifacts"]] == ["all%20data.h5"]
    place = run["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "all%20data.h5"
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "/preds"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("preds.npy", "preds.npy"),
        ("/data/preds.npy", "file:///data/preds.npy"),
        (r"C:\data\preds.npy", "file:///C:/data/preds.npy"),
        ("a:b#c.npy", "a%3Ab%23c.npy"),
        ("pr\udcff.npy", "pr%FF.npy"),
    ],
)
def test_sarif_writes_paths_as_uris(outcomes, path, uri):
    report = replace(outcomes, predictions=replace(outcomes.predictions, path=path))
    assert _run("sarif", report)["artifacts"][0]["location"]["uri"] == uri


def test_a_sarif_tool_counts_the_findings(outcomes, tmp_path):
    path = tmp_path / "report.sarif"
    path.write_bytes(printed(write("sarif", outcomes)))
    log = load_sarif_file(str(path))
    assert log.get_distinct_tool_names() == ["iou-doctor"]
    counts = log.get_report().get_issue_count_for_severity
    assert [counts(level) for level in ("error", "warning", "note")] == [1, 1, 1]


# --- JUnit ------------------------------------------------------------------------------------


def _junit(report: Report) -> Any:
    (suite,) = JUnitXml.fromroot(JUnitXml.fromstring(printed(write("junit", report)))._elem)
    return suite


def test_junit_has_a_case_for_each_rule_and_a_failure_for_each_cause(outcomes):
    suite = _junit(outcomes)
    cases = {case.name.split()[0]: case for case in suite}
    assert list(cases) == [outcome.rule.code for outcome in outcomes.outcomes]
    failed = {code for code, case in cases.items() if case.is_failure}
    skipped = {code for code, case in cases.items() if case.is_skipped}
    assert failed == {"IOU201"}
    assert skipped == {"IOU609"}
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (6, 1, 0, 1)
    assert cases["IOU609"].result[0].message == "no --baseline given"
    assert cases["IOU701"].system_out.startswith("warning: ")
    assert cases["IOU302"].system_out.startswith("follows from unargmaxed-probabilities\nerror: ")
    assert cases["IOU505"].system_out.startswith("note: ")


def test_junit_reads_hostile_text_back(hostile):
    failure = next(case for case in _junit(hostile) if case.name.startswith("IOU201")).result[0]
    expected = "error: {0}\n{0}\nhelp: {0}\nexplains: IOU302 one-hot-masks"
    assert failure.text == expected.format(
        # a line of a log that begins with `::` would be a command of GitHub
        hostile.findings[0].message.replace("\x1b", "\ufffd").replace("\n::", "\n\\::")
    )


# --- GitLab -----------------------------------------------------------------------------------

GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "not": {"pattern": r"^\./"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""The keys that GitLab's manual asks for (Code Quality, report format)."""


def test_gitlab_obeys_the_documented_format(outcomes, hostile):
    for report in (outcomes, hostile):
        path = f"./{report.predictions.path}"
        dotted = replace(report, predictions=replace(report.predictions, path=path))
        Draft202012Validator(GITLAB).validate(json.loads(printed(write("gitlab", dotted))))


def test_gitlab_has_one_entry_a_cause_and_the_file_to_repair(outcomes):
    entries = json.loads(write("gitlab", outcomes))
    assert [(entry["check_name"], entry["severity"]) for entry in entries] == [
        ("IOU201", "critical"),
        ("IOU701", "minor"),
        ("IOU505", "info"),
    ]
    assert [entry["location"]["path"] for entry in entries] == [
        "preds.npy",
        "preds.npy",
        "preds.npy",
    ]


# --- GitHub -----------------------------------------------------------------------------------

COMMAND = re.compile(r"::(?P<kind>\w+) (?P<properties>.*?)::(?P<message>.*)")


def _decoded(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def _commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Return kind, properties and message of each command, as GitHub's runner reads them."""
    found = [COMMAND.fullmatch(line) for line in text.split("\n") if line.startswith("::")]
    assert all(found)
    return [
        (
            match["kind"],
            {
                key: _decoded(value)
                for key, _, value in (
                    pair.partition("=") for pair in match["properties"].split(",")
                )
            },
            _decoded(match["message"]),
        )
        for match in found
        if match
    ]


def test_github_commands_are_read_back(outcomes, hostile):
    for report in (outcomes, hostile):
        commands = _commands(write("github", report))
        assert [kind for kind, _, _ in commands] == ["error", "warning", "notice"]
        _, properties, message = commands[0]
        first = report.findings[0]
        assert properties == {
            "file": report.predictions.path,
            "title": "IOU201 unargmaxed-probabilities",
        }
        expected = f"{first.message}\n{first.evidence}\nhelp: {first.help}"
        expected += "\nexplains: IOU302 one-hot-masks"
        assert message == expected.replace("\x1b", "\\x1b")


# --- Markdown ---------------------------------------------------------------------------------


class _Page(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = io.StringIO()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.write(data)


def _rendered(report: Report) -> _Page:
    markdown = write("markdown", report)
    return _Page(MarkdownIt("commonmark").enable("table").render(markdown))


def test_markdown_renders_to_tables_lists_and_folds(outcomes):
    page = _rendered(outcomes)
    assert [page.tags.count(tag) for tag in ("h3", "table", "details", "li")] == [1, 5, 6, 9]
    assert "<" not in page.text.getvalue()
    text = " ".join(page.text.getvalue().split())
    for words in (
        outcomes.verdict.summary,
        "after the repair (right)",
        "metric = keras.metrics.MeanIoU(num_classes=3, sparse_y_true=False, sparse_y_pred=False)",
        "keras.metrics.MeanIoU(num_classes=3)",
        outcomes.findings[0].message,
        outcomes.findings[0].help,
        "2 a class with a very long name 0.0000 0.1 % 0.1 %",
        "IOU609 score-regression no --baseline given",
    ):
        assert words in text


def test_markdown_shows_hostile_text_as_text(hostile, outcomes):
    page = _rendered(hostile)
    assert set(page.tags) == {*_rendered(outcomes).tags}
    assert not {"script", "i", "a", "em", "b"} & set(page.tags)
    text = page.text.getvalue().replace("\u200b", "")
    assert "::error::x ]]> <script>alert(1)</script> & | *b* _i_ @all c|d" in text
    assert "@all" not in write("markdown", hostile)
    assert "\x1b" not in text


def test_markdown_fits_into_a_comment(outcomes):
    score = outcomes.score
    classes = tuple(replace(score.per_class[1], id=index) for index in range(2000))
    many = replace(
        outcomes,
        findings=(*outcomes.findings, replace(outcomes.findings[0], message="word " * 20_000)),
        score=replace(score, per_class=classes),
        reading=replace(outcomes.reading, class_names=("n" * 100,) * 2000),
    )
    text = write("markdown", many)
    assert len(text) < 65_536
    assert "The 100 of 2000 classes with the lowest IoU" in text
    assert "does not fit" not in text
    findings = tuple(replace(outcomes.findings[0], message="& " * 700) for _ in range(60))
    text = write("markdown", replace(many, findings=findings, explains={}))
    assert len(text) < 65_536
    assert text.endswith("*The rest does not fit into a comment.*\n")


# --- HTML -------------------------------------------------------------------------------------


def test_html_is_one_page_that_asks_for_nothing(outcomes, hostile):
    for report in (outcomes, hostile):
        page = _Page(write("html", report))
        assert not {"script", "link", "iframe"} & set(page.tags)
        assert not {"href", "srcset", "onclick"} & {name for name, _ in page.attributes}
        sources = [value for name, value in page.attributes if name == "src"]
        assert all(value.startswith("data:image/png;base64,") for value in sources)
        assert "prefers-color-scheme: dark" in write("html", report)
        assert "url(" not in write("html", report)


def test_html_shows_hostile_text_as_text(hostile):
    text = _Page(write("html", hostile)).text.getvalue()
    assert "::error::x ]]> <script>alert(1)</script> & | *b* _i_ @all c|d" in text
    assert "\x1b" not in text


def test_html_shows_numbers_findings_manuals_and_rules(outcomes):
    text = _Page(write("html", outcomes)).text.getvalue()
    for words in (
        outcomes.verdict.summary,
        "keras.metrics.MeanIoU(num_classes=3)",
        outcomes.findings[3].message.replace("`", ""),
        "no --baseline given",
    ):
        assert words in text
    manual = outcomes.manuals["IOU201"].replace("`", "").split()
    assert " ".join(manual) in " ".join(text.split())
