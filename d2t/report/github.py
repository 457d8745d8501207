"""Workflow commands of GitHub Actions: each finding becomes an annotation of the changed file.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence

from d2t.diagnostics import Diagnostic, Severity
from d2t.report.model import Options, Report
from d2t.report.position import lines_of, posix, resolve
from d2t.report.terminal import visible

COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(reports: Sequence[Report], options: Options) -> str:
    commands = []
    for report in reports:
        lines = lines_of(report)
        for item in report.diagnostics:
            values = {"file": posix(report.path), **_range(item, lines), "title": _title(item, options)}
            properties = ",".join(f"{key}={_property(value)}" for key, value in values.items())
            text = f"{item.message}\n{item.help}" if item.help else item.message
            commands.append(f"::{COMMAND[item.severity]} {properties}::{_data(text)}\n")
    return "".join(commands)


def _range(item: Diagnostic, lines: Sequence[str]) -> dict[str, str]:
    if item.span is None:
        return {}
    full = resolve(item.span, lines)
    place = {"line": str(full.line), "endLine": str(full.end_line)}
    if item.span.column and full.line == full.end_line:  # columns are refused for several lines
        place |= {"col": str(full.column), "endColumn": str(full.end_column)}
    return place


def _title(item: Diagnostic, options: Options) -> str:
    rule = options.rules.get(item.code)
    title = f"{item.code} {rule.name}" if rule else item.code
    return f"{title} [{item.provider}]" if item.provider else title


def _data(text: str) -> str:
    """The text behind `::`, which must stay on its line."""
    return visible(text, keep="\r\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
