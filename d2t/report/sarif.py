"""SARIF 2.1.0, the format of code scanning services (OASIS, "Static Analysis Results Interchange Format").

Message texts are not run through SARIF's `{0}` placeholders (there are no arguments), so their braces are not doubled:
viewers show them as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from d2t import __version__
from d2t.diagnostics import Diagnostic, Severity, Span
from d2t.report.model import Options, Report
from d2t.report.position import fingerprints, lines_of, posix, resolve

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(reports: Sequence[Report], options: Options) -> str:
    codes = sorted({item.code for report in reports for item in report.diagnostics})
    index = {code: number for number, code in enumerate(codes)}
    results = [
        _result(report.path, item, fingerprint, index[item.code], lines)
        for report in reports
        for lines in (lines_of(report),)
        for item, fingerprint in fingerprints(report)
    ]
    driver = {"name": "d2t", "version": __version__, "rules": [_rule(code, options) for code in codes]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(code: str, options: Options) -> dict[str, Any]:
    rule = options.rules.get(code)
    if rule is None:
        return {"id": code}
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.page, "markdown": rule.page},
    }


def _result(path: str, item: Diagnostic, fingerprint: str, rule: int, lines: Sequence[str]) -> dict[str, Any]:
    artifact = _artifact(path)
    # Code scanning services want a line, also for what is said of the whole file.
    region = _region(item.span, lines) if item.span else {"startLine": 1}
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": rule,
        "level": LEVEL[item.severity],
        "message": {"text": f"{item.message}\n{item.help}" if item.help else item.message},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"d2tLineText/v1": fingerprint},
    }
    if item.provider:
        result["properties"] = {"provider": item.provider}
    if item.edits:
        replacements = [
            {"deletedRegion": _region(edit.span, lines), "insertedContent": {"text": edit.text}} for edit in item.edits
        ]
        result["fixes"] = [{"artifactChanges": [{"artifactLocation": artifact, "replacements": replacements}]}]
    return result


def _artifact(path: str) -> dict[str, str]:
    """A relative path is relative to the root of the sources, where the consumer knows it to be."""
    uri = quote(posix(path), errors="surrogateescape")
    return {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _region(span: Span, lines: Sequence[str]) -> dict[str, int]:
    full = resolve(span, lines)
    return {
        "startLine": full.line,
        "startColumn": full.column,
        "endLine": full.end_line,
        "endColumn": full.end_column,
    }
