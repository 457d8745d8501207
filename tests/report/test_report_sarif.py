"""SARIF: valid, and true to the findings."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from sarif_2_1_0 import SCHEMA
from test_report_formats import ANY_REPORTS, COPY, REPORTS, RULES, USER

from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.report import Report, render

VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def run_of(reports: list[Report]) -> dict[str, Any]:
    log = json.loads(render(reports, "sarif", rules=RULES))
    VALIDATOR.validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", ["runs", "runs/0/tool", "runs/0/results/0/message", "runs/0/results/0/locations"])
def test_the_schema_refuses_a_log_without_a_required_part(path: str):
    log = json.loads(render(REPORTS, "sarif", rules=RULES))
    *parents, last = path.split("/")
    place = log
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    del place[last]
    assert not VALIDATOR.is_valid(log)


def test_findings():
    run = run_of(REPORTS)
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    assert rules[0] == {
        "id": "D2T201",
        "name": "copy-not-supported",
        "shortDescription": {"text": "COPY has no counterpart."},
        "help": {"text": "COPY has no counterpart.\n\nMore.", "markdown": "COPY has no counterpart.\n\nMore."},
    }
    copy, user, file, _ = run["results"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "warning"]
    assert copy["message"]["text"] == "COPY is not supported\nsend it"
    assert copy["properties"] == {"provider": "baidu"}
    location = copy["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "svc%20a/Dockerfile", "uriBaseId": "%SRCROOT%"}
    assert location["region"] == {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 5}
    assert file["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    (change,) = user["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 3, "startColumn": 9, "endLine": 3, "endColumn": 13},
            "insertedContent": {"text": ""},
        }
    ]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("Dockerfile", "Dockerfile"),
        ("./a/./Dockerfile", "a/Dockerfile"),
        ("../Dockerfile", "../Dockerfile"),
        ("a b/#1?.Dockerfile", "a%20b/%231%3F.Dockerfile"),
        ("c:d/Dockerfile", "c%3Ad/Dockerfile"),
        ("服务/Dockerfile", "%E6%9C%8D%E5%8A%A1/Dockerfile"),
        ("x\udcff", "x%FF"),
        ("/srv/a b/Dockerfile", "file:///srv/a%20b/Dockerfile"),
    ],
)
def test_uris(path: str, uri: str):
    (result,) = run_of([Report(path, "", (COPY,))])["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_columns_are_code_points():
    text = "LABEL a=🚀 b\n"
    report = Report("Dockerfile", text, (Diagnostic("D2T1", Severity.INFO, "m", Span(1, text.index("b") + 1, 1, 12)),))
    (result,) = run_of([report])["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert text[region["startColumn"] - 1 : region["endColumn"] - 1] == "b"


def test_equal_findings_differ_in_their_fingerprints():
    results = run_of([Report("Dockerfile", "", (COPY, COPY, USER))])["results"]
    assert len({json.dumps(result["partialFingerprints"]) for result in results}) == 3


@given(ANY_REPORTS)
def test_any_report_is_valid(reports: list[Report]):
    run_of(reports)
