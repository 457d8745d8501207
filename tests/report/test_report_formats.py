"""The formats for programs: each parses as what it claims to be, and says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2t.diagnostics import Diagnostic, Edit, Severity, Span
from d2t.report import FORMATS, Report, render


@dataclass(frozen=True)
class Rule:
    name: str
    summary: str
    page: str


RULES = {"D2T201": Rule("copy-not-supported", "COPY has no counterpart.", "COPY has no counterpart.\n\nMore.")}
TEXT = "FROM python:3.12\nCOPY a /a\nUSER app:app\nRUN x \\\n  y\n"
COPY = Diagnostic("D2T201", Severity.ERROR, "COPY is not supported", Span(2, 1, 2, 5), "send it", "baidu")
USER = Diagnostic(
    "D2T310", Severity.WARNING, "group is dropped", Span(3, 6, 3, 13), edits=(Edit(Span(3, 9, 3, 13), ""),)
)
FILE = Diagnostic("D2T405", Severity.INFO, "no hint")
RUN = Diagnostic("D2T305", Severity.WARNING, "two lines", Span(4, 5, 5, 4))
REPORTS = [Report("./svc a/Dockerfile", TEXT, (COPY, USER, FILE, RUN)), Report("Dockerfile", TEXT, ())]


def test_concise():
    assert render(REPORTS, "concise") == (
        "./svc a/Dockerfile:2:1: error D2T201: COPY is not supported\n"
        "./svc a/Dockerfile:3:6: warning D2T310: group is dropped\n"
        "./svc a/Dockerfile: info D2T405: no hint\n"
        "./svc a/Dockerfile:4:5: warning D2T305: two lines\n"
    )


def test_concise_keeps_each_finding_on_its_line():
    report = Report("a\nb", "", (Diagnostic("D2T101", Severity.ERROR, "x\ny\x1b[2J\u202e"),))
    assert render([report], "concise") == "a<U+000A>b: error D2T101: x<U+000A>y<U+001B>[2J<U+202E>\n"


def test_json():
    copy, user, file, run = json.loads(render(REPORTS, "json", rules=RULES))
    assert copy == {
        "file": "./svc a/Dockerfile",
        "code": "D2T201",
        "name": "copy-not-supported",
        "severity": "error",
        "message": "COPY is not supported",
        "help": "send it",
        "provider": "baidu",
        "page": "COPY has no counterpart.\n\nMore.",
        "line": 2,
        "range": {"start": {"line": 2, "column": 1}, "end": {"line": 2, "column": 5}},
        "fix": None,
    }
    assert user["name"] is None
    assert user["fix"] == {
        "edits": [{"range": {"start": {"line": 3, "column": 9}, "end": {"line": 3, "column": 13}}, "text": ""}]
    }
    assert (file["line"], file["range"]) == (None, None)
    assert run["range"] == {"start": {"line": 4, "column": 5}, "end": {"line": 5, "column": 4}}


def test_json_lines_are_the_objects_of_the_array():
    lines = render(REPORTS, "jsonl", rules=RULES).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(render(REPORTS, "json", rules=RULES))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(1, 3, 1, 4), (1, 3, 1, 4)),
        (Span(1), (1, 1, 1, 4)),  # the whole line
        (Span(1, 0, 2), (1, 1, 2, 5)),
        (Span(1, 2), (1, 2, 1, 2)),  # a place
        (Span(1, 2, 2), (1, 2, 2, 5)),
        (Span(1, 9, 1, 12), (1, 4, 1, 4)),  # behind the line's end
        (Span(1, 3, 1, 2), (1, 3, 1, 3)),
        (Span(2, 1, 9, 9), (2, 1, 3, 1)),  # behind the last line
        (Span(9, 4, 9, 6), (9, 4, 9, 6)),  # no such line: left as it is
    ],
)
def test_ranges_are_complete(span: Span, expected: tuple[int, ...]):
    report = Report("Dockerfile", "abc\r\ndefg\n", (Diagnostic("D2T1", Severity.INFO, "m", span),))
    (item,) = json.loads(render([report], "json"))
    start, end = item["range"]["start"], item["range"]["end"]
    assert (start["line"], start["column"], end["line"], end["column"]) == expected


def test_github():
    assert render(REPORTS, "github", rules=RULES).splitlines() == [
        "::error file=svc a/Dockerfile,line=2,endLine=2,col=1,endColumn=5,title=D2T201 copy-not-supported [baidu]"
        "::COPY is not supported%0Asend it",
        "::warning file=svc a/Dockerfile,line=3,endLine=3,col=6,endColumn=13,title=D2T310::group is dropped",
        "::notice file=svc a/Dockerfile,title=D2T405::no hint",
        "::warning file=svc a/Dockerfile,line=4,endLine=5,title=D2T305::two lines",
    ]


def test_github_escapes():
    message = "100% of a:b,c\r\n::error::x\x1b"
    report = Report("a,b:c%/D\n", "", (Diagnostic("D2T1", Severity.ERROR, message),))
    assert render([report], "github") == (
        "::error file=a%2Cb%3Ac%25/D%0A,title=D2T1::100%25 of a:b,c%0D%0A::error::x<U+001B>\n"
    )


def gitlab(text: str, *diagnostics: Diagnostic, path: str = "./Dockerfile") -> list[dict[str, object]]:
    items: list[dict[str, object]] = json.loads(render([Report(path, text, diagnostics)], "gitlab"))
    return items


def test_gitlab():
    copy, user, file, run = gitlab(TEXT, COPY, USER, FILE, RUN)
    fingerprint = str(copy.pop("fingerprint"))
    assert len(fingerprint) == 32
    assert copy == {
        "description": "D2T201: COPY is not supported",
        "check_name": "D2T201",
        "severity": "critical",
        "location": {"path": "Dockerfile", "lines": {"begin": 2, "end": 2}},
    }
    assert [user["severity"], file["severity"]] == ["major", "info"]
    assert file["location"] == {"path": "Dockerfile", "lines": {"begin": 1, "end": 1}}
    assert run["location"] == {"path": "Dockerfile", "lines": {"begin": 4, "end": 5}}


def test_fingerprints_outlive_moved_lines_and_new_words():
    def of(text: str, *diagnostics: Diagnostic) -> list[object]:
        return [item["fingerprint"] for item in gitlab(text, *diagnostics)]

    def at(line: int, message: str = "m") -> Diagnostic:
        return Diagnostic("D2T201", Severity.ERROR, message, Span(line, 1, line, 5))

    before = of("COPY a b\nCOPY c d\nCOPY a b\n", at(1), at(2), at(3))
    assert len(set(before)) == 3
    assert of("# new\nCOPY a b\nCOPY c d\n  COPY a b\n", at(2), at(3, "other words"), at(4)) == before
    assert of("COPY a b\n", Diagnostic("D2T202", Severity.ERROR, "m", Span(1, 1, 1, 5))) != before[:1]
    assert gitlab("COPY a b\n", at(1), path="other/Dockerfile")[0]["fingerprint"] != before[0]


def test_junit():
    root = ElementTree.fromstring(render(REPORTS, "junit", rules=RULES).encode())
    assert root.attrib == {"name": "d2t", "tests": "5", "failures": "1", "errors": "0"}
    first, second = root
    assert first.attrib == {"name": "./svc a/Dockerfile", "tests": "4", "failures": "1", "errors": "0"}
    (failure,) = root.iter("failure")
    assert failure.attrib == {"type": "error", "message": "COPY is not supported"}
    assert failure.text == "./svc a/Dockerfile:2:1: error D2T201 copy-not-supported: COPY is not supported\nsend it"
    assert first[0].get("line") == "2"
    assert [case.find("system-out") is not None for case in first] == [False, True, True, True]
    assert [case.get("name") for case in second] == ["no findings"]


@pytest.mark.parametrize("char", ["\x00", "\x0b", "\x1b", "\ud800", "\ufffe", "\u2028", "]]>", "<&\"'"])
def test_junit_holds_any_character(char: str):
    report = Report(f"a{char}", char, (Diagnostic("D2T1", Severity.ERROR, f"m{char}", Span(1), f"h{char}"),))
    root = ElementTree.fromstring(render([report], "junit").encode())
    (failure,) = root.iter("failure")
    message = failure.get("message")
    assert message is not None
    assert message[1:] == (char if char.isprintable() else f"<U+{ord(char):04X}>")


def test_statistics():
    reports = [*REPORTS, Report("b", TEXT, (COPY, COPY))]
    assert render(reports, "full", rules=RULES, statistics=True) == (
        "3  error    D2T201 copy-not-supported\n"
        "1  warning  D2T305\n"
        "1  warning  D2T310 (1 fixable)\n"
        "1  info     D2T405\n"
    )
    objects = json.loads(render(reports, "json", rules=RULES, statistics=True))
    assert objects[0] == {
        "code": "D2T201",
        "name": "copy-not-supported",
        "severity": "error",
        "count": 3,
        "files": 2,
        "fixable": 0,
    }
    lines = render(reports, "jsonl", rules=RULES, statistics=True).splitlines()
    assert [json.loads(line) for line in lines] == objects


@pytest.mark.parametrize("format", ["github", "gitlab", "sarif", "junit"])
def test_statistics_need_a_format_that_can_hold_them(format: str):
    with pytest.raises(ValueError, match="no statistics"):
        render(REPORTS, format, statistics=True)


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="unknown format 'xml': one of full, concise"):
        render(REPORTS, "xml")


@pytest.mark.parametrize("format", FORMATS)
def test_no_reports(format: str):
    shown = render([], format)
    assert shown == "" or shown.endswith("\n")


ANY = st.text(st.characters(), max_size=40)
PATH = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
SPANS = st.none() | st.builds(Span, *[st.integers(-2, 60)] * 4)
DIAGNOSTICS = st.builds(
    Diagnostic,
    st.sampled_from(["D2T101", "D2T201"]),
    st.sampled_from(Severity),
    ANY,
    SPANS,
    ANY,
    st.sampled_from(["", "baidu", "e2b"]),
    edits=st.tuples() | st.tuples(st.builds(Edit, SPANS.filter(bool), ANY)),
)
ANY_REPORTS = st.lists(st.builds(Report, PATH, ANY, st.lists(DIAGNOSTICS, max_size=3).map(tuple)), max_size=3)


@given(ANY_REPORTS)
def test_any_report_parses(reports: list[Report]):
    findings = [item for report in reports for item in report.diagnostics]
    assert len(json.loads(render(reports, "json", rules=RULES))) == len(findings)
    assert len(json.loads(render(reports, "gitlab"))) == len(findings)
    assert len(json.loads(render(reports, "sarif"))["runs"][0]["results"]) == len(findings)
    for format in ("jsonl", "github", "concise"):
        lines = render(reports, format).split("\n")
        assert lines.pop() == ""
        assert len(lines) == len(findings)
        assert all(line.isprintable() for line in lines)
    ElementTree.fromstring(render(reports, "junit").encode())
    assert all(line.isprintable() for line in render(reports, "full").split("\n"))


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import d2t.report",
            ["json", "xml", "hashlib", "unicodedata", "urllib", "textwrap", "pathlib", "rich", "click"],
        ),
        ("import d2t.report; d2t.report.render([], 'full')", ["json", "xml", "hashlib", "urllib", "pathlib", "rich"]),
    ],
)
def test_what_a_format_needs_is_imported_with_it(code: str, absent: list[str]):
    """Start-up: `-S` and `-I` keep the interpreter's own imports out of the picture."""
    code += f"; import sys; print([name for name in {absent} if name in sys.modules])"
    path = f"import sys; sys.path[:] = {sys.path!r}; "
    result = subprocess.run([sys.executable, "-I", "-S", "-c", path + code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
