"""One JSON object a line for each finding, with all that an editor needs.

Lines and columns count from 1, columns in code points, the end is exclusive; a byte-order mark does not count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from d2t.diagnostics import Span
from d2t.report.model import Options, Report
from d2t.report.position import lines_of, resolve


def objects(reports: Sequence[Report], options: Options) -> Iterator[dict[str, Any]]:
    """One object for each finding. What is not known is null."""
    for report in reports:
        lines = lines_of(report)
        for item in report.diagnostics:
            rule = options.rules.get(item.code)
            yield {
                "file": report.path,
                "code": item.code,
                "name": rule.name if rule else None,
                "severity": item.severity.value,
                "message": item.message,
                "help": item.help or None,
                "provider": item.provider or None,
                "page": rule.page if rule else None,
                "line": item.line,
                "range": _range(item.span, lines) if item.span else None,
                "fix": {"edits": [{"range": _range(edit.span, lines), "text": edit.text} for edit in item.edits]}
                if item.edits
                else None,
            }


def _range(span: Span, lines: Sequence[str]) -> dict[str, Any]:
    full = resolve(span, lines)
    return {
        "start": {"line": full.line, "column": full.column},
        "end": {"line": full.end_line, "column": full.end_column},
    }


def render(reports: Sequence[Report], options: Options) -> str:
    return "".join(json.dumps(item) + "\n" for item in objects(reports, options))
