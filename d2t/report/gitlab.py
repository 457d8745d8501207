"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""

from __future__ import annotations

import json
from collections.abc import Sequence

from d2t.diagnostics import Severity
from d2t.report.json import array
from d2t.report.model import Options, Report
from d2t.report.position import fingerprints, lines_of, posix, resolve

# Of info, minor, major, critical, blocker
SEVERITY = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}


def render(reports: Sequence[Report], options: Options) -> str:
    issues = []
    for report in reports:
        lines = lines_of(report)
        path = posix(report.path)
        for item, fingerprint in fingerprints(report):
            place = resolve(item.span, lines) if item.span else None
            issue = {
                "description": f"{item.code}: {item.message}",
                "check_name": item.code,
                "fingerprint": fingerprint,
                "severity": SEVERITY[item.severity],
                "location": {  # a line is required
                    "path": path,
                    "lines": {"begin": place.line if place else 1, "end": place.end_line if place else 1},
                },
            }
            issues.append(json.dumps(issue) + "\n")
    return array("".join(issues))
