"""JUnit XML: a suite a file, a test case a finding. As for the exit code, errors alone are failures."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from d2t.diagnostics import Diagnostic, Severity
from d2t.report.model import Options, Report
from d2t.report.position import place
from d2t.report.terminal import visible


def render(reports: Sequence[Report], options: Options) -> str:
    found = [item for report in reports for item in report.diagnostics]
    root = ElementTree.Element("testsuites", {"name": "d2t", **_counts(found)})
    for report in reports:
        path = visible(report.path)
        suite = ElementTree.SubElement(root, "testsuite", {"name": path, **_counts(report.diagnostics)})
        for item in report.diagnostics:
            _case(suite, path, item, options)
        if not report.diagnostics:  # a suite without a case is left out by CI services
            ElementTree.SubElement(suite, "testcase", {"name": "no findings", "classname": path})
            suite.set("tests", "1")
    root.set("tests", str(sum(int(suite.get("tests", "0")) for suite in root)))
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _counts(found: Sequence[Diagnostic]) -> dict[str, str]:
    failures = sum(1 for item in found if item.severity is Severity.ERROR)
    return {"tests": str(len(found)), "failures": str(failures), "errors": "0"}


def _case(suite: ElementTree.Element, path: str, item: Diagnostic, options: Options) -> None:
    rule = options.rules.get(item.code)
    name = visible(f"{item.code} {rule.name}" if rule else item.code)
    attributes = {"name": name, "classname": path, "file": path}
    if item.span:
        attributes["line"] = str(item.span.line)
    case = ElementTree.SubElement(suite, "testcase", attributes)
    message = visible(item.message)
    text = f"{place(path, item.span)} {item.severity.value} {name}: {message}"
    if item.help:
        text += f"\n{visible(item.help, keep=chr(10))}"
    if item.severity is Severity.ERROR:
        ElementTree.SubElement(case, "failure", {"type": item.severity.value, "message": message}).text = text
    else:
        ElementTree.SubElement(case, "system-out").text = text
